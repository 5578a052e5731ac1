"""The pages of a document, whatever its format: the one door of all parsers. Runs in the parser's process."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.cleaning import clean_text
from ingest.encoding import examine
from ingest.epub import parse_epub
from ingest.identification import identify
from ingest.json_records import parse_json, parse_json_lines
from ingest.mail import parse_eml, parse_msg
from ingest.markup import parse_html, parse_markdown
from ingest.media_types import (
    ACCEPTED,
    CSV,
    DOCX,
    EML,
    EPUB,
    HTML,
    IMAGES,
    JSON,
    JSON_LINES,
    MARKDOWN,
    MSG,
    ODP,
    ODS,
    ODT,
    OLE_TYPES,
    PDF,
    PPTX,
    RTF,
    TEXT,
    TEXT_TYPES,
    TSV,
    XLSX,
    XML,
    ZIP_TYPES,
)
from ingest.opendocument import parse_opendocument, parse_opendocument_sheets, parse_opendocument_slides
from ingest.pdf import count_pdf_pages, parse_pdf
from ingest.plain import parse_text
from ingest.recognition import NOT_READ, NOTHING_SEEN, nothing_found, parse_image
from ingest.rich_text import parse_rich_text
from ingest.sections import Section
from ingest.slides import parse_slides
from ingest.tables import parse_csv
from ingest.word import parse_word
from ingest.workbook import parse_workbook
from ingest.xml_text import parse_xml
from rag.errors import RagError, TooLarge, Unreadable, UnsupportedType
from rag.records import Page
from rag.settings import ParseLimits

logger = logging.getLogger(__name__)

PARSERS: dict[str, Callable[[Path, ParseLimits], Iterator[Section]]] = {
    PDF: parse_pdf,
    DOCX: parse_word,
    PPTX: parse_slides,
    XLSX: parse_workbook,
    ODT: parse_opendocument,
    ODS: parse_opendocument_sheets,
    ODP: parse_opendocument_slides,
    RTF: parse_rich_text,
    EPUB: parse_epub,
    **dict.fromkeys(IMAGES, parse_image),
    EML: parse_eml,
    MSG: parse_msg,
    HTML: parse_html,
    MARKDOWN: parse_markdown,
    CSV: lambda path, limits: parse_csv(path),
    TSV: lambda path, limits: parse_csv(path, "\t"),
    JSON: parse_json,
    JSON_LINES: lambda path, limits: parse_json_lines(path),
    XML: parse_xml,
    TEXT: lambda path, limits: parse_text(path),
}


def parse(path: Path, declared: str, limits: ParseLimits = ParseLimits()) -> Iterator[Page]:  # noqa: B008  # frozen: sharing it is safe
    """Yield the pages of a document lazily, numbered from 1, as clean text: NFC, no control characters but \\n and \\t, no surrogates.

    `declared` is what `ingest.magic.sniff` returned; which parser reads the file is decided by all of its bytes. A page without text is
    yielded empty, so numbers hold. PDFium serves one PDF per process at a time. Raises, possibly after some pages: Unreadable (corrupt,
    encrypted, no text), TooLarge (bomb, pages, characters), UnsupportedType (no format that is read).
    """
    if declared not in PARSERS.keys() | ZIP_TYPES | OLE_TYPES:
        raise UnsupportedType(f"The type {declared!r} is not read; accepted are {ACCEPTED}.")
    media_type = declared
    try:
        media_type = identify(path, declared, limits)
        yield from _numbered(read_sections(path, media_type, limits), media_type, limits)
    except (RagError, MemoryError):
        raise
    except Exception as error:  # hostile bytes make the libraries raise anything; it concerns this document alone
        if isinstance(error, OSError) and error.errno is not None:  # the disk's; libraries raise theirs without a number
            raise
        logger.warning("%s cannot be parsed as %s", path, media_type, exc_info=True)
        raise Unreadable(f"The file ({media_type}) is corrupt or cut short; save it anew and upload it again.") from error


def read_sections(path: Path, media_type: str, limits: ParseLimits) -> Iterator[Section]:
    """Yield what the type's parser finds; the first section notes bytes of a text that are no such text. Raises what the parser raises."""
    found = examine(path) if media_type in TEXT_TYPES - {EML} else None
    notes = found.notes if found else ()
    for section in PARSERS[media_type](path, limits):
        yield section._replace(notes=(*notes, *section.notes)) if notes else section
        notes = ()


def count_pages(path: Path, declared: str) -> int | None:
    """How many pages `parse` will yield, of formats that say so before they are read. Raises Unreadable."""
    return count_pdf_pages(path) if declared == PDF else None


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
    if blank and notes.keys() - {NOTHING_SEEN, NOT_READ}:
        raise Unreadable(" ".join(["The document holds no text that can be read.", *list(notes)[:5]]))
    if blank:
        raise nothing_found() if media_type in (PDF, *IMAGES) else Unreadable("The document holds no text.")


def _cleaned(notes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(" ".join(clean_text(note).split())[:500] for note in notes)
