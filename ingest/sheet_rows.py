"""The rows of one sheet of an XLSX, read piece by piece: cells as they are shown, merged cells in each row that they cover."""

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from ingest.date_formats import EPOCHS
from ingest.number_formats import BUILTIN, GENERAL, shown, text_shown
from ingest.ooxml import Package
from ingest.regional import Region
from ingest.table_layout import SPAN

MOST_COLUMNS = 16_384  # of a sheet
WIDEST_SPAN = 256  # columns over which a merged cell is followed: a title may span them all
CELLS_NAMED = 5  # in a note, of those without a value
_BLOCK = 1 << 20
_MERGE = re.compile(rb'mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True)
class _Merge:
    first: int
    last: int
    bottom: int


class CellFormats:
    """Shows values by the number of their format; the region is asked for only when a value needs it."""

    def __init__(self, codes: list[str], region: Callable[[], Region], *, from_1904: bool) -> None:
        self.used = codes
        self._region = region
        self._from_1904 = from_1904

    @staticmethod
    def codes(styles: etree._Element | None) -> list[str]:
        """Return the format code of each cell format (`cellXfs`)."""
        if styles is None:
            return []
        own = {each.get("numFmtId", ""): each.get("formatCode", "") for each in styles.iterfind("{*}numFmts/{*}numFmt")}
        used = [each.get("numFmtId", "0") for each in styles.iterfind("{*}cellXfs/{*}xf")]
        return [own.get(number) or BUILTIN.get(_whole(number), GENERAL) for number in used]

    def number(self, text: str, style: str | None) -> str:
        """Return a number, given as the file writes it, as its cell shows it."""
        code = self._code(style)
        if code == GENERAL and text.isascii() and text.isdigit() and len(text) < 16:
            return text
        try:
            return shown(float(text), code, self._region(), from_1904=self._from_1904)
        except (ValueError, OverflowError):
            return text

    def date(self, text: str, style: str | None) -> str:
        """Return a date that is written as ISO 8601, as Strict files may, as its cell shows it."""
        try:
            when = datetime.datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=None)
        except ValueError:
            return text
        serial = (when - EPOCHS[self._from_1904]) / datetime.timedelta(days=1)
        return text if self._code(style) == GENERAL else self.number(repr(serial), style)

    def text(self, text: str, style: str | None) -> str:
        return text_shown(text, self._code(style)) if style else text

    def truth(self, *, value: bool) -> str:
        return self._region().truth[value]

    def _code(self, style: str | None) -> str:
        index = _whole(style or "0")
        return self.used[index] if index < len(self.used) else GENERAL


def sheet_rows(package: Package, part: str, strings: list[str], formats: CellFormats, notes: list[str]) -> Iterator[list[str]]:
    """Yield the rows that are written, with an empty one where some are left out; formulas without a value are noted by their cells."""
    merges = _merges(package, part)
    below: dict[int, tuple[_Merge, str]] = {}
    unknown: list[str] = []
    last = 0
    with package.open(part) as stream:
        for _, row in etree.iterparse(stream, events=("end",), tag="{*}row", resolve_entities=False, no_network=True):
            number = _whole(row.get("r"), last + 1)
            cells = _cells(row, strings, formats, unknown)
            if number > last + 1:
                yield []
            if any(cells):
                _fill(cells, below, number)
                for merge in merges.get(number, ()):
                    below[merge.first] = (merge, _span(cells, merge))
            yield cells
            last = number
            row.clear()
            while row.getprevious() is not None:
                del row.getparent()[0]
    if unknown:
        more = f" and {len(unknown) - CELLS_NAMED} more" if len(unknown) > CELLS_NAMED else ""
        notes.append(f"Formulas without a stored value are not computed: {', '.join(unknown[:CELLS_NAMED])}{more}.")


def _cells(row: etree._Element, strings: list[str], formats: CellFormats, unknown: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if not isinstance(cell.tag, str):
            continue
        reference = cell.get("r")
        column = _column(reference) if reference else len(cells)
        if not 0 <= column < MOST_COLUMNS:
            continue
        text = _cell(cell, strings, formats)
        if text is None:
            unknown.append(reference or "")
            text = ""
        if column >= len(cells):
            cells.extend([""] * (column - len(cells)))
            cells.append(text)
        else:
            cells[column] = text
    return cells


def _cell(cell: etree._Element, strings: list[str], formats: CellFormats) -> str | None:
    """Return what a cell shows; None for a formula whose value the file does not hold."""
    value, formula, kind = "", False, cell.get("t", "n")
    for child in cell:
        name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
        if name == "v":
            value = child.text or ""
        elif name == "f":
            formula = True
        elif name == "is":
            value = "".join(text.text or "" for text in child.iter("{*}t") if not _is_reading(text))
    if value == "":
        return None if formula and kind != "str" else ""
    style = cell.get("s")
    if kind == "n":
        return formats.number(value.strip(), style)
    if kind == "s":
        index = _whole(value.strip(), len(strings))
        return formats.text(strings[index], style) if index < len(strings) else ""
    if kind == "b":
        return formats.truth(value=value.strip() == "1")
    if kind == "d":
        return formats.date(value.strip(), style)
    return formats.text(" ".join(unescaped(value).split()), style)


def unescaped(text: str) -> str:
    """Return a string with the characters that XML cannot hold, or does not keep, which Office writes as _x000D_."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _is_reading(text: etree._Element) -> bool:
    parent = text.getparent()
    return parent is not None and parent.tag.endswith("}rPh")


def _fill(cells: list[str], below: dict[int, tuple[_Merge, str]], number: int) -> None:
    """Put the values of merged cells above into a row that has some of its own."""
    for first, (merge, value) in list(below.items()):
        if merge.bottom < number:
            del below[first]
            continue
        _widen(cells, merge.first)
        if not cells[merge.first]:
            cells[merge.first] = value
            _span(cells, merge)


def _span(cells: list[str], merge: _Merge) -> str:
    """Mark the cells over which a merged one goes on; return its value."""
    _widen(cells, merge.first)
    if cells[merge.first]:
        for column in range(merge.first + 1, min(merge.last, merge.first + WIDEST_SPAN) + 1):
            _widen(cells, column)
            cells[column] = SPAN
    return cells[merge.first]


def _widen(cells: list[str], column: int) -> None:
    if column >= len(cells):
        cells.extend([""] * (column + 1 - len(cells)))


def _merges(package: Package, part: str) -> dict[int, list[_Merge]]:
    """Return by first row the merged cells, which a sheet lists behind its rows."""
    found: dict[int, list[_Merge]] = {}
    with package.open(part) as stream:
        rest = b""
        while block := stream.read(_BLOCK):
            block = rest + block
            at = block.rfind(b"<")
            block, rest = block[:at], block[at:]
            if b"mergeCell" not in block:
                continue
            for left, top, right, bottom in _MERGE.findall(block):
                merge = _Merge(_column(left.decode()), _column(right.decode()), int(bottom))
                if merge.last < MOST_COLUMNS and merge.first <= merge.last:
                    found.setdefault(int(top), []).append(merge)
    return found


def _column(reference: str) -> int:
    """Return the column of a cell, from 0; -1 when the reference is none."""
    number = 0
    for letter in reference:
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - 64
    return number - 1


def _whole(text: str | None, default: int = 0) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else default
