"""PDF text through pypdf, for pages in Thai and Devanagari, where PDFium tears marks from their letters.

Measured on generated Thai and Hindi: pypdf with unmapped glyphs marked (`_mark_unmapped_glyphs`) gives 100% of the lines of fpdf2's PDFs,
PDFium 0 to 43%.
"""

import io
import logging
import re
from collections.abc import Iterator

import pypdf
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject

logger = logging.getLogger(__name__)
# pypdf reports every fault of a damaged file; without a handler Python would print them to stderr. A configured logging still sees them.
logging.getLogger("pypdf").addHandler(logging.NullHandler())

_EMPTY_TARGET = re.compile(rb"(<[0-9A-Fa-f]+>)\s*<\s*>")


class ShapedText:
    """The same document through pypdf, opened at the first page that needs it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._reader: pypdf.PdfReader | None = None
        self._marked: set[int] = set()

    def page(self, index: int) -> str:
        """Return page `index` with U+FFFD for unmapped glyphs, or '' when pypdf cannot read what PDFium could."""
        try:
            if self._reader is None:
                self._reader = pypdf.PdfReader(io.BytesIO(self._data))
                if self._reader.is_encrypted:
                    self._reader.decrypt("")
            page = self._reader.pages[index]
            for font in _fonts(page):
                if id(font) not in self._marked:
                    self._marked.add(id(font))
                    _mark_unmapped_glyphs(font)
            return page.extract_text()
        except MemoryError:
            raise
        except Exception:  # on damaged pages pypdf raises anything; PDFium's text of the same page stands in
            logger.info("pypdf cannot read page %d; PDFium's text is used", index + 1, exc_info=True)
            return ""


def _fonts(page: pypdf.PageObject) -> Iterator[DictionaryObject]:
    resources = page.get("/Resources")
    fonts = resources.get_object().get("/Font") if resources is not None else None
    for reference in fonts.get_object().values() if fonts is not None else ():
        font = reference.get_object()
        if font.get("/Subtype") == "/Type0" and "/ToUnicode" in font:
            yield font


def _mark_unmapped_glyphs(font: DictionaryObject) -> None:
    """Map every glyph of a composite font that its ToUnicode table leaves out, or maps to nothing, to U+FFFD.

    Otherwise pypdf takes the glyph's number for a character. Later entries of a table override earlier ones, so the marks come first.
    """
    widths = font["/DescendantFonts"][0].get_object().get("/W")  # type: ignore[index]  # PDF 32000-1, 9.7.6.1: an array of one
    codes = _codes(widths.get_object()) if widths is not None else []
    table = font["/ToUnicode"].get_object().get_data()  # type: ignore[union-attr]
    marks = b"".join(b"<%04X> <FFFD>\n" % code for code in codes)
    marked = DecodedStreamObject()
    marked.set_data(b"%d beginbfchar\n" % len(codes) + marks + b"endbfchar\n" + _EMPTY_TARGET.sub(rb"\1 <FFFD>", table))
    font[NameObject("/ToUnicode")] = marked


def _codes(widths: ArrayObject) -> list[int]:
    """Return the glyph codes of a /W array: 'first [w w w]' or 'first last w' (PDF 32000-1, 9.7.4.3)."""
    items = [item.get_object() for item in widths]
    codes: list[int] = []
    at = 0
    while at + 1 < len(items):
        first, second = int(items[at]), items[at + 1]
        last = first + len(second) - 1 if isinstance(second, ArrayObject) else int(second)
        codes.extend(range(first, min(last, 0xFFFF) + 1))
        at += 2 if isinstance(second, ArrayObject) else 3
    return codes
