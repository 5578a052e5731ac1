import numpy as np
import pytest

from rag.maxsim import BLOCK, MOST_QUESTION_TOKENS, WINDOW_BLOCKS, MaxSim

VECTORS = np.array([[0, 0], [1, 0], [0, 2], [3, 3], [-1, 0]], np.float32)


def slow(question: list[int], passage: list[int]) -> float:
    """The definition, one pair of tokens at a time."""
    norm = np.linalg.norm
    best = [max(float(VECTORS[q] @ VECTORS[p] / norm(VECTORS[q]) / norm(VECTORS[p])) for p in passage) for q in question]
    weights = [float(norm(VECTORS[q])) for q in question]
    return float(np.dot(weights, best) / sum(weights))


def test_scores_equal_the_definition() -> None:
    passages = [[1, 1, 4], [2], [3, 4, 2], [4]]
    question = [1, 2, 2, 3]
    scores = MaxSim(VECTORS).score(np.array(question, np.int32), [np.array(passage, np.uint16) for passage in passages])
    assert scores == pytest.approx([slow(question, passage) for passage in passages], abs=1e-6)


def test_a_question_that_is_in_the_passage_scores_one_and_nothing_scores_zero() -> None:
    maxsim, question = MaxSim(VECTORS), np.array([1, 2], np.int32)
    empty = np.array([], np.int32)
    assert maxsim.score(question, [np.array([3, 2, 1]), empty]) == pytest.approx([1, 0])
    assert maxsim.score(empty, [np.array([1])]) == pytest.approx([0])
    assert maxsim.score(question, []).shape == (0,)


def test_a_token_without_a_vector_of_any_length_breaks_nothing() -> None:
    assert np.isfinite(MaxSim(VECTORS).score(np.array([0, 1]), [np.array([0]), np.array([1])])).all()


def test_a_token_that_every_passage_of_a_language_meets_counts_less() -> None:
    passages = [np.array([1])] * 30 + [np.array([2])]
    plain = MaxSim(VECTORS).score(np.array([1, 2]), passages)
    aware = MaxSim(VECTORS).score(np.array([1, 2]), passages, ["en"] * 31)
    assert aware[0] < plain[0] < plain[-1] < aware[-1]


def test_of_a_very_long_question_the_heaviest_tokens_count() -> None:
    size = 3 * MOST_QUESTION_TOKENS
    vectors = np.eye(size, dtype=np.float32) * np.arange(1, size + 1, dtype=np.float32)[:, None]
    scores = MaxSim(vectors).score(np.arange(size), [np.array([0]), np.array([size - 1])])
    assert scores[0] == 0
    assert scores[1] > 0


def test_words_that_stand_together_count_more_than_the_same_words_far_apart() -> None:
    maxsim, filler = MaxSim(VECTORS), [4] * (BLOCK * (WINDOW_BLOCKS + 1))
    together, apart = [1, 2, *filler], [1, *filler, 2]
    scores = maxsim.score(np.array([1, 2]), [np.array(together), np.array(apart)])
    assert scores[0] == pytest.approx(1)
    assert scores[1] < 0.7


def test_a_window_never_reaches_into_the_next_passage() -> None:
    alone = MaxSim(VECTORS).score(np.array([1, 2]), [np.array([1])])
    beside = MaxSim(VECTORS).score(np.array([1, 2]), [np.array([1]), np.array([2])])
    assert beside[0] == pytest.approx(alone[0])
