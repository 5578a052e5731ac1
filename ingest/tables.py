"""CSV and TSV, and the pages of every kind of table: 200 rows or about 8,000 characters of lines that can be read by themselves."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import regex

from ingest.encoding import read_blocks
from ingest.plain import RECORD, lines, text_encoding
from ingest.sections import PAGE_CHARACTERS, Section, short_pieces
from ingest.table_layout import Row, table_lines
from rag.errors import Unreadable

csv.field_size_limit(RECORD)  # of a cell; Python's own limit of 128 KiB is less than some texts
PAGE_ROWS = 200
SAMPLE_LINES = 50  # enough to tell a delimiter from a comma in prose
DELIMITERS = ";\t|,"  # the comma last: it also stands in numbers
_DECLARED = regex.compile(r'"?sep=(.)"?\s*', regex.IGNORECASE)  # Excel's own line about the delimiter


def parse_csv(path: Path, delimiter: str | None = None) -> Iterator[Section]:
    """Yield a CSV file's rows as they are read; without a `delimiter` the first lines tell it. Raises Unreadable, UnsupportedType."""
    source = lines(read_blocks(path, text_encoding(path)), RECORD)
    sample = list(islice(source, SAMPLE_LINES))
    if sample and (declared := _DECLARED.fullmatch(sample[0])):
        delimiter, sample = declared[1], sample[1:]
    reader = csv.reader((line + "\n" for line in chain(sample, source)), delimiter=delimiter or _delimiter(sample))
    try:
        yield from table_sections("", ([" ".join(value.split()) for value in row] for row in reader))
    except csv.Error as error:
        raise Unreadable(f"The CSV file cannot be read at line {reader.line_num}: {error}; check its quotation marks.") from error


def table_sections(label: str, rows: Iterable[Row]) -> Iterator[Section]:
    """Yield sections of at most 200 rows or about 8,000 characters; nothing of rows that are all blank."""
    page: list[str] = []
    size = 0
    for line in chain.from_iterable(short_pieces(row, PAGE_CHARACTERS) for row in table_lines(rows)):
        if len(page) >= PAGE_ROWS or (page and size + len(line) > PAGE_CHARACTERS):
            yield Section(label, "\n".join(page).strip("\n"))
            page, size = [], 0
        if line or page:
            page.append(line)
            size += len(line) + 1
    if any(page):
        yield Section(label, "\n".join(page).strip("\n"))


def _delimiter(sample: Sequence[str]) -> str:
    """Return the delimiter that gives most rows the same number of cells, at least two; the comma where none does."""
    best, most = ",", 0.0
    for mark in DELIMITERS:
        widths = [len(row) for row in _rows(sample, mark) if len(row) > 1]
        share = max((widths.count(width) for width in set(widths)), default=0) / max(len(sample), 1)
        if share > most:
            best, most = mark, share
    return best


def _rows(sample: Sequence[str], mark: str) -> list[list[str]]:
    try:
        return list(csv.reader((line + "\n" for line in sample), delimiter=mark))
    except csv.Error:  # reported when the file itself is read
        return []
