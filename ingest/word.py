"""DOCX in document order, in sections at headings 1 and 2: see `word_text` for what is read of paragraphs and tables."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.archive import open_archive
from ingest.ooxml import Package, W
from ingest.sections import Section, cut, with_notes
from ingest.word_chunks import Imported, chunk_lines, kind_of
from ingest.word_text import Story, style_of
from rag.errors import Unreadable
from rag.settings import ParseLimits

# The English style names are stored whatever the language of the Word that wrote the file.
HEADINGS = {"title", "heading 1", "heading 2"}
COMMENTS = "Comments are not read."
TOO_DEEP = "Documents inside documents inside the document are not read."
DAMAGED = "A document inside the document is damaged and not read."
MOST_DEEP = 2  # documents in a document: Word itself resolves them when it saves
_CONTAINERS = {f"{W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag")}


def parse_word(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield sections labelled by their heading; a table row is one line with ' | ' between cells. Hidden text is left out.

    Page numbers do not exist in a DOCX before it is laid out. Headers, footers and comments are not read. Raises TooLarge, Unreadable.
    """
    notes: list[str] = []
    with open_archive(path, limits) as archive:
        yield from with_notes(_sections(archive, Imported(limits, notes)), notes)


def _sections(archive: zipfile.ZipFile, imported: Imported) -> Iterator[Section]:
    package = Package(archive)
    part = package.main()
    styles = _related_xml(package, part, "styles")
    story = Story(package, part, styles, _related_xml(package, part, "numbering"), imported.notes)
    headings = _heading_styles(styles)
    comments = _related_xml(package, part, "comments")
    if comments is not None and comments.find(f"{W}comment") is not None:
        imported.notes.append(COMMENTS)
    body = package.xml(part).find(f"{W}body")
    label, kept = "", list[str]()
    for block in _blocks(body) if body is not None else ():
        if block.tag == f"{W}altChunk":
            kept += _imported_lines(package, part, block, imported)
            continue
        text = story.table(block) if block.tag == f"{W}tbl" else story.paragraph(block)
        if block.tag == f"{W}p" and text and style_of(block) in headings:
            yield from cut(label, kept)
            label, kept = " ".join(text.split()), []
        kept += [*text.split("\n"), *story.notes_here(), ""]
    yield from cut(label, kept)


def _imported_lines(package: Package, part: str, block: etree._Element, imported: Imported) -> list[str]:
    """Return the lines of a file of another kind that is part of the document (`w:altChunk`); a DOCX is read as this one is."""
    data = imported.read(package, part, block)
    if data is None:
        return []
    if kind_of(data) != "docx":
        return chunk_lines(data, imported)
    if imported.depth >= MOST_DEEP:
        imported.notes.append(TOO_DEEP)
        return []
    imported.depth += 1
    try:
        with open_archive(io.BytesIO(data), imported.limits) as archive:
            return [line for section in _sections(archive, imported) for line in [*section.text.split("\n"), ""]]
    except Unreadable:
        imported.notes.append(DAMAGED)
        return []
    finally:
        imported.depth -= 1


def _related_xml(package: Package, part: str, kind: str) -> etree._Element | None:
    found = package.of_kind(part, kind)
    return package.xml(found[0]) if found else None


def _heading_styles(styles: etree._Element | None) -> set[str]:
    found = set()
    for style in styles.iterchildren(f"{W}style") if styles is not None else ():
        name = style.find(f"{W}name")
        if name is not None and name.get(f"{W}val", "").lower() in HEADINGS:
            found.add(style.get(f"{W}styleId", ""))
    return found


def _blocks(parent: etree._Element) -> Iterator[etree._Element]:
    """Yield paragraphs, tables and imported files in order, also those inside content controls."""
    for child in parent:
        if child.tag in (f"{W}p", f"{W}tbl", f"{W}altChunk"):
            yield child
        elif child.tag in _CONTAINERS:
            yield from _blocks(child)
