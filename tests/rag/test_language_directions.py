"""The projection that removes what a language adds."""

import numpy as np

from rag.language_directions import without_languages


def test_what_a_language_adds_to_every_text_is_removed_and_what_they_mean_stays() -> None:
    draw = np.random.default_rng(0)
    meanings, added = np.zeros((40, 8)), {"de": [0, 0, 0, 0, 0, 0, 3, 0], "en": [0, 0, 0, 0, 0, 0, 0, 5], "th": [0, 0, 0, 0, 0, 0, -1, -1]}
    meanings[:, :6] = draw.normal(size=(40, 6))
    vectors = np.concatenate([meanings + np.array(each) for each in added.values()])
    projection = without_languages(vectors, [*range(40)] * 3, [language for language in added for _ in range(40)])
    assert np.allclose(projection, np.diag([1, 1, 1, 1, 1, 1, 0, 0]), atol=1e-6)
