"""Puts the values of form fields, and what was typed onto a page, where a reader sees them: beside or below their labels."""

from collections.abc import Sequence

from ingest.pdf_annotations import Value
from ingest.pdf_glyphs import Glyph, Line
from ingest.pdf_rows import Box, around

LABEL_ABOVE = 1.5  # line heights between a field and a line above that names it


def with_values(lines: Sequence[Line], values: Sequence[Value]) -> list[Line]:
    """The lines with each value in the line that it stands in, in its place; else in a line of its own, after the one above it."""
    if not values:
        return list(lines)
    lines = [list(line) for line in lines]
    below: dict[int, list[Line]] = {}
    boxes = [_box(line) for line in lines]
    for value in values:
        at = _same_line(boxes, value.box)
        if at is not None:
            _insert(lines[at], value)
        else:
            above, is_label = _above(boxes, value.box)
            text = value.text if is_label or not value.label else f"{value.label}: {value.text}"
            below.setdefault(above, []).append([Glyph(text, value.box)])
    return [*below.get(-1, []), *(each for at, line in enumerate(lines) for each in (line, *below.get(at, [])))]


def appended(text: str, values: Sequence[Value]) -> str:
    """The text with the values after it, each with its field's name, where the places of the characters are not known."""
    return "\n".join([text, *(f"{value.label}: {value.text}" if value.label else value.text for value in values)])


def _box(line: Line) -> Box:
    return around([glyph.box for glyph in line if not glyph.text.isspace()])


def _same_line(boxes: Sequence[Box], field: Box) -> int | None:
    """The line whose middle is level with the field, the nearest beside it; of several beside a tall field the topmost."""
    level = [at for at, box in enumerate(boxes) if field.bottom <= (box.bottom + box.top) / 2 <= field.top]
    level = [at for at in level if boxes[at].left < field.left or boxes[at].right > field.right]  # not what the field covers
    if not level:
        return None
    highest = max(boxes[at].top for at in level)
    level = [at for at in level if boxes[at].top > highest - boxes[at].height / 2]
    return min(level, key=lambda at: max(field.left - boxes[at].right, boxes[at].left - field.right, 0.0))


def _insert(line: Line, value: Value) -> None:
    middle = (value.box.left + value.box.right) / 2
    seen = [at for at, glyph in enumerate(line) if not glyph.text.isspace() and glyph.box.left >= min(middle, value.box.left + 6)]
    text = " ".join(value.text.split())
    if value.state and not seen:  # its label is before it: say what the tick means
        text += f" {value.state}"
    line.insert(seen[0] if seen else len(line), Glyph(f" {text} ", value.box))


def _above(boxes: Sequence[Box], field: Box) -> tuple[int, bool]:
    """The nearest line above the field, one over it before others, -1 where there is none; and whether it is so near that it names it."""
    distances = [(box.bottom - field.top, at) for at, box in enumerate(boxes) if box.bottom >= field.top - box.height / 2]
    over = [(distance, at) for distance, at in distances if boxes[at].left < field.right and field.left < boxes[at].right]
    distance, at = min(over or distances, default=(0.0, -1))
    return at, bool(over) and distance <= LABEL_ABOVE * boxes[at].height
