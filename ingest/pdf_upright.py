"""The text of a PDF page in the order in which it is read when the page is turned so that its lines run from left to right."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2 as pdfium

SAMPLES = 5  # characters of a page whose direction is looked at


@contextmanager
def upright(page: pdfium.PdfPage) -> Iterator[pdfium.PdfTextPage]:
    """The page's text page. PDFium takes the lines from the last to the first when they run down on the page as it is shown."""
    shown = page.get_rotation()
    text_page = page.get_textpage()
    try:
        turn = _turn(text_page)
        if turn not in (None, shown):
            text_page.close()
            page.set_rotation(turn)
            text_page = page.get_textpage()
        yield text_page
    finally:
        text_page.close()
        if page.get_rotation() != shown:
            page.set_rotation(shown)  # as it is drawn for text recognition


def _turn(text_page: pdfium.PdfTextPage) -> int | None:
    """The rotation in degrees at which most of the text is upright; None for text that is at no right angle, or none."""
    count = text_page.count_chars()
    places = range(0, count, max(1, count // SAMPLES))
    angles = Counter(round(math.degrees(max(0.0, pdfium.raw.FPDFText_GetCharAngle(text_page, at)))) % 360 for at in places)
    angle = max(angles, key=lambda each: angles[each], default=1)
    return -angle % 360 if angle % 90 == 0 else None
