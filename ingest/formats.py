"""What a file is, decided by its bytes, and its pages: the one door of all parsers."""

import logging
import mmap
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.archive import open_archive, read_part
from ingest.cleaning import clean_text
from ingest.encoding import SAMPLE, detect_encoding
from ingest.epub import parse_epub
from ingest.json_records import parse_json, parse_json_lines
from ingest.mail import parse_eml, parse_msg
from ingest.markup import parse_html, parse_markdown
from ingest.opendocument import parse_opendocument
from ingest.pdf import count_pdf_pages, parse_pdf
from ingest.plain import parse_text
from ingest.recognition import nothing_found, parse_image
from ingest.rich_text import parse_rich_text
from ingest.sections import Section
from ingest.slides import parse_slides
from ingest.tables import parse_csv
from ingest.word import parse_word
from ingest.workbook import parse_workbook
from rag.errors import RagError, TooLarge, Unreadable, UnsupportedType
from rag.records import Page
from rag.settings import ParseLimits

logger = logging.getLogger(__name__)

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
RTF = "application/rtf"
EML = "message/rfc822"
MSG = "application/vnd.ms-outlook"
HTML = "text/html"
MARKDOWN = "text/markdown"
CSV = "text/csv"
TSV = "text/tab-separated-values"
JSON = "application/json"
JSON_LINES = "application/jsonl"
TEXT = "text/plain"
IMAGES = {  # by their first bytes; TIFF has two byte orders
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"RIFF": "image/webp",
}

ACCEPTED = "PDF, DOCX, PPTX, XLSX, ODT, RTF, EPUB, HTML, Markdown, CSV, TSV, JSON, JSON lines, mails (EML, MSG), pictures and plain text"
PARSERS: dict[str, Callable[[Path, ParseLimits], Iterator[Section]]] = {
    PDF: parse_pdf,
    DOCX: parse_word,
    PPTX: parse_slides,
    XLSX: parse_workbook,
    ODT: parse_opendocument,
    RTF: parse_rich_text,
    EPUB: parse_epub,
    **dict.fromkeys(IMAGES.values(), parse_image),
    EML: parse_eml,
    MSG: parse_msg,
    HTML: parse_html,
    MARKDOWN: parse_markdown,
    CSV: lambda path, limits: parse_csv(path),
    TSV: lambda path, limits: parse_csv(path, "\t"),
    JSON: parse_json,
    JSON_LINES: lambda path, limits: parse_json_lines(path),
    TEXT: lambda path, limits: parse_text(path),
}
_TEXT_SUFFIXES = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".csv": CSV,
    ".tsv": TSV,
    ".json": JSON,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
}
_CONTENT_TYPES = (
    (b"wordprocessingml.document.main+xml", DOCX),
    (b"presentationml.presentation.main+xml", PPTX),
    (b"presentationml.slideshow.main+xml", PPTX),
    (b"ms-powerpoint.presentation.macroEnabled.main+xml", PPTX),
    (b"spreadsheetml.sheet.main+xml", XLSX),
    (b"ms-excel.sheet.macroEnabled.main+xml", XLSX),
)
_HTML_START = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
# Two of the headers that mails begin with, whatever stands between them (RFC 5322, section 2.2)
_MAIL_START = re.compile(
    rb"(?:(?:[!-9;-~]+:|[ \t])[^\n]*\n){0,200}?(?:From|To|Subject|Date|Message-ID|Received|MIME-Version|Content-Type):[^\n]*\n"
    rb"(?:(?:[!-9;-~]+:|[ \t])[^\n]*\n){0,200}?(?:From|To|Subject|Date|Message-ID|Received|MIME-Version|Content-Type):",
    re.IGNORECASE,
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def sniff(path: Path, name: str) -> str:
    """Return the media type of the file at `path`, by its bytes; `name`, as uploaded, only decides between kinds of text.

    Raises Unreadable for an empty or encrypted file, TooLarge for a decompression bomb, UnsupportedType for the rest.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if not head:
        raise Unreadable("The file is empty; upload a file that holds text.")
    return _binary_type(path, head) or _text_type(path, head, name)


def _binary_type(path: Path, head: bytes) -> str | None:
    if head.startswith(b"PK\x03\x04"):
        return _sniff_archive(path)
    if head.startswith(_OLE):
        return _sniff_ole(path)
    if b"%PDF-" in head[:1024]:
        return PDF
    if head.startswith(b"{\\rtf"):
        return RTF
    picture = next((media_type for start, media_type in IMAGES.items() if head.startswith(start)), None)
    return picture if picture != "image/webp" or head[8:12] == b"WEBP" else None


def _text_type(path: Path, head: bytes, name: str) -> str:
    encoding = detect_encoding(path)
    if encoding is None:
        raise UnsupportedType(f"The bytes of the file are no text and of no known type; accepted are {ACCEPTED}.")
    if _MAIL_START.match(head):
        return EML
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
    characters, blank, notes = 0, True, dict[str, None]()
    for number, section in enumerate(sections, start=1):
        text = clean_text(section.text)
        characters += len(text)
        if number > limits.pages:
            raise TooLarge(f"The document has more than {limits.pages:,} pages; split it.")
        if characters > limits.characters:
            raise TooLarge(f"The document holds more than {limits.characters:,} characters; split it.")
        blank = blank and not text.strip()
        if blank:  # else nobody will ask for them
            notes.update(dict.fromkeys(_cleaned(section.notes)))
        yield Page(number, text, clean_text(section.label)[:200], section.damaged, _cleaned(section.notes))
    if blank and notes:
        raise Unreadable(" ".join(["The document holds no text that can be read.", *list(notes)[:5]]))
    if blank:
        raise nothing_found() if media_type in (PDF, *IMAGES.values()) else Unreadable("The document holds no text.")


def _cleaned(notes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(" ".join(clean_text(note).split())[:500] for note in notes)


def _sniff_archive(path: Path) -> str:
    with open_archive(path, ParseLimits()) as archive:
        if (named := _named(archive)) in (EPUB, ODT):
            return named
        types = read_part(archive, "[Content_Types].xml") if "[Content_Types].xml" in archive.namelist() else b""
    for mark, media_type in _CONTENT_TYPES:
        if mark in types:
            return media_type
    raise UnsupportedType(f"The file is a ZIP archive of another kind; accepted are {ACCEPTED}: unpack it and upload what it holds.")


def _named(archive: zipfile.ZipFile) -> str:
    """The type that EPUB and OpenDocument files name in an entry of their own."""
    return read_part(archive, "mimetype").decode("ascii", "replace").strip() if "mimetype" in archive.namelist() else ""


def _sniff_ole(path: Path) -> str:
    """An OLE container holds a mail of Outlook, an encrypted new Office file or an old one. Raises for the latter two."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:  # its directory may stand anywhere
        is_mail = content.find("__properties_version1.0".encode("utf-16-le")) >= 0  # [MS-OXMSG] 2.4
        is_encrypted = content.find("EncryptedPackage".encode("utf-16-le")) >= 0
    if is_mail:
        return MSG
    if is_encrypted:
        raise Unreadable("The Office file is encrypted with a password; upload a copy saved without one.")
    old = "The file is of an old Office format (.doc, .ppt, .xls)"
    raise UnsupportedType(f"{old}; accepted are {ACCEPTED}: save it as DOCX, PPTX or XLSX.")
