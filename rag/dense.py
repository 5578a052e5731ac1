"""FAISS index of the chunks of one language in one collection."""

from collections.abc import Iterable, Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from rag.catalog.feed import IndexedChunk

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


class DenseIndex:
    """Inner products over fp16 vectors, exact. Searches may run together; `add` and `remove` require exclusive access.

    One inverted list with a hash table from id to position: removing swaps the last vector in, so that it costs the removed
    vectors only (a flat index moves everything behind them).
    """

    def __init__(self, dimension: int) -> None:
        self._everything = faiss.IndexFlatIP(dimension)  # FAISS does not keep it alive
        self._everything.add(np.zeros((1, dimension), np.float32))
        kind = faiss.ScalarQuantizer.QT_fp16
        self._index: Any = faiss.IndexIVFScalarQuantizer(self._everything, dimension, 1, kind, faiss.METRIC_INNER_PRODUCT, False)
        self._index.is_trained = True
        self._index.set_direct_map_type(faiss.DirectMap.Hashtable)  # type: ignore[attr-defined]  # its stubs lack it
        self._held: set[int] = set()

    def __len__(self) -> int:
        """The number of chunks."""
        return len(self._held)

    def add(self, chunks: Sequence[IndexedChunk]) -> None:
        """Add chunks that are not in the index yet."""
        if chunks:
            self._held.update(chunk.id for chunk in chunks)
            vectors = np.stack([chunk.vector for chunk in chunks]).astype(np.float32)
            self._index.add_with_ids(vectors, np.array([chunk.id for chunk in chunks], np.int64))

    def remove(self, chunk_ids: Sequence[int]) -> None:
        """Remove chunks; unknown ids are ignored."""
        held = self.held(chunk_ids)
        if len(held):
            self._index.remove_ids(held)
            self._held.difference_update(held.tolist())

    def search(self, question: Floats, k: int, within: Ids | None = None) -> tuple[Ids, Floats]:
        """The k chunks nearest to `question` (d,), best first: ids i64 (n,) and inner products (n,), n <= k.

        `within` has the chunk ids that may be found (None: all). It is applied during the search, so k results are found if they exist.
        """
        allowed = None if within is None else self.held(within.tolist())
        wanted = min(k, len(self) if allowed is None else len(allowed))
        if wanted == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        parameters = None if allowed is None else faiss.SearchParametersIVF(sel=faiss.IDSelectorBatch(allowed))  # type: ignore[call-arg]  # as before
        scores, ids = self._index.search(question[None], wanted, params=parameters)
        found = ids[0] >= 0
        return ids[0][found], scores[0][found]

    def score(self, question: Floats, chunk_ids: Ids) -> Floats:
        """Inner products of `question` with chunks that are in the index, (n,)."""
        if len(chunk_ids) == 0:
            return np.empty(0, np.float32)
        products: Floats = (self._index.reconstruct_batch(chunk_ids) @ question).astype(np.float32)
        return products

    def held(self, chunk_ids: Iterable[int]) -> Ids:
        """The `chunk_ids` that are in the index, in their order."""
        return np.array([chunk_id for chunk_id in chunk_ids if chunk_id in self._held], np.int64)
