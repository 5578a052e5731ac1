"""Carries the header of a table over to the pages on which the table goes on.

A row of page 2 means nothing without the names of its columns, and most programs write them on the first page only. A table is seen by its
rows: cells in the same columns from line to line, numbers in one of the columns, and words alone in the row that heads them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pypdfium2 as pdfium

from ingest.pdf_rows import Box, Row, fits
from ingest.sections import Section

AT_EDGE = 3  # rows before a table at the top of a page, or after one at its bottom, that are none of it: running headers
CELL_CHARACTERS = 40  # of a header; more is prose
MOST_ROWS = 60  # of a table that are looked at


_YEAR = re.compile(r"(?:19|20)\d\d")


class _Table(NamedTuple):
    header: str
    columns: list[Box]


class TableHeaders:
    """The table that the last page ended with. Show it every page in order; then it knows which header belongs at the top of which."""

    def __init__(self) -> None:
        self._open: _Table | None = None
        self._headers: dict[int, tuple[str, str]] = {}

    def page(self, index: int, rows: Sequence[Row], text_page: pdfium.PdfTextPage) -> None:
        """Take note of the tables at the top and at the bottom of page `index`."""
        before, self._open = self._open, None
        runs = [run for run in _runs(rows) if run[1] - run[0] > 1 or before]
        goes_on = None
        if before is not None and runs and runs[0][0] <= AT_EDGE:
            start, end = runs[0]
            if all(fits(row, before.columns) for row in rows[start : min(end, start + 3)]):
                goes_on = before
                self._headers[index] = (before.header, _row_text(text_page, rows[start]))
        if runs and runs[-1][1] >= len(rows) - AT_EDGE:
            start, end = runs[-1]
            self._open = _table(rows[start:end], text_page) or (goes_on if len(runs) == 1 else None)

    def put(self, sections: Iterable[Section]) -> Iterator[Section]:
        """The sections with the headers that belong to their first rows, as soon as they come."""
        for index, section in enumerate(sections):
            header, first = self._headers.pop(index, ("", ""))
            lines = section.text.split("\n")
            if not header or header in lines[: AT_EDGE + 1]:
                yield section
                continue
            at = lines.index(first) if first in lines else 0
            yield section._replace(text="\n".join([*lines[:at], header, *lines[at:]]))


def _runs(rows: Sequence[Row]) -> list[tuple[int, int]]:
    """Where rows of several cells follow each other in the same columns."""
    runs: list[tuple[int, int]] = []
    start = 0
    while start < len(rows):
        end = start + 1
        if len(rows[start]) > 1:
            columns = list(rows[start])
            while end < len(rows) and len(rows[end]) > 1 and fits(rows[end], columns):
                columns = _wider(columns, rows[end])
                end += 1
            runs.append((start, end))
        start = end
    return runs


def _wider(columns: Sequence[Box], row: Row) -> list[Box]:
    joined = []
    for column in columns:
        here = [column, *(cell for cell in row if cell.left < column.right and column.left < cell.right)]
        joined.append(Box(min(box.left for box in here), column.bottom, max(box.right for box in here), column.top))
    return joined


def _table(rows: Sequence[Row], text_page: pdfium.PdfTextPage) -> _Table | None:
    """The table that these rows are, when the first is a header."""
    if len(rows) < 2:
        return None
    header = [_text(text_page, cell) for cell in rows[0]]
    if any(not cell or len(cell) > CELL_CHARACTERS or (_is_number(cell) and not _YEAR.fullmatch(cell)) for cell in header):
        return None
    if all(map(_is_number, header[1:])) and any(_YEAR.fullmatch(_text(text_page, cell)) for cell in rows[1][1:]):
        return None  # years are values here
    columns = rows[0]
    for row in rows[1:]:
        columns = _wider(columns, row)
    body = [_text(text_page, cell) for row in rows[1:MOST_ROWS] for cell in row[1:]]
    if sum(map(_is_number, body)) * 3 < len(body):
        return None
    return _Table(" ".join(header), columns)


def _row_text(text_page: pdfium.PdfTextPage, row: Row) -> str:
    return " ".join(_text(text_page, cell) for cell in row)


def _text(text_page: pdfium.PdfTextPage, cell: Box) -> str:
    return " ".join(text_page.get_text_bounded(cell.left - 0.5, cell.bottom - 0.5, cell.right + 0.5, cell.top + 0.5).split())


def _is_number(cell: str) -> bool:
    digits = sum(character.isdigit() for character in cell)
    return digits * 2 >= len(cell.replace(" ", "")) or cell[:1].isdigit()
