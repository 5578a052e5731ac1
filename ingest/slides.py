"""PPTX: one page per slide with its title, shapes, tables, charts, diagrams and speaker notes."""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.archive import open_archive
from ingest.cleaning import collapse_spaces
from ingest.drawings import DRAWN, FALLBACK, PICTURES, Drawings
from ingest.ooxml import A, P, Package, R
from ingest.sections import Section
from ingest.slide_text import body_lines, table_lines
from rag.settings import ParseLimits

_TITLES = {"title", "ctrTitle"}
_LEFT_OUT = {FALLBACK, f"{P}nvSpPr", f"{P}nvGraphicFramePr", f"{P}spPr", f"{P}style", f"{P}nvGrpSpPr", f"{P}grpSpPr"}


def parse_slides(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield a section per slide, empty and hidden ones too, so that numbers hold. Raises TooLarge, Unreadable."""
    with open_archive(path, limits) as archive:
        package = Package(archive)
        main = package.main()
        for number, part in enumerate(_slide_parts(package, main), start=1):
            notes: list[str] = []
            root = package.xml(part)
            lines = [*_slide_lines(root, part, Drawings(package, notes), notes), *_speaker_notes(package, part)]
            yield Section(f"Slide {number}", collapse_spaces("\n".join(lines)), notes=tuple(dict.fromkeys(notes)))


def _slide_parts(package: Package, main: str) -> Iterator[str]:
    related = package.related(main)
    for slide in package.xml(main).iterfind(f"{P}sldIdLst/{P}sldId"):
        target = related.get(slide.get(f"{R}id", ""))
        if target is not None and package.holds(target.target):
            yield target.target


def _slide_lines(root: etree._Element, part: str, drawings: Drawings, notes: list[str]) -> Iterator[str]:
    tree = root.find(f"{P}cSld/{P}spTree")
    if tree is None:
        return
    title = next((shape for shape in tree.iter(f"{P}sp") if _placeholder(shape) in _TITLES), None)
    if title is not None:
        yield from _body(title)
        yield ""
    walker = etree.iterwalk(tree, events=("start",))
    for _, element in walker:
        if element.tag in _LEFT_OUT or element is title:
            walker.skip_subtree()
        elif element.tag == f"{P}txBody":
            walker.skip_subtree()
            yield from body_lines(element)
        elif element.tag == f"{A}tbl":
            walker.skip_subtree()
            yield from table_lines(element)
        elif element.tag in DRAWN:
            walker.skip_subtree()
            yield from drawings.lines(element, part)
        elif element.tag == f"{A}blip":
            notes.append(PICTURES)


def _placeholder(shape: etree._Element) -> str | None:
    found = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")
    return None if found is None else str(found.get("type", "obj"))


def _body(shape: etree._Element) -> Iterator[str]:
    body = shape.find(f"{P}txBody")
    if body is not None:
        yield from body_lines(body)


def _speaker_notes(package: Package, part: str) -> list[str]:
    for name in package.of_kind(part, "notesSlide"):
        shapes = package.xml(name).iterfind(f"{P}cSld/{P}spTree/{P}sp")
        text = "\n".join(line for shape in shapes if _placeholder(shape) == "body" for line in _body(shape))
        if text.strip():
            return ["\nNotes: " + text]
    return []
