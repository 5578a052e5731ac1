"""Numbers as a spreadsheet shows them: the format codes of Office (ECMA-376 part 1, 18.8.31), with the separators of a language.

Our own because no library does it and is kept: ssf (last release 2020), xlfmt and q2numfmt (one release each, no languages), xlsx2html
(neither conditions nor sections). Not followed: paddings are left out, and a column too narrow for its number shows it all the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

from ingest.date_formats import date_shown
from ingest.regional import Region, language_of, region_of

BUILTIN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0_);("$"#,##0)', 6: '"$"#,##0_);[Red]("$"#,##0)',
    7: '"$"#,##0.00_);("$"#,##0.00)', 8: '"$"#,##0.00_);[Red]("$"#,##0.00)', 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "short_date", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "short_time",
    21: "long_time", 22: "short_date short_time", 37: "#,##0_);(#,##0)", 38: "#,##0_);[Red](#,##0)", 39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);[Red](#,##0.00)", 41: "#,##0_);(#,##0);-_)", 42: '"$"#,##0_);("$"#,##0);"$"-_)', 43: "#,##0.00_);(#,##0.00);-_)",
    44: '"$"#,##0.00_);("$"#,##0.00);"$"-_)', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
GENERAL = "General"
GENERAL_DIGITS = 10  # significant ones that a cell of the usual width shows of a fraction
LONGEST_CODE = 255  # as Excel allows; a longer one counts as General

_PIECE = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[[^\[\]]*\]|General|AM/PM|A/P|E[+-]|y+|m+|d+|h+|s+|b+|e+|\.0+|.', re.IGNORECASE | re.DOTALL)
_NOT_ZERO = re.compile("[1-9]")
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)\]")
_CURRENCY = re.compile(r"\[\$([^\]-]*)(?:-([0-9A-Fa-f]+))?\]")
_DATE = re.compile(r"(?:y+|m+|d+|h+|s+|b+|e+|AM/PM|A/P)$|\[(?:h+|m+|s+)\]$", re.IGNORECASE)
_COMPARE = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<>": lambda a, b: a != b,
}


@dataclass(frozen=True, slots=True)
class _Form:
    """One section of a code. A literal piece begins with a quotation mark; the others stand as in the code."""

    pieces: tuple[str, ...]
    is_date: bool
    condition: tuple[str, float] | None
    language: str | None


def shown(value: float, code: str, region: Region, *, from_1904: bool = False) -> str:
    """Return a number as a cell with that format code shows it; by General where the code cannot show it."""
    forms = _compiled(_spelled(code, region))
    form, signed = _chosen(forms, value)
    if form is None or not form.pieces:
        return "" if form is not None and len(forms) > 1 else general(value, region)
    used = region_of(form.language) if form.language else region
    if form.is_date:
        text = date_shown(value, [piece.removeprefix('"') for piece in form.pieces], used, from_1904=from_1904)
        return general(value, region) if text is None else " ".join(text.split())
    text = _number(abs(value), form.pieces, region) or general(abs(value), region)
    return ("-" if value < 0 and signed and _NOT_ZERO.search(text) else "") + text.strip()


def text_shown(text: str, code: str) -> str:
    """Return a text as a cell with that format code shows it: by the section with @, else as it is."""
    if "@" not in code or code == "@":
        return text
    form = next((form for form in reversed(_compiled(code)) if "@" in form.pieces), None)
    return text if form is None else "".join(text if piece == "@" else piece[1:] for piece in form.pieces if piece[0] in '"@')


def general(value: float, region: Region) -> str:
    """Return a number without a format: whole, or with as many digits as a cell of the usual width shows."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    digits = max(GENERAL_DIGITS, len(str(int(abs(value)))) + 2) if abs(value) < 1e15 else GENERAL_DIGITS
    return f"{value:.{min(digits, 15)}g}".replace(".", region.decimal).replace("e", "E")


