import numpy as np
import pytest

from rag.fusion import Evidence, fuse


def evidence(passage: float, window: float, tokens: float | None, lexical: float, sounds: float, same: bool) -> Evidence:
    def one(value: float) -> np.ndarray:
        return np.array([value], np.float32)

    return Evidence(one(passage), one(window), None if tokens is None else one(tokens), one(lexical), one(sounds), np.array([same]))


def score(passage: float, window: float, tokens: float | None, lexical: float, same: bool, sounds: float = 0.0) -> float:
    return float(fuse(evidence(passage, window, tokens, lexical, sounds, same))[0])


def test_scores_lie_between_zero_and_one() -> None:
    assert 0 <= score(-1, -1, -1, 0, True) < 0.01
    assert 0.99 < score(1, 1, 1, 1, True) <= 1


def test_each_kind_of_evidence_raises_the_score() -> None:
    base = (0.3, 0.3, 0.5, 0.1)
    for place in range(4):
        better = [value + (0.1 if at == place else 0) for at, value in enumerate(base)]
        assert score(*better, True) > score(*base, True)
        assert score(*better, False) > score(*base, False)


def test_words_count_for_little_across_languages() -> None:
    gained = [score(0.3, 0.3, 0.5, 0.3, same) - score(0.3, 0.3, 0.5, 0, same) for same in (True, False)]
    assert gained[0] > 4 * gained[1]


def test_at_equal_similarity_a_foreign_passage_is_worth_more() -> None:
    assert score(0.4, 0.4, 0.5, 0, False) > score(0.4, 0.4, 0.5, 0, True)


def test_without_token_vectors_the_other_similarities_carry_their_weight() -> None:
    assert score(0.6, 0.6, None, 0.1, True) == pytest.approx(score(0.6, 0.6, 0.6, 0.1, True), abs=1e-5)


def test_sounds_count_for_more_than_words_across_languages() -> None:
    by_sound = score(0.3, 0.3, 0.5, 0, False, sounds=0.3) - score(0.3, 0.3, 0.5, 0, False)
    assert by_sound > 4 * (score(0.3, 0.3, 0.5, 0.3, False) - score(0.3, 0.3, 0.5, 0, False)) > 0
