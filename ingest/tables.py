"""XLSX, CSV and TSV: every row as one line that is readable by itself ('Header: value; Header: value'), in pages of some hundred rows."""

import csv
import datetime
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from ingest.archive import open_archive
from ingest.encoding import read_blocks
from ingest.plain import lines, text_encoding
from ingest.sections import PAGE_CHARACTERS, Section
from rag.errors import Unreadable
from rag.settings import ParseLimits

PAGE_ROWS = 200
SAMPLE_LINES = 50  # enough for csv.Sniffer to tell a delimiter from a comma in prose


def parse_workbook(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield the sheets in order, hidden ones too, labelled by sheet name; formulas as the values that were last computed."""
    open_archive(path, limits).close()
    # given as an open file: openpyxl judges a path by its extension, and a stored blob has none
    with path.open("rb") as file, warnings.catch_warnings():  # openpyxl warns of extensions (validation, slicers) that hold no text
        warnings.simplefilter("ignore", UserWarning)
        workbook = load_workbook(file, read_only=True, data_only=True)
        for sheet in workbook.worksheets:
            sheet.reset_dimensions()  # a wrong declared size would cut the sheet or pad it to a million cells
            yield from table_sections(sheet.title, ([_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)))


def parse_csv(path: Path, delimiter: str | None = None) -> Iterator[Section]:
    """Yield a CSV file's rows as they are read; without a `delimiter` the first lines tell it. Raises Unreadable, UnsupportedType."""
    source = lines(read_blocks(path, text_encoding(path)))
    sample = list(islice(source, SAMPLE_LINES))
    reader = csv.reader((line + "\n" for line in chain(sample, source)), delimiter=delimiter or _delimiter("\n".join(sample)))
    try:
        yield from table_sections("", ([" ".join(value.split()) for value in row] for row in reader))
    except csv.Error as error:
        raise Unreadable(f"The CSV file cannot be read at line {reader.line_num}: {error}; check its quotation marks.") from error


def table_sections(label: str, rows: Iterable[Sequence[str]]) -> Iterator[Section]:
    """Yield sections of at most 200 rows or about 8,000 characters. The first row that is all words names the columns."""
    filled = (row for row in rows if any(row))
    first = next(filled, None)
    if first is None:
        return
    header = list(first) if _is_header(first) else None
    page: list[str] = [] if header is None else ["; ".join(name for name in header if name)]
    size = 0
    for row in filled if header else chain([first], filled):
        line = _line(header, row)
        if len(page) >= PAGE_ROWS or (page and size + len(line) > PAGE_CHARACTERS):
            yield Section(label, "\n".join(page))
            page, size = [], 0
        page.append(line)
        size += len(line) + 1
    yield Section(label, "\n".join(page))


def _line(header: list[str] | None, row: Sequence[str]) -> str:
    if header is None:
        return "; ".join(value for value in row if value)
    named = [(header[column] if column < len(header) else "", value) for column, value in enumerate(row) if value]
    return "; ".join(f"{name}: {value}" if name else value for name, value in named)


def _is_header(row: Sequence[str]) -> bool:
    """Say whether a first row names columns: at least two filled cells, all different, none a number or a date."""
    names = [value for value in row if value]
    return len(names) >= 2 and len(set(names)) == len(names) and not any(name[0].isdigit() or name[0] in "+-=" for name in names)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ") if value.time() != datetime.time() else value.date().isoformat()
    if isinstance(value, float):
        return f"{value:.15g}"
    return " ".join(str(value).split())


def _delimiter(sample: str) -> str:
    try:
        return csv.Sniffer().sniff(sample, delimiters=",;\t|").delimiter
    except csv.Error:  # one column, or prose: the comma is what the name of the format says
        return ","
