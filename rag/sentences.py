"""Sentence boundaries with exact character offsets, in the eight languages and by general rules in others."""

from collections.abc import Iterator
from itertools import pairwise

import regex
import sentencex

from rag.lines import ROWS, Line, author_lines

# What sentencex 1.0 misses of the abbreviations that our languages put before a name, a number or a clause (tried on all eight).
_MISSED_ABBREVIATIONS = {
    "fr": r"M|Mme|Mlle|MM|Dr|p|pp|env|art",
    "it": r"pag|pagg|art|artt|cap|dott\.ssa|prof\.ssa|ecc|tel",
    "pt": r"p|pág|págs|art|núm|Exmo|Exma|tel",
    "es": r"pág|págs|art|núm|tel",
    "hi": r"डॉ|डा|श्री|प्रो|रु|नं",
}
_NO_END = {  # the tail of a segment that is not the end of a sentence: a list number, or such an abbreviation
    language: regex.compile(rf"(?<!\w)(?:{words})\.\s*$", regex.IGNORECASE) for language, words in _MISSED_ABBREVIATIONS.items()
}
_LONGEST_ABBREVIATION = 12
_LIST_NUMBER = regex.compile(r"\s*\(?(?:\d{1,3}|[A-Za-z])[.)]\s*")

# sentencex keeps a quotation whole, and takes a stray quotation mark for one: 29,000 characters in one piece of news text. Such a piece is
# cut where a stop, closing marks and white space meet a capital, a number or a script without capitals; short words may be abbreviations.
LONG_SEGMENT = 240
LONGEST_ROW = 600  # characters; of a longer row a reader wants the sentence
# Its time grows with the square of what it is given at once (Italian: 3.7 M characters/s at 20,000 characters, 0.1 at 900,000).
SLICE_CHARACTERS = 10_000
_SPACE = regex.compile(r"\s+")
_PLAIN_END = regex.compile(r"(?:(?<=\p{L}{3}\.)|(?<=[!?…।॥।]))[\"'”’“»)\]]*\s+(?=[\"'“„«‘(\[¿¡]*(?:\p{Lu}|\p{Lo}|\p{N}))")

# A mark or joiner after a stop belongs to it: a sentence never begins inside a grapheme.
_JOINED = regex.compile(r"(?<=\S)[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]")

# Thai marks clauses with spaces but also puts them around numbers, names and abbreviations: only a space between Thai words, or after a
# full stop that closes a foreign sentence, may end one. A line end inside a block is the margin's doing.
_THAI_BORDER = regex.compile(
    r"(?<=[\p{Thai}&&[^\d]]|[)\]”\"'])[^\S\n]+(?=[\p{Thai}&&[^\dๆฯ]]|[(\[“\"'])|(?<=[A-Za-z0-9)]{3}\.|[!?])\s+", regex.V1
)
_STOP = regex.compile(r"(?:[A-Za-z0-9)]{3}\.|[!?])$")
# A space before one of these goes on with the sentence: and, or, which, by, that, in order to, but, because, until, namely, such as, ...
_THAI_CONTINUES = regex.compile(r"และ|หรือ|ซึ่ง|โดย|ที่|เพื่อ|แต่|เพราะ|เนื่องจาก|จนถึง|จนกว่า|ได้แก่|เช่น|รวมถึง|รวมทั้ง|ถึง|กับ|ของ|ใน|จาก|ว่า|พร้อม")
_THAI_ABBREVIATION = regex.compile(r"(?:^|[\s(])[\p{Thai}]{1,4}\.(?:[\p{Thai}]{1,4}\.)*$", regex.V1)
_THAI_PARTICLE = regex.compile(r"(?:ครับ|ค่ะ|คะ|นะ|จ้ะ)$")
THAI_MIN_CHARACTERS = 40  # about ten words: a shorter fragment is seldom a statement by itself
THAI_MAX_CHARACTERS = 160  # beyond this even a connective begins a new readable piece


def sentence_spans(text: str, language: str) -> list[tuple[int, int]]:
    """Return the half-open [start, end) character spans of the sentences of `text` (one page), in order.

    Spans do not overlap, begin and end with a non-space character, and together hold every non-space character. List items, table rows,
    records, headings and other lines that the author ended are sentences of their own; wrapped lines are joined. A row stays whole,
    even if its cells contain full stops, up to `LONGEST_ROW` characters. Thai has no full stop: its sentences are clauses at spaces, merged
    to a readable length. `language` is one of the eight or any other code ('und': general rules). Sentences are found by sentencex
    (https://github.com/wikimedia/sentencex) except in Thai.
    """
    return [span for line in author_lines(text) for span in line_sentences(text, line, language)]


def line_sentences(text: str, line: Line, language: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences of one line of `author_lines(text)`; as `sentence_spans` does."""
    if line.kind in ROWS and line.end - line.start <= LONGEST_ROW:
        return [(line.start, line.end)]
    inner = _thai_cuts if language == "th" else _general_cuts
    inside = (line.start + cut for cut in inner(text[line.start : line.end], language))
    cuts = [line.start, *(cut for cut in inside if not _JOINED.match(text, cut)), line.end]
    return [span for start, stop in pairwise(cuts) if (span := _trim(text, start, stop))]


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    stripped = piece.strip()
    if not stripped:
        return None
    first = start + len(piece) - len(piece.lstrip())
    return first, first + len(stripped)


def _general_cuts(text: str, language: str) -> Iterator[int]:
    """Yield the ends of sentencex's segments, whose concatenation is the text, less the wrong ones and with the missed ones."""
    no_end = _NO_END.get(language)
    start = end = 0
    for segment in _segments(text, language if language != "und" else "en"):
        end += len(segment)
        if _LIST_NUMBER.fullmatch(text, start, end) or (no_end and no_end.search(segment[-_LONGEST_ABBREVIATION:])):
            continue
        if end - start > LONG_SEGMENT:
            yield from (match.end() for match in _PLAIN_END.finditer(text, start, end))
        yield end
        start = end


def _segments(text: str, language: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        window = (start + SLICE_CHARACTERS, start + 2 * SLICE_CHARACTERS)
        border = _PLAIN_END.search(text, *window) or _SPACE.search(text, *window)
        end = border.end() if border else window[1]  # no space in 10,000 characters: no writing, cut anywhere
        yield from sentencex.segment(language, text[start:end])
        start = end


def _thai_cuts(text: str, language: str) -> Iterator[int]:
    start = 0
    for border in _THAI_BORDER.finditer(text):
        clause = text[start : border.start()]
        if _ends_thai_sentence(clause, text, border.end()):
            yield border.end()
            start = border.end()


def _ends_thai_sentence(clause: str, text: str, after: int) -> bool:
    if _STOP.search(clause) or _THAI_PARTICLE.search(clause):
        return True
    if len(clause) < THAI_MIN_CHARACTERS or _THAI_ABBREVIATION.search(clause):
        return False
    return len(clause) >= THAI_MAX_CHARACTERS or not _THAI_CONTINUES.match(text, after)
