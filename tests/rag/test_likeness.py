"""Cosines of any model on the scale of the encoder's."""

import numpy as np
import pytest

from rag.embedder import Embedder
from rag.likeness import PAIRS, RIGHT, WRONG, Likeness, measured, pair_means


def test_the_encoder_is_the_scale(embedder: Embedder) -> None:
    assert pair_means(embedder.encode_question, embedder.encode_passages) == pytest.approx((RIGHT, WRONG), abs=2e-3)
    assert embedder.likeness == Likeness()


def test_the_static_models_cosines_come_to_lie_where_the_encoders_do(static: Embedder) -> None:
    right, wrong = pair_means(static.encode_question, static.encode_passages)
    assert right < WRONG, "its own scale is another"
    assert static.likeness(np.array([right, wrong], np.float32)) == pytest.approx((RIGHT, WRONG), abs=1e-3)


def test_a_model_that_cannot_tell_right_from_wrong_keeps_its_cosines() -> None:
    everything_alike = np.array([1.0, 0.0], np.float32)
    assert measured(lambda _: everything_alike, lambda texts: np.stack([everything_alike] * len(texts))) == Likeness()


def test_the_pairs_are_questions_with_passages_of_their_own() -> None:
    assert len({passage for _, passage in PAIRS}) == len({question for question, _ in PAIRS}) == len(PAIRS)
