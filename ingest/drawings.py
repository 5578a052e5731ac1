"""What stands in a document beside its running text: charts, SmartArt, pictures and embedded objects, in DOCX, PPTX and XLSX alike."""

from lxml import etree

from ingest.charts import NO_DATA, chart_lines, has_values
from ingest.ooxml import CX, DGM, MC, C, Package, R
from ingest.regional import DEFAULT, Region, region_of
from ingest.smart_art import NO_TEXT, diagram_lines

PICTURES = "Pictures are not read."
EMBEDDED = "Embedded objects are not read."
FALLBACK = f"{MC}Fallback"
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/picture}pic"
_VML = "{urn:schemas-microsoft-com:vml}"
_OLE = "{urn:schemas-microsoft-com:office:office}OLEObject"
_IMAGES = {_PICTURE, f"{_VML}imagedata", "{http://schemas.openxmlformats.org/presentationml/2006/main}pic",
           "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}pic"}  # fmt: skip
_OBJECTS = {_OLE, "{http://schemas.openxmlformats.org/presentationml/2006/main}oleObj"}
DRAWN = {f"{C}chart", f"{CX}chart", f"{DGM}relIds", f"{_VML}textpath", *_IMAGES, *_OBJECTS}


class Drawings:
    """Reads what a part's drawings name; adds to `notes` what of it cannot be read."""

    def __init__(self, package: Package, notes: list[str], region: Region | None = None, *, of_workbook: bool = False) -> None:
        """Charts of a workbook (`of_workbook`) draw cells that are read with their sheet: no value is missing where they keep none."""
        self._package = package
        self._notes = notes
        self._region = region or region_of(DEFAULT)
        self._of_workbook = of_workbook

    def lines(self, element: etree._Element, part: str) -> list[str]:
        """Return the text of one drawn element (a tag of DRAWN) of that part."""
        if element.tag in _IMAGES:
            self._notes.append(PICTURES)
        elif element.tag in _OBJECTS:
            self._notes.append(EMBEDDED)
        elif element.tag == f"{_VML}textpath":
            return [element.get("string", "")]
        elif element.tag == f"{DGM}relIds":
            return self._diagram(part, element.get(f"{R}dm", ""))
        else:
            return self._chart(part, element.get(f"{R}id", ""))
        return []

    def _chart(self, part: str, relation: str) -> list[str]:
        root = self._root(part, relation)
        if root is None or not (has_values(root) or (self._of_workbook and next(root.iter(f"{C}f", f"{CX}f"), None) is not None)):
            self._notes.append(NO_DATA)
        return [] if root is None else chart_lines(root, self._region)

    def _diagram(self, part: str, relation: str) -> list[str]:
        root = self._root(part, relation)
        lines = [] if root is None else diagram_lines(root)
        if not lines:
            self._notes.append(NO_TEXT)
        return lines

    def _root(self, part: str, relation: str) -> etree._Element | None:
        related = self._package.related(part).get(relation)
        if related is None or related.external or not self._package.holds(related.target):
            return None
        return self._package.xml(related.target)
