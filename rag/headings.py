"""Which pieces of a text are headings, judged by what follows them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from rag.lines import LineKind
from rag.pieces import Piece, Span, UnitKind, is_short, unstopped

BLOCK_LINES = 3  # short lines without a stop that make a block, such as an address
TITLE_LINES = 2  # short lines that may stand above a text: a title and a subtitle, a chapter and a section


def with_headings(pieces: Sequence[Piece]) -> list[Piece]:
    """Mark headings by what follows them: short lines before a text, one numbered line before a text, capitals, the header of a table."""
    found = list(pieces)
    for index in range(len(pieces) - 1):
        piece, following = found[index], found[index + 1]
        lone = piece.kind is UnitKind.ITEM and is_short(piece) and _is_lone(pieces, index) and following.kind is UnitKind.SENTENCE
        capitals = piece.kind is UnitKind.SENTENCE and is_short(piece) and piece.text.isupper() and not following.text.isupper()
        if lone or capitals or (piece.kind is UnitKind.ROW and _names_columns(pieces, index)):
            found[index] = replace(piece, kind=UnitKind.HEADING)
    for start, end in _short_runs(found):
        for index in _titles(found, start, end):
            found[index] = replace(found[index], kind=UnitKind.HEADING)
    return found


def _short_runs(pieces: Sequence[Piece]) -> Iterator[Span]:
    """Yield where short lines without a stop stand in a row, and no other follows."""
    start = 0
    for index, piece in enumerate(pieces):
        if not (piece.kind is UnitKind.SENTENCE and is_short(piece)):
            if start < index:
                yield start, index
            start = index + 1
    if start < len(pieces):
        yield start, len(pieces)


def _titles(pieces: Sequence[Piece], start: int, end: int) -> Iterator[int]:
    """Yield which lines of a run of short ones are headings: one or two above a text, or above three lines that belong together.

    Three lines or more with blank lines around them are no headings but, say, an address; only the last may be that of a text right below.
    """
    firsts = [start, *(index for index in range(start + 1, end) if pieces[index].apart), end]
    groups = list(pairwise(firsts))
    below = end < len(pieces) and _is_body(pieces, start, end)
    for at, (first, last) in enumerate(groups):
        block = last - first >= BLOCK_LINES
        ends = at == len(groups) - 1
        if ends and below and block and not pieces[end].apart:
            yield last - 1
        elif not block and (_stands_above(groups, at) or (below and end - first <= TITLE_LINES)):
            yield from range(first, last)


def _is_body(pieces: Sequence[Piece], start: int, end: int) -> bool:
    """Say whether the lines from `start` may be headings of the piece at `end`: another line without a stop is one more of a list."""
    piece = pieces[end]
    if piece.kind is UnitKind.SENTENCE:
        return piece.stops or not piece.whole or unstopped(piece.text)
    after_text = start == 0 or pieces[start - 1].stops or pieces[start - 1].kind is not UnitKind.SENTENCE
    return after_text or piece.kind is not UnitKind.HEADING


def _stands_above(groups: Sequence[Span], at: int) -> bool:
    return at + 1 < len(groups) and groups[at + 1][1] - groups[at + 1][0] >= BLOCK_LINES


def _is_lone(pieces: Sequence[Piece], index: int) -> bool:
    around = pieces[max(0, index - 1) : index + 2]
    return sum(piece.kind is UnitKind.ITEM for piece in around) == 1


def _names_columns(pieces: Sequence[Piece], index: int) -> bool:
    """Say whether a row begins a table and holds no figure, and a row below it has its names as labels or holds one.

    The names may be in two rows, one under the other.
    """
    row = pieces[index]
    begins = index == 0 or pieces[index - 1].line is not LineKind.CELLS
    if row.line is not LineKind.CELLS or _has_figure(row):
        return False
    below = pieces[index + 1]
    if below.line is LineKind.PAIRS:
        return below.text.startswith(row.text.split(";", 1)[0] + ":")
    if not begins and (_has_figure(pieces[index - 1]) or (index > 1 and pieces[index - 2].line is LineKind.CELLS)):
        return False
    further = pieces[index + 2 : index + 3] if begins else []
    return any(other.line is LineKind.CELLS and _has_figure(other) for other in (below, *further))


def _has_figure(piece: Piece) -> bool:
    return any(letter.isdigit() for letter in piece.text)
