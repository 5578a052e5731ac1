"""Late interaction over static token vectors: how well each token of a question is met by the best token of a passage.

ColBERT's MaxSim (https://arxiv.org/abs/2004.12832) without a transformer. A question token counts by the norm of its vector, which
training made large for telling words and small for common ones.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
TokenIds = NDArray[np.integer[Any]]


class MaxSim:
    """Scores passages by their token ids. `token_vectors` f32 (vocabulary, d) is kept, not copied."""

    def __init__(self, token_vectors: Floats) -> None:
        self._vectors = token_vectors
        self._norms = np.maximum(np.linalg.norm(token_vectors, axis=1), np.finfo(np.float32).tiny).astype(np.float32)

    def score(self, question: TokenIds, passages: Sequence[TokenIds]) -> Floats:
        """For each passage the weighted mean of its best cosines, f32 (n,), at most 1; 0 for a passage or a question without tokens."""
        scores = np.zeros(len(passages), np.float32)
        filled = [index for index, tokens in enumerate(passages) if len(tokens)]
        if len(question) and filled:
            weights = self._norms[question]
            best = self._best_cosines(question, [passages[index] for index in filled])
            scores[filled] = weights @ best / weights.sum()
        return scores

    def _best_cosines(self, question: TokenIds, passages: Sequence[TokenIds]) -> Floats:
        """(question tokens, passages): each distinct token of all passages is compared once, then looked up."""
        tokens = np.concatenate(passages)
        lengths = np.array([len(passage) for passage in passages])
        position = np.zeros(len(self._norms), np.int32)
        position[tokens] = 1
        distinct = np.flatnonzero(position)
        position[distinct] = np.arange(len(distinct), dtype=np.int32)
        unit = self._vectors[question] / self._norms[question, None]
        cosines = unit @ self._vectors[distinct].T / self._norms[distinct]
        return np.maximum.reduceat(cosines[:, position[tokens]], np.cumsum(lengths) - lengths, axis=1)
