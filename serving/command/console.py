"""How the command line shows things: rich tables on a terminal, tab-separated lines for other programs; untrusted text made harmless."""

import unicodedata
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rag.records import Citation

FAILED, USAGE = 1, 2  # exit codes; 0 is success
out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False)
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # they reorder what stands around them
STYLES = {"ready": "green", "failed": "red", "ok": "green", "warning": "yellow", "fault": "red"}


def harmless(text: str) -> str:
    """`text` without what could steer a terminal (escape sequences, reordering); newlines stay, joiners that Hindi needs stay."""
    return "".join(c for c in text if c == "\n" or (unicodedata.category(c) != "Cc" and c not in BIDI_CONTROLS))


def one_line(text: str) -> str:
    """`text` harmless and on one line."""
    return harmless(" ".join(text.split()))


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, console: Console = out) -> None:
    """Print a table on a terminal, tab-separated lines with a line of headings elsewhere. Numbers stand right."""
    rows = [["" if value is None else value for value in row] for row in rows]
    if not console.is_terminal:
        lines = StringIO()
        for row in [columns, *rows]:
            lines.write("\t".join(one_line(str(value)) for value in row) + "\n")
        console.file.write(lines.getvalue())
        return
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(str(value)), style=STYLES.get(str(value), "")) for value in row))
    console.print(table)


def show_sources(citations: Sequence[Citation]) -> None:
    """The citations of an answer: marker, name, page and the quoted words."""
    if citations:
        out.print("\nSources", style="bold")
    for citation in citations:
        place = f"[{citation.marker}] {one_line(citation.name)}, page {citation.page}"
        out.print(f'{place}: "{one_line(citation.quote)}"', soft_wrap=True)


def fail(sentence: str) -> NoReturn:
    """Say why the command failed and end it."""
    err.print(sentence, style="red", soft_wrap=True)
    raise typer.Exit(FAILED)