def _spelled(code: str, region: Region) -> str:
    for name in ("short_date", "short_time", "long_time"):
        code = code.replace(name, getattr(region, name))
    return code if len(code) <= LONGEST_CODE else GENERAL


@lru_cache(maxsize=1024)
def _compiled(code: str) -> tuple[_Form, ...]:
    sections: list[list[str]] = [[]]
    for piece in _PIECE.findall(code):
        if piece == ";":
            sections.append([])
        else:
            sections[-1].append(piece)
    return tuple(_form(section) for section in sections[:4])


def _form(section: list[str]) -> _Form:
    is_date = any(_DATE.match(piece) for piece in section) and not any(piece.upper() == "GENERAL" for piece in section)
    pieces: list[str] = []
    condition, language = None, None
    for piece in section:
        if found := _CONDITION.match(piece):
            condition = (found[1], float(found[2]))
        elif found := _CURRENCY.match(piece):
            language = language_of(found[2]) if found[2] else None
            pieces += ['"' + found[1]] if found[1] else []
        elif piece[0] == "[" and not _DATE.match(piece):
            continue  # a colour
        else:
            pieces += _literal_or_code(piece, is_date=is_date)
    return _Form(tuple(pieces), is_date, condition, language)


def _literal_or_code(piece: str, *, is_date: bool) -> list[str]:
    if piece[0] == '"':
        return ['"' + piece.strip('"')]
    if piece[0] == "\\":
        return ['"' + piece[1:]]
    if piece[0] in "_*":
        return ['" '] if piece[0] == "_" else []
    if piece[0] == "." and len(piece) > 1 and not is_date:
        return list(piece)
    if is_date:
        return [piece] if _DATE.match(piece) or piece == "/" or piece[0] == "." else ['"' + piece]
    return [piece] if piece in "0#?.,%/@" or piece.isdigit() or piece.upper() in ("E+", "E-", "GENERAL") else ['"' + piece]


def _chosen(forms: Sequence[_Form], value: float) -> tuple[_Form | None, bool]:
    """Return the section for a value, and whether the sign is to be written before it."""
    numbers = [form for form in forms if "@" not in form.pieces] or list(forms[:1])
    if any(form.condition for form in numbers):
        for form in numbers:
            if form.condition is None or _COMPARE[form.condition[0]](value, form.condition[1]):
                return form, True
        return None, True
    if value < 0 and len(numbers) > 1:
        return numbers[1], False
    if value == 0 and len(numbers) > 2:
        return numbers[2], False
    return numbers[0], True


def _number(value: float, pieces: Sequence[str], region: Region) -> str | None:
    """Return a number that is not negative by the pieces of a section; None when they cannot write it."""
    if any(piece.upper() == GENERAL.upper() for piece in pieces):
        return "".join(general(value, region) if piece.upper() == "GENERAL" else piece.removeprefix('"') for piece in pieces)
    if "@" in pieces:
        return general(value, region)
    places = [index for index, piece in enumerate(pieces) if piece in ("0", "#", "?")]
    if "/" in pieces and places:
        return _as_fraction(value, pieces, places)
    try:
        exact = Decimal(f"{value:.15g}") * 100 ** pieces.count("%")
        return _decimal(exact, pieces, region)
    except (InvalidOperation, OverflowError):
        return None


