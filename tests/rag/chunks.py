"""Chunks for the indexes' own tests."""

import numpy as np

from rag.catalog.feed import IndexedChunk

DIMENSION = 8


def random_chunk(chunk_id: int, text: str = "") -> IndexedChunk:
    """A unit vector that depends on the id only."""
    vector = np.random.default_rng(chunk_id).standard_normal(DIMENSION)
    return IndexedChunk(chunk_id, "en", text, (vector / np.linalg.norm(vector)).astype(np.float16), np.arange(3, dtype=np.int32))
