"""PDF text from the places of its characters, for the pages where PDFium's own words and lines are not what a reader sees.

Repaired are letters set apart, which PDFium takes for words ("R e chn ung"), and columns of prose that the file writes row by row, whose
sentences PDFium interleaves. What is written here is slower than PDFium's text, so pages are only read so on a suspicion.
"""

import re
from collections.abc import Sequence
from ctypes import byref, c_double
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import pypdfium2 as pdfium

from ingest.pdf_rows import GAP, Box, Row, around, fits

SHORT = 2.6  # letters a word on average: below it letters are set apart (English has 4.7, formulas fewer than 1.5)
FEWEST_WORDS = 4
JUMP = 1.5  # between two gaps, by their ratio: the one is inside words, the other between them
FARTHEST = 2.5  # line heights between two lines of a column
LEAST_ROWS = 3  # of columns
_LETTERS = re.compile(r"[^\W\d_]+")
_DOUBLED = re.compile(r"(\S)\1")
_ALL_DOUBLED = re.compile(r"(?:(\S)\1)+")
_DOUBLED_WORD = re.compile(r"(?<!\S)(?:(\w)\1){3,}")
_SPELT = re.compile(r"(?:(?<=\s)|^)[^\W\d_](?:\s+[^\W\d_](?=\s|$)){3,}")


class Glyph(NamedTuple):
    """A character and its box; spaces that PDFium made up have none of their own."""

    text: str
    box: Box


class Cell(NamedTuple):
    """A part of a line, set apart from the next by a gap."""

    text: str
    box: Box


Line = list[Glyph]


def page_lines(text_page: pdfium.PdfTextPage) -> list[Line]:
    """The lines of the page as PDFium orders them, character by character; blank lines are left out."""
    lines: list[Line] = [[]]
    for glyph in _glyphs(text_page, 0, text_page.count_chars()):
        if glyph.text in "\r\n":
            lines.append([])
        else:
            lines[-1].append(glyph)
    return [line for line in lines if any(not glyph.text.isspace() for glyph in line)]


def respaced(text: str, text_page: pdfium.PdfTextPage) -> str:
    """The page's text as PDFium gives it, with whole words in the lines whose letters are set apart."""
    lines = text.split("\r\n")
    start = 0
    for number, line in enumerate(lines):
        if is_letter_spaced(line):
            glyphs = _glyphs(text_page, pdfium.raw.FPDFText_GetCharIndexFromTextIndex(text_page, start), len(line))
            if "".join(glyph.text for glyph in glyphs) == line:
                lines[number] = _respaced(glyphs, line)
        start += len(line) + 2
    return "\r\n".join(lines)


def _glyphs(text_page: pdfium.PdfTextPage, first: int, count: int) -> Line:
    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    places = byref(left), byref(right), byref(bottom), byref(top)
    page, character, box = text_page.raw, pdfium.raw.FPDFText_GetUnicode, pdfium.raw.FPDFText_GetCharBox
    glyphs = []
    for index in range(max(0, first), first + count):
        box(page, index, *places)
        glyphs.append(Glyph(chr(min(character(page, index), 0x10FFFF)), Box(left.value, bottom.value, right.value, top.value)))
    return glyphs


def is_letter_spaced(line: str) -> bool:
    """Whether so many words of a line are a letter or two that its letters must be set apart."""
    if len(line) > 4 * (line.count(" ") + 1):  # quick, and true of nearly all lines
        return False
    words = [word for word in line.split() if _LETTERS.fullmatch(word)]
    if len(words) < FEWEST_WORDS or any("\u0900" <= letter <= "\u0eff" or letter >= "\u3040" for letter in line):
        return False
    return sum(map(len, words)) < SHORT * len(words)


def line_text(line: Line) -> str:
    """The line's text, with whole words where its letters are set apart."""
    text = "".join(glyph.text for glyph in line)
    return _respaced(line, text) if is_letter_spaced(text) else text


def cells_of(line: Line) -> list[Cell]:
    """The parts of a line that gaps of an em set apart."""
    parts: list[Line] = []
    for glyph in line:
        if glyph.text.isspace():
            if parts:
                parts[-1].append(glyph)
            continue
        last = next((each for each in reversed(parts[-1]) if not each.text.isspace()), None) if parts else None
        if last is None or glyph.box.left - last.box.right >= GAP * max(last.box.height, glyph.box.height):
            parts.append([])
        parts[-1].append(glyph)
    return [Cell(line_text(part).strip(), around([glyph.box for glyph in part if not glyph.text.isspace()])) for part in parts]


def undoubled(text: str) -> str:
    """The text without its second letters where a line has each twice, as some programs write bold ("TToottaall")."""
    if not _DOUBLED_WORD.search(text):
        return text
    return "\n".join(_undoubled_line(line) for line in text.replace("\r\n", "\n").split("\n"))


