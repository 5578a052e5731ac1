"""ODT, ODS and ODP (OASIS OpenDocument 1.3, part 3) in document order: see `odf_text` for what is read of paragraphs and tables."""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.archive import open_archive
from ingest.cleaning import collapse_spaces
from ingest.odf_lists import STYLE, TABLE, TEXT
from ingest.odf_text import DRAW, OFFICE, PRESENTATION, OdfFile
from ingest.sections import Section, cut, with_notes
from ingest.tables import table_sections
from rag.settings import ParseLimits

HEADING_LEVELS = ("1", "2")  # begin a section, as in DOCX and HTML


def parse_opendocument(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield the sections of a text, labelled by their heading; a table row is one line with ' | ' between cells.

    Footnotes follow their paragraph. Raises TooLarge, Unreadable.
    """
    with open_archive(path, limits) as archive:
        file = OdfFile(archive)
        yield from with_notes(_text_sections(file, file.body("text")), file.notes)


def parse_opendocument_sheets(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield the visible sheets of an ODS, labelled by sheet name, cells as they are shown. Raises TooLarge, Unreadable."""
    with open_archive(path, limits) as archive:
        file = OdfFile(archive)
        yield from with_notes(_sheet_sections(file, file.body("spreadsheet")), file.notes)


def parse_opendocument_slides(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield a section per slide of an ODP, empty ones too, so that numbers hold. Raises TooLarge, Unreadable."""
    with open_archive(path, limits) as archive:
        file = OdfFile(archive)
        for number, slide in enumerate(file.body("presentation").iterchildren(f"{DRAW}page"), start=1):
            lines = [*_slide_lines(file, slide), *_speaker_notes(file, slide)]
            notes = tuple(dict.fromkeys(file.notes))
            file.notes.clear()
            yield Section(f"Slide {number}", collapse_spaces("\n".join(lines)), notes=notes)


def _text_sections(file: OdfFile, body: etree._Element) -> Iterator[Section]:
    label, kept = "", list[str]()
    for block, number in file.numbered(body):
        text = "\n".join(file.rows(block)) if block.tag == f"{TABLE}table" else file.paragraph(block)
        text = f"{number} {text}" if number and text else text
        if block.tag == f"{TEXT}h" and text and block.get(f"{TEXT}outline-level", "1") in HEADING_LEVELS:
            yield from cut(label, kept)
            label, kept = " ".join(text.split()), []
        kept += [*text.split("\n"), ""] if text else []
    yield from cut(label, kept)


def _sheet_sections(file: OdfFile, body: etree._Element) -> Iterator[Section]:
    hidden = {
        style.get(f"{STYLE}name")
        for style in file.styles(f"{STYLE}style")
        if any(each.get(f"{TABLE}display") == "false" for each in style.iterchildren(f"{STYLE}table-properties"))
    }
    for sheet in body.iterchildren(f"{TABLE}table"):
        name = sheet.get(f"{TABLE}name", "")
        if sheet.get(f"{TABLE}style-name") in hidden:
            file.notes.append(f"The hidden sheet {name!r} is not read.")
            continue
        yield from table_sections(name, file.cells(sheet))
        lines = [line for shapes in sheet.iterchildren(f"{TABLE}shapes") for line in file.drawn(shapes) if line.strip()]
        if lines:
            yield Section(name, "\n".join(lines))


def _slide_lines(file: OdfFile, slide: etree._Element) -> Iterator[str]:
    frames = [frame for frame in slide.iterchildren(tag=etree.Element) if frame.tag != f"{PRESENTATION}notes"]
    titles = [frame for frame in frames if frame.get(f"{PRESENTATION}class") == "title"]
    for frame in titles:
        yield from file.drawn(frame)
        yield ""
    for frame in frames:
        if frame not in titles and not str(frame.tag).startswith(OFFICE):
            yield from file.drawn(frame)


def _speaker_notes(file: OdfFile, slide: etree._Element) -> list[str]:
    boxes = [box for notes in slide.iterchildren(f"{PRESENTATION}notes") for box in notes.iter(f"{DRAW}text-box")]
    text = "\n".join(line for box in boxes for line in file.drawn(box)).strip()
    return ["\nNotes: " + text] if text else []
