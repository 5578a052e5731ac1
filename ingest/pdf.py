"""PDF text page by page: PDFium where it is right, pypdf for Thai and Devanagari (`pdf_shaped`), the characters' places where the file
writes otherwise than a reader sees (`pdf_glyphs`); then the files that the PDF holds.

PDFium is not thread-safe: one thread may parse one PDF at a time (ingest workers are processes).
"""

import logging
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image

from ingest.cleaning import tidy
from ingest.embedded import Embedded, embedded_sections
from ingest.letters import are_strange
from ingest.pdf_annotations import Annotations, page_annotations
from ingest.pdf_glyphs import in_columns, line_text, may_be_columns, page_lines, respaced, undoubled
from ingest.pdf_layers import without_hidden_layers
from ingest.pdf_rows import page_rows
from ingest.pdf_shaped import ShapedText
from ingest.pdf_tables import TableHeaders
from ingest.pdf_upright import upright
from ingest.pdf_values import appended, with_values
from ingest.pdf_xfa import is_placeholder, xfa_sections
from ingest.recognition import DPI, NOT_READ, NOTHING_SEEN, Recognition, installed
from ingest.running_lines import without_running_lines
from ingest.sections import Section
from ingest.shaping import COMPLEX, faults, is_damaged, mend
from rag.errors import TooLarge, Unreadable
from rag.settings import ParseLimits

logger = logging.getLogger(__name__)

FEW_CHARACTERS = 100  # such as a scanner's own line on each page
TAIL_BYTES = 64 << 10  # readers allow some rubbish after the end; mail gateways and web servers append less than this
_CORRUPT_PAGE = "Page {} of the PDF is corrupt; save the PDF anew or remove the page."
_XFA = (pdfium.raw.FORMTYPE_XFA_FULL, pdfium.raw.FORMTYPE_XFA_FOREGROUND)


