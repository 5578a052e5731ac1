"""Chunks for the indexes' own tests."""

import numpy as np

from rag.catalog.feed import IndexedChunk

DIMENSION = 8


def random_chunk(chunk_id: int, windows: int, text: str = "") -> IndexedChunk:
    """Unit vectors that depend on the id only."""
    vectors = np.random.default_rng(chunk_id).standard_normal((windows + 1, DIMENSION))
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    return IndexedChunk(chunk_id, "en", text, unit[0], unit[1:], np.arange(3, dtype=np.int32))
