"""What a file is, decided by its bytes, and its pages: the one door of all parsers."""

import logging
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.archive import open_archive
from ingest.cleaning import clean_text
from ingest.encoding import SAMPLE, detect_encoding
from ingest.epub import parse_epub
from ingest.limits import ParseLimits
from ingest.markup import parse_html, parse_markdown
from ingest.pdf import count_pdf_pages, parse_pdf
from ingest.plain import parse_text
from ingest.sections import Section
from ingest.slides import parse_slides
from ingest.tables import parse_csv, parse_workbook
from ingest.word import parse_word
from rag.errors import RagError, TooLarge, Unreadable, UnsupportedType
from rag.records import Page

logger = logging.getLogger(__name__)

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EPUB = "application/epub+zip"
HTML = "text/html"
MARKDOWN = "text/markdown"
CSV = "text/csv"
TSV = "text/tab-separated-values"
TEXT = "text/plain"

ACCEPTED = "PDF, DOCX, PPTX, XLSX, EPUB, HTML, Markdown, CSV, TSV and plain text"
PARSERS: dict[str, Callable[[Path, ParseLimits], Iterator[Section]]] = {
    PDF: parse_pdf,
    DOCX: parse_word,
    PPTX: parse_slides,
    XLSX: parse_workbook,
    EPUB: parse_epub,
    HTML: parse_html,
    MARKDOWN: parse_markdown,
    CSV: lambda path, limits: parse_csv(path),
    TSV: lambda path, limits: parse_csv(path, "\t"),
    TEXT: lambda path, limits: parse_text(path),
}
_EMPTY_REASON = {PDF: "has no text layer (scanned pages or pictures); run OCR first and upload the result"}
_TEXT_SUFFIXES = {".md": MARKDOWN, ".markdown": MARKDOWN, ".html": HTML, ".htm": HTML, ".xhtml": HTML, ".csv": CSV, ".tsv": TSV}
_CONTENT_TYPES = (
    (b"wordprocessingml.document.main+xml", DOCX),
    (b"presentationml.presentation.main+xml", PPTX),
    (b"presentationml.slideshow.main+xml", PPTX),
    (b"ms-powerpoint.presentation.macroEnabled.main+xml", PPTX),
    (b"spreadsheetml.sheet.main+xml", XLSX),
    (b"ms-excel.sheet.macroEnabled.main+xml", XLSX),
)
_HTML_START = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def sniff(path: Path, name: str) -> str:
    """Return the media type of the file at `path`, by its bytes; `name`, as uploaded, only decides between kinds of text.

    Raises Unreadable for an empty or encrypted file, TooLarge for a decompression bomb, UnsupportedType for the rest.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if not head:
        raise Unreadable("The file is empty; upload a file that holds text.")
    if b"%PDF-" in head[:1024]:
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _sniff_archive(path)
    if head.startswith(_OLE):
        raise _old_office(path)
    if head.startswith(b"{\\rtf"):
        raise UnsupportedType(f"The file is RTF, which is not read; accepted are {ACCEPTED}: save it as DOCX.")
    encoding = detect_encoding(path)
    if encoding is None:
        raise UnsupportedType(f"The bytes of the file are no text and of no known type; accepted are {ACCEPTED}.")
    if _HTML_START.match(head.decode(encoding, errors="ignore")):
        return HTML
    return _TEXT_SUFFIXES.get(Path(name).suffix.lower(), TEXT)


def parse(path: Path, media_type: str, limits: ParseLimits = ParseLimits()) -> Iterator[Page]:  # noqa: B008  # frozen: sharing it is safe
    """Yield the pages of a document lazily, numbered from 1, as clean text: NFC, no control characters but \\n and \\t, no surrogates.

    A page without text is yielded empty, so numbers hold. PDFium serves one PDF per process at a time. Raises, possibly after some pages:
    Unreadable (corrupt, encrypted, no text), TooLarge (bomb, pages, characters), UnsupportedType (a media type that `sniff` never returns).
    """
    if media_type not in PARSERS:
        raise UnsupportedType(f"The type {media_type!r} is not read; accepted are {ACCEPTED}.")
    try:
        yield from _numbered(PARSERS[media_type](path, limits), media_type, limits)
    except (RagError, MemoryError, OSError):
        raise
    except Exception as error:  # hostile bytes make the libraries raise anything; it concerns this document alone
        logger.warning("%s cannot be parsed as %s", path, media_type, exc_info=True)
        raise Unreadable(f"The file ({media_type}) is corrupt or cut short; save it anew and upload it again.") from error


def count_pages(path: Path, media_type: str) -> int | None:
    """How many pages `parse` will yield, of formats that say so before they are read. Raises Unreadable."""
    return count_pdf_pages(path) if media_type == PDF else None


def _numbered(sections: Iterator[Section], media_type: str, limits: ParseLimits) -> Iterator[Page]:
    characters, blank = 0, True
    for number, section in enumerate(sections, start=1):
        text = clean_text(section.text)
        characters += len(text)
        if number > limits.pages:
            raise TooLarge(f"The document has more than {limits.pages:,} pages; split it.")
        if characters > limits.characters:
            raise TooLarge(f"The document holds more than {limits.characters:,} characters; split it.")
        blank = blank and not text.strip()
        yield Page(number, text, clean_text(section.label)[:200], section.damaged)
    if blank:
        raise Unreadable(f"The document {_EMPTY_REASON.get(media_type, 'holds no text')}.")


def _sniff_archive(path: Path) -> str:
    with open_archive(path, ParseLimits()) as archive:
        if _is_epub(archive):
            return EPUB
        types = archive.read("[Content_Types].xml") if "[Content_Types].xml" in archive.namelist() else b""
    for mark, media_type in _CONTENT_TYPES:
        if mark in types:
            return media_type
    raise UnsupportedType(f"The file is a ZIP archive of another kind; accepted are {ACCEPTED}: unpack it and upload what it holds.")


def _is_epub(archive: zipfile.ZipFile) -> bool:
    return "mimetype" in archive.namelist() and archive.read("mimetype").strip() == EPUB.encode()


def _old_office(path: Path) -> RagError:
    """Return the error for an OLE container, which holds either an encrypted new Office file or an old one."""
    with path.open("rb") as file:
        encrypted = any("EncryptedPackage".encode("utf-16-le") in block for block in iter(lambda: file.read(1 << 20), b""))
    if encrypted:
        return Unreadable("The Office file is encrypted with a password; upload a copy saved without one.")
    old = "The file is of an old Office format (.doc, .ppt, .xls, .msg)"
    return UnsupportedType(f"{old}; accepted are {ACCEPTED}: save it as DOCX, PPTX or XLSX.")
