"""Codes: product numbers, paragraphs of laws, IBANs, versions; equal with and without their hyphens and spaces."""

import re

from rag.measures import currencies, unit

LONGEST = 64  # characters; longer runs of letters and digits are data

LETTER = r"[^\W\d_\u0530-\U0010ffff]"  # Latin, Greek, Cyrillic: scripts whose letters form codes
_CODE = re.compile(rf"(?:{LETTER}|\d)++(?:[-_‐‑](?:{LETTER}|\d)++)*+(?:\.\d++)*+")
_IBAN = re.compile(r"[A-Z]{2}\d\d(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?(?![^\W_])")
_HYPHENED = re.compile(r"\d++(?:[-‐‑]\d++)++")
_DASHES = frozenset(first + second for first in "-_‐‑" for second in "-_‐‑")  # two joiners part words: x--RTX-4090
_PART = re.compile(r"[^-_‐‑]+")
_JOINER = re.compile(r"[-_‐‑\s]")
_RUN = re.compile(r"\d+|[^\W\d_]+")
_SUFFIXED = re.compile(rf"\d+({LETTER}+)")
_ORDINALS = frozenset(["st", "nd", "rd", "th", "er", "re", "ère", "ème", "º", "ª"])
_CAPITALS_BEFORE = re.compile(r"(?<![^\W_])([A-Z]{2,6}) \Z")
_SECTION_BEFORE = re.compile(r"(?:§\s?|\b[Pp]aragra(?:ph|f)(?:en)?\s)\Z")
_SUBSECTION = re.compile(r"([a-z]\b)?(?:\s?(?:Abs\.|Absatz|\()\s?(\d{1,3})\b\)?)?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_VERSION = re.compile(r"v(?=\d+(?:\.\d+){2,}\Z)")  # v3.23.0 is 3.23.0


def is_tied(sign: str) -> bool:
    """Whether a character before a digit belongs to the same word: a letter of a script that forms codes, or a hyphen."""
    return (sign.isalpha() and sign < "\u0530") or sign in "-_‐‑"


def joined_code(text: str, floor: int, digits: int) -> tuple[str | None, int, int]:
    """The code around the digit at `digits`, from `floor` on: what it is without joiners, in small letters, and where it stands.

    None for the code: there is none, or it is longer than LONGEST, and then it is to be skipped up to the end that is returned.
    """
    start = digits
    while start > floor and is_tied(text[start - 1]) and text[start - 1 : start + 1] not in _DASHES:
        start -= 1
    while text[start] in "-_‐‑":
        start += 1
    match = (_IBAN.match(text, start) if digits - start == 2 else None) or _CODE.match(text, start)
    if not match or len(match[0]) > LONGEST:
        return None, start, match.end() if match else digits
    if match.end() <= digits:  # a letter of another alphabet lies between
        return None, start, start
    parts = list(_PART.finditer(match[0]))
    while len(parts) > 1 and _is_word(parts[-1][0]):  # RTX-4090-Karte
        parts.pop()
    written = match[0][: parts[-1].end()]
    if _is_number(written, text[start:digits].rstrip("-_‐‑")):
        return None, start, start
    return _VERSION.sub("", _JOINER.sub("", written).lower()), start, start + len(written)


def _is_number(written: str, letters: str) -> bool:
    """Whether it is only a number: 30-day, 250ml, 12th, EUR50, mid-2025."""
    if not letters:
        suffixed = _SUFFIXED.fullmatch(written)
        return _JOINER.sub("", written).replace(".", "").isdecimal() or bool(
            suffixed and (suffixed[1].lower() in _ORDINALS or unit(suffixed[1]))
        )
    rest = written[len(letters) :].lstrip("-_‐‑")
    return rest.replace(".", "").isdecimal() and (letters in currencies() or (letters.islower() and bool(_YEAR.fullmatch(rest))))


def _is_word(part: str) -> bool:
    return len(part) >= 3 and part.isalpha() and not part.isupper()


def hyphened_code(text: str, start: int) -> tuple[str | None, int]:
    """Digits with hyphens between them ("20250811-7", an ISBN) without these, and their end; None for a range of two short numbers."""
    match = _HYPHENED.match(text, start)
    if not match:
        return None, start
    if len(match[0]) > LONGEST:
        return None, match.end()
    parts = _PART.findall(match[0])
    following = text[match.end() : match.end() + 1]
    if following.isalnum() or (len(parts) == 2 and max(map(len, parts)) <= 4):
        return None, start
    return "".join(parts), match.end()


def section(text: str, floor: int, start: int, end: int) -> tuple[str, str | None, int, int] | None:
    """A section of a law, "§ 14a Abs. 2" or "§14a (2)", whose number is text[start:end]: "§14a", "2" and where it stands."""
    at = max(floor, start - 12)
    sign = _SECTION_BEFORE.search(text, at, start)
    if not sign:
        return None
    rest = _SUBSECTION.match(text, end)
    letter, subsection = (rest[1] or "", rest[2]) if rest else ("", None)
    return f"§{text[start:end]}{letter}", subsection, sign.start(), rest.end() if rest else end


def capitals_before(text: str, floor: int, start: int) -> str:
    """The capitals that stand before a number with one space, as in "PPR 9087"; "" for none and for a currency."""
    if start - floor < 3 or not text[start - 2].isupper():
        return ""
    found = _CAPITALS_BEFORE.search(text, max(floor, start - 8), start)
    return "" if not found or found[1] in currencies() else found[1]


def written_apart(code: str, text: str) -> bool:
    """Whether the parts of a code are next to each other in `text`, with anything between them, as in "rtx 4090"."""
    parts = map(re.escape, _RUN.findall(code))
    return re.search(r"(?<![^\W_])" + r"[\s_‐‑–./-]{0,2}".join(parts) + r"(?![^\W_])", text, re.IGNORECASE) is not None
