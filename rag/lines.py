"""Which line ends of a page its author set and which the margin did, and what the lines are that are no running prose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import regex

FULL_LINE_SHARE = 0.6  # a line shorter than this share of the page's width was ended by its author, not by the margin
MIN_WRAPPED_WIDTH = 25  # characters; no column of prose is narrower: these are lines of a list
MAX_WRAPPED_WIDTH = 160  # characters; no margin is wider: with longer lines each line is a paragraph
ROWS_IN_A_RUN = 4  # lines in a row that begin with a capital, hold no stop and end early are rows; two or three may be German prose
MARGIN_SHARE = 0.85  # of the width: letters differ in width, so a full line may hold so much less than the fullest one

_LINE_END = regex.compile(r"\n\s*")
_BULLET = r"[-*+•‣▪◦–—·○●■□☐☑☒✓✔✗✘►➢➤]|>|\(?(?:\d{1,3}|[A-Za-z])[.)]|\(\p{Lo}\p{M}*\)"
LIST_MARK = regex.compile(rf"(?:{_BULLET})\s+")
_NEW_LINE = regex.compile(rf"(?:{_BULLET}|#{{1,6}})\s")
_LABEL = r"[^\s:;：][^\s:;：]*(?: [^\s:;：]+){0,5}\xa0? ?[:：]"
_LABELLED = regex.compile(rf"(?:{_LABEL})(?:\s++|(?<!\d:))(?!//)\S")
_PAIRS = regex.compile(rf"(?:{_LABEL})\s[^;]*;\s(?:{_LABEL})\s")
_CELLS = {  # by delimiter; a comma before a space is prose
    ";": regex.compile(r"[^;]{1,60}(?:;[^;]{0,60})++"),
    ",": regex.compile(r"[^,]{1,60}(?:,(?!\s)[^,]{1,60})++"),
}
_NUMBER_CELL = regex.compile(r"(?:^|;)\s?[\d.,:/-]+(?:;|$)")
_RECORD = regex.compile(r"\{.*\},?", regex.DOTALL)
_SPACE = regex.compile(r"\s")
_GRID = regex.compile(r"[|\t]")
_AMOUNT = regex.compile(r"\p{Sc}?\d[\d.,:/'-]*+\s?(?:%|\p{Sc}|[A-Za-z]{1,3})?")
AMOUNT_LINE = 60  # characters; a longer line that ends with a number is prose
_AMOUNT_TAIL = 24  # characters at a line's end in which its last number is looked for
_STOP = regex.compile(r"[.!?…।॥。](?:[\"'”’»)\]]*(?:\s|$))")
_COLONS = (":", "：")
_OPENING = "([\"'“„«‘¿¡"
_UNFINISHED = (",", "-", "–", "(", "/")


class LineKind(StrEnum):
    """What a line is by its form."""

    TEXT = "text"
    ITEM = "item"  # of a list, with its mark
    LABEL = "label"  # Label: value
    PAIRS = "pairs"  # Header: value; Header: value
    CELLS = "cells"  # cells between |, tabs, semicolons or commas
    AMOUNT = "amount"  # words and a number at the end, as on a receipt
    RECORD = "record"  # JSON


ROWS = frozenset({LineKind.PAIRS, LineKind.CELLS, LineKind.AMOUNT, LineKind.RECORD})
_NAMED = frozenset({LineKind.LABEL, LineKind.AMOUNT, LineKind.PAIRS})


@dataclass(frozen=True, slots=True)
class Line:
    """Characters [start, end) of a page that its author wrote as one line, without white space around it; `apart` after a blank line."""

    start: int
    end: int
    kind: LineKind
    apart: bool


def author_lines(text: str) -> list[Line]:
    """Return the lines of `text` as its author ended them, in order: lines that the margin wrapped are one.

    A row of a table, a record, a list item and a line `Label: value` beside another is never joined to the line before, however alike their
    lengths are. A label by itself may also be running prose ("Note: ..."), so it is joined as prose is. Time is linear in the text.
    """
    spans = _printed_lines(text)
    if not spans:
        return []
    shown = [text[start:end] for start, end in spans]
    apart = [False, *(text.count("\n", before[1], after[0]) > 1 for before, after in pairwise(spans))]
    kinds = _confirmed(shown, [line_kind(line) for line in shown], apart)
    cuts = _cuts(shown, kinds, apart)
    firsts = [index for index, cut in enumerate(cuts) if cut]
    return [
        Line(spans[first][0], spans[following - 1][1], kinds[first], apart[first]) for first, following in pairwise([*firsts, len(spans)])
    ]


def line_kind(line: str) -> LineKind:
    """Return what a printed line looks like by itself; among prose, AMOUNT, CELLS and LABEL may be chance."""
    return next((kind for kind, fits in _FORMS.items() if fits(line)), LineKind.TEXT)


def _has_cells(line: str) -> bool:
    """Say whether the line may be cells between semicolons or commas: prose has a space after them, other commas and open brackets."""
    if not any(cells.fullmatch(line) for cells in _CELLS.values()) or _STOP.search(line):
        return False
    prose = "; " in line and (", " in line or line.endswith(_UNFINISHED) or line.count("(") != line.count(")"))
    return not prose or bool(_NUMBER_CELL.search(line))


def _ends_with_amount(line: str) -> bool:
    if len(line) > AMOUNT_LINE or line[:1].islower() or not line[:1].isalpha() or _STOP.search(line):
        return False
    tail = max(0, len(line) - _AMOUNT_TAIL)
    return any(_AMOUNT.fullmatch(line, match.end()) for match in _SPACE.finditer(line, pos=tail))


_FORMS: dict[LineKind, Callable[[str], object]] = {  # the first that fits decides
    LineKind.RECORD: _RECORD.fullmatch,
    LineKind.ITEM: _NEW_LINE.match,
    LineKind.CELLS: lambda line: _GRID.search(line) or (_has_cells(line) and not _PAIRS.match(line)),
    LineKind.PAIRS: _PAIRS.match,
    LineKind.LABEL: _LABELLED.match,
    LineKind.AMOUNT: _ends_with_amount,
}


def _printed_lines(text: str) -> list[tuple[int, int]]:
    breaks = [0, *(match.end() for match in _LINE_END.finditer(text)), len(text)]
    spans = []
    for start, end in pairwise(breaks):
        line = text[start:end]
        if line.strip():
            first = start + len(line) - len(line.lstrip())
            spans.append((first, first + len(line.strip())))
    return spans


def _confirmed(lines: Sequence[str], kinds: Sequence[LineKind], apart: Sequence[bool]) -> list[LineKind]:
    """Turn into TEXT what looks like a row by itself and has no neighbour of its kind."""
    goes_on = [not apart[index] and lines[index][:1].islower() for index in range(1, len(lines))] + [False]
    kinds = [LineKind.TEXT if kind is LineKind.AMOUNT and prose else kind for kind, prose in zip(kinds, goes_on, strict=True)]
    confirmed = list(kinds)
    for index, kind in enumerate(kinds):
        before = index - 1 if index else None
        after = index + 1 if index + 1 < len(lines) else None
        if kind is LineKind.CELLS and not _GRID.search(lines[index]):
            others = [lines[other] for other in (before, after) if other is not None]
            if not any(_same_cells(lines[index], other) for other in others) and LineKind.PAIRS not in kinds[index + 1 : index + 2]:
                confirmed[index] = LineKind.TEXT
        elif kind is LineKind.AMOUNT:
            above = before is not None and not apart[index] and kinds[before] in _NAMED
            below = after is not None and not apart[after] and kinds[after] in _NAMED
            if not above and not below:
                confirmed[index] = LineKind.TEXT
    return confirmed


def _same_cells(line: str, other: str) -> bool:
    for mark, cells in _CELLS.items():
        if cells.fullmatch(line) and cells.fullmatch(other):
            return line.count(mark) == other.count(mark) or bool(_NUMBER_CELL.search(line) and _NUMBER_CELL.search(other))
    return False


def _cuts(lines: Sequence[str], kinds: Sequence[LineKind], apart: Sequence[bool]) -> list[bool]:
    """Say of each printed line whether it begins a line of the author's."""
    width = max((len(line) for line, kind in zip(lines, kinds, strict=True) if kind not in ROWS), default=0)
    in_run = _in_run(lines, apart, width)
    cuts = [True]
    for index in range(1, len(lines)):
        form = apart[index] or width > MAX_WRAPPED_WIDTH or (in_run[index - 1] and in_run[index])
        kind_before = kinds[index - 1]
        if kind_before is LineKind.LABEL and kinds[index] in _NAMED:
            form = True
        cuts.append(form or _ends_at_line((lines[index - 1], kind_before), (lines[index], kinds[index]), width))
    return cuts


