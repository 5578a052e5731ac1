"""The figures of an evaluation on the screen and as a picture: a matrix of question language by document language, then the means."""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from rich.text import Text

from rag.languages import LANGUAGES
from serving.command.console import out, show_table
from serving.evaluation.search_quality import Mean, Quality, Report

COLUMNS = ("questions", "hit@1", "hit@3", "MRR@10", "nDCG@10", "recall@10")
TITLE = "nDCG@10 x 100: questions (rows) by documents (columns)"
# From red over yellow to green, for values from 0.3 to 1: least and most are told apart on a print without colour by the figure itself.
COLDEST, HOTTEST = 0.3, 1.0
RAMP = [(215, 48, 39), (252, 141, 89), (254, 224, 139), (217, 239, 139), (145, 207, 96), (26, 152, 80)]


def show_report(report: Report) -> None:
    """Print the matrix, the means, the share of unanswerable questions that were declined, and the time of a search."""
    if out.is_terminal:
        out.print(matrix(report))
    else:
        show_table("Pairs", ("pair", *COLUMNS), [("-".join(pair), *_figures(quality)) for pair, quality in report.pairs.items()])
    named = (("same language", report.same), ("across languages", report.cross))
    show_table("Means", ("mean", *COLUMNS), [(name, *_figures(quality)) for name, quality in named if quality is not None])
    if report.declined is not None:
        out.print(f"Declined {report.declined:.0%} of {report.unanswerable} questions that no document answers.")
    if report.p50_ms is not None:
        out.print(f"A search took {report.p50_ms:.1f} ms (median, over HTTP).")


def save_picture(report: Report, path: Path) -> None:
    """Write the matrix as an SVG heat map."""
    save_tables([matrix(report)], path, title=TITLE)


def save_tables(tables: Sequence[Table], path: Path, *, title: str) -> None:
    """Write tables, one below the other, as one SVG whose title takes the place of the first one's."""
    tables[0].title = None
    console = Console(record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    titles = [title, *(str(table.title) for table in tables[1:])]
    console.width = max(*(console.measure(table).maximum for table in tables), *(len(text) + 8 for text in titles))
    for table in tables:
        console.print(table)
    console.save_svg(str(path), title=title, theme=DEFAULT_TERMINAL_THEME)


def matrix(report: Report) -> Table:
    """nDCG@10 x 100: one row for each language of questions, one column for each language of documents."""
    return heat_map(TITLE, {pair: quality.ndcg10.value for pair, quality in report.pairs.items()})


def heat_map(title: str, values: Mapping[tuple[str, str], float]) -> Table:
    """Values x 100 by (row, column), coloured: languages of questions in rows, of documents in columns."""
    table = Table(title=title, title_justify="left", title_style="bold", show_lines=True)
    asked, written = (_languages(pair[side] for pair in values) for side in (0, 1))
    table.add_column("")
    for language in written:
        table.add_column(language, justify="right")
    for question in asked:
        table.add_row(question, *(_cell(values.get((question, document))) for document in written))
    return table


def _languages(found: Iterable[str]) -> list[str]:
    """Those that were measured: the eight in their order, then whatever else the questions name."""
    there = set(found)
    return [*(language for language in LANGUAGES if language in there), *sorted(there - set(LANGUAGES))]


def _cell(value: float | None) -> Text:
    if value is None:
        return Text("-", style="dim")
    warmth = min(max((value - COLDEST) / (HOTTEST - COLDEST), 0.0), 1.0)
    red, green, blue = RAMP[round(warmth * (len(RAMP) - 1))]
    return Text(f" {100 * value:.0f} ", style=Style(color="rgb(0,0,0)", bgcolor=f"rgb({red},{green},{blue})"))


def _figures(quality: Quality) -> tuple[str, ...]:
    means = (quality.hit1, quality.hit3, quality.mrr10, quality.ndcg10, quality.recall10)
    return (str(quality.questions), *map(with_interval, means))


def with_interval(mean: Mean) -> str:
    """The mean with its interval, as tables show it."""
    return f"{mean.value:.3f} [{mean.low:.2f}, {mean.high:.2f}]"
