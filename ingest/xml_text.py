"""XML by its text: what each element says, with its name where that is short, record by record. Nothing is fetched, no entity is opened."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from lxml import etree

from ingest.cleaning import collapse_spaces
from ingest.encoding import declared_encoding, decode
from ingest.limits import check_part
from ingest.sections import Section, cut
from rag.settings import ParseLimits

PROSE = 60  # characters of an element on average, from which its name says nothing ("para")
_MENDED = "The XML is not well-formed; what could be told of it is read."


def parse_xml(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield the text in sections. Raises TooLarge beyond `limits.part_bytes`; of XML that is not well-formed what lxml can save is read."""
    check_part(path.stat().st_size, "The file", limits)
    raw = path.read_bytes()
    data = decode(raw, declared_encoding(raw)).encode()
    root, notes = _parsed(data, recover=False), tuple[str, ...]()
    if root is None:
        root, notes = _parsed(data, recover=True), (_MENDED,)
    if root is None:
        return
    for section in cut("", _lines(root)):
        yield section._replace(notes=notes)
        notes = ()


def _parsed(data: bytes, *, recover: bool) -> etree._Element | None:
    options = {"resolve_entities": False, "no_network": True, "remove_comments": True, "remove_pis": True, "encoding": "utf-8"}
    try:
        return etree.fromstring(data, etree.XMLParser(recover=recover, **options))
    except etree.XMLSyntaxError:
        return None


def _lines(root: etree._Element) -> Iterator[str]:
    """A line for each element with text of its own; a record that has siblings of its kind is one line."""
    named = not _is_prose(root)
    kinds = Counter(element.tag for element in root)
    told: set[etree._Element] = set()  # that are a line as a whole
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "end":
            if element not in told:
                yield ""
            continue
        if named and element.getparent() is root and kinds[element.tag] > 1 and _is_record(element):
            yield "; ".join(_leaf(leaf, named=True) for leaf in element if _text(leaf))
            told.add(element)
            walker.skip_subtree()
        elif _holds_text(element):
            if _text(element):
                yield _leaf(element, named=named)
            told.add(element)
            walker.skip_subtree()


def _is_prose(root: etree._Element) -> bool:
    """Whether the text is written for readers: long, or with elements in the middle of sentences."""
    lengths = [len(element.text.strip()) for element in root.iter("{*}*") if element.text and element.text.strip()]
    is_mixed = any(child.tail and child.tail.strip() for child in root.iter("{*}*"))
    return is_mixed or (bool(lengths) and median(lengths) > PROSE)


def _is_record(element: etree._Element) -> bool:
    return len(element) > 0 and all(len(leaf) == 0 for leaf in element) and not _holds_text(element)


def _holds_text(element: etree._Element) -> bool:
    """Whether an element has no elements in it, or text between them."""
    return len(element) == 0 or bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _leaf(element: etree._Element, *, named: bool) -> str:
    text = _text(element)
    if not named:
        return text
    facts = "; ".join(f"{etree.QName(name).localname}: {value}" for name, value in element.attrib.items() if len(value) <= PROSE)
    return f"{etree.QName(element).localname}: {text}" + (f" ({facts})" if facts else "")


def _text(element: etree._Element) -> str:
    return collapse_spaces("".join(element.itertext())).replace("\n", " ")