def _ends_at_line(before: tuple[str, LineKind], after: tuple[str, LineKind], width: int) -> bool:
    (line, kind), (following, next_kind) = before, after
    if next_kind is LineKind.ITEM or next_kind in ROWS or kind is LineKind.RECORD or _GRID.search(line):
        return True
    if following.lstrip(_OPENING)[:1].islower():
        return False
    if kind in ROWS:
        return not line.endswith(_UNFINISHED)
    short = FULL_LINE_SHARE * width
    if line.endswith(_COLONS) and (following.endswith(_COLONS) or len(following) < short or _ends_early(line, following, width)):
        return True
    return width < MIN_WRAPPED_WIDTH or len(line) < short


def _in_run(lines: Sequence[str], apart: Sequence[bool], width: int) -> list[bool]:
    """Say of each line whether it is in a run of lines that begin with a capital or a digit, hold no stop and mostly end early."""
    inside = [False] * len(lines)
    run: list[int] = []
    for index, line in enumerate(lines):
        alike = (line[:1].isupper() or line[:1].isdigit()) and not _STOP.search(line) and not line.endswith(_UNFINISHED)
        if run and (not alike or apart[index]):
            _mark(inside, run, lines, width)
            run = []
        if alike:
            run.append(index)
    _mark(inside, run, lines, width)
    return inside


def _mark(inside: list[bool], run: list[int], lines: Sequence[str], width: int) -> None:
    early = sum(_ends_early(lines[index], lines[index + 1], width) for index in run[:-1])
    if len(run) >= ROWS_IN_A_RUN and 2 * early >= len(run) - 1:
        for index in run:
            inside[index] = True


def _ends_early(line: str, following: str, width: int) -> bool:
    """Say whether the next line's first word would have fitted before the margin."""
    word = following.split(None, 1)[0]
    return len(line) + 1 + len(word) <= MARGIN_SHARE * width
