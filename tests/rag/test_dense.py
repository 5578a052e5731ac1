import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.catalog.feed import IndexedChunk
from rag.dense import DenseIndex
from tests.rag.chunks import DIMENSION, random_chunk

QUESTION = np.full(DIMENSION, DIMENSION**-0.5, np.float32)


def slow_search(chunks: list[IndexedChunk], k: int) -> list[int]:
    """The vector of every chunk compared, one by one."""
    scores = {chunk.id: float(chunk.vector.astype(np.float32) @ QUESTION) for chunk in chunks}
    return sorted(scores, key=lambda chunk_id: -scores[chunk_id])[:k]


@settings(deadline=None, max_examples=30)
@given(count=st.integers(1, 40), k=st.integers(1, 50), removed=st.sets(st.integers(1, 40)))
def test_a_search_finds_what_comparing_everything_finds_also_after_removals(count: int, k: int, removed: set[int]) -> None:
    chunks = [random_chunk(number) for number in range(1, count + 1)]
    index = DenseIndex(DIMENSION)
    index.add(chunks)
    index.remove(sorted(removed))
    left = [chunk for chunk in chunks if chunk.id not in removed]
    ids, scores = index.search(QUESTION, k)
    assert ids.tolist() == slow_search(left, k)
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    assert len(index) == len(left)


def test_a_restricted_search_returns_k_of_the_allowed_chunks_however_bad_they_are() -> None:
    chunks = [random_chunk(number) for number in range(1, 200)]
    index = DenseIndex(DIMENSION)
    index.add(chunks)
    worst = slow_search(chunks, 199)[-5:]
    ids, _ = index.search(QUESTION, 5, np.array([*worst, 10**9]))
    assert ids.tolist() == worst
    assert index.search(QUESTION, 5, np.array([10**9]))[0].tolist() == []


def test_exact_scores_are_inner_products_in_the_order_asked_for() -> None:
    chunks = [random_chunk(1), random_chunk(2)]
    index = DenseIndex(DIMENSION)
    index.add(chunks)
    scores = index.score(QUESTION, np.array([2, 1]))
    assert scores == pytest.approx([chunk.vector.astype(np.float32) @ QUESTION for chunk in reversed(chunks)], abs=1e-6)


def test_an_empty_index_answers() -> None:
    index = DenseIndex(DIMENSION)
    index.add([])
    index.remove([7])
    assert index.search(QUESTION, 3)[0].tolist() == []
    assert index.score(QUESTION, np.array([], np.int64)).tolist() == []
