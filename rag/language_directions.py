"""What a language adds to vectors, and the projection that removes it: language identity removal, https://arxiv.org/abs/2109.04727.

For groups of translations, the deviation of each text's vector from the mean of its group is what its language adds; the mean deviations
of n languages span n - 1 directions, and the projection removes those.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def without_languages(vectors: Floats, groups: Sequence[int], languages: Sequence[str]) -> Floats:
    """The projection f32 (d, d), symmetric. Row i of `vectors` f32 (n, d) is a text of `groups[i]` in `languages[i]`."""
    of, counts = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    means = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(means, of, vectors)
    deviations = vectors - (means / counts[:, None])[of]
    names = sorted(set(languages))
    spoken = np.array([names.index(language) for language in languages])
    added = np.stack([deviations[spoken == number].mean(axis=0) for number in range(len(names))])
    directions = np.linalg.svd(added, full_matrices=False)[2][: len(names) - 1]
    return np.asarray(np.eye(vectors.shape[1]) - directions.T @ directions, np.float32)
