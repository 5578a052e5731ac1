"""What a person would quote: a sentence, a row, a labelled line, a record, a list with its heading; headings and questions apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

import regex

from rag.dependent import needs_neighbour
from rag.lines import LIST_MARK, ROWS, Line, LineKind, author_lines, line_kind
from rag.sentences import line_sentences

LIST_ITEMS = 12  # a list of more is quoted by its items
LIST_CHARACTERS = 600  # heading included
BARE_ITEM = 160  # characters of a list item without a mark
HEADING_CHARACTERS = 80
HEADING_WORDS = 16
UNSTOPPED_HEADING = 40  # characters: in a script without full stops a longer line may be a statement
WHOLE_ITEM = 300  # a list item up to this long is one unit, whatever stops it holds
UNSTOPPED_MIN = 80  # in scripts without full stops clauses are merged until they are so long,
UNSTOPPED_MAX = 250  # and not beyond this
BLOCK_LINES = 3  # short lines without a stop that make a block, such as an address
TITLE_LINES = 2  # short lines that may stand above a text: a title and a subtitle, a chapter and a section
CONTEXT_CHARACTERS = 400  # of the neighbours that a sentence needs,
CONTEXT_SENTENCES = 3  # and so many of them: the sentence before may begin with a pronoun too

_UNSTOPPED = regex.compile(r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]")
_STOP = regex.compile(r"[.!?…।॥。！？]['\"”’»)\]]*$")
_QUESTION = regex.compile(r"[?？؟]['\"”’»)\]]*$")
# A line without a mark that asks: Spanish ¿, Thai and Hindi question words at its end.
_ASKS = regex.compile(
    r"^¿[^.!]*$|(?:ไหม|มั้ย|หรือไม่|หรือเปล่า|อย่างไร|เท่าไร|เท่าไหร่|ที่ไหน|เมื่อไร|เมื่อไหร่|ทำไม|ใคร|อะไร|กี่[\p{L}\p{M}]{1,12})(?:ครับ|คะ)?$"
    r"|(?<![\p{L}\p{M}])(?:क्या|कैसे|कितन[ाीे]|कौन|कहाँ|कहां|कब|क्यों)(?: [\p{L}\p{M}]+){0,3}$"
)
_HASHES = regex.compile(r"#{1,6}\s")
_WORDS = regex.compile(r"[\p{L}\p{N}]")
_UNDERLINE = regex.compile(r"[=\-~^]{3,}")
_COLON = regex.compile(r"[:：]\s*$")
_FIGURE = regex.compile(r"(?<!\S)\p{Sc}?[\d][\d.,]*+(?!\S)")
_SPACE = regex.compile(r"\s+")

Span = tuple[int, int]


class UnitKind(StrEnum):
    """The forms of a unit. HEADING and QUESTION are context, never an answer by themselves."""

    SENTENCE = "sentence"
    ROW = "row"
    LABEL = "label"
    LIST = "list"
    ITEM = "item"
    RECORD = "record"
    HEADING = "heading"
    QUESTION = "question"


CONTEXT_KINDS = frozenset({UnitKind.HEADING, UnitKind.QUESTION})
_DEPENDENT_KINDS = frozenset({UnitKind.SENTENCE, UnitKind.LABEL, UnitKind.RECORD, UnitKind.ITEM})


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters [start, end) of a text that a person would quote; begins and ends with a non-space character.

    `context`: the span before it, not part of it, that it cannot do without: the question it answers, the sentence that its pronoun refers
    to, the heading of its list, the header of its table. A LIST holds its heading itself.
    """

    start: int
    end: int
    kind: UnitKind
    context: Span | None = None

    @property
    def quoted(self) -> tuple[Span, ...]:
        """The spans to show, in the order of the text."""
        return ((self.start, self.end),) if self.context is None else (self.context, (self.start, self.end))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A unit in the making: `apart` after a blank line, `first` and `last` of its line, `text` as it stands."""

    start: int
    end: int
    kind: UnitKind
    text: str
    line: LineKind
    apart: bool
    first: bool
    last: bool

    @property
    def whole(self) -> bool:
        return self.first and self.last

    @property
    def stops(self) -> bool:
        return bool(_STOP.search(self.text))

    @property
    def leads(self) -> bool:
        """Ends with a colon."""
        return bool(_COLON.search(self.text))


def units(text: str, language: str) -> list[Unit]:
    """Return the units of a passage's text, by their start, the longer first: a LIST stands before its items.

    Every non-space character is in at least one unit. Units overlap only where items of a LIST can also stand alone: those with a label and
    those that are sentences. A list of more than 12 items or 600 characters, or with lists inside, is no LIST: its items have its heading as
    context. Clauses of scripts without full stops are merged to 80 to 250 characters, never across lines. Time is linear in the text, but
    for sentencex.
    """
    pieces = _headings(_pieces(text, language))
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


def _pieces(text: str, language: str) -> list[_Piece]:
    found: list[_Piece] = []
    for line in author_lines(text):
        shown = text[line.start : line.end]
        if found and not line.apart and found[-1].whole and _UNDERLINE.fullmatch(shown):
            title = found[-1]
            found[-1] = replace(title, end=line.end, text=text[title.start : line.end], kind=UnitKind.HEADING)
            continue
        spans = _line_spans(text, line, language)
        for at, (start, end) in enumerate(spans):
            first = at == 0 or "\n" in text[spans[at - 1][1] : start]
            last = at == len(spans) - 1 or "\n" in text[end : spans[at + 1][0]]
            kind = _kind(text[start:end], line.kind, whole=first and last)
            found.append(_Piece(start, end, kind, text[start:end], line.kind, line.apart and at == 0, first, last))
    return found


def _line_spans(text: str, line: Line, language: str) -> list[Span]:
    if line.kind is LineKind.ITEM and line.end - line.start <= WHOLE_ITEM:
        return [(line.start, line.end)]
    return list(_merged(text, line_sentences(text, line, language)))


def _merged(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Merge the clauses of a line in a script without full stops, after cutting those that have no border for too long at spaces."""
    if not any(_unstopped(text[start:end]) for start, end in spans):
        yield from spans
        return
    clauses = [clause for span in spans for clause in _at_spaces(text, span)]
    open_ = clauses[0]
    for at, (start, end) in enumerate(clauses[1:], start=1):
        rest = clauses[-1][1] - start
        closed = open_[1] - open_[0] >= UNSTOPPED_MIN and (rest >= UNSTOPPED_MIN // 2 or at < len(clauses) - 1)
        stopped = bool(_STOP.search(text[open_[0] : open_[1]])) and open_[1] - open_[0] >= UNSTOPPED_MIN // 2
        if closed or stopped or _COLON.search(text[start:end]) or end - open_[0] > UNSTOPPED_MAX:
            yield open_
            open_ = (start, end)
        else:
            open_ = (open_[0], end)
    yield open_


def _at_spaces(text: str, span: Span) -> list[Span]:
    start, end = span
    if end - start <= UNSTOPPED_MAX or not _unstopped(text[start:end]):
        return [span]
    gaps = [(start, start), *(match.span() for match in _SPACE.finditer(text, start, end)), (end, end)]
    return [(after, before) for (_, after), (before, _) in pairwise(gaps)]


def _unstopped(piece: str) -> bool:
    """Say whether `piece` is mainly of a script without full stops."""
    return 2 * len(_UNSTOPPED.findall(piece)) > len(piece)


def _kind(piece: str, line: LineKind, *, whole: bool) -> UnitKind:
    if line is LineKind.RECORD and whole:
        return UnitKind.RECORD
    if line in ROWS and whole:
        return UnitKind.ROW
    if _QUESTION.search(piece) or (whole and _ASKS.search(piece)):
        return UnitKind.QUESTION
    if not _WORDS.search(piece) or (whole and _HASHES.match(piece)):
        return UnitKind.HEADING
    if line is LineKind.ITEM and whole:
        return UnitKind.ITEM
    if _COLON.search(piece):
        return UnitKind.HEADING
    return UnitKind.LABEL if line is LineKind.LABEL and whole else UnitKind.SENTENCE


def _headings(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Tell headings by what follows them: short lines before a text, one numbered line before a text, the header of a table."""
    found = list(pieces)
    for index in range(len(pieces) - 1):
        piece, following = found[index], found[index + 1]
        lone = piece.kind is UnitKind.ITEM and _is_short(piece) and _is_lone(pieces, index) and following.kind is UnitKind.SENTENCE
        if lone or (piece.kind is UnitKind.ROW and _names_columns(pieces, index)):
            found[index] = replace(piece, kind=UnitKind.HEADING)
    for start, end in _short_runs(found):
        for index in _titles(found, start, end):
            found[index] = replace(found[index], kind=UnitKind.HEADING)
    return found


def _short_runs(pieces: Sequence[_Piece]) -> Iterator[Span]:
    """Yield where short lines without a stop stand in a row, and no other follows."""
    start = 0
    for index, piece in enumerate(pieces):
        if not (piece.kind is UnitKind.SENTENCE and _is_short(piece)):
            if start < index:
                yield start, index
            start = index + 1
    if start < len(pieces):
        yield start, len(pieces)


def _titles(pieces: Sequence[_Piece], start: int, end: int) -> Iterator[int]:
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


def _is_body(pieces: Sequence[_Piece], start: int, end: int) -> bool:
    """Say whether the lines from `start` may be headings of the piece at `end`: another line without a stop is one more of a list."""
    piece = pieces[end]
    if piece.kind is UnitKind.SENTENCE:
        return piece.stops or not piece.whole or _unstopped(piece.text)
    after_text = start == 0 or pieces[start - 1].stops or pieces[start - 1].kind is not UnitKind.SENTENCE
    return after_text or piece.kind is not UnitKind.HEADING


def _stands_above(groups: Sequence[Span], at: int) -> bool:
    return at + 1 < len(groups) and groups[at + 1][1] - groups[at + 1][0] >= BLOCK_LINES


def _is_short(piece: _Piece) -> bool:
    if not piece.whole or piece.stops or len(piece.text) > HEADING_CHARACTERS or len(piece.text.split()) > HEADING_WORDS:
        return False
    return len(piece.text) <= UNSTOPPED_HEADING or not _unstopped(piece.text)


def _is_lone(pieces: Sequence[_Piece], index: int) -> bool:
    around = pieces[max(0, index - 1) : index + 2]
    return sum(piece.kind is UnitKind.ITEM for piece in around) == 1


def _names_columns(pieces: Sequence[_Piece], index: int) -> bool:
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


def _has_figure(piece: _Piece) -> bool:
    return any(letter.isdigit() for letter in piece.text)


def _list_end(pieces: Sequence[_Piece], start: int) -> int:
    """Return where the list ends that begins at `start` with its heading or its first item; `start` where there is none."""
    head = pieces[start]
    if head.kind is UnitKind.ITEM:
        return _items_end(pieces, start) if start + 1 < len(pieces) and pieces[start + 1].kind is UnitKind.ITEM else start
    if head.kind not in CONTEXT_KINDS:
        return _block_end(pieces, start)
    if start + 1 >= len(pieces):
        return start
    if pieces[start + 1].kind is UnitKind.ITEM:
        return _items_end(pieces, start + 1)
    if head.leads and head.kind is UnitKind.HEADING and (end := _bare_end(pieces, start + 1)) >= start + 3:
        return end
    end = _block_end(pieces, start + 1)
    return end if end > start + 1 else start


def _items_end(pieces: Sequence[_Piece], start: int) -> int:
    end = start
    while end < len(pieces) and pieces[end].kind is UnitKind.ITEM:
        end += 1
    return end


def _bare_end(pieces: Sequence[_Piece], start: int) -> int:
    """Return where the lines without a mark end that are items of the list above: short ones without a stop, all apart or none."""
    end = start
    while end < len(pieces) and pieces[end].apart == pieces[start].apart and _is_bare(pieces[end]):
        end += 1
    return end


def _is_bare(piece: _Piece) -> bool:
    return (
        piece.whole
        and piece.kind in (UnitKind.LABEL, UnitKind.SENTENCE, UnitKind.ITEM)
        and not piece.stops
        and len(piece.text) <= BARE_ITEM
    )


def _block_end(pieces: Sequence[_Piece], start: int) -> int:
    """Return where three or more short lines without a stop end, such as an address."""
    end = start
    while end < len(pieces) and (end == start or not pieces[end].apart) and pieces[end].kind is UnitKind.SENTENCE and _is_short(pieces[end]):
        end += 1
    return end if end >= start + BLOCK_LINES else start


def _list_units(text: str, pieces: Sequence[_Piece]) -> Iterator[Unit]:
    """Yield the LIST, if it is short and flat, and the items that can stand alone; else the heading and every item."""
    headed = pieces[0].kind in CONTEXT_KINDS
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


def _with_context(text: str, language: str, found: Sequence[Unit], pieces: Sequence[_Piece]) -> Iterator[Unit]:
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


def _header(forms: dict[int, _Piece], header: Span | None, row: Unit) -> Span | None:
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
    led = last.kind is UnitKind.HEADING and _COLON.search(text, last.start, last.end)
    if asked or led:
        return last.start, last.end
    if unit.kind is UnitKind.LABEL or not needs_neighbour(text[unit.start : unit.end], language):
        return None
    first = last
    for earlier in reversed(before[:-1][-CONTEXT_SENTENCES + 1 :]):
        refers = first.kind is UnitKind.SENTENCE and needs_neighbour(text[first.start : first.end], language)
        if not refers or last.end - earlier.start > CONTEXT_CHARACTERS:
            break
        first = earlier
    return first.start, last.end
