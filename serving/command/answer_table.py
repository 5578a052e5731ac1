"""The figures of measured answers on the screen and as a picture: gold answers per pair of languages, refusals, reliability."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from serving.command.console import out, show_table
from serving.command.quality_table import heat_map, save_tables, with_interval
from serving.evaluation.answer_quality import AnswerQuality, AnswerReport
from serving.evaluation.calibration import Bin, Reliability

COLUMNS = ("questions", "gold inside", "gold first", "token F1", "right document", "refused")
TITLE = "Gold answer inside the answer x 100: questions (rows) by documents (columns)"
BIN_COLUMNS = ("confidence", "answers", "mean confidence", "gold inside")
BAR = 30  # characters for a share of 1


def show_answers(report: AnswerReport) -> None:
    """Print the matrix, the means, both kinds of rightful refusals, the reliability of confidence, and the time of an answer."""
    if out.is_terminal:
        out.print(matrix(report))
    else:
        show_table("Pairs", ("pair", *COLUMNS), [("-".join(pair), *_figures(quality)) for pair, quality in report.pairs.items()])
    named = (("same language", report.same), ("across languages", report.cross))
    show_table("Answers", ("mean", *COLUMNS), [(name, *_figures(quality)) for name, quality in named if quality is not None])
    kinds = (("Nothing answers", report.unanswerable), ("Answer taken away", report.taken_away))
    for title, refusals in kinds:
        if refusals:
            shown = {group: one for group, one in refusals.items() if not out.is_terminal or "-" not in group}  # 64 pairs fill screens
            rows = [(group, one.questions, with_interval(one.refused)) for group, one in shown.items()]
            show_table(title, (title.lower(), "questions", "rightly refused"), rows)
    if report.reliability is not None:
        show_table("Reliability", BIN_COLUMNS, [_bin(one) for one in report.reliability.bins])
        out.print(f"Expected calibration error {report.reliability.error:.3f} over {report.reliability.answers} answers.")
    if report.p50_ms is not None:
        out.print(f"An answer took {report.p50_ms:.1f} ms (median, over HTTP).")


def save_answers_picture(report: AnswerReport, path: Path) -> None:
    """Write the matrix, and below it the reliability diagram if there is confidence, as one SVG."""
    tables = [matrix(report)]
    if report.reliability is not None:
        tables.append(diagram(report.reliability))
    save_tables(tables, path, title=TITLE)


def matrix(report: AnswerReport) -> Table:
    """Gold inside x 100: one row for each language of questions, one column for each language of documents."""
    return heat_map(TITLE, {pair: quality.gold_inside.value for pair, quality in report.pairs.items()})


def diagram(found: Reliability) -> Table:
    """One bar a bin: how often its answers are right, with a mark where their mean confidence stands. At best bar and mark end together."""
    title = f"Bars: answers that hold the gold answer; mark: their mean confidence (expected calibration error {found.error:.3f})"
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in BIN_COLUMNS:
        table.add_column(column, justify="right")
    table.add_column("0" + "1".rjust(BAR))
    for one in found.bins:
        table.add_row(*_bin(one), _bar(one))
    return table


def _bar(one: Bin) -> Text:
    line = Text("█" * round(one.right * BAR) + " " * (BAR + 1 - round(one.right * BAR)), style="rgb(69,117,180)")
    mark = round(one.confidence * BAR)
    return line[:mark] + Text("┃", style="rgb(215,48,39)") + line[mark + 1 :]


def _bin(one: Bin) -> tuple[str, ...]:
    return f"{one.low:.1f}-{one.high:.1f}", str(one.answers), f"{one.confidence:.3f}", f"{one.right:.3f}"


def _figures(quality: AnswerQuality) -> tuple[str, ...]:
    means = (quality.gold_inside, quality.gold_first, quality.f1, quality.right_document, quality.refused)
    return (str(quality.questions), *map(with_interval, means))
