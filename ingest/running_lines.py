"""Takes the running headers and footers off the pages of a PDF: lines that come again at the edge of page after page, numbers apart.

They say nothing about their page and would stand in the middle of a sentence that goes on overleaf. One of each stays, so that it can be
found: the first that is seen to come again.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator

from ingest.sections import Section

EDGE = 3  # lines at the top and at the bottom that may belong to it
AHEAD = 2  # pages before and after that are compared: left and right pages may differ
AGAIN = 2  # of those up to four pages that must have the line, too; one does where it is known to be such a line
_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)


def without_running_lines(sections: Iterable[Section]) -> Iterator[Section]:
    """Yield the sections, each as soon as the two after it are known."""
    window: deque[tuple[Section, list[str], list[str]]] = deque(maxlen=2 * AHEAD + 1)
    kept: set[str] = set()
    before = 0  # pages in the window that are out already
    for section in sections:
        if len(window) == window.maxlen:
            before -= 1
        window.append((section, *_edges(section.text)))
        if len(window) - before > AHEAD:
            yield _stripped(list(window), before, kept)
            before += 1
    while before < len(window):
        yield _stripped(list(window), before, kept)
        before += 1


def _edges(text: str) -> tuple[list[str], list[str]]:
    """The first and the last lines with writing, numbers made alike."""
    lines = [_NUMBER.sub("#", line.strip()) for line in text.split("\n") if line.strip()]
    return lines[:EDGE], lines[-EDGE:]


def _stripped(window: list[tuple[Section, list[str], list[str]]], at: int, kept: set[str]) -> Section:
    """The section at `at` without the lines that come again; `kept` are those that stayed once, and grows."""
    section, top, bottom = window[at]
    others = [page for number, page in enumerate(window) if number != at and abs(number - at) <= AHEAD]

    def running(edge: list[str], which: int) -> set[str]:
        again = {line for line in edge if sum(line in page[which] for page in others) >= (1 if line in kept else AGAIN)}
        new = {line for line in again if line not in kept and line.strip("# .-–|/")}  # a page number alone says nothing at all
        kept.update(new)
        return again - new

    tops, bottoms = running(top, 1), running(bottom, 2)
    if not tops and not bottoms:
        return section
    lines = section.text.split("\n")
    written = [number for number, line in enumerate(lines) if line.strip()]
    gone = {number for number in written[:EDGE] if _NUMBER.sub("#", lines[number].strip()) in tops}
    gone |= {number for number in written[-EDGE:] if _NUMBER.sub("#", lines[number].strip()) in bottoms}
    return section._replace(text="\n".join(line for number, line in enumerate(lines) if number not in gone).strip("\n"))
