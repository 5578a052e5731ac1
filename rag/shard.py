"""The chunks of one language in one collection, in all forms that a search needs."""

from collections.abc import Sequence

import numpy as np

from rag.catalog.feed import IndexedChunk
from rag.dense import DenseIndex
from rag.lexical import LexicalIndex
from rag.maxsim import TokenIds

SMALL_VOCABULARY = 1 << 16  # token ids fit in two bytes


class Shard:
    """`add_dense` and `remove_dense` require exclusive access; `change_lexical` may run alongside searches, one call at a time."""

    def __init__(self, collection: str, language: str, dimension: int, vocabulary: int) -> None:
        self.collection = collection
        self.language = language
        self.dense = DenseIndex(dimension)
        self.lexical = LexicalIndex(language)
        self.tokens: dict[int, TokenIds] = {}
        self._token_type = np.uint16 if vocabulary <= SMALL_VOCABULARY else np.int32

    def __len__(self) -> int:
        """The number of chunks."""
        return len(self.dense)

    def add_dense(self, add: Sequence[IndexedChunk]) -> None:
        """Add chunks that are not in the shard: vectors, and tokens in the order of the text."""
        self.dense.add(add)
        self.tokens.update({chunk.id: chunk.tokens.astype(self._token_type) for chunk in add})

    def remove_dense(self, remove: Sequence[int]) -> None:
        """Remove chunks by id."""
        self.dense.remove(remove)
        for chunk_id in remove:
            self.tokens.pop(chunk_id, None)

    def change_lexical(self, add: Sequence[IndexedChunk], remove: Sequence[int]) -> None:
        """Remove chunks from BM25 by id and add others."""
        self.lexical.change(add, remove)
