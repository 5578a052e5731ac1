"""The text of XFA forms (XML Forms Architecture 3.3), which Adobe's programs draw from XML; the PDF around it only says "Please wait"."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pypdf
from lxml import etree
from pypdf.generic import ArrayObject

from ingest.cleaning import collapse_spaces
from ingest.limits import check_part
from ingest.pdf_annotations import NOT_TICKED, TICKED
from ingest.sections import Section, cut
from rag.errors import Unreadable
from rag.settings import ParseLimits

_PLACEHOLDER = re.compile(r"^\s*(?:Please wait|Bitte warten|Veuillez patienter|Attendere|Espere|Aguarde)\b", re.IGNORECASE)
_NOT_READ = "The PDF is an XFA form, whose text cannot be read here; open it in Adobe Reader, print it to a PDF and upload that."


def is_placeholder(text: str) -> bool:
    """Whether a page of an XFA form only asks to wait for a program that can draw the form."""
    return bool(_PLACEHOLDER.match(text)) and len(text) < 2000


def xfa_sections(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield the form's text with its values, in the order of its template. Raises Unreadable when nothing of it can be read."""
    packets = [root for data in _packets(path, limits) if (root := _parsed(data)) is not None]
    template = next((found for root in packets for found in root.iter("{*}template")), None)
    data = next((found for root in packets for found in root.iter("{*}data") if "xfa-data" in found.tag), None)
    lines = list(_template_lines(template, [data] if data is not None else [], set())) if template is not None else []
    if data is not None and template is None:
        leaves = [leaf for leaf in data.iter("{*}*") if len(leaf) == 0 and (leaf.text or "").strip()]
        lines = [f"{etree.QName(leaf).localname}: {leaf.text.strip()}" for leaf in leaves]
    if not lines:
        raise Unreadable(_NOT_READ)
    yield from cut("", lines)


def _packets(path: Path, limits: ParseLimits) -> list[bytes]:
    """The XML of the form: one stream, or several that are pieces of one document (PDF 32000-1, 12.7.8)."""
    reader = pypdf.PdfReader(path)
    if reader.is_encrypted:
        reader.decrypt("")
    xfa = reader.root_object["/AcroForm"].get_object()["/XFA"].get_object()  # type: ignore[index]  # PDFium found it there
    streams = [item.get_object() for item in xfa[1::2]] if isinstance(xfa, ArrayObject) else [xfa]
    pieces = [stream.get_data() for stream in streams]
    check_part(sum(map(len, pieces)), "The form", limits)
    return [b"".join(pieces), *pieces]


def _parsed(data: bytes) -> etree._Element | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        return etree.parse(io.BytesIO(data), parser).getroot()
    except etree.XMLSyntaxError:
        return None


def _template_lines(node: etree._Element, data: list[etree._Element], used: set[etree._Element]) -> Iterator[str]:
    """The lines of a template's node, bound to the data nodes of its parent: a subform comes once for each node of its name."""
    for child in node:
        kind = etree.QName(child).localname
        if child.get("presence") in ("hidden", "invisible", "inactive"):
            continue
        if kind == "field":
            yield from _field(child, data, used)
        elif kind == "draw":
            yield from _texts(child.find("{*}value"))
        elif kind in ("subform", "subformSet", "area", "pageSet", "pageArea", "exclGroup"):
            name = child.get("name")
            own = [inner for outer in data for inner in outer if name and _named(inner, name)]
            for instance in own or [None]:
                yield from _template_lines(child, data if instance is None else [instance], used)


def _field(field: etree._Element, data: list[etree._Element], used: set[etree._Element]) -> Iterator[str]:
    """`Caption: value`. The value is the next node of the field's name below the data nodes, else the template's own."""
    caption = " ".join(_texts(field.find("{*}caption")))
    name = field.get("name", "")
    nodes = (node for outer in data for node in outer.iter("{*}*"))
    found = next((node for node in nodes if node not in used and len(node) == 0 and _named(node, name)), None)
    if found is not None:
        used.add(found)
    value = (found.text or "").strip() if found is not None else " ".join(_texts(field.find("{*}value")))
    value = _shown(field, value)
    label = caption.rstrip(" :") or (name if value else "")
    if label or value:
        yield f"{label}: {value}".strip() if label else value


def _shown(field: etree._Element, value: str) -> str:
    """What the form shows for a value: the item of its list that has this place, or a tick."""
    if field.find("{*}ui/{*}checkButton") is not None:
        items = field.find("{*}items")
        on = items[0].text if items is not None and len(items) else "1"
        return TICKED if value == on else NOT_TICKED
    lists = [[item.text or "" for item in items] for items in field.findall("{*}items")]
    if len(lists) == 2 and value in lists[1] and lists[1].index(value) < len(lists[0]):
        return lists[0][lists[1].index(value)]
    return value


def _texts(node: etree._Element | None) -> Iterator[str]:
    if node is None:
        return
    for each in node.iter("{*}text", "{*}exData"):
        text = collapse_spaces(" ".join(each.itertext())).replace("\n", " ")
        if text:
            yield text


def _named(node: etree._Element, name: str) -> bool:
    return isinstance(node.tag, str) and etree.QName(node).localname == name
