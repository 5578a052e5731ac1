"""The text of OpenDocument's paragraphs, lists, tables, frames and embedded charts (OASIS OpenDocument 1.3, part 3)."""

import posixpath
import zipfile
from collections.abc import Iterator

from lxml import etree

from ingest.archive import read_part
from ingest.cleaning import collapse_spaces
from ingest.drawings import EMBEDDED, PICTURES
from ingest.odf_lists import TABLE, TEXT, Lists
from ingest.ooxml import parse_xml
from ingest.table_layout import SPAN
from rag.errors import Unreadable

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
PRESENTATION = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
CHART = "{urn:oasis:names:tc:opendocument:xmlns:chart:1.0}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_MATH = "{http://www.w3.org/1998/Math/MathML}"
_SPACES = {f"{TEXT}s": " ", f"{TEXT}tab": "\t", f"{TEXT}line-break": "\n"}
_LEFT_OUT = {f"{TEXT}tracked-changes", f"{TEXT}note-citation", f"{OFFICE}annotation", f"{TEXT}sequence-decls", f"{OFFICE}forms"}
MOST_REPEATED = 1_000  # a cell or a row that is written once for many; blank ones stand for the rest of the sheet
UNCOMPUTED = "Formulas without a stored value are not computed."
COMMENTS = "Comments are not read."


class OdfFile:
    """One open file; `notes` gather what of it cannot be read."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = set(archive.namelist())
        self.notes: list[str] = []
        try:
            self._root = parse_xml(read_part(archive, "content.xml"))
        except KeyError as error:
            found = "The OpenDocument file holds no content.xml"
            raise Unreadable(f"{found}: it is damaged or encrypted; save it anew without a password.") from error

    def body(self, kind: str) -> etree._Element:
        """Return the element that holds a document of that kind."""
        found = self._root.find(f"{OFFICE}body/{OFFICE}{kind}")
        return self._root if found is None else found

    def numbered(self, body: etree._Element) -> Iterator[tuple[etree._Element, str]]:
        """Yield headings, paragraphs and tables in order, each with its automatic number."""
        named = [parse_xml(read_part(self._archive, "styles.xml"))] if "styles.xml" in self._names else []
        return Lists(*named, self._root).blocks(body, _LEFT_OUT)

    def styles(self, tag: str) -> Iterator[etree._Element]:
        """Yield the automatic styles with that tag."""
        yield from self._root.iterfind(f"{OFFICE}automatic-styles/{tag}")

    def paragraph(self, element: etree._Element) -> str:
        """Return a paragraph or heading, then its frames and its footnotes, each on lines of their own."""
        beside: list[str] = []
        text = collapse_spaces(self._run(element, beside))
        return "\n".join(part for part in (text, *beside) if part.strip())

    def rows(self, table: etree._Element) -> list[str]:
        """Return the rows of a table in a text, ' | ' between cells."""
        lines = (" | ".join(cell for cell in row if cell != SPAN) for row in self.cells(table))
        return [line for line in lines if line.strip(" |")]

    def cells(self, table: etree._Element) -> Iterator[list[str]]:
        """Yield the rows of a table, cells as they are shown; one that goes on over several rows stands in each of them."""
        above: dict[int, tuple[str, int]] = {}
        for row in _rows(table):
            cells: list[str] = []
            for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
                covered = cell.tag == f"{TABLE}covered-table-cell"
                text = self._covered(cells, above) if covered else self._cell(cell)
                down = _whole(cell.get(f"{TABLE}number-rows-spanned"))
                if down > 1:
                    above[len(cells)] = (text, down)
                repeated = _whole(cell.get(f"{TABLE}number-columns-repeated"))
                times = min(repeated, MOST_REPEATED) if text or repeated < MOST_REPEATED else 1
                cells += [text, *[SPAN] * (times - 1)] if covered else [text] * times
            above = {column: (text, left - 1) for column, (text, left) in above.items() if left > 1}
            filled = any(cell and cell != SPAN for cell in cells)
            for _ in range(min(_whole(row.get(f"{TABLE}number-rows-repeated")), MOST_REPEATED) if filled else 1):
                yield cells if filled else []

    def drawn(self, element: etree._Element) -> list[str]:
        """Return the lines of a frame or of what holds some: text boxes, tables, charts, equations."""
        if element.tag == f"{DRAW}object":
            return self._object(element.get(f"{_XLINK}href", ""))
        if element.tag == f"{DRAW}image":
            self.notes.append(PICTURES)
            return []
        if element.tag in (f"{DRAW}object-ole", f"{DRAW}plugin"):
            self.notes.append(EMBEDDED)
            return []
        if element.tag in (f"{TEXT}p", f"{TEXT}h"):
            return [self.paragraph(element)]
        if element.tag == f"{TABLE}table":
            return self.rows(element)
        children = [child for child in element if isinstance(child.tag, str) and child.tag not in _LEFT_OUT]
        objects = [child for child in children if child.tag == f"{DRAW}object"]
        if objects:  # the picture beside it shows what it showed when it was saved
            children = objects
        return [line for child in children for line in self.drawn(child)]

    def _run(self, element: etree._Element, beside: list[str]) -> str:
        pieces: list[str] = []
        walker = etree.iterwalk(element, events=("start", "end"))
        skipped: etree._Element | None = None
        for event, node in walker:
            if event == "start" and node.tag == f"{TEXT}note":
                beside += [self.paragraph(block) for body in node.iterchildren(f"{TEXT}note-body") for block in inside(body)]
                skipped = node
                walker.skip_subtree()
            elif event == "start" and isinstance(node.tag, str) and node.tag.startswith(DRAW) and node is not element:
                beside += self.drawn(node)
                skipped = node
                walker.skip_subtree()
            elif event == "start" and node.tag in _LEFT_OUT:
                self.notes += [COMMENTS] if node.tag == f"{OFFICE}annotation" else []
                skipped = node
                walker.skip_subtree()
            elif event == "start":
                repeated = _whole(node.get(f"{TEXT}c")) if node.tag == f"{TEXT}s" else 1
                pieces.append(_SPACES.get(node.tag, "") * min(repeated, 100) + (node.text or ""))
            if event == "end" and node is not element:
                inner = node.tag == f"{TEXT}p" and node is not skipped
                pieces.append(("\n" if inner else "") + (node.tail or ""))
        return "".join(pieces)

    def _cell(self, cell: etree._Element) -> str:
        shown = " ".join(" ".join(self._block(block) for block in inside(cell)).split())
        if shown:
            return shown
        value = next((cell.get(f"{OFFICE}{name}") for name in _VALUES if cell.get(f"{OFFICE}{name}")), "")
        if not value and cell.get(f"{TABLE}formula") and cell.get(f"{OFFICE}value-type") != "string":
            self.notes.append(UNCOMPUTED)
        return value or ""

    def _block(self, block: etree._Element) -> str:
        return " ".join(self.rows(block)) if block.tag == f"{TABLE}table" else self.paragraph(block)

    def _covered(self, cells: list[str], above: dict[int, tuple[str, int]]) -> str:
        return above[len(cells)][0] if len(cells) in above else SPAN

    def _object(self, target: str) -> list[str]:
        """Return the lines of an object inside the file: a chart with its values, an equation in its own notation."""
        name = posixpath.normpath(posixpath.join(target, "content.xml")).lstrip("./")
        if name not in self._names:
            self.notes.append(EMBEDDED)
            return []
        root = parse_xml(read_part(self._archive, name))
        if root.tag == f"{_MATH}math":
            written = root.findtext(f".//{_MATH}annotation") or "".join(root.itertext())
            return [" ".join(written.split())]
        chart = root.find(f"{OFFICE}body/{OFFICE}chart/{CHART}chart")
        if chart is None:
            self.notes.append(EMBEDDED)
            return []
        titles = [self.paragraph(block) for title in chart.iter(f"{CHART}title", f"{CHART}subtitle") for block in inside(title)]
        return [
            *titles,
            *("; ".join(cell for cell in row if cell) for table in chart.iterchildren(f"{TABLE}table") for row in self.cells(table)),
        ]


_VALUES = ("string-value", "value", "date-value", "time-value", "boolean-value")


def inside(parent: etree._Element) -> Iterator[etree._Element]:
    """Yield headings, paragraphs and tables in order, also those inside lists, sections and indexes."""
    for child in parent.iterchildren(tag=etree.Element):
        if child.tag in (f"{TEXT}h", f"{TEXT}p", f"{TABLE}table"):
            yield child
        elif child.tag not in _LEFT_OUT:
            yield from inside(child)


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    """Yield the rows of a table, also those in groups and headers, but none of a table inside it."""
    for child in table:
        if child.tag == f"{TABLE}table-row":
            yield child
        elif child.tag in (f"{TABLE}table-rows", f"{TABLE}table-row-group", f"{TABLE}table-header-rows"):
            yield from _rows(child)


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else 1
