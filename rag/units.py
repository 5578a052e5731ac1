"""Quotable units: a sentence, a row, a labelled line, a record, a list with its heading; headings and questions are separate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import regex

from rag.dependent import needs_neighbour
from rag.headings import BLOCK_LINES, with_headings
from rag.lines import LIST_MARK, LineKind, line_kind
from rag.pieces import COLON, CONTEXT_KINDS, Piece, Span, UnitKind, cut_pieces, is_short

__all__ = ["CONTEXT_KINDS", "Unit", "UnitKind", "units"]

LIST_ITEMS = 12  # a list of more is quoted by its items
LIST_CHARACTERS = 600  # heading included
BARE_ITEM = 160  # characters of a list item without a mark
CONTEXT_CHARACTERS = 400  # of the neighbours that a sentence needs,
CONTEXT_SENTENCES = 3  # and at most N sentences: the sentence before may begin with a pronoun too

_FIGURE = regex.compile(r"(?<!\S)\p{Sc}?[\d][\d.,]*+(?!\S)")


_DEPENDENT_KINDS = frozenset({UnitKind.SENTENCE, UnitKind.LABEL, UnitKind.RECORD, UnitKind.ITEM})


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters [start, end) of a text that a person would quote; begins and ends with a non-space character.

    `context`: the span before it, not part of it, that it needs to be understood: the question it answers, the sentence that its pronoun
    refers to, the heading of its list, the header of its table. A LIST contains its heading.
    """

    start: int
    end: int
    kind: UnitKind
    context: Span | None = None

    @property
    def quoted(self) -> tuple[Span, ...]:
        """The spans to show, in text order."""
        return ((self.start, self.end),) if self.context is None else (self.context, (self.start, self.end))


def units(text: str, language: str) -> list[Unit]:
    """Return the units of a passage's text, by their start, the longer first: a LIST stands before its items.

    Every non-space character is in at least one unit. Units overlap only where items of a LIST can also stand alone: those with a label and
    those that are sentences. A list of more than 12 items or 600 characters, or with nested lists, is not a LIST: its items have its
    heading as context. Clauses of scripts without full stops are merged to 80 to 250 characters, never across lines. Time is linear in the
    text, except for sentencex.
    """
    pieces = with_headings(cut_pieces(text, language))
    found: list[Unit] = []
    index = 0
    while index < len(pieces):
        end = _list_end(pieces, index)
        if end > index:
            found += _list_units(text, pieces[index:end])
            index = end
            continue
        found.append(Unit(pieces[index].start, pieces[index].end, pieces[index].kind))
        index += 1
    return sorted(_with_context(text, language, found, pieces), key=lambda unit: (unit.start, -unit.end))


def _list_end(pieces: Sequence[Piece], start: int) -> int:
    """Return where the list ends that begins at `start` with its heading or its first item; `start` where there is none."""
    head = pieces[start]
    if head.kind is UnitKind.ITEM:
        return _items_end(pieces, start) if start + 1 < len(pieces) and pieces[start + 1].kind is UnitKind.ITEM else start
    if not _heads(head):
        return _block_end(pieces, start)
    if start + 1 >= len(pieces):
        return start
    if pieces[start + 1].kind is UnitKind.ITEM:
        return _items_end(pieces, start + 1)
    if head.leads and (end := _bare_end(pieces, start + 1)) >= start + 3:
        return end
    end = _block_end(pieces, start + 1)
    return end if end > start + 1 else start


def _heads(piece: Piece) -> bool:
    return piece.kind in CONTEXT_KINDS or (piece.kind is UnitKind.SENTENCE and piece.leads)


def _items_end(pieces: Sequence[Piece], start: int) -> int:
    end = start
    while end < len(pieces) and pieces[end].kind is UnitKind.ITEM:
        end += 1
    return end


def _bare_end(pieces: Sequence[Piece], start: int) -> int:
    """Return where the lines without a mark end that are items of the list above: short ones without a stop, all apart or none."""
    end = start
    while end < len(pieces) and pieces[end].apart == pieces[start].apart and _is_bare(pieces[end]):
        end += 1
    return end


def _is_bare(piece: Piece) -> bool:
    return (
        piece.whole
        and piece.kind in (UnitKind.LABEL, UnitKind.SENTENCE, UnitKind.ITEM)
        and not piece.stops
        and len(piece.text) <= BARE_ITEM
    )


