"""Mends what PDF text extraction does to shaped Thai and Devanagari, and counts the faults that remain.

U+FFFD stands for a glyph that the PDF's font maps to no character; it is a hint while mending and is gone afterwards.
"""

import re

_TONE = "\u0e48-\u0e4b"
_THAI_ABOVE = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
_CONSONANT = "[\u0915-\u0939\u0958-\u095f\u0978-\u097f]\u093c?"
_CLUSTER = f"(?:{_CONSONANT}\u094d\u200d?)*{_CONSONANT}"
_DEVANAGARI_SIGN = "\u0900-\u0903\u093a-\u093c\u093e-\u094f\u0955-\u0957\u0962\u0963"

COMPLEX = re.compile("[\u0900-\u097f\u0e00-\u0e7f]")
_DEVANAGARI = re.compile("[\u0900-\u097f]")

_THAI_REPAIRS = (
    # Sara am is drawn as nikhahit + sara aa, with a tone mark between them: the nikhahit glyph is often mapped to nothing or to ';'.
    (re.compile(f"([\u0e01-\u0e2e])[\ufffd;\u0e4d]([{_TONE}]?)\u0e32"), "\\1\\2\u0e33"),
    (re.compile(f"([{_TONE}])[\ufffd\u0e4d]\u0e32"), "\\1\u0e33"),
    (re.compile(f"(?<=[\u0e01-\u0e2e{_THAI_ABOVE}]) +(?=[{_THAI_ABOVE}\u0e33])"), ""),  # a mark never follows a space
    (re.compile("([\u0e48-\u0e4c])([\u0e31\u0e34-\u0e3a])"), "\\2\\1"),  # the vowel comes before the tone mark
    (re.compile(f"\u0e33([{_TONE}])"), "\\1\u0e33"),  # and the tone mark before sara am
)
_DEVANAGARI_REPAIRS = (
    # The vowel sign i is drawn before its consonants; in a line it never follows a space or another vowel sign.
    (re.compile(f"(?<![\u0915-\u0939\u0958-\u095f\u093c\u0978-\u097f\ufffd])\u093f({_CLUSTER})(?![\u093e-\u094c])"), "\\1\u093f"),
    (re.compile(f"(?<=[\u0904-\u097f]) +(?=[{_DEVANAGARI_SIGN}])"), ""),  # a mark never follows a space
)
_UNMAPPED_I = re.compile(f"\ufffd({_CLUSTER})(?![\u093e-\u094c\u094d])")  # the vowel sign i, where its glyph is mapped to nothing
_MARK_WITHOUT_BASE = re.compile(
    f"(?<![\u0e01-\u0e2e{_THAI_ABOVE}])[{_THAI_ABOVE}\u0e33]|[{_TONE}]{{2}}|(?<![\u0904-\u0939\u0958-\u097f{_DEVANAGARI_SIGN}\u200c\u200d])"
    f"[{_DEVANAGARI_SIGN}]|[\u093e-\u094c]{{2}}"
)
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_SCRIPTS = "[\u0900-\u097f\u0e00-\u0e7f]"
_FOREIGN = re.compile(f"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]|(?<={_SCRIPTS})[\u00a1-\u02ff](?={_SCRIPTS})")


def mend(text: str) -> str:
    """Return `text` with the repairs that are safe in Thai and Devanagari, and without U+FFFD beside their letters."""
    if not COMPLEX.search(text):
        return text
    for pattern, replacement in _THAI_REPAIRS:
        text = pattern.sub(replacement, text)
    if _DEVANAGARI.search(text):
        text = _mend_devanagari(text)
    return text.replace("\ufffd", "")


def _mend_devanagari(text: str) -> str:
    if _hides_vowel_i(text):
        text = _UNMAPPED_I.sub("\\1\u093f", text)
    text = text.replace("\ufffd", "")
    for pattern, replacement in _DEVANAGARI_REPAIRS:
        text = pattern.sub(replacement, text)
    return text


def _hides_vowel_i(text: str) -> bool:
    """Say whether the unmapped glyphs of this page are the vowel sign i drawn before its consonants.

    Producers that give a whole syllable to its first glyph leave the later glyphs unmapped, right after that sign; others leave the sign's
    own glyph unmapped, and it stands after anything.
    """
    unmapped = text.count("\ufffd")
    after_sign = text.count("\u093f\ufffd")
    return unmapped > 0 and after_sign * 3 < unmapped


def faults(text: str) -> int:
    """Count the places that no writer would write: unmapped glyphs, marks without a base, foreign letters inside a word."""
    marks = len(_MARK_WITHOUT_BASE.findall(text)) if COMPLEX.search(text) else 0
    return marks + len(_FOREIGN.findall(text))


def is_damaged(text: str) -> bool:
    """Say whether so much of a page's text layer is no writing that neither search nor quotes can rely on it.

    Counted are `faults` and the private use area, where fonts without a table of characters put their glyphs; lists have their bullets
    there too, so the line is drawn at one in twenty characters.
    """
    shown = len(text) - text.count(" ") - text.count("\n")
    return (faults(text) + len(_PRIVATE.findall(text))) * 20 > shown
