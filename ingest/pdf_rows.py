"""The rows of a PDF page as PDFium's text boxes show them, without a look at single characters: cheap enough for every page.

A row is what stands on one line; a cell is a part of it that a gap of at least an em sets apart from the next.
"""

from collections.abc import Sequence
from ctypes import byref, c_double
from typing import NamedTuple

import pypdfium2 as pdfium

GAP = 1.0  # em, by the height of the line: a space between words is a third of it, in justified lines up to two thirds


class Box(NamedTuple):
    """A rectangle on the page in points, from its lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        return self.top - self.bottom


Row = list[Box]


def page_rows(text_page: pdfium.PdfTextPage) -> list[Row]:
    """The rows in the order of the page's text, each with its cells from left to right."""
    rows: list[Row] = []
    for box in _boxes(text_page):
        if rows and _goes_on(rows[-1][-1], box):
            last = rows[-1][-1]
            if box.left - last.right < GAP * max(last.height, box.height):
                rows[-1][-1] = Box(
                    min(last.left, box.left), min(last.bottom, box.bottom), max(last.right, box.right), max(last.top, box.top)
                )
            else:
                rows[-1].append(box)
        else:
            rows.append([box])
    return rows


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds the boxes."""
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return Box(min(lefts), min(bottoms), max(rights), max(tops))


def overlaps(one: Box, other: Box) -> bool:
    """Whether two boxes share more than half of the lower one's height: they stand on one line."""
    return min(one.top, other.top) - max(one.bottom, other.bottom) > min(one.height, other.height) / 2


def fits(row: Sequence[Box], columns: Sequence[Box]) -> bool:
    """Whether each cell of the row stands in one of the columns, and no two in the same."""
    places = [[place for place, column in enumerate(columns) if cell.left < column.right and column.left < cell.right] for cell in row]
    return all(len(found) == 1 for found in places) and len({found[0] for found in places}) == len(places)


def _boxes(text_page: pdfium.PdfTextPage) -> list[Box]:
    left, top, right, bottom = c_double(), c_double(), c_double(), c_double()
    places = byref(left), byref(top), byref(right), byref(bottom)
    found = []
    for index in range(pdfium.raw.FPDFText_CountRects(text_page, 0, -1)):
        pdfium.raw.FPDFText_GetRect(text_page, index, *places)
        found.append(Box(left.value, bottom.value, right.value, top.value))
    return found


def _goes_on(last: Box, box: Box) -> bool:
    return box.left >= last.right - last.height and overlaps(last, box)
