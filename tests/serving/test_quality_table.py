"""The matrix of an evaluation."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from rag.languages import LANGUAGES
from serving.command.quality_table import matrix, save_picture
from serving.evaluation.search_quality import Mean, Quality, Report


def report() -> Report:
    value = Mean(0.62, 0.5, 0.7)
    return Report({(a, b): Quality(2, *[value] * 5) for a in LANGUAGES for b in LANGUAGES}, None, None, 0, None, None, ())


def test_the_matrix_is_eight_by_eight_and_fits_a_terminal() -> None:
    written = StringIO()
    table = matrix(report())
    Console(file=written, width=80).print(table)
    assert (len(table.rows), len(table.columns)) == (8, 9)
    assert max(map(len, written.getvalue().splitlines())) <= 80
    assert "…" not in written.getvalue()
    assert written.getvalue().count(" 62 ") == 64


def test_the_picture_is_coloured_by_the_figure(tmp_path: Path) -> None:
    save_picture(report(), tmp_path / "matrix.svg")
    svg = (tmp_path / "matrix.svg").read_text()
    assert svg.startswith("<svg")
    assert svg.count("#fee08b") >= 64  # 0.62 is in the middle of the ramp
