"""What is shown of measured answers."""

from pathlib import Path

import pytest

from rag.languages import LANGUAGES
from serving.command.answer_table import diagram, save_answers_picture, show_answers
from serving.evaluation.answer_measures import Judged
from serving.evaluation.answer_quality import AnswerReport, summary
from serving.evaluation.calibration import reliability
from serving.evaluation.question_sets import Question


def report(confidence: float | None) -> AnswerReport:
    questions = [Question(f"{a}{b}", "?", a, {"a.txt": 1}, b, answers=("x",)) for a in LANGUAGES for b in LANGUAGES]
    return summary([Judged(question, False, False, True, True, 0.5, True, confidence) for question in questions], 3.25)


def test_every_figure_is_printed_with_its_interval(capsys: pytest.CaptureFixture[str]) -> None:
    show_answers(report(0.75))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "pair\tquestions\tgold inside\tgold first\ttoken F1\tright document\trefused"
    assert "en-th\t1\t1.000 [1.00, 1.00]\t1.000 [1.00, 1.00]\t0.500 [0.50, 0.50]\t1.000 [1.00, 1.00]\t0.000 [0.00, 0.00]" in lines
    assert "0.7-0.8\t64\t0.750\t1.000" in lines
    assert lines[-2:] == ["Expected calibration error 0.250 over 64 answers.", "An answer took 3.2 ms (median, over HTTP)."]


def test_the_picture_holds_the_matrix_and_a_bar_for_each_bin(tmp_path: Path) -> None:
    save_answers_picture(report(0.75), tmp_path / "with.svg")
    save_answers_picture(report(None), tmp_path / "without.svg")
    svg = (tmp_path / "with.svg").read_text()
    assert svg.startswith("<svg")
    assert svg.count("#1a9850") >= 64  # 100 is the end of the ramp
    assert "0.7-0.8" in svg
    assert "0.7-0.8" not in (tmp_path / "without.svg").read_text()


def test_a_bar_is_as_long_as_answers_are_right_and_marked_where_they_are_sure() -> None:
    found = reliability([(0.5, True), (0.5, False), (1.0, True)])
    assert found is not None
    half, whole = (str(bar) for bar in diagram(found).columns[-1].cells)
    assert half == "█" * 15 + "┃" + " " * 15
    assert whole == "█" * 30 + "┃"