def _undoubled_line(line: str) -> str:
    words = line.split()
    doubled = sum(len(word) for word in words if _ALL_DOUBLED.fullmatch(word))
    return _DOUBLED.sub(r"\1", line) if doubled > 0.8 * sum(map(len, words)) else line


def _respaced(line: Line, text: str) -> str:
    """The line with spaces only where the gap is one between words; `text` as it is when the gaps do not say."""
    seen: Line = []
    apart: list[bool] = []  # whether PDFium has a space after each of `seen`
    for glyph in line:
        if not glyph.text.isspace():
            seen.append(glyph)
            apart.append(False)
        elif apart:
            apart[-1] = True
    gaps = [max(after.box.left - before.box.right, 0.0) for before, after in pairwise(seen)]
    limit = _between_words(sorted(gap for gap, is_apart in zip(gaps, apart, strict=False) if is_apart), line, text)
    if limit is None:
        return text
    joined = "".join(
        glyph.text + (" " if is_apart and gap > limit else "") for glyph, gap, is_apart in zip(seen, [*gaps, 0.0], apart, strict=True)
    )
    words = [word for word in joined.split() if _LETTERS.fullmatch(word)]
    return joined if sum(map(len, words)) >= SHORT * len(words) else text


def _between_words(gaps: list[float], line: Line, text: str) -> float | None:
    """The widest gap inside words, of those (rising) at which PDFium has a space; None when there is none."""
    height = median(glyph.box.height for glyph in line if not glyph.text.isspace())
    least = height / 20  # of no meaning below it
    jumps = [(wide / max(narrow, least), narrow) for narrow, wide in pairwise(gaps)]
    jump, narrow = max(jumps, default=(0.0, 0.0))
    if jump >= JUMP:
        return narrow
    return gaps[-1] if gaps and gaps[-1] < GAP * height and _SPELT.search(text) else None


def may_be_columns(rows: Sequence[Row]) -> bool:
    """Whether enough rows in a run have several wide cells: then the page is worth a look at its characters."""
    run = 0
    for row in rows:
        run = run + 1 if len(row) > 1 and all(cell.right - cell.left > 6 * cell.height for cell in row) else 0
        if run >= LEAST_ROWS:
            return True
    return False


def in_columns(lines: Sequence[Line]) -> list[str]:
    """The lines' texts, where columns of prose follow each other row by row one column after the other."""
    rows = [cells_of(line) for line in lines]
    texts: list[str] = []
    at = 0
    while at < len(rows):
        end, columns = _block(rows, at)
        if columns is not None and _is_prose(block := [_placed(row, columns) for row in rows[at:end]]):
            texts += [row[column].text for column in range(len(columns)) for row in block if column in row]
        else:
            end = max(end if columns is not None else 0, at + 1)
            texts += [line_text(line) for line in lines[at:end]]
        at = end
    return texts


def _block(rows: Sequence[list[Cell]], start: int) -> tuple[int, list[Box] | None]:
    """Where the run of rows from `start` on ends that stand in the columns of its first one, and these columns."""
    columns = [cell.box for cell in rows[start]]
    end = start + 1
    while len(columns) > 1 and end < len(rows) and fits([cell.box for cell in rows[end]], columns):
        if rows[end - 1][0].box.bottom - rows[end][0].box.top > FARTHEST * rows[end][0].box.height:
            break
        wider = [around([column, *(cell.box for cell in rows[end] if cell.box.left < column.right and column.left < cell.box.right)])
                 for column in columns]  # fmt: skip
        if any(after.left <= before.right for before, after in pairwise(wider)):
            break
        columns, end = wider, end + 1
    return end, columns if sum(len(row) == len(columns) for row in rows[start:end]) >= LEAST_ROWS else None


def _placed(row: Sequence[Cell], columns: Sequence[Box]) -> dict[int, Cell]:
    return {
        next(place for place, column in enumerate(columns) if cell.box.left < column.right and column.left < cell.box.right): cell
        for cell in row
    }


def _is_prose(block: Sequence[dict[int, Cell]]) -> bool:
    """Whether the cells below each other go on from line to line, as prose does, and do not begin together, as rows of a table do."""
    columns = sorted({column for row in block for column in row})
    by_column = [[row[column] for row in block if column in row] for column in columns]
    widths = [median(cell.box.right - cell.box.left for cell in cells) for cells in by_column]
    words = min(sum(len(cell.text.split()) for cell in cells) / len(cells) for cells in by_column)
    if words < 3 or min(widths) < max(widths) / 2:
        return False
    going_on = [_goes_on(before.text, after.text) for cells in by_column for before, after in pairwise(cells)]
    together = sum(len(row) > 1 and not any(cell.text[:1].islower() for cell in row.values()) for row in block[1:])
    return sum(going_on) >= len(going_on) / 4 and together <= 1 + 0.3 * len(block)


def _goes_on(before: str, after: str) -> bool:
    return before[-1:] not in ".!?:;।" and (after[:1].islower() or (after[:1].isalpha() and not after[:1].isupper()))
