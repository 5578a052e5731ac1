"""DOCX in document order: paragraphs, tables as rows, text boxes where they are anchored, footnotes last; sections at headings 1 and 2."""

from collections.abc import Iterator
from pathlib import Path

from docx import Document
from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from lxml import etree

from ingest.archive import open_archive
from ingest.cleaning import collapse_spaces
from ingest.sections import Section, cut
from rag.settings import ParseLimits

# The English style names are stored whatever the language of the Word that wrote the file.
HEADINGS = {"title", "heading 1", "heading 2"}
_TEXT = {qn("w:t"): None, qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
# Fallback repeats a text box for old versions of Word; deleted and moved-away text is in the document no more.
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = {_FALLBACK, qn("w:del"), qn("w:moveFrom"), qn("w:rPr"), qn("w:pPr")}


def parse_word(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield sections labelled by their heading; a table row is one line with ' | ' between cells. Hidden text is left out.

    Page numbers do not exist in a DOCX before it is laid out. Headers and footers are not read. Raises TooLarge, Unreadable.
    """
    open_archive(path, limits).close()
    document = Document(str(path))
    headings = _heading_styles(document)
    label, kept = "", list[str]()
    for block in _blocks(document.element.body):
        text = _row_lines(block) if block.tag == qn("w:tbl") else collapse_spaces(_text(block))
        if block.tag == qn("w:p") and text and _style(block) in headings:
            yield from cut(label, kept)
            label, kept = " ".join(text.split()), []
        kept += [*text.split("\n"), ""]
    yield from cut(label, kept)
    yield from cut("Footnotes", _footnotes(document))


def _heading_styles(document: WordDocument) -> set[str]:
    return {style.style_id for style in document.styles if (style.name or "").lower() in HEADINGS}


def _style(paragraph: etree._Element) -> str:
    style = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    return "" if style is None else style.get(qn("w:val"), "")


def _blocks(parent: etree._Element) -> Iterator[etree._Element]:
    """Yield paragraphs and tables in order, also those inside content controls."""
    for child in parent:
        if child.tag in (qn("w:p"), qn("w:tbl")):
            yield child
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:moveTo"), qn("w:customXml"), qn("w:smartTag")):
            yield from _blocks(child)


def _text(paragraph: etree._Element) -> str:
    pieces: list[str] = []
    walker = etree.iterwalk(paragraph, events=("start", "end"))
    for event, element in walker:
        if event == "start" and (element.tag in _LEFT_OUT or _hidden(element)):
            walker.skip_subtree()
        elif event == "start" and element.tag in _TEXT:
            pieces.append(_TEXT[element.tag] or element.text or "")
        elif event == "end" and element.tag == qn("w:p") and element is not paragraph:
            pieces.append("\n")
    return "".join(pieces)


def _hidden(element: etree._Element) -> bool:
    vanish = element.find(f"{qn('w:rPr')}/{qn('w:vanish')}") if element.tag == qn("w:r") else None
    return vanish is not None and vanish.get(qn("w:val"), "1") not in ("0", "false", "off")


def _row_lines(table: etree._Element) -> str:
    rows = (row for row in table.iter(qn("w:tr")) if next(row.iterancestors(qn("w:tbl"))) is table)
    lines = (" | ".join(" ".join(_cell(cell).split()) for cell in row.iter(qn("w:tc")) if _row_of(cell) is row) for row in rows)
    return "\n".join(line for line in lines if line.strip(" |"))


def _row_of(cell: etree._Element) -> etree._Element | None:
    return next(cell.iterancestors(qn("w:tr")), None)


def _cell(cell: etree._Element) -> str:
    return " ".join(_text(paragraph) for paragraph in cell.iter(qn("w:p")))


def _footnotes(document: WordDocument) -> list[str]:
    links = document.part.rels.values()
    parts = [link.target_part for link in links if link.reltype == RELATIONSHIP_TYPE.FOOTNOTES and not link.is_external]
    return [collapse_spaces(_text(paragraph)) for part in parts for paragraph in parse_xml(part.blob).iter(qn("w:p"))]