def _block_end(pieces: Sequence[Piece], start: int) -> int:
    """Return where three or more short lines without a stop end, such as an address."""
    end = start
    while end < len(pieces) and (end == start or not pieces[end].apart) and pieces[end].kind is UnitKind.SENTENCE and is_short(pieces[end]):
        end += 1
    return end if end >= start + BLOCK_LINES else start


def _list_units(text: str, pieces: Sequence[Piece]) -> Iterator[Unit]:
    """Yield the LIST, if it is short and flat, and the items that can stand alone; else the heading and every item."""
    headed = _heads(pieces[0])
    items = pieces[1:] if headed else pieces
    heading = (pieces[0].start, pieces[0].end) if headed else None
    start, end = pieces[0].start, pieces[-1].end
    indents = [_indent(text, item.start) for item in items]
    whole = len(items) <= LIST_ITEMS and end - start <= LIST_CHARACTERS and len(set(indents)) == 1
    if whole and (headed or len(items) > 1):
        yield Unit(start, end, UnitKind.LIST)
    elif headed:
        yield Unit(start, pieces[0].end, pieces[0].kind)
    parents: list[tuple[int, Span]] = []
    for item, indent in zip(items, indents, strict=True):
        while parents and parents[-1][0] >= indent:
            parents.pop()
        labelled = _is_labelled(item.text)
        if not whole or labelled or item.stops:
            kind = UnitKind.LABEL if labelled else UnitKind.ITEM
            yield Unit(item.start, item.end, kind, parents[-1][1] if parents else heading)
        parents.append((indent, (item.start, item.end)))


def _indent(text: str, start: int) -> int:
    return start - (text.rfind("\n", 0, start) + 1)


def _is_labelled(item: str) -> bool:
    mark = LIST_MARK.match(item)
    return line_kind(item[mark.end() :] if mark else item) in (LineKind.LABEL, LineKind.PAIRS)


def _with_context(text: str, language: str, found: Sequence[Unit], pieces: Sequence[Piece]) -> Iterator[Unit]:
    """Yield the units with the context that they need; `found` in order, items behind their LIST."""
    forms = {piece.start: piece for piece in pieces}
    before: list[Unit] = []
    header: Span | None = None
    for unit in found:
        inside = bool(before) and unit.end <= before[-1].end
        if unit.kind is UnitKind.ROW:
            yield replace(unit, context=_header(forms, header, unit))
        elif inside or unit.context or unit.kind not in _DEPENDENT_KINDS:
            yield unit
        else:
            yield replace(unit, context=_neighbour(text, language, before, unit))
        if unit.kind is UnitKind.HEADING:
            upper = header is not None and forms[header[0]].line is LineKind.CELLS and forms[unit.start].line is LineKind.CELLS
            header = (header[0] if header and upper else unit.start, unit.end)
        elif unit.kind is not UnitKind.ROW:
            header = None
        if not inside:
            before.append(unit)


def _header(forms: dict[int, Piece], header: Span | None, row: Unit) -> Span | None:
    """Return the span of the names of the columns, which a row without labels needs."""
    form = forms[row.start]
    if header is None or form.line not in (LineKind.CELLS, LineKind.AMOUNT):
        return None
    names = forms[header[0]]
    if form.line is LineKind.CELLS:
        return header if names.line is LineKind.CELLS else None
    columns = len(_FIGURE.findall(form.text)) >= 2 and not _FIGURE.search(names.text) and len(names.text.split()) >= 2
    return header if columns else None


def _neighbour(text: str, language: str, before: Sequence[Unit], unit: Unit) -> Span | None:
    """Return the span of what the unit answers, is led to by, or refers to with its first word."""
    if not before:
        return None
    last = before[-1]
    asked = last.kind is UnitKind.QUESTION and (len(before) == 1 or before[-2].kind is not UnitKind.QUESTION)
    led = last.kind in (UnitKind.HEADING, UnitKind.SENTENCE) and COLON.search(text, last.start, last.end)
    if asked or led:
        return last.start, last.end
    if unit.kind is UnitKind.LABEL or not needs_neighbour(text[unit.start : unit.end], language):
        return None
    first = last
    for earlier in reversed(before[-CONTEXT_SENTENCES:-1]):
        refers = first.kind is UnitKind.SENTENCE and needs_neighbour(text[first.start : first.end], language)
        if not refers or last.end - earlier.start > CONTEXT_CHARACTERS:
            break
        first = earlier
    return first.start, last.end
