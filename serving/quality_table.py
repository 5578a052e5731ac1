"""The figures of an evaluation on the screen: a matrix of question language by document language, then the means."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from rag.languages import LANGUAGES
from serving.evaluate import Quality, Report
from serving.tables import out, show_table

GOOD, FAIR = 0.95, 0.85  # the shares of hit@3 that are demanded within a language and across languages
MEASURES = "hit@1\nhit@3\nMRR@10"


def show_report(report: Report) -> None:
    """Print the matrix, the means, the share of unanswerable questions that were declined, and the time of a search."""
    if out.is_terminal:
        out.print(matrix(report))
    else:
        pairs = [("-".join(pair), *_figures(quality)) for pair, quality in report.pairs.items()]
        show_table("Pairs", ("pair", "questions", "hit@1", "hit@3", "MRR@10"), pairs)
    named = (("same language", report.same), ("across languages", report.cross))
    means = [(name, *_figures(quality)) for name, quality in named if quality is not None]
    show_table("Means", ("mean", "questions", "hit@1", "hit@3", "MRR@10"), means)
    if report.declined is not None:
        out.print(f"Declined {report.declined:.0%} of {report.unanswerable} questions that no document answers.")
    if report.p50_ms is not None:
        out.print(f"A search took {report.p50_ms:.1f} ms (median, over HTTP).")
    if report.missed:
        out.print(f"Not among the first three: {' '.join(report.missed)}", soft_wrap=True)


def matrix(report: Report) -> Table:
    """One row for each language of questions, one column for each language of documents, three figures in a cell."""
    table = Table(title="Questions (rows) by documents (columns)", title_justify="left", title_style="bold", show_lines=True)
    table.add_column("")
    table.add_column("")
    for language in _languages(document for _, document in report.pairs):
        table.add_column(language, justify="right")
    for asked in _languages(question for question, _ in report.pairs):
        cells = (_cell(report.pairs.get((asked, written))) for written in _languages(document for _, document in report.pairs))
        table.add_row(asked, MEASURES, *cells)
    return table


def _languages(found: Iterable[str]) -> list[str]:
    """The eight, then whatever else the questions name."""
    return [*LANGUAGES, *sorted(set(found) - set(LANGUAGES))]


def _cell(quality: Quality | None) -> Text:
    if quality is None:
        return Text("-", style="dim")
    style = "green" if quality.hit3 >= GOOD else "yellow" if quality.hit3 >= FAIR else "red"
    return Text(f"{quality.hit1:.2f}\n{quality.hit3:.2f}\n{quality.mrr10:.2f}", style=style)


def _figures(quality: Quality) -> tuple[int, str, str, str]:
    return quality.questions, f"{quality.hit1:.3f}", f"{quality.hit3:.3f}", f"{quality.mrr10:.3f}"
