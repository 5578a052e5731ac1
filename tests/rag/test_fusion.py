import numpy as np
import pytest

from rag.fusion import Evidence, fuse


def score(passage: float, tokens: float | None, lexical: float, same: bool, sounds: float = 0.0) -> float:
    def one(value: float) -> np.ndarray:
        return np.array([value], np.float32)

    evidence = Evidence(one(passage), None if tokens is None else one(tokens), one(lexical), one(sounds), np.array([same]))
    return float(fuse(evidence)[0])


def test_scores_lie_between_zero_and_one() -> None:
    assert 0 <= score(-1, -1, 0, True) < 0.01
    assert 0.99 < score(1, 1, 1, True) <= 1


def test_vector_tokens_and_sounds_raise_the_score_in_one_language_and_across() -> None:
    for same in (True, False):
        base = score(0.7, 0.5, 0.1, same)
        assert score(0.8, 0.5, 0.1, same) > base
        assert score(0.7, 0.6, 0.1, same) > base
        assert score(0.7, 0.5, 0.1, same, sounds=0.3) > base


def test_words_count_in_one_language_only() -> None:
    assert score(0.7, 0.5, 0.5, True) > score(0.7, 0.5, 0, True)
    assert score(0.7, 0.5, 0.5, False) == score(0.7, 0.5, 0, False)


def test_at_equal_similarity_a_foreign_passage_is_worth_more() -> None:
    assert score(0.7, 0.5, 0, False) > score(0.7, 0.5, 0, True)


@pytest.mark.parametrize(("passage", "tokens"), [(0.80, 0.43), (0.87, 0.70)])
def test_without_token_vectors_what_they_would_give_is_estimated_from_the_vector(passage: float, tokens: float) -> None:
    assert score(passage, None, 0.1, True) == pytest.approx(score(passage, tokens, 0.1, True), abs=0.01)
