"""What calibrating finds and measures: by hand, on the static model, and on the encoder in the package, which is calibrated already."""

import re
from importlib.resources import files

import numpy as np
import pytest

from rag.calibrating import HELD_BACK, LEAST_GAIN, STEPS, Calibration, calibrate, found_first, parallel_sentences
from rag.embedder import Embedder, Vectors, normalised
from rag.errors import InvalidInput
from rag.languages import LANGUAGES, detect_language


def two_languages(language: float) -> Vectors:
    """Two sentences in two languages, f32 (2, 2, 4): two dimensions of meaning, two of language, which weighs `language`."""
    meanings, languages = np.eye(2, 4), language * np.eye(2, 4, 2)
    vectors = meanings[:, None] + languages[None]
    return normalised(vectors.reshape(4, 4)).reshape(2, 2, 4)


def test_where_the_language_weighs_more_than_the_meaning_no_translation_is_found_first() -> None:
    strong, weak = two_languages(3), two_languages(0.5)
    assert (found_first(strong, strong), found_first(weak, weak)) == (0, 1)


def test_each_pair_of_a_sentence_with_another_language_counts_the_same() -> None:
    questions, passages = two_languages(0.5), two_languages(0.5)
    questions[0, 1] = questions[1, 1]  # the first sentence, asked in the second language, is taken for the second: one of four pairs
    assert found_first(questions, passages) == 0.75


def test_a_tie_with_another_sentence_is_not_found_first() -> None:
    assert found_first(np.ones((2, 2, 4), np.float32) / 2, np.ones((2, 2, 4), np.float32) / 2) == 0


def test_the_sample_has_each_sentence_once_in_the_eight_languages() -> None:
    sentences = parallel_sentences()
    assert len(sentences) == 128
    assert all(list(sentence) == list(LANGUAGES) for sentence in sentences)
    for language in LANGUAGES:
        texts = [sentence[language] for sentence in sentences]
        assert len(set(texts)) == 128
        assert all(40 <= len(text) <= 160 and not re.search(r"[`*_<>{}|/@0-9]|\.\w", text) for text in texts)
        assert sum(detect_language(text) in (language, "und") for text in texts) >= 126


def test_the_sample_is_in_the_package_with_its_licence() -> None:
    folder = files("rag") / "parallel_sentences"
    assert "Copyright (c) Microsoft Corporation." in (folder / "LICENSE").read_text()
    assert (folder / "sentences.jsonl").is_file()


def test_the_encoder_in_the_package_gains_nothing_as_it_is_calibrated_already(embedder: Embedder) -> None:
    steps: list[None] = []
    found = calibrate(embedder, lambda: steps.append(None))
    assert len(steps) == STEPS
    assert found.before > 0.95
    assert not found.helps


def test_a_projection_removes_as_many_directions_as_there_are_languages_but_one(transformer: Embedder) -> None:
    projection = calibrate(transformer, lambda: None).projection
    assert (projection.shape, projection.dtype) == ((16, 16), np.float32)
    assert np.trace(projection) == pytest.approx(16 - 7, abs=1e-3)
    assert np.allclose(projection @ projection, projection, atol=1e-5)


def test_a_static_model_is_refused(static: Embedder) -> None:
    with pytest.raises(InvalidInput, match=r"glossa-static@\w+ is a static model, which has no layers .* give a transformer\."):
        calibrate(static, lambda: None)


def test_a_gain_within_the_noise_is_none() -> None:
    projection = np.eye(2, dtype=np.float32)
    assert HELD_BACK == 32
    assert Calibration(projection, 0.9, 0.9 + LEAST_GAIN + 1e-6).helps
    assert not Calibration(projection, 0.9, 0.905).helps
    assert not Calibration(projection, 0.9, 0.8).helps
