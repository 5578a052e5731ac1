"""PDF text page by page: PDFium where it is right, pypdf where Thai or Devanagari marks would be torn from their letters.

PDFium is not thread-safe: one process may parse one PDF at a time (ingest workers are processes). Measured on generated Thai and Hindi:
pypdf with unmapped glyphs marked (`_mark_unmapped_glyphs`) gives 100% of the lines of fpdf2's PDFs, PDFium 0 to 43%.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pypdf
import pypdfium2 as pdfium
from PIL import Image
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject

from ingest.cleaning import tidy
from ingest.recognition import DPI, Recognition, installed
from ingest.running_lines import without_running_lines
from ingest.sections import Section
from ingest.shaping import COMPLEX, faults, is_damaged, mend
from rag.errors import TooLarge, Unreadable
from rag.settings import ParseLimits

logger = logging.getLogger(__name__)
# pypdf reports every fault of a damaged file; without a handler Python would print them to stderr. A configured logging still sees them.
logging.getLogger("pypdf").addHandler(logging.NullHandler())

FEW_CHARACTERS = 100  # such as a scanner's own line on each page
TAIL_BYTES = 64 << 10  # readers allow some rubbish after the end; mail gateways and web servers append less than this
_CORRUPT_PAGE = "Page {} of the PDF is corrupt; save the PDF anew or remove the page."
_EMPTY_TARGET = re.compile(rb"(<[0-9A-Fa-f]+>)\s*<\s*>")


def parse_pdf(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield one section per page, empty for a page without text. An empty user password opens by itself.

    Raises Unreadable when the file is cut short, corrupt or needs a password; TooLarge beyond `limits.pages`.
    """
    _check_tail(path)
    with closing(_open(path)) as document:
        yield from without_running_lines(_pages(document, path, limits))


def _pages(document: pdfium.PdfDocument, path: Path, limits: ParseLimits) -> Iterator[Section]:
    if len(document) > limits.pages:
        raise TooLarge(f"The PDF has {len(document):,} pages and at most {limits.pages:,} are read; split the document.")
    shaped, recognition = _ShapedText(path), Recognition()
    for index in range(len(document)):
        with closing(_open_page(document, index)) as page:
            text = _page_text(page, index, shaped)
            damaged = is_damaged(text)
            if installed() and (damaged or _is_scan(page, text)):
                text = _better(recognition.text(_picture(page, limits)), text)
                damaged = is_damaged(text)
        yield Section("", text, damaged)


def count_pdf_pages(path: Path) -> int:
    """The number of pages. Raises Unreadable as `parse_pdf` does."""
    _check_tail(path)
    with closing(_open(path)) as document:
        return len(document)


def _check_tail(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        if b"startxref" not in file.read():
            raise Unreadable("The PDF ends before its table of contents (no 'startxref'): it is cut short or corrupt; upload it again.")


def _open(path: Path) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(path.read_bytes())  # by its path it would not find a file that has no name in any folder
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.raw.FPDF_ERR_PASSWORD:
            raise Unreadable("The PDF is encrypted and needs a password; upload a copy saved without one.") from error
        raise Unreadable("The PDF is corrupt and cannot be opened; upload it again, or save it anew.") from error


def _open_page(document: pdfium.PdfDocument, index: int) -> pdfium.PdfPage:
    try:
        return document[index]
    except pdfium.PdfiumError as error:
        raise Unreadable(_CORRUPT_PAGE.format(index + 1)) from error


def _page_text(page: pdfium.PdfPage, index: int, shaped: "_ShapedText") -> str:
    try:
        with closing(page.get_textpage()) as text_page:
            text = text_page.get_text_range()
    except pdfium.PdfiumError as error:
        raise Unreadable(_CORRUPT_PAGE.format(index + 1)) from error
    if COMPLEX.search(text):
        text = min(shaped.page(index), text, key=lambda found: faults(mend(found)) if found else len(text))
        text = mend(text)
    return tidy(text)


def _is_scan(page: pdfium.PdfPage, text: str) -> bool:
    """Say whether what a reader sees is a picture: one as large as half the page beside hardly any text, or anything without text."""
    kinds = [] if text.strip() else [pdfium.raw.FPDF_PAGEOBJ_PATH, pdfium.raw.FPDF_PAGEOBJ_FORM]  # letters may be drawn as outlines
    if len(text) > FEW_CHARACTERS:
        return False
    half = page.get_width() * page.get_height() / 2
    for item in page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE, *kinds], max_depth=3):
        left, bottom, right, top = item.get_bounds()
        if kinds or (right - left) * (top - bottom) >= half:
            return True
    return False


def _picture(page: pdfium.PdfPage, limits: ParseLimits) -> Image.Image:
    inches = page.get_width() * page.get_height() / 72**2
    dots_per_inch = min(DPI, (limits.pixels / inches) ** 0.5)  # a poster is read from a smaller picture
    picture: Image.Image = page.render(scale=dots_per_inch / 72).to_pil()
    return picture


def _better(recognised: str, text: str) -> str:
    """The text that was recognised in a page's picture, unless there is less of it than in the text layer."""
    return recognised if len(recognised) > len(text) // 2 and not is_damaged(recognised) else text


class _ShapedText:
    """The same document through pypdf, opened at the first page that needs it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: pypdf.PdfReader | None = None
        self._marked: set[int] = set()

    def page(self, index: int) -> str:
        """Return page `index` with U+FFFD for unmapped glyphs, or '' when pypdf cannot read what PDFium could."""
        try:
            if self._reader is None:
                self._reader = pypdf.PdfReader(self._path)
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
            logger.info("pypdf cannot read page %d of %s; PDFium's text is used", index + 1, self._path, exc_info=True)
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
