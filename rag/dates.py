"""Calendar dates in the notations of eight languages: 12. März 2025, March 12, 2025, 12.03.2025, 12 มีนาคม 2568."""

import re
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale

from rag.measures import folded

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "hi", "th")
BUDDHIST = 543  # years that Thailand's era is ahead
_BUDDHIST_YEARS = range(2400, 2700)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# Spellings beside CLDR's.
_MORE_NAMES = {"sept": 9, "mrz": 3, "jänner": 1, "feber": 2, "अक्तूबर": 10, "setiembre": 9}
# Names that are also words or first names: with a day alone no month, but for "May" with its capital.
_ALSO_WORDS = frozenset(["may", "marco"])

_LETTER = r"(?:[^\W\d_\u0e00-\u0e7f]|[\u0300-\u036f\u0900-\u0970])"
_THAI = r"[\u0e01-\u0e4e.]"
_YEAR_FIRST = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?|(\d{4})-(0[1-9]|1[0-2])(?![\d-])"
)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/]|\. ?)(\d{1,2})\2(\d{4}|\d\d(?<!\. \d\d))(?!\d|[.,]\d|\2\d)|(0[1-9]|1[0-2])/(\d{4})(?![\d/])")
_GERMAN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(?!\d)")
_ORDINAL = r"(?:\.?[ºª°]|\.|st\b|nd\b|rd\b|th\b|er\b|o\b)?"
_NAME_AFTER = re.compile(rf"{_ORDINAL}[\s/-]{{0,2}}(?:de |of |di |d['’])?(?:({_LETTER}{{2,12}})|({_THAI}{{2,20}}))")
_WORDS_BETWEEN = frozenset(["de", "del", "of", "พ.ศ.", "ค.ศ."])
_YEAR_AFTER = re.compile(r"[.,]{0,2}[\s/-]{0,2}(?:de |del |of |พ\.ศ\. ?|ค\.ศ\. ?)?(\d{4})(?!\d|[.,]\d{3})|-(\d\d)(?!\d)")
_ENGLISH_YEAR = re.compile(r"(?:st|nd|rd|th)?,?\s{1,2}(\d{4})(?!\d)")
_ENGLISH_DAY_END = re.compile(r"(?:st|nd|rd|th)?\b(?!\s?[-–]?\w)")
_LOOK_BACK = 32  # characters: the longest name of a month with what may stand between it and a year
_WORD_SIGN = re.compile(rf"{_LETTER}")


@dataclass(frozen=True, slots=True)
class Date:
    """A day, a month of a year (day None) or a day of any year (year None), and where it stands: text[start:end]."""

    year: int | None
    month: int
    day: int | None
    start: int
    end: int

    def terms(self) -> list[str]:
        """Terms in ISO 8601, then the wider ones: 2025-03-12, 2025-03, --03-12 (a day of any year)."""
        of_any_year = f"--{self.month:02}-{self.day:02}" if self.day else None
        if self.year is None:
            return [of_any_year] if of_any_year else []
        of_year = f"{self.year:04}-{self.month:02}"
        return [f"{of_year}-{self.day:02}", of_year, f"--{self.month:02}-{self.day:02}"] if self.day else [of_year]


def date_in_digits(text: str, at: int, language: str) -> Date | None:
    """The date in ASCII digits alone that starts at `at`. The month of 03/12/2025 comes first in English, else the day; 03.12. is a day."""
    if match := _YEAR_FIRST.match(text, at):
        if match[5]:
            return Date(int(match[5]), int(match[6]), None, at, match.end())
        return _valid(_christian(int(match[1]), language), int(match[3]), int(match[4]), at, match.end())
    if match := _YEAR_LAST.match(text, at):
        if match[6]:
            return Date(_christian(int(match[6]), language), int(match[5]), None, at, match.end())
        year = int(match[4]) if len(match[4]) == 4 else _century(int(match[4]))
        return _day_and_month(int(match[1]), int(match[3]), match[2][0], _christian(year, language), language, at, match.end())
    if language == "de" and (match := _GERMAN_DAY.match(text, at)):
        return _valid(None, int(match[2]), int(match[1]), at, match.end())
    return None


def date_with_name(text: str, at: int, digits: str, floor: int, language: str) -> Date | None:
    """The date whose day or year is the number `digits` at `at`, with a month's name beside it that starts at `floor` or later."""
    end = at + len(digits)
    if len(digits) <= 2 and (date := _day_first(text, at, end, language)):
        return date
    if len(digits) > 4 or at == floor or len(digits) == 3:
        return None
    if not (before := _name_before(text, at, floor)):
        return None
    name, start, thai = before
    if not (month := _month(None, name, language) if thai else _month(name, None, language)):
        return None
    if len(digits) == 4:
        return Date(_christian(int(digits), language, thai=thai), month, None, start, end)
    return _month_first(text, start, name, month, int(digits), end)


