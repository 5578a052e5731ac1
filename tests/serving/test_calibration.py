"""Bins of confidence, counted by hand."""

import pytest

from serving.evaluation.calibration import Bin, Reliability, reliability


def test_answers_are_binned_by_confidence_and_the_error_is_their_mean_distance() -> None:
    answers = [(0.05, False), (0.72, True), (0.78, False), (1.0, True)]
    assert reliability(answers) == Reliability(
        4,
        0.1375,  # (0.05 + 2 * 0.25 + 0) / 4
        (Bin(0.0, 0.1, 1, 0.05, 0.0), Bin(0.7, 0.8, 2, 0.75, 0.5), Bin(0.9, 1.0, 1, 1.0, 1.0)),
    )


def test_a_border_belongs_to_the_bin_above() -> None:
    found = reliability([(0.5, True), (0.0, False)])
    assert found is not None
    assert [(one.low, one.answers) for one in found.bins] == [(0.0, 1), (0.5, 1)]
    assert found.error == pytest.approx(0.25)


def test_without_answers_there_is_nothing_to_calibrate() -> None:
    assert reliability([]) is None
