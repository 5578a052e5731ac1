"""FAISS index of the chunks of one language in one collection: each chunk's own vector and those of its windows, in one place."""

from collections.abc import Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from rag.catalog.feed import IndexedChunk

WINDOW_BITS = 8  # an index id is chunk_id << 8 | window: 0 is the chunk itself, 1 to 255 are its windows
HITS_PER_CHUNK = 3  # a chunk that answers is found by about so many of its vectors; when it is more, the search is widened
WIDEN = 4

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


class DenseIndex:
    """Inner products over fp16 vectors, exact. Searches may run together; `add` and `remove` need the index for themselves.

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
        self._windows: dict[int, int] = {}  # chunk id -> how many windows it has

    def __len__(self) -> int:
        """How many chunks are held."""
        return len(self._windows)

    def add(self, chunks: Sequence[IndexedChunk]) -> None:
        """Add chunks that are not in the index yet."""
        if not chunks:
            return
        vectors = [block for chunk in chunks for block in (chunk.vector[None], chunk.windows)]
        self._windows.update({chunk.id: len(chunk.windows) for chunk in chunks})
        ids = self._ids(np.array([chunk.id for chunk in chunks], np.int64))
        self._index.add_with_ids(np.concatenate(vectors).astype(np.float32), ids)

    def remove(self, chunk_ids: Sequence[int]) -> None:
        """Remove chunks with their windows; ids that are not held are ignored."""
        held = self.held(np.array(chunk_ids, np.int64))
        if len(held):
            self._index.remove_ids(self._ids(held))
            for chunk_id in held.tolist():
                self._windows.pop(chunk_id, None)

    def search(self, question: Floats, k: int, within: Ids | None = None) -> tuple[Ids, Floats]:
        """The k chunks whose best vector is nearest to `question` (d,), best first: ids i64 (n,) and inner products (n,), n <= k.

        `within` holds the chunk ids that may be found (None: all); the restriction is applied while searching, so k come when they exist.
        """
        wanted = min(k, len(self) if within is None else len(within))
        if wanted == 0 or len(self) == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        allowed = None if within is None else self._ids(within)
        limit = self._index.ntotal if allowed is None else len(allowed)
        hits = wanted * HITS_PER_CHUNK
        while True:
            ids, scores = self._nearest(question, min(hits, limit), allowed)
            chunks, first = np.unique(ids >> WINDOW_BITS, return_index=True)
            if len(chunks) >= wanted or hits >= limit:
                break
            hits *= WIDEN
        order = np.sort(first)[:wanted]
        return ids[order] >> WINDOW_BITS, scores[order]

    def score(self, question: Floats, chunk_ids: Ids) -> tuple[Floats, Floats]:
        """Inner products of `question` with each chunk's own vector and with its best window, both (n,).

        A chunk without windows counts as its own window. The chunks must be in the index.
        """
        counts = np.array([self._windows[int(chunk_id)] + 1 for chunk_id in chunk_ids], np.int64)
        if len(counts) == 0:
            return np.empty(0, np.float32), np.empty(0, np.float32)
        products = self._index.reconstruct_batch(self._ids(chunk_ids)) @ question
        starts = np.cumsum(counts) - counts
        pooled = products[starts].astype(np.float32)
        products[starts[counts > 1]] = -np.inf
        return pooled, np.maximum.reduceat(products, starts).astype(np.float32)

    def held(self, chunk_ids: Ids) -> Ids:
        """Those of `chunk_ids` that are in the index, in their order."""
        return np.array([chunk_id for chunk_id in chunk_ids.tolist() if chunk_id in self._windows], np.int64)

    def _ids(self, chunk_ids: Ids) -> Ids:
        held = self.held(chunk_ids)
        return ids_of(held, np.array([self._windows[chunk_id] for chunk_id in held.tolist()], np.int64))

    def _nearest(self, question: Floats, hits: int, allowed: Ids | None) -> tuple[Ids, Floats]:
        if hits == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        parameters = None if allowed is None else faiss.SearchParametersIVF(sel=faiss.IDSelectorBatch(allowed))  # type: ignore[call-arg]  # as before
        scores, ids = self._index.search(question[None], hits, params=parameters)
        found = ids[0] >= 0
        return ids[0][found], scores[0][found]


def ids_of(chunk_ids: Ids, windows: Ids) -> Ids:
    """The index ids of chunks with so many windows each: of each its own, then its windows', i64 (n + sum of windows,)."""
    counts = windows + 1
    starts = np.cumsum(counts) - counts
    return np.repeat((chunk_ids << WINDOW_BITS) - starts, counts) + np.arange(counts.sum(), dtype=np.int64)