def _decimal(value: Decimal, pieces: Sequence[str], region: Region) -> str:
    point = next((index for index, piece in enumerate(pieces) if piece == "."), len(pieces))
    power = next((index for index, piece in enumerate(pieces) if piece.upper() in ("E+", "E-")), len(pieces))
    point = min(point, power)
    whole = [index for index in range(point) if pieces[index] in ("0", "#", "?")]
    after = [index for index in range(point, power) if pieces[index] in ("0", "#", "?")]
    grouped = any(pieces[index] == "," for index in range(whole[0], whole[-1])) if whole else False
    ends = [run[-1] for run in (whole, after) if run]  # commas behind the last digit scale by thousands
    value /= 1000 ** sum(pieces[index] == "," for end in ends for index in range(end + 1, point if end < point else power))
    exponent = 0
    if power < len(pieces):
        exponent = _exponent(value, max(len(whole), 1))
        value = value.scaleb(-exponent)
    digits, _, decimals = f"{value.quantize(Decimal(1).scaleb(-len(after)), ROUND_HALF_UP):f}".partition(".")
    needed = next((len(whole) - at for at, index in enumerate(whole) if pieces[index] == "0"), 0)
    digits = digits.lstrip("0").rjust(needed, "0")
    kept = len(decimals.rstrip("0"))
    shown_decimals = max([kept, *(at + 1 for at, index in enumerate(after) if pieces[index] == "0")])
    return _laid_out(pieces, (whole, after, point, power), (digits, decimals[:shown_decimals], exponent), region, grouped=grouped)


def _exponent(value: Decimal, width: int) -> int:
    if not value:
        return 0
    exponent = value.adjusted()
    return exponent - exponent % width if width > 1 else exponent


def _laid_out(
    pieces: Sequence[str],
    places: tuple[list[int], list[int], int, int],
    number: tuple[str, str, int],
    region: Region,
    *,
    grouped: bool,
) -> str:
    """Put the digits at their places: the first one takes all that are left, literals between them stay."""
    whole, after, point, power = places
    digits, decimals, exponent = number
    at_place: dict[int, str] = {}
    rest = digits
    for index in reversed(whole):
        at_place[index] = rest if index == whole[0] else rest[-1:]
        rest = "" if index == whole[0] else rest[:-1]
    if grouped and not any(pieces[index][0] == '"' for index in range(whole[0], whole[-1])):
        at_place = dict.fromkeys(whole, "") | {whole[0]: _grouped(digits, region.group)}
    at_place |= {index: decimals[at : at + 1] for at, index in enumerate(after)}
    out: list[str] = []
    for index, piece in enumerate(pieces[: power if power < len(pieces) else None]):
        if index in at_place:
            out.append(at_place[index])
        elif piece == "." and index == point:
            out.append(("" if whole else digits) + (region.decimal if decimals else ""))
        elif piece == "%":
            out.append(region.percent if out and not out[-1].endswith(" ") else "%")
        elif piece != ",":
            out.append(piece.removeprefix('"'))
    if power < len(pieces):
        width = sum(piece == "0" for piece in pieces[power + 1 :])
        sign = "-" if exponent < 0 else "+" if pieces[power] in ("E+", "e+") else ""
        out.append(f"E{sign}{abs(exponent):0{width}d}")
    return "".join(out)


def _grouped(digits: str, mark: str) -> str:
    first = len(digits) % 3 or 3
    return mark.join([digits[:first], *(digits[at : at + 3] for at in range(first, len(digits), 3))]) if digits else ""


def _as_fraction(value: float, pieces: Sequence[str], places: Sequence[int]) -> str:
    bar = pieces.index("/")
    fixed = "".join(piece for piece in pieces[bar + 1 :] if piece.isdigit())
    below = sum(index > bar for index in places)
    with_whole = any(pieces[index][0] == '"' for index in range(places[0], bar))
    whole = int(value) if with_whole else 0
    rest = Fraction(value) - whole
    bottom = min(int(fixed), 10**6) if fixed.strip("0") else 0
    found = Fraction(round(rest * bottom), bottom) if bottom else rest.limit_denominator(10 ** min(max(below, 1), 6) - 1)
    if found == 1:
        whole, found = whole + 1, Fraction(0)
    top, bottom = (found * bottom).numerator if bottom else found.numerator, bottom or found.denominator
    fraction = f"{top}/{bottom}" if top else ""
    return " ".join(part for part in ((str(whole) if whole or not fraction else ""), fraction) if part)
