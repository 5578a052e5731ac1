"""XLSX as its sheets show it: numbers and dates by their formats, merged cells, charts and text boxes; hidden sheets are left out."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from lxml import etree

from ingest.archive import open_archive
from ingest.drawings import DRAWN, EMBEDDED, FALLBACK, Drawings
from ingest.ooxml import Package, R, is_on
from ingest.regional import Region, region_of
from ingest.sections import Section, with_notes
from ingest.sheet_language import sheet_language
from ingest.sheet_rows import CellFormats, sheet_rows, unescaped
from ingest.slide_text import body_lines
from ingest.tables import table_sections
from rag.settings import ParseLimits

COMMENTS = "Comments on cells are not read."
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_TEXT_BODY = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}txBody"


def parse_workbook(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield the visible sheets in order, labelled by sheet name; formulas as the values last computed. Raises TooLarge, Unreadable."""
    notes: list[str] = []
    with open_archive(path, limits) as archive:
        yield from with_notes(_Workbook(Package(archive), notes).sections(), notes)


class _Workbook:
    """What all sheets share: strings, formats, and the language that they are shown in."""

    def __init__(self, package: Package, notes: list[str]) -> None:
        self._package = package
        self._notes = notes
        self._part = package.main()
        self._root = package.xml(self._part)
        properties = self._root.find(f"{_S}workbookPr")
        styles = package.of_kind(self._part, "styles")
        codes = CellFormats.codes(package.xml(styles[0]) if styles else None)
        from_1904 = properties is not None and properties.get("date1904") is not None and is_on(properties, "date1904")
        self._formats = CellFormats(codes, lambda: self._region, from_1904=from_1904)

    @cached_property
    def _region(self) -> Region:
        """Found only when a number needs it: most sheets of words and whole numbers do not."""
        return region_of(sheet_language(self._package, self._strings, self._formats.used))

    @cached_property
    def _strings(self) -> list[str]:
        found = self._package.of_kind(self._part, "sharedStrings")
        return list(shared_strings(self._package, found[0])) if found else []

    def sections(self) -> Iterator[Section]:
        related = self._package.related(self._part)
        for sheet in self._root.iterfind(f"{_S}sheets/{_S}sheet"):
            name, target = sheet.get("name", ""), related.get(sheet.get(f"{R}id", ""))
            if sheet.get("state", "visible") != "visible":
                self._notes.append(f"The hidden sheet {name!r} is not read.")
            elif target is not None and self._package.holds(target.target):
                yield from self._sheet(name, target.target, is_chart=target.kind == "chartsheet")

    def _sheet(self, name: str, part: str, *, is_chart: bool) -> Iterator[Section]:
        if not is_chart:
            yield from table_sections(name, sheet_rows(self._package, part, self._strings, self._formats, self._notes))
        for drawing in self._package.of_kind(part, "drawing"):
            lines = [line for line in self._drawn(drawing) if line.strip()]
            if lines:
                yield Section(name, "\n".join(lines))
        if self._package.of_kind(part, "comments") or self._package.of_kind(part, "threadedComment"):
            self._notes.append(COMMENTS)
        if self._package.of_kind(part, "oleObject") or self._package.of_kind(part, "package"):
            self._notes.append(EMBEDDED)

    def _drawn(self, part: str) -> Iterator[str]:
        """Yield the lines of the charts, diagrams and shapes that lie on a sheet."""
        drawings = Drawings(self._package, self._notes, self._region, of_workbook=True)
        walker = etree.iterwalk(self._package.xml(part), events=("start",))
        for _, element in walker:
            if element.tag == FALLBACK:
                walker.skip_subtree()
            elif element.tag == _TEXT_BODY:
                walker.skip_subtree()
                yield from body_lines(element)
            elif element.tag in DRAWN:
                walker.skip_subtree()
                yield from drawings.lines(element, part)


def shared_strings(package: Package, part: str) -> Iterator[str]:
    """Yield the strings that cells name by their number."""
    with package.open(part) as stream:
        for _, item in etree.iterparse(stream, events=("end",), tag="{*}si", resolve_entities=False, no_network=True):
            yield " ".join(unescaped("".join(text.text or "" for text in _written(item))).split())
            item.clear()


def _written(item: etree._Element) -> Iterator[etree._Element]:
    """Yield the texts of a string but those that say how it is pronounced."""
    for child in item:
        if isinstance(child.tag, str) and child.tag.endswith("}t"):
            yield child
        elif isinstance(child.tag, str) and child.tag.endswith("}r"):
            yield from child.iterchildren("{*}t")
