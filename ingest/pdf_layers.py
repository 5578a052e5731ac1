"""Takes out of a PDF what stands on layers that are switched off (optional content, PDF 32000-1, 8.11): no reader shows it.

PDFium draws such a page rightly, but its text has all layers. So what hidden layers show is removed before PDFium opens the file.
"""

import io
import logging
import re
import zlib
from typing import Any

import pypdf
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, NameObject, StreamObject

logger = logging.getLogger(__name__)
MOST_BYTES = 256 << 10  # of an object stream as it is stored; writers put some hundred objects into each
_OBJECT_STREAM = re.compile(rb"/ObjStm\b[^\0]{0,400}?stream\r?\n")
DEEPEST = 8  # forms in forms
_SHOWS = {b"Tj", b"TJ", b"'", b'"', b"Do", b"INLINE IMAGE", b"sh"}
_BEGINS = {b"BDC", b"BMC"}


def without_hidden_layers(data: bytes) -> bytes:
    """The same file without the text of hidden layers; the very same bytes when it has none. Raises what pypdf raises for a broken file."""
    if b"/OCProperties" not in data and not _may_be_compressed(data):
        return data
    reader = pypdf.PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        reader.decrypt("")
    hidden = _switched_off(reader)
    if not hidden:
        return data
    writer = pypdf.PdfWriter(clone_from=reader)
    layers = _Layers(_switched_off(writer), writer)
    for page in writer.pages:
        layers.clean_page(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _may_be_compressed(data: bytes) -> bool:
    """Whether layers may be named in a compressed object (PDF 32000-1, 7.5.7). pypdf takes as long to look as a short file in all."""
    if b"/Encrypt" in data:
        return b"/ObjStm" in data
    for found in _OBJECT_STREAM.finditer(data):
        unpacker = zlib.decompressobj()
        try:
            if b"/OCProperties" in unpacker.decompress(data[found.end() : found.end() + MOST_BYTES], 16 * MOST_BYTES):
                return True
        except zlib.error:  # of another compression
            return True
        if not unpacker.eof:
            return True
    return False


def _switched_off(document: Any) -> set[int]:
    """The object numbers of the layers that the document's own setting (/D) hides."""
    properties = document.root_object.get("/OCProperties")
    if properties is None:
        return set()
    setting = properties.get_object().get("/D", DictionaryObject()).get_object()
    everything = {each.idnum for each in properties.get_object().get("/OCGs", ArrayObject()).get_object()}
    off = {each.idnum for each in setting.get("/OFF", ArrayObject()).get_object()}
    if setting.get("/BaseState") == "/OFF":
        off |= everything - {each.idnum for each in setting.get("/ON", ArrayObject()).get_object()}
    for rule in setting.get("/AS", ArrayObject()).get_object():
        if rule.get_object().get("/Event") == "/View":
            named = rule.get_object().get("/OCGs", ArrayObject()).get_object()
            states = {each.idnum: _view_state(each.get_object()) for each in named}
            off = (off | {number for number, state in states.items() if state == "/OFF"}) - {
                number for number, state in states.items() if state == "/ON"
            }
    return off & everything


def _view_state(layer: Any) -> Any:
    """What a layer itself says about screens (PDF 32000-1, table 102), where the document lets it decide."""
    return layer.get("/Usage", DictionaryObject()).get_object().get("/View", DictionaryObject()).get_object().get("/ViewState")


class _Layers:
    """The hidden layers of one document, and how their content is taken out."""

    def __init__(self, hidden: set[int], writer: pypdf.PdfWriter) -> None:
        self._hidden = hidden
        self._writer = writer
        self._cleaned: set[int] = set()

    def clean_page(self, page: pypdf.PageObject) -> None:
        """Rewrite the page's content, and what it draws, without hidden text; drop annotations of hidden layers."""
        resources = page.get("/Resources", DictionaryObject()).get_object()
        content = page.get_contents()
        if content is not None and self._clean(content, resources):
            page[NameObject("/Contents")] = self._writer._add_object(content)
        self._clean_forms(resources, 0)
        notes = page.get("/Annots", ArrayObject()).get_object()
        kept = [note for note in notes if not self._is_hidden(note.get_object().raw_get("/OC") if "/OC" in note.get_object() else None)]
        if len(kept) < len(notes):
            page[NameObject("/Annots")] = ArrayObject(kept)

    def _clean_forms(self, resources: DictionaryObject, depth: int) -> None:
        for form in resources.get("/XObject", DictionaryObject()).get_object().values():
            stream = form.get_object()
            if not isinstance(stream, StreamObject) or id(stream) in self._cleaned or depth > DEEPEST or stream.get("/Subtype") != "/Form":
                continue
            self._cleaned.add(id(stream))
            own = stream.get("/Resources", resources).get_object()
            if self._is_hidden(stream.raw_get("/OC") if "/OC" in stream else None):
                stream.set_data(b"")
            elif self._clean(content := ContentStream(stream, self._writer), own):
                stream.set_data(content.get_data())
            self._clean_forms(own, depth + 1)

    def _clean(self, content: ContentStream, resources: DictionaryObject) -> bool:
        """Take the hidden operations out; False when there are none."""
        named = resources.get("/Properties", DictionaryObject()).get_object()
        kept: list[Any] = []
        open_marks: list[bool] = []  # whether each hides
        for operands, operator in content.operations:
            if operator in _BEGINS:
                is_layer = operator == b"BDC" and operands[0] == "/OC" and operands[1] in named
                open_marks.append(is_layer and self._is_hidden(named.raw_get(operands[1])))
            elif operator == b"EMC" and open_marks:
                open_marks.pop()
            if not (any(open_marks) and operator in _SHOWS):
                kept.append((operands, operator))
        if len(kept) == len(content.operations):
            return False
        content.operations = kept
        return True

    def _is_hidden(self, layer: Any) -> bool:
        """Whether a layer, or a membership of layers (/OCMD) by its policy, is hidden. Visibility expressions (/VE) are not evaluated."""
        if layer is None:
            return False
        if getattr(layer, "idnum", None) in self._hidden:
            return True
        membership = layer.get_object()
        if membership.get("/Type") != "/OCMD" or "/OCGs" not in membership:
            return False
        listed = membership.raw_get("/OCGs")
        groups = listed.get_object() if isinstance(listed.get_object(), ArrayObject) else [listed]
        off = [getattr(group, "idnum", None) in self._hidden for group in groups]
        policy = membership.get("/P", "/AnyOn")
        shown = {"/AllOn": not any(off), "/AnyOff": any(off), "/AllOff": all(off)}.get(policy, not all(off))
        return bool(off) and not shown
