"""The matrix of an evaluation."""

from io import StringIO

from rich.console import Console

from serving.evaluate import Quality, Report
from serving.quality_table import matrix


def test_the_matrix_is_eight_by_eight_and_fits_a_terminal() -> None:
    report = Report({("en", "th"): Quality(2, 0.5, 0.75, 0.62)}, None, None, 0, None, None, ())
    written = StringIO()
    table = matrix(report)
    Console(file=written, width=80).print(table)
    assert (len(table.rows), len(table.columns)) == (8, 10)
    assert max(map(len, written.getvalue().splitlines())) <= 80
    assert "…" not in written.getvalue()
    for figure in ("0.50", "0.75", "0.62"):
        assert written.getvalue().count(figure) == 1
