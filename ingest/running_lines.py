"""Takes the running headers and footers off the pages of a PDF: lines that come again at the edge of page after page.

They say nothing about their page and would stand in the middle of a sentence that goes on overleaf. Numbers in them must be the same, or go
up with the pages: other numbers, as in the total of each invoice, are what a page is about. One line of each kind stays, the first that is
seen to come again, and so does a page of nothing else.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ingest.sections import Section

EDGE = 3  # lines at the top and at the bottom that may belong to it
AHEAD = 2  # pages before and after that are compared: left and right pages may differ
AGAIN = 2  # of those up to four pages that must have the line, too; one does where it is known to be such a line
_NUMBER = re.compile(r"(\d{1,9})")


class Line(NamedTuple):
    """A line's `words` between its `numbers`."""

    words: tuple[str, ...]
    numbers: tuple[int, ...]


class Edges(NamedTuple):
    """A page and its first and last lines with writing."""

    section: Section
    top: list[Line]
    bottom: list[Line]


def without_running_lines(sections: Iterable[Section]) -> Iterator[Section]:
    """Yield the sections, each as soon as the two after it are known."""
    window: deque[Edges] = deque(maxlen=2 * AHEAD + 1)
    kept: set[tuple[str, ...]] = set()
    before = 0  # pages in the window that are out already
    for section in sections:
        if len(window) == window.maxlen:
            before -= 1
        lines = [_line(line) for line in section.text.split("\n") if line.strip()]
        window.append(Edges(section, lines[:EDGE], lines[-EDGE:]))
        if len(window) - before > AHEAD:
            yield _stripped(list(window), before, kept)
            before += 1
    while before < len(window):
        yield _stripped(list(window), before, kept)
        before += 1


def _line(text: str) -> Line:
    parts = _NUMBER.split(text.strip())
    return Line(tuple(parts[::2]), tuple(map(int, parts[1::2])))


def _stripped(window: list[Edges], at: int, kept: set[tuple[str, ...]]) -> Section:
    """The section at `at` without the lines that come again; `kept` has the words of those that stayed once, and grows."""
    page = window[at]
    others = [(number - at, other) for number, other in enumerate(window) if number != at and abs(number - at) <= AHEAD]
    running: set[Line] = set()
    for edge, of_other in ((page.top, [other.top for _, other in others]), (page.bottom, [other.bottom for _, other in others])):
        distances = [distance for distance, _ in others]
        for line in edge:
            again = sum(any(_comes_again(line, each, far) for each in lines) for far, lines in zip(distances, of_other, strict=True))
            if again >= (1 if line.words in kept else AGAIN):
                running.add(line)
    new = {line for line in running if line.words not in kept and any(map(str.strip, line.words))}  # not a mere number
    kept.update(line.words for line in new)
    lines = page.section.text.split("\n")
    written = [number for number, line in enumerate(lines) if line.strip()]
    gone = {number for number in (*written[:EDGE], *written[-EDGE:]) if _line(lines[number]) in running - new}
    if not gone or len(gone) == len(written):
        return page.section
    return page.section._replace(text="\n".join(line for number, line in enumerate(lines) if number not in gone).strip("\n"))


def _comes_again(line: Line, other: Line, distance: int) -> bool:
    """Whether the other line is this one, `distance` pages on."""
    return line.words == other.words and all(
        theirs - ours in (0, distance) for ours, theirs in zip(line.numbers, other.numbers, strict=True)
    )
