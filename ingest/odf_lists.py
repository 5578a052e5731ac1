"""The automatic numbers of OpenDocument's lists and headings (OASIS OpenDocument 1.3, part 3, chapters 5.3 and 16.30 to 16.35)."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from ingest.numerals import numeral

TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
BULLET = "•"
MOST_LEVELS = 10
_BLOCKS = (f"{TEXT}h", f"{TEXT}p", f"{TABLE}table")


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered; `form` is "" for no number, and `shown` how many levels the number has."""

    form: str
    prefix: str
    suffix: str
    start: int
    shown: int
    bullet: bool


class Lists:
    """The list styles of a file, and how far each list has counted. Ask for the blocks of a document once, in order."""

    def __init__(self, *roots: etree._Element) -> None:
        self._styles: dict[str, dict[int, Level]] = {}
        self._outline: dict[int, Level] = {}
        for root in roots:
            for style in root.iter(f"{TEXT}list-style"):
                self._styles[style.get(f"{STYLE}name", "")] = dict(map(_level, style.iterchildren(tag=etree.Element)))
            for style in root.iter(f"{TEXT}outline-style"):
                self._outline = dict(map(_level, style.iterchildren(tag=etree.Element)))
        self._counts: dict[str, dict[int, int]] = {}

    def blocks(self, parent: etree._Element, left_out: set[str]) -> Iterator[tuple[etree._Element, str]]:
        """Yield headings, paragraphs and tables in order, each with its number; also those inside sections and indexes."""
        for child in parent.iterchildren(tag=etree.Element):
            if child.tag == f"{TEXT}list":
                yield from self._list(child, "", 1, left_out)
            elif child.tag in _BLOCKS:
                yield child, self._heading(child) if child.tag == f"{TEXT}h" else ""
            elif child.tag not in left_out:
                yield from self.blocks(child, left_out)

    def _list(self, element: etree._Element, style: str, level: int, left_out: set[str]) -> Iterator[tuple[etree._Element, str]]:
        style = element.get(f"{TEXT}style-name", style)
        counts = self._counts.setdefault(style, {})
        goes_on = element.get(f"{TEXT}continue-numbering") == "true" or element.get(f"{TEXT}continue-list") is not None
        if level == 1 and not goes_on:
            counts.clear()
        for item in element.iterchildren(f"{TEXT}list-item", f"{TEXT}list-header"):
            number = self._next(style, level, item.get(f"{TEXT}start-value")) if item.tag == f"{TEXT}list-item" else ""
            for child in item.iterchildren(tag=etree.Element):
                if child.tag == f"{TEXT}list":
                    yield from self._list(child, style, level + 1, left_out)
                elif child.tag in _BLOCKS:
                    yield child, number
                    number = ""
                elif child.tag not in left_out:
                    yield from self.blocks(child, left_out)

    def _next(self, style: str, level: int, start: str | None) -> str:
        return _shown(self._styles.get(style, {}), self._counts.setdefault(style, {}), level, start)

    def _heading(self, element: etree._Element) -> str:
        level = _whole(element.get(f"{TEXT}outline-level"), 1)
        if level not in self._outline or element.get(f"{TEXT}is-list-header") == "true":
            return ""
        return _shown(self._outline, self._counts.setdefault("", {}), level, element.get(f"{TEXT}start-value"))


def _shown(levels: dict[int, Level], counts: dict[int, int], level: int, start: str | None) -> str:
    """Count one on at that level and return the number as it is shown."""
    own = levels.get(level)
    if own is None or level > MOST_LEVELS:
        return ""
    counts[level] = _whole(start, 1) if start is not None else counts.get(level, own.start - 1) + 1
    for deeper in [each for each in counts if each > level]:
        del counts[deeper]
    if own.bullet:
        return BULLET
    if not own.form:
        return f"{own.prefix}{own.suffix}".strip()
    places = [at for at in range(max(level - own.shown, 0) + 1, level + 1) if at == level or (at in levels and levels[at].form)]
    numbers = (numeral(counts.get(at, levels[at].start), levels[at].form) for at in places)
    return f"{own.prefix}{'.'.join(numbers)}{own.suffix}".strip()


def _level(element: etree._Element) -> tuple[int, Level]:
    level = Level(
        form=element.get(f"{STYLE}num-format", ""),
        prefix=element.get(f"{STYLE}num-prefix", ""),
        suffix=element.get(f"{STYLE}num-suffix", ""),
        start=_whole(element.get(f"{TEXT}start-value"), 1),
        shown=_whole(element.get(f"{TEXT}display-levels"), 1),
        bullet=str(element.tag).endswith("-bullet"),
    )
    return _whole(element.get(f"{TEXT}level"), 1), level


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else default
