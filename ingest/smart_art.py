"""SmartArt: the texts of a diagram's points in the order of its tree (ECMA-376 part 1, chapter 21.4)."""

from lxml import etree

from ingest.ooxml import DGM, A

NO_TEXT = "A diagram holds no text that can be read."
_DRAWN = {"pres", "parTrans", "sibTrans", "doc"}  # points that lay the others out


def diagram_lines(root: etree._Element) -> list[str]:
    """Return the text of each point of a diagram's data, a line each, parents before their children."""
    texts = {
        point.get("modelId", ""): _text(point)
        for point in root.iter(f"{DGM}pt")
        if point.get("type", "node") not in _DRAWN or point.get("type") == "doc"
    }
    children: dict[str, list[tuple[int, str]]] = {}
    for connection in root.iter(f"{DGM}cxn"):
        if connection.get("type", "parOf") == "parOf":
            order = connection.get("srcOrd", "0")
            place = int(order) if order.isascii() and order.isdigit() and len(order) < 10 else 0
            children.setdefault(connection.get("srcId", ""), []).append((place, connection.get("destId", "")))
    roots = [point.get("modelId", "") for point in root.iter(f"{DGM}pt") if point.get("type") == "doc"]
    ordered: dict[str, None] = {}
    waiting = list(reversed(roots))
    while waiting:
        current = waiting.pop()
        if current not in ordered:
            ordered[current] = None
            waiting += [child for _, child in sorted(children.get(current, []), reverse=True)]
    return [texts[key] for key in dict.fromkeys([*ordered, *texts]) if texts.get(key)]


def _text(point: etree._Element) -> str:
    return " ".join(" ".join("".join(run.text or "" for run in line.iter(f"{A}t")) for line in point.iter(f"{A}p")).split())