def parse_pdf(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield one section per page, empty for a page without text, then those of embedded files. An empty user password opens by itself.

    Raises Unreadable when the file is cut short, corrupt or needs a password; TooLarge beyond `limits.pages`.
    """
    data, notes = _visible(_checked(path))
    with closing(_open(data)) as document:
        if document.get_formtype() in _XFA and len(document) and is_placeholder(_first_text(document)):
            yield from xfa_sections(path, limits)
            return
        pages = _Pages(document, data, limits)
        for section in pages.headers.put(without_running_lines(pages)):
            yield section._replace(notes=(*notes, *section.notes)) if notes else section
            notes = ()
        yield from embedded_sections(chain(pages.files, _attached(document)), limits)


def count_pdf_pages(path: Path) -> int:
    """The number of pages. Raises Unreadable as `parse_pdf` does."""
    with closing(_open(_checked(path))) as document:
        return len(document)


class _Pages:
    """The pages of a document as sections, in order; what is known from one for the next, and the files that they hold."""

    def __init__(self, document: pdfium.PdfDocument, data: bytes, limits: ParseLimits) -> None:
        if len(document) > limits.pages:
            raise TooLarge(f"The PDF has {len(document):,} pages and at most {limits.pages:,} are read; split the document.")
        self._document, self._limits = document, limits
        self._shaped, self._recognition = ShapedText(data), Recognition()
        self.headers = TableHeaders()
        self.files: list[Embedded] = []
        if document.get_formtype() != pdfium.raw.FORMTYPE_NONE:
            document.init_forms()  # before a page is opened, or its fields have no values

    def __iter__(self) -> Iterator[Section]:
        for index in range(len(self._document)):
            with closing(_open_page(self._document, index)) as page:
                yield self._section(page, index)

    def _section(self, page: pdfium.PdfPage, index: int) -> Section:
        beside = page_annotations(self._document, page)
        self.files += [_embedded(file) for file in beside.files[: self._limits.embedded - len(self.files)]]
        text = self._text(page, index, beside)
        damaged = _is_unreadable(text)
        notes: list[str] = []
        if (is_scan := _is_scan(page, text)) or damaged:
            recognised = self._recognition.text(_picture(page, self._limits)) if installed() else ""
            text = _better(recognised, text) if installed() else text
            damaged = _is_unreadable(text)
            if recognised and text == recognised and not is_scan:
                notes.append("The text layer of the page is damaged; its text was recognised in the page's picture.")
            if is_scan and not recognised:
                notes.append(NOTHING_SEEN if installed() else NOT_READ)
        if beside.comments:
            text = "\n\n".join([text, *beside.comments]).strip()
            notes.append("Comments on the page are given as lines that begin with Note.")
        return Section("", text, damaged, tuple(notes))

    def _text(self, page: pdfium.PdfPage, index: int, beside: Annotations) -> str:
        try:
            with upright(page) as text_page:
                text = text_page.get_text_range()
                rows = page_rows(text_page) if text_page.count_rects() > text.count("\r\n") + 1 else []  # else no line has two cells
                self.headers.page(index, rows, text_page)
                if COMPLEX.search(text):
                    return tidy(appended(self._mended(text, index), beside.values))
                columns = may_be_columns(rows) and not beside.values
                if columns or beside.values:
                    lines = with_values(page_lines(text_page), beside.values)
                    text = "\n".join(in_columns(lines) if columns else map(line_text, lines))
                else:
                    text = respaced(text, text_page)
        except pdfium.PdfiumError as error:
            raise Unreadable(_CORRUPT_PAGE.format(index + 1)) from error
        return tidy(undoubled(text))

    def _mended(self, text: str, index: int) -> str:
        """The better of PDFium's text and pypdf's, of a page in Thai or Devanagari."""
        return mend(min(self._shaped.page(index), text, key=lambda found: faults(mend(found)) if found else len(text)))


def _checked(path: Path) -> bytes:
    """The bytes of a file that ends as a PDF must."""
    data = path.read_bytes()  # by its path PDFium would not find a file that has no name in any folder
    if b"startxref" not in data[-TAIL_BYTES:]:
        raise Unreadable("The PDF ends before its table of contents (no 'startxref'): it is cut short or corrupt; upload it again.")
    return data


def _visible(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The PDF without what stands on hidden layers, and a note when that cannot be done."""
    try:
        return without_hidden_layers(data), ()
    except MemoryError:
        raise
    except Exception:  # on damaged files pypdf raises anything; PDFium reads many of them, with all their layers
        logger.info("the layers of a PDF cannot be read", exc_info=True)
        hides = b"/OCProperties" in data
        return data, ("The layers of the PDF cannot be told apart: text of those that are switched off is read too.",) if hides else ()


def _open(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.raw.FPDF_ERR_PASSWORD:
            raise Unreadable("The PDF is encrypted and needs a password; upload a copy saved without one.") from error
        raise Unreadable("The PDF is corrupt and cannot be opened; upload it again, or save it anew.") from error


def _open_page(document: pdfium.PdfDocument, index: int) -> pdfium.PdfPage:
    try:
        return document[index]
    except pdfium.PdfiumError as error:
        raise Unreadable(_CORRUPT_PAGE.format(index + 1)) from error


def _first_text(document: pdfium.PdfDocument) -> str:
    with closing(_open_page(document, 0)) as page, closing(page.get_textpage()) as text_page:
        return str(text_page.get_text_range())


def _attached(document: pdfium.PdfDocument) -> Iterator[Embedded]:
    for index in range(document.count_attachments()):
        yield _embedded(document.get_attachment(index))


def _embedded(file: pdfium.PdfAttachment) -> Embedded:
    return Embedded(file.get_name() or "unnamed", bytes(file.get_data()))


def _is_unreadable(text: str) -> bool:
    return is_damaged(text) or are_strange(text)


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
    return recognised if len(recognised) > len(text) // 2 and not _is_unreadable(recognised) else text
