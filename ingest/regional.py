"""How a language writes numbers and dates in a spreadsheet: separators and names, from CLDR."""

from dataclasses import dataclass
from functools import cache

from babel import Locale, UnknownLocaleError

DEFAULT = "en"
_LANGUAGES = {0x07: "de", 0x09: "en", 0x0C: "fr", 0x10: "it", 0x16: "pt", 0x0A: "es", 0x39: "hi", 0x1E: "th"}  # [MS-LCID], low ten bits
_TRUTH = {"de": ("FALSCH", "WAHR"), "fr": ("FAUX", "VRAI"), "it": ("FALSO", "VERO"), "pt": ("FALSO", "VERDADEIRO"),
          "es": ("FALSO", "VERDADERO")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Region:
    """`short_date`, `short_time` and `long_time` are the formats that a spreadsheet leaves to the reader's system.

    In English the short date is ISO 8601: whether the day or the month comes first is the system's matter, and the file does not say it.
    """

    decimal: str
    group: str
    percent: str
    date_separator: str
    short_date: str
    short_time: str
    long_time: str
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    truth: tuple[str, str]


@cache
def region_of(language: str) -> Region:
    """Return the region of a language's ISO 639-1 code; English for one that CLDR does not know, and for `und`."""
    try:
        locale = Locale(language)
    except (UnknownLocaleError, ValueError):
        locale = Locale(DEFAULT)
    symbols = locale.number_symbols["latn"]
    months, days = locale.months["format"], locale.days["format"]
    short_months = locale.months["stand-alone"]["abbreviated"]
    english = locale.language == DEFAULT
    separator = "." if "." in locale.date_formats["short"].pattern else "/"
    return Region(
        decimal=symbols["decimal"],
        group=symbols["group"],
        percent=" %" if "\xa0%" in locale.percent_formats[None].pattern else "%",
        date_separator=separator,
        short_date="yyyy-mm-dd" if english else f"dd{separator}mm{separator}yyyy",
        short_time="h:mm" if english else "hh:mm",
        long_time="h:mm:ss" if english else "hh:mm:ss",
        months=tuple(months["wide"][number] for number in range(1, 13)),
        short_months=tuple(short_months[number].rstrip(".") for number in range(1, 13)),
        days=tuple(days["wide"][number] for number in range(7)),
        short_days=tuple(days["abbreviated"][number].rstrip(".") for number in range(7)),
        truth=_TRUTH.get(locale.language, ("FALSE", "TRUE")),
    )


def language_of(locale_id: str) -> str | None:
    """Return the language of a hexadecimal locale identifier of Windows, as in [$-407]; None for one outside the eight."""
    number = int(locale_id[-4:] or "0", 16)
    return _LANGUAGES.get(number & 0x3FF) if number < 0xF000 else None  # F400 and F800 are the system's own
