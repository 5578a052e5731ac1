"""A number of an automatic list in the form that its format asks for: 4, iv, D, ๔, ४ (ECMA-376 part 1, 17.18.59)."""

from collections.abc import Callable

_ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"),
          (4, "IV"), (1, "I"))  # fmt: skip
_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_THAI = "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"
_HINDI = "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह"
_MOST_ROMAN = 4_000  # beyond it there are no letters for them
_MOST_LETTERS = 780  # as Word counts: 30 times the alphabet


def numeral(number: int, form: str) -> str:
    """Return `number` in a form of Word, of ODF (1, i, I, a, A) or of PowerPoint; decimal in one that is not known here."""
    make = _FORMS.get(form)
    return make(number) if make else str(number)


def _roman(number: int) -> str:
    if not 0 < number < _MOST_ROMAN:
        return str(number)
    text = ""
    for value, letters in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text


def _letters(alphabet: str) -> Callable[[int], str]:
    """Count a, b, ... z, aa, bb: the letter is repeated, as Word does."""

    def counted(number: int) -> str:
        if not 0 < number <= _MOST_LETTERS:
            return str(number)
        return alphabet[(number - 1) % len(alphabet)] * ((number - 1) // len(alphabet) + 1)

    return counted


def _digits(zero: str) -> Callable[[int], str]:
    table = {ord("0") + digit: chr(ord(zero) + digit) for digit in range(10)}
    return lambda number: str(number).translate(table)


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


_upper, _thai, _hindi = _letters(_LATIN), _letters(_THAI), _letters(_HINDI)
_FORMS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda number: f"{number:02d}",
    "upperRoman": _roman,
    "I": _roman,
    "lowerRoman": lambda number: _roman(number).lower(),
    "i": lambda number: _roman(number).lower(),
    "upperLetter": _upper,
    "A": _upper,
    "lowerLetter": lambda number: _upper(number).lower(),
    "a": lambda number: _upper(number).lower(),
    "ordinal": _ordinal,
    "numberInDash": lambda number: f"- {number} -",
    "thaiNumbers": _digits("๐"),
    "thaiLetters": _thai,
    "hindiNumbers": _digits("०"),
    "hindiConsonants": _hindi,
}
