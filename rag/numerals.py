"""The value of a number written with separators: 1.234,50, 1,234.50, 1 234,50, 1'234.50 and 12,34,567 in one canonical form."""

import re

# Decimal commas; the rest of the eight, and other languages, write a point. From CLDR.
_COMMA = frozenset(["de", "fr", "es", "it", "pt"])
GROUPING = "'’\u00a0\u202f\u2009"  # signs that only ever stand between thousands
_PARTS = re.compile(r"\d+|\D")
_GROUP = 3


def value(written: str, language: str) -> tuple[str, str | None] | None:
    """The number that ASCII digits with separators between them mean, and the other way to read it where the language had to decide.

    "1.234" is 1234 in German and 1.234, or else 1234, in English; None if it is no single number ("1,2,3", "10.0.0.1"). Without leading
    zeros or zeros at the end of a fraction.
    """
    parts = _PARTS.findall(written)
    digits, separators = parts[::2], parts[1::2]
    if not separators:
        return _plain(digits[0]), None
    last, others = separators[-1], set(separators[:-1])
    if len(separators) == 1 and last in ".,":
        return _one_separator(digits[0], last, digits[1], language)
    if others <= {last}:
        return (_plain("".join(digits)), None) if _grouped(digits, last) else None
    if len(others) == 1 and last in ".," and last not in others and _grouped(digits[:-1], separators[0]):
        return _fraction("".join(digits[:-1]), digits[-1]), None
    return None


def _one_separator(whole: str, separator: str, rest: str, language: str) -> tuple[str, str | None]:
    if len(rest) != _GROUP or len(whole) > _GROUP or whole[0] == "0":
        return _fraction(whole, rest), None
    grouped = _plain(whole + rest)
    decimal = (separator == ",") == (language in _COMMA)
    return (_fraction(whole, rest), grouped) if decimal else (grouped, None)


def _grouped(digits: list[str], separator: str) -> bool:
    first, *between, last = digits if len(digits) > 1 else ["", *digits]
    sizes = {len(group) for group in between}
    indian = separator == "," and sizes == {2} and len(first) <= 2
    return len(last) == _GROUP and len(first) <= _GROUP and (indian or sizes <= {_GROUP})


def _plain(digits: str) -> str:
    return digits.lstrip("0") or "0"


def _fraction(whole: str, rest: str) -> str:
    return f"{_plain(whole)}.{rest}".rstrip("0").rstrip(".")
