"""Units of measurement and their names in eight languages, from CLDR, each with its factor to the base unit of its kind."""

import unicodedata
from decimal import Decimal
from functools import lru_cache
from itertools import product
from typing import Literal

import regex
from babel import Locale
from babel.units import format_unit

LOCALES = ("en", "en_GB", "de", "fr", "es", "it", "pt", "hi", "th")  # en_GB writes litre and metre

# CLDR's name, what the unit is counted in, how many of those it is, and the symbols that are read with their case.
_UNITS = [
    ("volume-liter", "l", "1", "l L ℓ"),
    ("volume-milliliter", "l", "0.001", "ml mL"),
    ("volume-centiliter", "l", "0.01", "cl cL"),
    ("mass-gram", "g", "1", "g"),
    ("mass-milligram", "g", "0.001", "mg"),
    ("mass-kilogram", "g", "1000", "kg Kg KG"),
    ("mass-tonne", "g", "1000000", "t"),
    ("length-meter", "m", "1", "m"),
    ("length-millimeter", "m", "0.001", "mm"),
    ("length-centimeter", "m", "0.01", "cm"),
    ("length-kilometer", "m", "1000", "km Km"),
    ("area-square-meter", "m2", "1", "m² m2 qm"),
    ("area-hectare", "m2", "10000", "ha"),
    ("duration-second", "s", "1", "s sec sek"),
    ("duration-minute", "s", "60", "min min. mins"),
    ("duration-hour", "s", "3600", "h hr hrs Std"),
    ("duration-day", "day", "1", ""),
    ("duration-week", "week", "1", ""),
    ("duration-month", "month", "1", ""),
    ("duration-year", "year", "1", "yr yrs"),
    ("power-watt", "w", "1", "W"),
    ("power-kilowatt", "w", "1000", "kW KW"),
    ("power-megawatt", "w", "1000000", "MW"),
    ("energy-kilowatt-hour", "kwh", "1", "kWh"),
    ("electric-volt", "v", "1", "V"),
    ("electric-ampere", "a", "1", "A"),
    ("frequency-hertz", "hz", "1", "Hz"),
    ("frequency-megahertz", "hz", "1000000", "MHz"),
    ("frequency-gigahertz", "hz", "1000000000", "GHz"),
    ("digital-megabyte", "byte", "1000000", "MB"),
    ("digital-gigabyte", "byte", "1000000000", "GB"),
    ("digital-terabyte", "byte", "1000000000000", "TB"),
    ("temperature-celsius", "°c", "1", "°C"),
    ("concentr-percent", "%", "1", "%"),
]
_COUNTS = (0, 1, 2, 5)  # every plural form of the eight languages
_LENGTHS: tuple[Literal["long", "short"], ...] = ("long", "short")
_NUMBER = regex.compile(r"\d+")
_ACCENT = regex.compile(r"(?<=[\p{Latin}])\p{M}+")
# Hindi has more than one spelling of a nasal and of sounds that it borrowed: सितम्बर and सितंबर, फ़रवरी and फरवरी.
_HINDI = str.maketrans("\u0901", "\u0902", "\u093c")


@lru_cache(maxsize=1 << 14)
def folded(word: str) -> str:
    """`word` in lower case, without Latin accents and in one Hindi spelling: the key of a name."""
    plain = unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", word.lower())))
    return plain if plain.isascii() else unicodedata.normalize("NFD", plain).translate(_HINDI).replace("म्ब", "ंब")


@lru_cache(maxsize=1)
def units() -> dict[str, tuple[str, Decimal]]:
    """The unit that a symbol (with its case) or a folded name means: what it is counted in, and how many of those it is."""
    table: dict[str, tuple[str, Decimal]] = {}
    for name, base, factor, symbols in _UNITS:
        unit = (base, Decimal(factor))
        for locale, count, length in product(LOCALES, _COUNTS, _LENGTHS):
            word = folded(_NUMBER.sub("", format_unit(count, name, length, locale=locale))).strip(" \u00a0\u202f.॰")
            if len(word) > 2 and name not in word:  # a form that CLDR lacks comes as the name
                table.setdefault(word, unit)
        table |= dict.fromkeys(symbols.split(), unit)
    return table


def unit(word: str) -> tuple[str, Decimal] | None:
    """What the unit `word` is counted in and how many of those it is; a name in any case, a symbol in its own ("W", "mW")."""
    found = units().get(word)
    return found or (units().get(folded(word)) if len(word) > 2 else None)


def thai_unit(run: str) -> tuple[tuple[str, Decimal] | None, int]:
    """The unit that a run of Thai begins with, and how long its name is: Thai goes on without a space."""
    return next(((units()[name], len(name)) for name in _thai_names() if run.startswith(name)), (None, 0))


@lru_cache(maxsize=1)
def _thai_names() -> list[str]:
    return sorted((name for name in units() if "\u0e00" < name[:1] < "\u0e80"), key=len, reverse=True)


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """ISO 4217 codes: they stand before an amount like the letters of a product code."""
    return frozenset(Locale("en").currencies)
