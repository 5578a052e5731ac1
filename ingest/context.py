"""What a chunk's vector and words see besides its text: the document's title, the section, the nearest heading before it.

A section "Notice period" of the work rules of Freiburg does not name Freiburg: with the title before it, a question about Freiburg finds it
(contextual retrieval, https://www.anthropic.com/news/contextual-retrieval). The context is never quoted.
"""

from collections.abc import Sequence

import regex

from rag.records import Page

Span = tuple[int, int]

MOST_CHARACTERS = 100  # of a heading; what is longer is a sentence whose stop was forgotten
CONTEXT_CHARACTERS = 240  # of title, section and heading together: they must not outweigh a short chunk
_STOP = regex.compile(r"[.!?…।॥;,]['\"”’»)\]]*$")
_LIST_ITEM = regex.compile(r"(?:[-*+•‣▪◦–—>]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)])\s")
_VALUE = regex.compile(r":\s+\S|[|\t]")  # `label: value`, or cells of a table
_WORD = regex.compile(r"\p{L}{2}")


class Headings:
    """The headings of a document, page by page in order: call `page` once for each, then `context` for its chunks."""

    def __init__(self) -> None:
        self._title = ""
        self._label = ""
        self._page: list[tuple[int, str]] = []  # where the headings of this page begin
        self._last = ""  # the last heading of the page before, under which this page goes on
        self._first = True

    def page(self, page: Page, sentences: Sequence[Span]) -> None:
        """Take the next page with the spans of its sentences."""
        if self._page:
            self._last = self._page[-1][1]
        if page.label != self._label:  # a new section: the old heading does not reach into it
            self._label, self._last = page.label, ""
        self._page = [(start, _cleaned(page.text[start:end])) for start, end in _headings(page.text, sentences)]
        if self._first and page.text.strip():
            at_top = self._page and self._page[0][0] == sentences[0][0]
            self._title, self._first = (self._page[0][1] if at_top else _cleaned(page.label)), False

    def context(self, start: int) -> str:
        """Title, section and heading of a chunk that begins at character `start` of the current page; "" when there are none."""
        parts = [self._title, _cleaned(self._label), self._heading(start)]
        distinct = list(dict.fromkeys(part for part in parts if part and _WORD.search(part)))
        return ". ".join(distinct)[:CONTEXT_CHARACTERS]

    def _heading(self, start: int) -> str:
        """The nearest heading before `start`; none when the chunk begins with one of its own."""
        if any(at == start for at, _ in self._page):
            return ""
        before = [heading for at, heading in self._page if at < start]
        return before[-1] if before else self._last


def _headings(text: str, sentences: Sequence[Span]) -> list[Span]:
    """The spans of the headings; lines of one that the margin wrapped are one."""
    found: list[Span] = []
    for start, end in sentences:
        if not _is_heading(text, start, end):
            continue
        if (
            found
            and text.count("\n", found[-1][1], start) == 1
            and not text[found[-1][1] : start].strip()
            and end - found[-1][0] <= MOST_CHARACTERS
        ):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _is_heading(text: str, start: int, end: int) -> bool:
    """Whether a sentence is a line of its own, short, without a stop, and neither a list item nor a value."""
    line = text[start:end]
    alone = (start == 0 or text[:start].rstrip(" \t")[-1:] in ("", "\n")) and (
        end == len(text) or text[end:].lstrip(" \t")[:1] in ("", "\n")
    )
    plain = not (_STOP.search(line) or _LIST_ITEM.match(line) or _VALUE.search(line))
    return alone and plain and len(line) <= MOST_CHARACTERS and bool(_WORD.search(line))


def _cleaned(heading: str) -> str:
    return " ".join(heading.split()).lstrip("#").lstrip().rstrip(":： ")
