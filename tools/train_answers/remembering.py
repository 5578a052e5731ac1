"""An embedder that encodes no passage twice: many questions share units."""

from collections.abc import Sequence

import numpy as np

from rag.embedder import Embedder, Vectors


class Remembering(Embedder):
    """The vectors of another embedder. Those of passages are kept in memory as long as this object lives."""

    def __init__(self, embedder: Embedder) -> None:
        prompts = {"query": embedder.question_prompt, "document": embedder.passage_prompt}
        super().__init__(embedder.stamp.model, embedder.dimension, prompts, embedder.tokenizer)
        self.token_vectors, self.maxsim = embedder.token_vectors, embedder.maxsim
        self._embedder = embedder
        self._passages: dict[str, Vectors] = {}

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        new = [text for text in dict.fromkeys(texts) if text not in self._passages]
        if new:
            self._passages.update(zip(new, self._embedder.encode_passages(new), strict=True))
        return np.stack([self._passages[text] for text in texts])

    def encode_question(self, question: str) -> Vectors:
        return self._embedder.encode_question(question)
