"""ODT (OASIS OpenDocument 1.3, part 3) in document order: headings, paragraphs, lists, tables as rows, notes where they are anchored."""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.archive import open_archive, read_part
from ingest.cleaning import collapse_spaces
from ingest.sections import Section, cut
from rag.errors import Unreadable
from rag.settings import ParseLimits

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_SPACES = {f"{_TEXT}s": " ", f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
_LEFT_OUT = {f"{_TEXT}tracked-changes", f"{_TEXT}note-citation", f"{_OFFICE}annotation", f"{_TEXT}sequence-decls", f"{_OFFICE}forms"}
HEADING_LEVELS = ("1", "2")  # begin a section, as in DOCX and HTML


def parse_opendocument(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield sections labelled by their heading; a table row is one line with ' | ' between cells. Raises TooLarge, Unreadable."""
    with open_archive(path, limits) as archive:
        try:
            content = read_part(archive, "content.xml")
        except KeyError as error:
            raise Unreadable("The ODT holds no content.xml: it is damaged or encrypted; save it anew without a password.") from error
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    body = root.find(f".//{_OFFICE}text")
    label, kept = "", list[str]()
    for block in _blocks(body if body is not None else root):
        text = _rows(block) if block.tag == f"{_TABLE}table" else collapse_spaces(_text(block))
        if block.tag == f"{_TEXT}h" and text and block.get(f"{_TEXT}outline-level", "1") in HEADING_LEVELS:
            yield from cut(label, kept)
            label, kept = " ".join(text.split()), []
        kept += [*text.split("\n"), ""] if text else []
    yield from cut(label, kept)


def _blocks(parent: etree._Element) -> Iterator[etree._Element]:
    """Yield headings, paragraphs and tables in order, also those inside lists, sections and indexes."""
    for child in parent.iterchildren(tag=etree.Element):
        if child.tag in (f"{_TEXT}h", f"{_TEXT}p", f"{_TABLE}table"):
            yield child
        elif child.tag not in _LEFT_OUT:
            yield from _blocks(child)


def _text(element: etree._Element) -> str:
    pieces: list[str] = []
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, node in walker:
        if event == "start" and node.tag in _LEFT_OUT:
            walker.skip_subtree()
        elif event == "start":
            pieces.append(_SPACES.get(node.tag, "") + (node.text or ""))
        if event == "end" and node is not element:
            pieces.append(("\n" if node.tag == f"{_TEXT}p" else "") + (node.tail or ""))
    return "".join(pieces)


def _rows(table: etree._Element) -> str:
    lines = (
        " | ".join(" ".join(_text(cell).split()) for cell in row.iter(f"{_TABLE}table-cell")) for row in table.iter(f"{_TABLE}table-row")
    )
    return "\n".join(line for line in lines if line.strip(" |"))
