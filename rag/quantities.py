"""Numbers, measures, dates, times and codes of a text as canonical terms: equal in every notation, script and language.

    1.234,50   1,234.50   1 234,50   १२३४.५०        n:1234.5
    2,5 l   2.5 litres   2500 ml                    q:2.5l
    12. März 2025   2025-03-12   12 มีนาคม 2568      d:2025-03-12
    08:30   8.30 Uhr   8:30 am                      t:08:30
    RTX-4090   RTX 4090   rtx4090                   c:rtx4090

Every pattern is anchored at a digit and either bounded or consumed whole, so the time is linear in the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from rag.codes import LETTER, LONGEST, capitals_before, hyphened_code, is_tied, joined_code, section, written_apart
from rag.dates import Date, christian_year, date_in_digits, date_with_name
from rag.measures import thai_unit, unit
from rag.numerals import GROUPING, value

_ANY_DIGITS = re.compile(r"\d+")
_DIGITS = re.compile("[0-9]+")  # faster, once all are ASCII
_NUMBER = re.compile(rf"\d++(?:[.,{GROUPING}]\d++)*+")
_SPACED_GROUPS = re.compile(r"\d{1,3}(?: \d{3}){1,5}(?:[.,]\d{1,9})?(?![\d,])")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|ère|ème)\b|[ºª]", re.IGNORECASE)
_UNIT = re.compile(rf"[ \u00a0\u202f\u2009-]?(?:(%|°[CF]|(?:{LETTER}|[\u0900-\u0963²]){{1,20}})|([\u0e01-\u0e4e]{{2,20}}))")
_TIME = re.compile(
    r"(\d{1,2})(?:"
    r":(\d\d)(?::\d\d)?(?![\d:])(?: ?Uhr\b| ?น\.)?|"
    r" ?h ?(\d\d)(?!\d)|"
    r"\.(\d\d)(?: ?Uhr\b| ?น\.|(?= ?[ap]\.?m\b))|"
    r"(?= ?[ap]\.?m\b)| Uhr\b| o['’]clock\b)"
    r"(?: ?([ap])\.?m\b)?",
    re.IGNORECASE,
)
_A_CODE_ALONE = 4  # words; a longer text in capitals says nothing by them
_BUDDHIST_BEFORE = re.compile(r"(?:พ\.ศ\.|ปี)\s?\Z")


@dataclass(frozen=True, slots=True)
class Quantity:
    """`term` is what text[start:end] says; `also` holds terms of what it says besides: a date's month and year, a measure's bare number."""

    term: str
    start: int
    end: int
    also: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """n: number, q: number with its unit, d: date, t: time of day, c: code."""
        return self.term[0]


@lru_cache(maxsize=16)  # a chunk's words, its sounds and its answers ask for the same text one after the other
def quantities(text: str, language: str = "und") -> tuple[Quantity, ...]:
    """The quantities of `text` in order, none overlapping another; offsets are in characters of `text`.

    `language` decides only what is ambiguous: 1.234, 03/12/2025, short names of months. Codes have a letter or a hyphen; a number beside
    capitals is one too ("PPR 9087"), unless the whole text is in capitals. Number words, signs before a number and Roman numerals are not
    read.
    """
    if not text.isascii() and not (digits := "".join(_ANY_DIGITS.findall(text))).isascii():
        text = text.translate({ord(digit): str(unicodedata.decimal(digit)) for digit in set(digits)})
    return tuple(_Scan(text, language).run())


def missing_specifics(question: str, passage: str, *, question_language: str = "und", passage_language: str = "und") -> list[str]:
    """The canonical terms of `question` that stand nowhere in `passage`, each once, in order; the first letter tells the kind.

    A number with a unit counts as there when its number is. Bare numbers below ten are never missing. Numbers written as words in
    the passage are not seen.
    """
    passage = unicodedata.normalize("NFKC", passage)
    held = {term for found in quantities(passage, passage_language) for term in (found.term, *found.also)}
    missing: dict[str, None] = {}
    for asked in quantities(unicodedata.normalize("NFKC", question), question_language):
        if not (_is_small(asked) or _is_held(asked, held, passage)):
            missing[asked.term] = None
    return list(missing)


def _is_small(asked: Quantity) -> bool:
    return asked.kind == "n" and len(asked.term) == len("n:0")


def _is_held(asked: Quantity, held: set[str], passage: str) -> bool:
    if asked.term in held or (asked.kind in "nq" and not held.isdisjoint(asked.also)):
        return True
    return asked.kind == "c" and written_apart(asked.term[2:], passage)


class _Scan:
    """One pass over a text with ASCII digits. `at` is where the last quantity ended: nothing looks back beyond it."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.language = language
        self.at = 0
        self.sections = "§" in text or "aragra" in text
        self.capitals = text.isupper() and len(text.split()) > _A_CODE_ALONE

    def run(self) -> Iterator[Quantity]:
        while digits := _DIGITS.search(self.text, self.at):
            for found in self._read(digits):
                yield found
                self.at = found.end
            self.at = max(self.at, digits.end())

    def _read(self, digits: re.Match[str]) -> list[Quantity]:
        start, end = digits.span()
        following = self.text[end : end + 1]
        if start > self.at and is_tied(self.text[start - 1]) and (code := self._code(start)):
            return [code]
        if self.at > start or end - start > LONGEST:
            return []
        found = self._date(digits[0], start, following) or (self._time(start) if end - start <= 2 else None)
        if not found and self.sections and start > self.at:
            found = self._section(start, end)
        if not found and following and (following.isalpha() or following in "-_‐‑"):
            found = self._hyphened(start) or (self._code(start) if self.at <= start else None)
        if found:
            return [found]
        return [] if self.at > start else self._number(start)

    def _date(self, digits: str, start: int, following: str) -> Quantity | None:
        date = date_in_digits(self.text, start, self.language) if following and following in "-./" else None
        if not date and len(digits) <= 4:
            date = date_with_name(self.text, start, digits, self.at, self.language)
        return _dated(date) if date else None

    def _code(self, digits: int) -> Quantity | None:
        code, start, end = joined_code(self.text, self.at, digits)
        if code is None:
            self._skip(end, digits)
            return None
        return Quantity(f"c:{code}", start, end, _numbers_in(self.text[start:end]))

    def _skip(self, end: int, digits: int) -> None:
        """Go on after a run that is too long to be a code."""
        if end > digits:
            self.at = end

    def _hyphened(self, start: int) -> Quantity | None:
        code, end = hyphened_code(self.text, start)
        if code is None:
            self._skip(end, start)
            return None
        return Quantity(f"c:{code}", start, end, _numbers_in(self.text[start:end]))

    def _section(self, start: int, end: int) -> Quantity | None:
        if not (found := section(self.text, self.at, start, end)):
            return None
        name, subsection, begin, end = found
        numbers = _numbers_in(self.text[begin:end])
        if subsection:
            return Quantity(f"c:{name}.{subsection}", begin, end, (f"c:{name}", *numbers))
        return Quantity(f"c:{name}", begin, end, numbers)

    def _time(self, start: int) -> Quantity | None:
        match = _TIME.match(self.text, start)
        if not match:
            return None
        hour, minute, half = int(match[1]), int(match[2] or match[3] or match[4] or 0), (match[5] or "").lower()
        if half:
            hour = hour % 12 + (12 if half == "p" else 0)
        return Quantity(f"t:{hour:02}:{minute:02}", start, match.end()) if hour <= 24 and minute < 60 else None

    def _number(self, start: int) -> list[Quantity]:
        written, end = self._written(start)
        if len(written) > LONGEST:
            self.at = end
            return []
        read = value(written, self.language)
        if read is None:
            return _several(written, start)
        number, other = read
        also = (f"n:{other}",) if other else ()
        if ordinal := _ORDINAL.match(self.text, end):
            return [Quantity(f"n:{number}", start, ordinal.end(), also)]
        if measured := self._measured(number, start, end, also):
            return [measured]
        return [self._bare(written, number, start, also)] if written.isdecimal() else [Quantity(f"n:{number}", start, end, also)]

    def _written(self, start: int) -> tuple[str, int]:
        """The number from `start` with its separators. A plain space separates thousands in French, before a fraction and before 000."""
        match = _NUMBER.match(self.text, start)
        written = match[0] if match else ""
        groups = _SPACED_GROUPS.match(self.text, start) if len(written) <= 3 else None
        apart = start > 1 and self.text[start - 1] == " " and self.text[start - 2].isdecimal()
        if groups and not apart and (self.language == "fr" or not groups[0][-4:].lstrip(" ").isdecimal() or groups[0].endswith(" 000")):
            return groups[0].replace(" ", "\u00a0"), groups.end()
        return written, start + len(written)

    def _measured(self, number: str, start: int, end: int, also: tuple[str, ...]) -> Quantity | None:
        match = _UNIT.match(self.text, end)
        if not match:
            return None
        found, length = (unit(match[1]), len(match[1])) if match[1] else thai_unit(match[2])
        if not found or len(number) > 20:
            return None
        base, factor = found
        amount = format((Decimal(number) * factor).normalize(), "f")
        return Quantity(f"q:{amount}{base}", start, match.start(match.lastindex or 0) + length, (f"n:{number}", *also))

    def _bare(self, written: str, number: str, start: int, also: tuple[str, ...]) -> Quantity:
        """Digits alone: with leading zeros or after capitals a code, and in Thai the year of an era of its own."""
        end = start + len(written)
        if len(written) > 2 and written[0] == "0":
            return Quantity(f"c:{written}", start, end, (f"n:{number}",))
        if len(written) > 1 and not self.capitals and (letters := capitals_before(self.text, self.at, start)):
            return Quantity(f"c:{letters.lower()}{written}", start - len(letters) - 1, end, (f"n:{number}",))
        if (year := christian_year(written)) and _BUDDHIST_BEFORE.search(self.text, max(self.at, start - 6), start):
            also = (f"n:{year}",)
        return Quantity(f"n:{number}", start, end, also)


def _dated(date: Date) -> Quantity:
    exact, *wider = date.terms()
    number = date.day if date.year is None else date.year
    return Quantity(f"d:{exact}", date.start, date.end, (*(f"d:{term}" for term in wider), f"n:{number}"))


def _several(written: str, start: int) -> list[Quantity]:
    """Numbers with separators between them that are no single number: a version or an address if these are dots, else a list."""
    if set(written) - set("0123456789") == {"."}:
        return [Quantity(f"c:{written}", start, start + len(written))]
    return [Quantity(_number_term(digits[0]), start + digits.start(), start + digits.end()) for digits in _DIGITS.finditer(written)]


def _numbers_in(code: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_number_term, _DIGITS.findall(code))))


def _number_term(digits: str) -> str:
    return f"n:{digits.lstrip('0') or '0'}"
