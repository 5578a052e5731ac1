"""Finds the tables in the rows of a sheet: titles above them, their header, tables under and beside each other; each row is a line.

A line can be read by itself: 'Header: value; Header: value'. Blank rows part tables, and so do columns that are blank in a whole block
where both sides have a header of their own. What follows a blank row and has no header goes on with the header before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, islice

import regex

Row = Sequence[str]
SPAN = "\ufdd0"  # in the cells over which the one to their left goes on; a noncharacter that no text holds
SAMPLE_ROWS = 50  # of a block, by which its header and its columns are judged
MOST_ABOVE = 5  # rows above a header
BATCH_ROWS = 200  # of tables beside each other, that are written before the next table's
_VALUE = regex.compile(r"[-+−(]?\s*+(?:\p{Sc}\s*+)?[-+−]?\d|[-+=]")
_YEAR = regex.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a table's columns, "" for one without; `values` are the columns in which numbers or dates stand."""

    names: tuple[str, ...]
    values: frozenset[int]


def table_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the rows as lines, lazily, with a blank line between tables."""
    header: Header | None = None
    titled = begun = False
    for filled, group in groupby(rows, key=any):
        if not filled:
            continue
        head = list(islice(group, SAMPLE_ROWS))
        parts = _beside(head)
        if len(parts) > 1:
            yield from [""] if begun else []
            yield from _parts_lines(parts, head, group)  # noqa: B031 - the rest of the group, in either branch once
            header, titled = None, False
        else:
            table = _table(head, header, titled=titled)
            yield from [""] if begun and not table.continues else []
            yield from table.lines
            yield from (_line(table.header, row) for row in group)
            header, titled = table.header or header, table.only_titles
        begun = True


@dataclass(frozen=True, slots=True)
class _Table:
    header: Header | None
    lines: list[str]
    only_titles: bool
    continues: bool


def _table(head: Sequence[Row], before: Header | None, *, titled: bool) -> _Table:
    """Read the first rows of a block; `before` is the header of the table above it, `titled` whether a title stands between."""
    wide = max(len(_filled(row)) for row in head) > 1
    titles = 0
    while wide and titles < len(head) and len(_filled(head[titles])) == 1 and not _is_value(_filled(head[titles])[0]):
        titles += 1
    titles = titles or _rows_above(head)
    lines = [_line(None, row) for row in head[:titles]]
    body = head[titles:]
    if not wide:
        texts = [_filled(row)[0] for row in body]
        continues = before is not None and all(_is_value(text) for text in texts)
        return _Table(None, [_line(before if continues else None, row) for row in body], only_titles=not continues, continues=continues)
    names, taken = _names(body, before, new=titled or titles > 0)
    if names:
        header = Header(names, _value_columns(body[taken:]))
        lines.append("; ".join(name for name in dict.fromkeys(names) if name))
    else:
        header = before if before is not None and not titles and not titled else Header((), frozenset())
    continues = not names and bool(header.names)
    return _Table(header, [*lines, *(_line(header, row) for row in body[taken:])], only_titles=False, continues=continues)


def _rows_above(head: Sequence[Row]) -> int:
    """Return how many short rows, such as a date and its label, stand right above the header of a wider table."""
    if not head or _is_header(head):
        return 0
    for at in range(1, min(len(head) - 1, MOST_ABOVE + 1)):
        width = len(_filled(head[at]))
        if width > 2 and _is_header(head[at:]) and _value_columns(head[at + 1 :]) and len(_filled(head[at + 1])) * 2 >= width:
            return at if all(len(_filled(row)) < width for row in head[:at]) else 0
    return 0


def _names(body: Sequence[Row], before: Header | None, *, new: bool) -> tuple[tuple[str, ...], int]:
    """Return the names of the columns and in how many rows they stand; no names where the first row is one like the others."""
    if two := _two_rows(body):
        return two, 2
    if not body or not _is_header(body) or _has_labels(body):
        return (), 0
    if len(body) > 1 and max(len(_filled(row)) for row in body[1:]) < 2:  # a list, with a comma in one of its lines
        return (), 0
    if before is not None and before.names and not new and not _differs(body, before):
        return (), 0
    return tuple("" if cell == SPAN else cell for cell in body[0]), 1


def _is_header(body: Sequence[Row]) -> bool:
    """Say whether the first row names columns: at least two filled cells, all different, none a value but the years of columns."""
    names = _filled(body[0])
    if len(names) < 2 or len(set(names)) < len(names):
        return False
    if not any(_is_value(name) for name in names):
        return True
    years = [column for column, name in enumerate(body[0]) if _YEAR.fullmatch(name)]
    if not years or body[0][0] in (body[0][column] for column in years) or sum(map(_is_value, names)) > len(years):
        return False
    below = [row[column] for row in body[1:] for column in years if column < len(row) and row[column]]
    return bool(below) and not any(_YEAR.fullmatch(value) for value in below)


def _has_labels(body: Sequence[Row]) -> bool:
    """Say whether the rows are a form: a label with its colon, and its value beside it."""
    return len(body) > 1 and all(row and row[0].endswith(":") for row in body)


def _differs(body: Sequence[Row], before: Header) -> bool:
    """Say whether a row of words after a blank row begins a table of its own rather than going on with the one before."""
    if len(body) < 2:
        return False
    used = {column for column, cell in enumerate(body[0]) if cell}
    known = {column for column, name in enumerate(before.names) if name}
    return bool(used & before.values) or bool(used - known) or bool(used & _value_columns(body[1:]))


def _two_rows(body: Sequence[Row]) -> tuple[str, ...] | None:
    """Return the names of a header in two rows, the upper of which spans columns: `2024 Sales`, `2024 Profit`."""
    if len(body) < 3:
        return None
    upper, lower = body[0], body[1]
    names = _filled(lower)
    spans = SPAN in upper or (len(set(names)) < len(names) and len(_filled(upper)) < len(names))
    if not spans or len(names) < 2 or any(_is_value(name) for name in names) or len(_filled(upper)) < 2:
        return None
    if not _value_columns(body[2:]):
        return None
    joined, over = [], ""
    for column, name in enumerate(lower):
        above = upper[column] if column < len(upper) else ""
        over = over if above in (SPAN, "") else above
        joined.append(name if name in ("", SPAN) or name == over or not over else f"{over} {name}")
    return tuple("" if name == SPAN else name for name in joined)


def _beside(head: Sequence[Row]) -> list[range]:
    """Return the columns of each of the tables that stand beside each other; one range where there is but one table."""
    width = max(map(len, head))
    used = [any(column < len(row) and row[column] for row in head) for column in range(width)]
    runs = [[column for column, _ in group] for is_used, group in groupby(enumerate(used), key=lambda each: each[1]) if is_used]
    parts = [range(run[0], run[-1] + 1) for run in runs]
    if len(parts) < 2 or any(len(part) < 2 for part in parts):
        return [range(width)]
    tables = [_part(head, part) for part in parts]
    apart = len({len(rows) for rows in tables}) > 1 or all(_has_key(rows) for rows in tables)
    return parts if apart and all(_is_table(rows) for rows in tables) else [range(width)]


def _has_key(rows: Sequence[Row]) -> bool:
    """Say whether the first column names what the rows are about; figures behind a blank column belong to the names before it."""
    keys = [row[0] for row in rows[1:] if row and row[0]]
    return sum(not _is_value(key) or bool(_YEAR.fullmatch(key)) for key in keys) * 2 > len(keys)


def _is_table(rows: Sequence[Row]) -> bool:
    body = list(rows)
    while body and len(_filled(body[0])) == 1:
        body.pop(0)
    return len(body) > 1 and _is_header(body)


def _part(rows: Iterable[Row], columns: range) -> list[Row]:
    cut = (row[columns.start : columns.stop] for row in rows)
    return [row for row in cut if any(row)]


def _parts_lines(parts: Sequence[range], head: list[Row], rest: Iterator[Row]) -> Iterator[str]:
    headers: dict[range, Header | None] = {}
    batch = [*head, *islice(rest, BATCH_ROWS - len(head))]
    while batch:
        for number, part in enumerate(parts):
            yield from [""] if number or headers else []
            rows = _part(batch, part)
            if part not in headers and rows:
                table = _table(rows, None, titled=False)
                headers[part] = table.header
                yield from table.lines
            else:
                yield from (_line(headers.get(part), row) for row in rows)
        batch = list(islice(rest, BATCH_ROWS))


def _line(header: Header | None, row: Row) -> str:
    names = header.names if header is not None else ()
    if not names and len(cells := _filled(row)) > 1 and cells[0].endswith(":"):
        return f"{cells[0]} {'; '.join(cells[1:])}"
    return "; ".join(
        f"{names[column]}: {value}" if column < len(names) and names[column] else value
        for column, value in enumerate(row)
        if value and value != SPAN
    )


def _filled(row: Row) -> list[str]:
    return [cell for cell in row if cell and cell != SPAN]


def _is_value(text: str) -> bool:
    return bool(_VALUE.match(text))


def _value_columns(rows: Iterable[Row]) -> frozenset[int]:
    """Return the columns of the rows in which mostly numbers or dates stand."""
    counts: dict[int, int] = {}
    for column, cell in chain.from_iterable(enumerate(row) for row in rows):
        if cell and cell != SPAN:
            counts[column] = counts.get(column, 0) + (1 if _is_value(cell) else -1)
    return frozenset(column for column, count in counts.items() if count > 0)
