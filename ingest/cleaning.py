"""Makes extracted text safe to store, show and put into a prompt: one normal form, no characters that nobody sees."""

import re
import unicodedata

# Control characters but \n and \t; soft hyphen; zero-width space, word joiner, byte order mark; direction marks and overrides; the
# invisible tag characters; lone surrogates; noncharacters. The joiners U+200C and U+200D stay: Devanagari needs them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANKS = re.compile(r"[^\S\n]+")
_LINE_EDGE = re.compile(r" ?\n ?")
_MANY_LINES = re.compile(r"\n{3,}")
_HYPHEN = re.compile("[\ufffe\x02\xad]\r?\n?")  # PDFium's mark for a hyphen that it took for a line-end hyphen
_BROKEN_WORD = re.compile(r"(?<![\w-])([^\W\d_]{2,})-\n([^\W\d_]{2,})")


def clean_text(text: str) -> str:
    """Return `text` in NFC with line ends as \\n and without invisible characters; spaces and line breaks stay as they are."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _LINE_END.sub("\n", text)))


def collapse_spaces(text: str) -> str:
    """Return `text` with runs of spaces and tabs as one space, none at line edges, and at most one blank line between paragraphs."""
    return _MANY_LINES.sub("\n\n", _LINE_EDGE.sub("\n", _BLANKS.sub(" ", text))).strip()


def tidy(text: str) -> str:
    """Return the text of a printed page with words joined that a line end broke and spaces collapsed; line breaks are kept."""
    text = _HYPHEN.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = collapse_spaces(text)
    return _BROKEN_WORD.sub(lambda found: found[1] + ("" if found[2][0].islower() else "-") + found[2], text)