def _name_before(text: str, at: int, floor: int) -> tuple[str, int, bool] | None:
    """The word before a number that may be a month, where it starts, and whether it is Thai."""
    begin = max(floor, at - _LOOK_BACK)
    words = text[begin:at].split()
    if words and len(words) > 1 and words[-1] in _WORDS_BETWEEN:
        words.pop()
    if not words:
        return None
    name = words[-1].rstrip(".,").replace("’", "'").rpartition("'")[2].lstrip('([{«„“"')
    if "\u0e00" < name[-1:] < "\u0e80":
        thai = _thai_before().search(text, begin, at)
        return (thai[1], thai.start(1), True) if thai else None
    if not 2 <= len(name) <= 12:
        return None
    return name, text.rfind(name, begin, at), False


def _day_first(text: str, at: int, end: int, language: str) -> Date | None:
    after = _NAME_AFTER.match(text, end)
    if not after or (after[1] and _WORD_SIGN.match(text, after.end(1))):
        return None
    month, end = _named(after, language)
    year = _YEAR_AFTER.match(text, end) if month else None
    if year:
        number = int(year[1]) if year[1] else _century(int(year[2]))
        return _valid(_christian(number, language, thai=bool(after[2])), month, int(text[at : after.start()]), at, year.end())
    if not month or not _month(after[1], after[2], language) or (after[1] != "May" and folded(after[1] or "") in _ALSO_WORDS):
        return None
    return _valid(None, month, int(text[at : after.start()]), at, end)


def _named(after: re.Match[str], language: str) -> tuple[int, int]:
    """The month that follows a day (0: none) and where its name ends; in Thai the next word follows without a space."""
    if after[1]:
        key = folded(after[1])
        return _names()[0].get(key) or max(months.get(key, 0) for months in _names()[3].values()), after.end(1)
    name = _thai_name(after[2])
    return (_names()[1][name], after.start(2) + len(name)) if name else (0, after.end())


def _month_first(text: str, start: int, name: str, month: int, day: int, end: int) -> Date | None:
    """March 12, 2025: the order of English; without a year only where no word follows that the number could belong to."""
    if year := _ENGLISH_YEAR.match(text, end):
        return _valid(int(year[1]), month, day, start, year.end())
    if not name[0].isupper() or folded(name) not in _names()[2] or not (ends := _ENGLISH_DAY_END.match(text, end)):
        return None
    return _valid(None, month, day, start, ends.end())


def _month(name: str | None, thai: str | None, language: str) -> int:
    """The month of this name, 0 if none: short names of other languages ("set", "ago", "out") count between a day and a year only."""
    if name is None:
        found = _thai_name(thai or "")
        return _names()[1][found] if found else 0
    key = folded(name)
    full, _, _, short = _names()
    return full.get(key) or short.get(language, {}).get(key, 0)


def _thai_name(run: str) -> str:
    return next((name for name in _names()[1] if run.startswith(name)), "")


@lru_cache(maxsize=1)
def _thai_before() -> re.Pattern[str]:
    names = "|".join(map(re.escape, _names()[1]))
    return re.compile(rf"({names})\s{{0,2}}(?:[พค]\.ศ\.\s?)?\Z")


@lru_cache(maxsize=1)
def _names() -> tuple[dict[str, int], dict[str, int], frozenset[str], dict[str, dict[str, int]]]:
    """Full names of all languages but Thai, Thai names (longest first), English names, abbreviations by language."""
    full, short = dict(_MORE_NAMES), {language: dict[str, int]() for language in LANGUAGES}
    full = {folded(name): month for name, month in full.items()}
    thai: dict[str, int] = {}
    for language in LANGUAGES:
        months = Locale(language).months
        for context in ("format", "stand-alone"):
            for month in range(1, 13):
                wide, brief = months[context]["wide"][month], months[context]["abbreviated"][month]
                if language == "th":
                    thai |= {wide: month, brief: month}
                    continue
                full[folded(wide)] = month
                short[language][folded(brief.rstrip(".॰"))] = month
    english = frozenset(folded(name) for name in Locale("en").months["format"]["wide"].values())
    return full, dict(sorted(thai.items(), key=lambda item: -len(item[0]))), english, short


def _day_and_month(first: int, second: int, sign: str, year: int, language: str, start: int, end: int) -> Date | None:
    month_first = language == "en" and sign != "." and first <= 12
    if month_first or second > 12:
        first, second = second, first
    return _valid(year, second, first, start, end)


def _christian(year: int, language: str, *, thai: bool = False) -> int:
    return year - BUDDHIST if year in _BUDDHIST_YEARS and (thai or language == "th") else year


def _century(year: int) -> int:
    return 2000 + year if year < 70 else 1900 + year


def _valid(year: int | None, month: int, day: int, start: int, end: int) -> Date | None:
    if 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]:
        return Date(year, month, day, start, end)
    return None


def christian_year(year: str) -> str | None:
    """The year of the Christian era of a Thai year in digits, None if it is none."""
    return str(int(year) - BUDDHIST) if len(year) == 4 and int(year) in _BUDDHIST_YEARS else None
