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
    """The rows in the order of the page's text, each with its cells from left to right.

    A page has hundreds of boxes, one for each piece that the file sets at once: here is no call for each.
    """
    rows: list[Row] = []
    row: Row = []
    cell = None
    for box in _boxes(text_page):
        if cell is None:
            cell = box
            continue
        left, bottom, right, top = box
        cell_left, cell_bottom, cell_right, cell_top = cell
        height, cell_height = top - bottom, cell_top - cell_bottom
        shared = (top if top < cell_top else cell_top) - (bottom if bottom > cell_bottom else cell_bottom)
        if left < cell_right - cell_height or shared * 2 <= (height if height < cell_height else cell_height):  # another line
            rows.append([*row, Box(*cell)])
            row, cell = [], box
        elif left - cell_right < GAP * (height if height > cell_height else cell_height):
            cell = (min(cell_left, left), min(cell_bottom, bottom), max(cell_right, right), max(cell_top, top))
        else:
            row.append(Box(*cell))
            cell = box
    return [*rows, [*row, Box(*cell)]] if cell else rows


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds the boxes."""
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return Box(min(lefts), min(bottoms), max(rights), max(tops))


def fits(row: Sequence[Box], columns: Sequence[Box]) -> bool:
    """Whether each cell of the row stands in one of the columns, and no two in the same."""
    places = [[place for place, column in enumerate(columns) if cell.left < column.right and column.left < cell.right] for cell in row]
    return all(len(found) == 1 for found in places) and len({found[0] for found in places}) == len(places)


def _boxes(text_page: pdfium.PdfTextPage) -> list[tuple[float, float, float, float]]:
    """The boxes' left, bottom, right and top."""
    left, top, right, bottom = c_double(), c_double(), c_double(), c_double()
    places = byref(left), byref(top), byref(right), byref(bottom)
    page, read = text_page.raw, pdfium.raw.FPDFText_GetRect
    found = []
    for index in range(pdfium.raw.FPDFText_CountRects(page, 0, -1)):
        read(page, index, *places)
        found.append((left.value, bottom.value, right.value, top.value))
    return found
