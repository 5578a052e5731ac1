"""The sentences, rows, items and headings of a text, each judged by its own form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

import regex

from rag.lines import ROWS, Line, LineKind, author_lines
from rag.sentences import line_sentences

HEADING_CHARACTERS = 80
HEADING_WORDS = 16
UNSTOPPED_HEADING = 40  # characters: in a script without full stops a longer line may be a statement
WHOLE_ITEM = 300  # a list item up to this long is one piece, whatever stops it holds
UNSTOPPED_MIN = 80  # in scripts without full stops clauses are merged until they are so long,
UNSTOPPED_MAX = 250  # and not beyond this

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
COLON = regex.compile(r"[:：]\s*$")
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


@dataclass(frozen=True, slots=True)
class Piece:
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
        return bool(COLON.search(self.text))


def cut_pieces(text: str, language: str) -> list[Piece]:
    """Return the pieces of `text` in order; together they hold every non-space character. A short line is not yet a heading here."""
    found: list[Piece] = []
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
            found.append(Piece(start, end, kind, text[start:end], line.kind, line.apart and at == 0, first, last))
    return found


def _line_spans(text: str, line: Line, language: str) -> list[Span]:
    if line.kind is LineKind.ITEM and line.end - line.start <= WHOLE_ITEM:
        return [(line.start, line.end)]
    return list(_merged(text, line_sentences(text, line, language)))


def _merged(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Merge the clauses of a line in a script without full stops, after cutting those that have no border for too long at spaces."""
    if not any(unstopped(text[start:end]) for start, end in spans):
        yield from spans
        return
    clauses = [clause for span in spans for clause in _at_spaces(text, span)]
    open_ = clauses[0]
    for at, (start, end) in enumerate(clauses[1:], start=1):
        rest = clauses[-1][1] - start
        closed = open_[1] - open_[0] >= UNSTOPPED_MIN and (rest >= UNSTOPPED_MIN // 2 or at < len(clauses) - 1)
        stopped = bool(_STOP.search(text[open_[0] : open_[1]])) and open_[1] - open_[0] >= UNSTOPPED_MIN // 2
        if closed or stopped or COLON.search(text[start:end]) or end - open_[0] > UNSTOPPED_MAX:
            yield open_
            open_ = (start, end)
        else:
            open_ = (open_[0], end)
    yield open_


def _at_spaces(text: str, span: Span) -> list[Span]:
    start, end = span
    if end - start <= UNSTOPPED_MAX or not unstopped(text[start:end]):
        return [span]
    gaps = [(start, start), *(match.span() for match in _SPACE.finditer(text, start, end)), (end, end)]
    return [(after, before) for (_, after), (before, _) in pairwise(gaps)]


def unstopped(piece: str) -> bool:
    """Say whether `piece` is mainly of a script without full stops."""
    return 2 * len(_UNSTOPPED.findall(piece)) > len(piece)


def _kind(piece: str, line: LineKind, *, whole: bool) -> UnitKind:
    if whole and line in ROWS:
        return UnitKind.RECORD if line is LineKind.RECORD else UnitKind.ROW
    if _QUESTION.search(piece) or (whole and _ASKS.search(piece)):
        return UnitKind.QUESTION
    if not _WORDS.search(piece) or (whole and _HASHES.match(piece)):
        return UnitKind.HEADING
    if whole and line is LineKind.ITEM:
        return UnitKind.ITEM
    if COLON.search(piece) and len(piece) <= HEADING_CHARACTERS:  # a longer one says something itself
        return UnitKind.HEADING
    return UnitKind.LABEL if whole and line is LineKind.LABEL else UnitKind.SENTENCE


def is_short(piece: Piece) -> bool:
    """Say whether the piece is a line by itself, without a stop and as short as a heading."""
    if not piece.whole or piece.stops or len(piece.text) > HEADING_CHARACTERS or len(piece.text.split()) > HEADING_WORDS:
        return False
    return len(piece.text) <= UNSTOPPED_HEADING or not unstopped(piece.text)
