"""PPTX: one page per slide with its shapes, tables and speaker notes."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pptx import Presentation
from pptx.shapes.base import BaseShape
from pptx.shapes.group import GroupShape
from pptx.slide import Slide

from ingest.archive import open_archive
from ingest.cleaning import collapse_spaces
from ingest.sections import Section
from rag.settings import ParseLimits


def parse_slides(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield a section per slide, empty ones too, so that numbers hold. Text inside charts, SmartArt and pictures is not read."""
    open_archive(path, limits).close()
    for number, slide in enumerate(Presentation(str(path)).slides, start=1):
        yield Section(f"Slide {number}", collapse_spaces("\n".join(_slide_lines(slide))))


def _slide_lines(slide: Slide) -> Iterator[str]:
    title = slide.shapes.title
    if title is not None:
        yield title.text_frame.text
        yield ""
    for shape in _flat(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape_lines(shape)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        yield "\nNotes: " + notes.text


def _flat(shapes: Iterable[BaseShape]) -> Iterator[BaseShape]:
    for shape in shapes:
        if isinstance(shape, GroupShape):
            yield from _flat(shape.shapes)
        else:
            yield shape


def _shape_lines(shape: BaseShape) -> Iterator[str]:
    if shape.has_text_frame:
        yield shape.text_frame.text  # type: ignore[attr-defined]  # has_text_frame says that this shape has one
    elif shape.has_table:
        for row in shape.table.rows:  # type: ignore[attr-defined]  # has_table likewise
            yield " | ".join(" ".join(cell.text.split()) for cell in row.cells)
