"""Notices text whose letters are not those that a reader sees, as of PDF fonts without a table of characters: no language pairs letters so.

The pairs were counted on 20,000 sentences in English, German, French, Italian, Portuguese and Spanish; accents are left off. Of all pairs
within words these have (Polish, Czech, Finnish, Hungarian, Turkish, Welsh: 2 to 14% others) all but 1 to 5%; shifted or
shuffled letters have 29 to 46% others, and so has Hindi in fonts that draw it in place of Latin letters.
"""

import re
import unicodedata
from itertools import pairwise

STRANGE = 0.24  # share of pairs that no language has
STRANGER = 0.36  # the same where pairs are few, so that some abbreviations do not decide
MANY_PAIRS, FEWEST_PAIRS = 50, 25
_FOLLOWERS = {
    "a": "bcdfghijklmnopqrstuvwyz", "b": "abeijlorstuy", "c": "acehiklorstuy", "d": "abdeilmnorsuvy", "e": "abcdefghijklmnopqrstuvwxyz",
    "f": "aefilnorstuy", "g": "abeghiklnorstu", "h": "aeiklmnorstuwy", "i": "abcdefghklmnopqrstuvxz", "j": "aeou", "k": "aeilnorstu",
    "l": "abcdefghilmnopstuvy", "m": "abdefgilmopstuy", "n": "abcdefghiklmnoprstuvwyz", "o": "abcdefghijklmnopqrstuvwxyz",
    "p": "acdefhiloprstuy", "q": "u", "r": "abcdefghiklmnopqrstuvwyz", "s": "abcdefghiklmnopqrstuvwyz", "t": "acefghiloprstuwyz",
    "u": "abcdefghijklmnoprstvxyz", "v": "aeiorsuv", "w": "aehinorsu", "x": "aceiopt", "y": "aeimnopstu", "z": "adeiotuwz",
}  # fmt: skip
_PAIRS = frozenset(first + second for first, followers in _FOLLOWERS.items() for second in followers)
_ACCENT = re.compile("[\u0300-\u036f]")
_WORD = re.compile("[a-z]{2,}")
SAMPLE = 600  # characters of a page that are looked at: enough to be sure, and a tenth of the time that PDFium takes


def are_strange(text: str) -> bool:
    """Whether the Latin letters of a text stand beside each other as in no language; False where there are few."""
    plain = unicodedata.normalize("NFKD", text[:SAMPLE]).casefold()
    if not plain.isascii():
        plain = _ACCENT.sub("", plain)
    words = _WORD.findall(plain)
    if sum(map(len, words)) * 2 < sum(map(str.isalpha, plain)):
        return False  # a page in another script, with some names
    pairs = [before + after for word in words for before, after in pairwise(word)]
    share = STRANGE if len(pairs) >= MANY_PAIRS else STRANGER
    return len(pairs) >= FEWEST_PAIRS and sum(pair not in _PAIRS for pair in pairs) >= share * len(pairs)
