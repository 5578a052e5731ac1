"""Characters of the symbol fonts of Office, which have no letters but pictures at their places, as Unicode.

Fonts: Wingdings and Wingdings 2 (ticks, boxes, bullets), Symbol (Greek letters, operators). Office stores a place as U+F0xx or as U+00xx.
Source: Unicode's mapping of Adobe Symbol, and the Wingdings proposal (Unicode document L2/11-052).
"""

import re

_WINGDINGS = {
    0x21: "✏", 0x22: "✂", 0x28: "☎", 0x29: "✆", 0x2A: "✉", 0x36: "⌛", 0x38: "🖱", 0x3A: "🖥", 0x3F: "✍", 0x41: "✌", 0x43: "👍", 0x44: "👎",
    0x45: "☜", 0x46: "☞", 0x47: "☝", 0x48: "☟", 0x4A: "☺", 0x4B: "😐", 0x4C: "☹", 0x4E: "☠", 0x51: "✈", 0x54: "❄", 0x6C: "●", 0x6D: "❍",
    0x6E: "■", 0x6F: "□", 0x70: "□", 0x71: "❑", 0x72: "❒", 0x73: "⬧", 0x74: "⧫", 0x75: "◆", 0x76: "❖", 0x77: "⬥", 0x78: "☒", 0x9E: "·",
    0x9F: "•", 0xA0: "▪", 0xA1: "○", 0xA4: "◉", 0xA6: "◦", 0xA7: "▪", 0xA8: "☐", 0xAA: "✦", 0xAB: "★", 0xB7: "🕐", 0xD8: "➢", 0xDC: "➲",
    0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xEF: "⇦", 0xF0: "⇨", 0xF1: "⇧", 0xF2: "⇩", 0xF3: "⬄", 0xFB: "✗", 0xFC: "✓",
    0xFD: "☒", 0xFE: "☑",
}  # fmt: skip
_WINGDINGS_2 = {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x2A: "☐", 0xA3: "☐", 0x97: "●", 0x98: "•"}
_GREEK = dict(zip([*range(0x41, 0x5B), *range(0x61, 0x7B)], "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ" + "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True))
_SYMBOL = _GREEK | {
    0x22: "∀", 0x24: "∃", 0x27: "∋", 0x2A: "∗", 0x2D: "−", 0x40: "≅", 0x5C: "∴", 0x5E: "⊥", 0x7E: "∼", 0xA2: "′", 0xA3: "≤", 0xA5: "∞",
    0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB2: "″", 0xB3: "≥", 0xB4: "×", 0xB5: "∝", 0xB6: "∂",
    0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡", 0xBB: "≈", 0xBC: "…", 0xC4: "⊗", 0xC5: "⊕", 0xC6: "∅", 0xC7: "∩", 0xC8: "∪", 0xC9: "⊃",
    0xCC: "⊂", 0xCD: "⊆", 0xCE: "∈", 0xCF: "∉", 0xD0: "∠", 0xD1: "∇", 0xD2: "®", 0xD3: "©", 0xD4: "™", 0xD5: "∏", 0xD6: "√", 0xD7: "⋅",
    0xD8: "¬", 0xD9: "∧", 0xDA: "∨", 0xDB: "⇔", 0xDC: "⇐", 0xDD: "⇑", 0xDE: "⇒", 0xDF: "⇓", 0xE5: "∑", 0xF2: "∫",
}  # fmt: skip
_FONTS = {"wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2, "symbol": _SYMBOL}
PRIVATE = range(0xF000, 0xF100)  # where Office puts the places of symbol fonts
_IN_PRIVATE = re.compile("[\uf000-\uf0ff]")


def is_symbol_font(font: str) -> bool:
    """Say whether the characters of that font are looked up here."""
    return font.lower() in _FONTS


def from_font(text: str, font: str) -> str:
    """Return what a reader sees of `text` in `font`; a place of a symbol font without a character of its own is left out.

    A private place without its font is taken for one of Wingdings, which most ticks and bullets come from.
    """
    table = _FONTS.get(font.lower())
    if table is None and not _IN_PRIVATE.search(text):
        return text
    return "".join(_shown(character, table) for character in text)


def symbol(place: str, font: str) -> str:
    """Return the character of `w:sym`: its hexadecimal `place` in `font`; "" when it is none."""
    try:
        return from_font(chr(int(place, 16)), font)
    except (ValueError, OverflowError):
        return ""


def _shown(character: str, table: dict[int, str] | None) -> str:
    place = ord(character)
    if place in PRIVATE:
        return (table or _WINGDINGS).get(place - PRIVATE.start, "")
    return table.get(place, character if place <= 0x20 else "") if table else character
