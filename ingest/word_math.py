"""Equations of Office (OMML, ECMA-376 part 1, chapter 22.1) as linear text: (a + b)/2, x^2, √(x), ∑_(i=1)^n i."""

from collections.abc import Callable, Iterable

from lxml import etree

from ingest.ooxml import M

_ACCENTS = {"\u0302": "^", "\u0303": "~", "\u0304": "¯", "\u20d7": "→", "\u0307": "˙"}


def linear(element: etree._Element) -> str:
    """Return an equation, or a part of one, in one line, as it would be typed (Unicode Technical Note 28)."""
    if element.tag == f"{M}t":
        return element.text or ""
    name = element.tag.removeprefix(M) if isinstance(element.tag, str) else ""
    form = _FORMS.get(name)
    return form(element) if form else "".join(linear(child) for child in element if not _is_properties(child))


def _is_properties(element: etree._Element) -> bool:
    return not isinstance(element.tag, str) or element.tag.endswith("Pr")


def _part(element: etree._Element, name: str) -> str:
    child = element.find(f"{M}{name}")
    return "" if child is None else linear(child).strip()


def _grouped(text: str) -> str:
    """Return an operand in brackets unless it is one word."""
    return text if text.replace(".", "").replace(",", "").isalnum() or len(text) <= 1 else f"({text})"


def _value(element: etree._Element, path: str, default: str) -> str:
    found = element.find("/".join(f"{M}{step}" for step in path.split("/")))
    return default if found is None else found.get(f"{M}val", default)


def _scripts(element: etree._Element) -> str:
    low, high = _part(element, "sub"), _part(element, "sup")
    return (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")


def _fraction(element: etree._Element) -> str:
    return f"{_grouped(_part(element, 'num'))}/{_grouped(_part(element, 'den'))}"


def _scripted(element: etree._Element) -> str:
    return _grouped(_part(element, "e")) + _scripts(element)


def _prescripted(element: etree._Element) -> str:
    return _scripts(element) + _part(element, "e")


def _radical(element: etree._Element) -> str:
    degree, base = _part(element, "deg"), _part(element, "e")
    return f"√({degree}&{base})" if degree else f"√({base})"


def _n_ary(element: etree._Element) -> str:
    return f"{_value(element, 'naryPr/chr', '∫')}{_scripts(element)} {_part(element, 'e')}"


def _delimited(element: etree._Element) -> str:
    opening, closing = _value(element, "dPr/begChr", "("), _value(element, "dPr/endChr", ")")
    return opening + _value(element, "dPr/sepChr", "|").join(_members(element, "e")) + closing


def _matrix(element: etree._Element) -> str:
    return "[" + "; ".join(", ".join(_members(row, "e")) for row in element.iterchildren(f"{M}mr")) + "]"


def _lines(element: etree._Element) -> str:
    return "; ".join(_members(element, "e"))


def _function(element: etree._Element) -> str:
    return f"{_part(element, 'fName')} {_grouped(_part(element, 'e'))}"


def _limit(mark: str) -> Callable[[etree._Element], str]:
    return lambda element: f"{_part(element, 'e')}{mark}{_grouped(_part(element, 'lim'))}"


def _accented(element: etree._Element) -> str:
    mark = _value(element, "accPr/chr", "\u0302")
    return _grouped(_part(element, "e")) + _ACCENTS.get(mark, mark)


def _members(element: etree._Element, name: str) -> Iterable[str]:
    return [linear(child).strip() for child in element.iterchildren(f"{M}{name}")]


_FORMS: dict[str, Callable[[etree._Element], str]] = {
    "f": _fraction,
    "sSup": _scripted,
    "sSub": _scripted,
    "sSubSup": _scripted,
    "sPre": _prescripted,
    "rad": _radical,
    "nary": _n_ary,
    "d": _delimited,
    "m": _matrix,
    "eqArr": _lines,
    "func": _function,
    "limLow": _limit("_"),
    "limUpp": _limit("^"),
    "acc": _accented,
}
