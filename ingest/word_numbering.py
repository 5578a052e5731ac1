"""The automatic numbers of Word's paragraphs, counted as Word counts them (ECMA-376 part 1, chapter 17.9)."""

import re
from dataclasses import dataclass

from lxml import etree

from ingest.numerals import numeral
from ingest.ooxml import W
from ingest.symbols import from_font, is_symbol_font

LEVELS = 9
_PLACE = re.compile(r"%([1-9])")
BULLET = "•"
NONE: tuple[str | None, int | None] = (None, None)  # neither list nor level


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a list; `restart` is the number of levels above that restart it, None all of them."""

    start: int
    form: str
    text: str
    style: str
    restart: int | None
    decimal: bool


@dataclass(frozen=True, slots=True)
class _List:
    """A `w:num`: the abstract list that it counts in, and where it starts or reads otherwise."""

    abstract: str
    starts: dict[int, int]
    levels: dict[int, Level]


class Numbering:
    """Call `number` once for each paragraph, in the order of the document."""

    def __init__(self, numbering: etree._Element | None, styles: etree._Element | None) -> None:
        self._abstract: dict[str, dict[int, Level]] = {}
        self._lists: dict[str, _List] = {}
        self._styles = _style_lists(styles)
        self._counts: dict[str, list[int | None]] = {}
        self._seen: set[tuple[str, int]] = set()
        self._unread = numbering  # until a paragraph asks: most documents define lists and have none

    def number(self, properties: etree._Element | None, style: str) -> str:
        """Return the number of a paragraph as it is shown, "•" for a bullet, "" without one. `properties` are its `w:pPr`."""
        if self._unread is not None and (self._styles.get(style, NONE) != NONE or _has_number(properties)):
            self._read(self._unread)
            self._unread = None
        list_id, level = self._place(properties, style)
        entry = self._lists.get(list_id)
        if entry is None:
            return ""
        levels = self._abstract.get(entry.abstract, {}) | entry.levels
        if level not in levels:
            return ""
        counts = self._counts.setdefault(entry.abstract, [None] * LEVELS)
        self._count(counts, levels, level, list_id, entry)
        return _shown(levels, counts, level)

    def _place(self, properties: etree._Element | None, style: str) -> tuple[str, int]:
        """Return the list and the level of a paragraph: its own, else its style's; "0" is no list."""
        own = properties.find(f"{W}numPr") if properties is not None else None
        list_id, level = _number_properties(own)
        styled_id, styled_level = self._styles.get(style, (None, None))
        if list_id is None:
            list_id = styled_id
            if level is None and list_id is not None:
                level = self._level_of_style(list_id, style)
        if level is None:
            level = styled_level
        return list_id or "0", min(level or 0, LEVELS - 1)

    def _level_of_style(self, list_id: str, style: str) -> int | None:
        entry = self._lists.get(list_id)
        levels = self._abstract.get(entry.abstract, {}) if entry else {}
        return next((number for number, level in levels.items() if level.style == style), None)

    def _count(self, counts: list[int | None], levels: dict[int, Level], level: int, list_id: str, entry: _List) -> None:
        starts_anew = level in entry.starts and (list_id, level) not in self._seen
        self._seen.add((list_id, level))
        before = counts[level]
        if starts_anew:
            counts[level] = entry.starts[level]
        else:
            counts[level] = levels[level].start if before is None else before + 1
        for above in range(level):
            if counts[above] is None:
                counts[above] = levels[above].start if above in levels else 1
        for below in range(level + 1, LEVELS):
            restart = levels[below].restart if below in levels else None
            if restart is None or (restart > 0 and level < restart):
                counts[below] = None

    def _read(self, numbering: etree._Element) -> None:
        linked: dict[str, str] = {}
        named: dict[str, str] = {}
        for abstract in numbering.iterchildren(f"{W}abstractNum"):
            key = abstract.get(f"{W}abstractNumId", "")
            self._abstract[key] = dict(_level(level) for level in abstract.iterchildren(f"{W}lvl"))
            if (name := _val(abstract, "styleLink")) is not None:
                named[name] = key
            if (name := _val(abstract, "numStyleLink")) is not None:
                linked[key] = name
        for key, name in linked.items():  # a list by a list style: the style's own list has the levels
            self._abstract[key] = self._abstract.get(named.get(name, ""), self._abstract[key])
        for num in numbering.iterchildren(f"{W}num"):
            starts, levels = _overrides(num)
            abstract = _val(num, "abstractNumId") or ""
            abstract = named.get(linked.get(abstract, ""), abstract)
            self._lists[num.get(f"{W}numId", "")] = _List(abstract, starts, levels)


