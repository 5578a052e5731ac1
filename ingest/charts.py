"""Charts of Office (DrawingML, ECMA-376 part 1, chapter 21.2, and the newer chartex): title, then a line of values per category."""

from collections.abc import Iterator

from lxml import etree

from ingest.number_formats import GENERAL, shown
from ingest.ooxml import CX, A, C
from ingest.regional import Region

NO_DATA = "A chart holds no data: it cannot be read."
MOST_POINTS = 10_000  # of one chart; more are a picture of a curve, not values that somebody reads


def chart_lines(root: etree._Element, region: Region) -> list[str]:
    """Return the lines of a chart part: titles, then `Category; Series: value; Series: value`; without values only the titles."""
    if root.tag == f"{CX}chartSpace":
        return [*_titles(root, CX), *_newer_rows(root, region)]
    names, rows = _rows(root, region)
    lines = _titles(root, C)
    if len(names) == 1 and names[0] and names[0] not in lines and not rows:
        lines.append(names[0])
    lines += rows
    return lines + [text for text in _labels(root) if text not in lines]


def has_values(root: etree._Element) -> bool:
    """Say whether the chart keeps the values that it draws; some name only the workbook that has them."""
    return next(root.iter(f"{C}v", f"{CX}pt"), None) is not None


def _titles(root: etree._Element, space: str) -> list[str]:
    titles = (_text(title) for title in root.iter(f"{space}title"))
    return [title for title in dict.fromkeys(titles) if title]


def _text(element: etree._Element) -> str:
    written = " ".join("".join(run.text or "" for run in line.iter(f"{A}t")) for line in element.iter(f"{A}p"))
    cached = " ".join(value.text or "" for value in element.iter(f"{C}v", f"{CX}v"))
    return " ".join((written if written.strip() else cached).split())


def _labels(root: etree._Element) -> Iterator[str]:
    """Yield what was written by hand beside points."""
    for label in root.iter(f"{C}dLbl"):
        if text := _text(label):
            yield text


def _rows(root: etree._Element, region: Region) -> tuple[list[str], list[str]]:
    series = list(root.iter(f"{C}ser"))
    names = [_series_name(each) for each in series]
    table: dict[str, list[str]] = {}
    points = 0
    for name, each in zip(names, series, strict=True):
        categories = _cache(each, ("cat", "xVal"), region)
        for index, value in _cache(each, ("val", "yVal"), region).items():
            points += 1
            if points > MOST_POINTS:
                break
            row = table.setdefault(f"{index}\n{categories.get(index, '')}", [])
            row.append(f"{name}: {value}" if name else value)
    return names, ["; ".join(part for part in (key.partition("\n")[2], *values) if part) for key, values in table.items()]


def _series_name(series: etree._Element) -> str:
    name = series.find(f"{C}tx")
    return "" if name is None else _text(name)


def _cache(series: etree._Element, names: tuple[str, str], region: Region) -> dict[int, str]:
    """Return by index the values that the chart keeps of a range of cells; categories of several levels are joined."""
    found: dict[int, str] = {}
    source = next((child for name in names if (child := series.find(f"{C}{name}")) is not None), None)
    if source is None:
        return found
    levels = list(source.iter(f"{C}lvl"))
    if levels:
        return _levels(levels)
    numbers = next(source.iter(f"{C}numCache", f"{C}numLit"), None)
    code = GENERAL if numbers is None else numbers.findtext(f"{C}formatCode") or GENERAL
    for point in source.iter(f"{C}pt"):
        text = point.findtext(f"{C}v") or ""
        found[_index(point)] = _value(text, point.get("formatCode") or code, region) if numbers is not None else " ".join(text.split())
    return found


def _levels(levels: list[etree._Element]) -> dict[int, str]:
    """Join the levels of categories, the outer first; an outer one is written only where it begins."""
    inner = {_index(point): point.findtext(f"{C}v") or "" for point in levels[0].iterchildren(f"{C}pt")}
    for level in levels[1:]:
        starts = {_index(point): point.findtext(f"{C}v") or "" for point in level.iterchildren(f"{C}pt")}
        name = ""
        for index in sorted(inner):
            name = starts.get(index, name)
            inner[index] = f"{name} {inner[index]}".strip()
    return inner


def _newer_rows(root: etree._Element, region: Region) -> list[str]:
    """Return the rows of a waterfall, treemap or funnel, whose categories and values stand in `cx:data`."""
    rows: list[str] = []
    for data in root.iter(f"{CX}data"):
        words = [_points(level) for level in data.iterfind(f"{CX}strDim/{CX}lvl")]
        values = [_points(level) for level in data.iterfind(f"{CX}numDim/{CX}lvl")]
        keys = sorted({index for column in (*words, *values) for index in column})[:MOST_POINTS]
        for index in keys:
            cells = [column[index] for column in reversed(words) if index in column]
            rows.append("; ".join([*cells, *(_value(column[index], GENERAL, region) for column in values if index in column)]))
    return rows


def _points(level: etree._Element) -> dict[int, str]:
    return {_index(point): " ".join((point.text or "").split()) for point in level.iterchildren(f"{CX}pt")}


def _index(point: etree._Element) -> int:
    text = point.get("idx", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _value(text: str, code: str, region: Region) -> str:
    try:
        return shown(float(text), code, region)
    except (ValueError, OverflowError):
        return " ".join(text.split())