def _shown(levels: dict[int, Level], counts: list[int | None], level: int) -> str:
    own = levels[level]
    if own.form == "bullet":
        return BULLET if own.text.strip() else ""

    def at(match: re.Match[str]) -> str:
        place = int(match[1]) - 1
        form = levels[place].form if place in levels else "decimal"
        if form == "none":
            return ""
        return numeral(counts[place] or 0, "decimal" if own.decimal and place <= level else form)

    return "" if own.form == "none" and not own.text else _PLACE.sub(at, own.text).strip()


def _level(element: etree._Element) -> tuple[int, Level]:
    text = _val(element, "lvlText") or ""
    fonts = element.find(f"{W}rPr/{W}rFonts")
    font = fonts.get(f"{W}ascii", "") if fonts is not None else ""
    form = _val(element, "numFmt") or "decimal"
    if form == "bullet" and is_symbol_font(font):
        text = from_font(text, font) or BULLET
    restart = _val(element, "lvlRestart")
    legal = element.find(f"{W}isLgl")
    level = Level(
        start=_whole(_val(element, "start"), 1),
        form=form,
        text=text,
        style=_val(element, "pStyle") or "",
        restart=None if restart is None else _whole(restart, 0),
        decimal=legal is not None and legal.get(f"{W}val", "1") not in ("0", "false", "off"),
    )
    return _whole(element.get(f"{W}ilvl"), 0), level


def _overrides(num: etree._Element) -> tuple[dict[int, int], dict[int, Level]]:
    starts: dict[int, int] = {}
    levels: dict[int, Level] = {}
    for override in num.iterchildren(f"{W}lvlOverride"):
        level = _whole(override.get(f"{W}ilvl"), 0)
        if (start := _val(override, "startOverride")) is not None:
            starts[level] = _whole(start, 1)
        if (other := override.find(f"{W}lvl")) is not None:
            levels[level] = _level(other)[1]
    return starts, levels


def _style_lists(styles: etree._Element | None) -> dict[str, tuple[str | None, int | None]]:
    """Return the list and the level of each paragraph style, its own or that of the style it is based on."""
    if styles is None or next(styles.iter(f"{W}numPr"), None) is None:
        return {}
    own: dict[str, tuple[str | None, int | None]] = {}
    based: dict[str, str] = {}
    for style in styles.iterchildren(f"{W}style"):
        name = style.get(f"{W}styleId", "")
        own[name] = _number_properties(style.find(f"{W}pPr/{W}numPr"))
        based[name] = _val(style, "basedOn") or ""
    return {name: _inherited(name, own, based) for name in own}


def _inherited(name: str, own: dict[str, tuple[str | None, int | None]], based: dict[str, str]) -> tuple[str | None, int | None]:
    level = None
    for _ in range(len(own)):  # styles based on each other in a ring end too
        found, at = own.get(name, (None, None))
        level = at if level is None else level
        if found is not None:
            return found, level
        if not (name := based.get(name, "")):
            break
    return None, level


def _has_number(properties: etree._Element | None) -> bool:
    return properties is not None and properties.find(f"{W}numPr") is not None


def _number_properties(element: etree._Element | None) -> tuple[str | None, int | None]:
    if element is None:
        return None, None
    level = _val(element, "ilvl")
    return _val(element, "numId"), None if level is None else _whole(level, 0)


def _val(element: etree._Element, name: str) -> str | None:
    child = element.find(f"{W}{name}")
    return None if child is None else child.get(f"{W}val", "")


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else default
