"""What lies on a PDF page beside its content: values of form fields, text typed onto the page, comments and attached files.

Values are read from the fields, not from how they are drawn: many programs leave the drawing to the reader's (PDF 32000-1, 12.7.3.3).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import POINTER, byref, c_ushort, cast, create_string_buffer
from html import unescape
from typing import Any, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.pdf_rows import Box

_UNSEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_SILENT = {raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_FILEATTACHMENT}
_TICKS = {raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON}
_CHOICES = {raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX}
_NO_VALUE = {raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE}
_PASSWORD = 1 << 13  # of a text field's flags (PDF 32000-1, table 228)
_TAG = re.compile("<[^<>]*>")
TICKED, NOT_TICKED = "☒", "☐"


class Value(NamedTuple):
    """What stands in a field or was typed onto the page. `label` is its name for a reader, `state` what a tick stands for ("Yes")."""

    text: str
    box: Box
    label: str = ""
    state: str = ""


class Annotations(NamedTuple):
    """What a page has of each kind; a comment is the text of a sticky note, or of a note to a marked place."""

    values: list[Value]
    comments: list[str]
    files: list[pdfium.PdfAttachment]


def page_annotations(document: pdfium.PdfDocument, page: pdfium.PdfPage) -> Annotations:
    """Read them; the document's forms must have been initialised before the page was opened."""
    found = Annotations([], [], [])
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        with _annotation(page, index) as annotation:
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind == raw.FPDF_ANNOT_FILEATTACHMENT and (file := raw.FPDFAnnot_GetFileAttachment(annotation)):
                found.files.append(pdfium.PdfAttachment(file, document))
            if kind in _SILENT or raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN:
                continue
            if kind == raw.FPDF_ANNOT_WIDGET:
                found.values.extend(_field(document.formenv, annotation))
            elif contents := _contents(annotation):
                if kind == raw.FPDF_ANNOT_FREETEXT:
                    found.values.append(Value(contents, _box(annotation)))
                else:
                    author = _string(raw.FPDFAnnot_GetStringValue, annotation, b"T").strip()
                    found.comments.append(f"Note ({author}): {contents}" if author else f"Note: {contents}")
    return found


@contextmanager
def _annotation(page: pdfium.PdfPage, index: int) -> Iterator[Any]:
    annotation = raw.FPDFPage_GetAnnot(page, index)
    try:
        yield annotation
    finally:
        raw.FPDFPage_CloseAnnot(annotation)


def _contents(annotation: Any) -> str:
    """The plain text of an annotation, else that of its rich text (PDF 32000-1, 12.7.3.4)."""
    contents = _string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents").strip()
    return contents or " ".join(unescape(_TAG.sub(" ", _string(raw.FPDFAnnot_GetStringValue, annotation, b"RC"))).split())


def _field(forms: pdfium.PdfFormEnv | None, annotation: Any) -> Iterator[Value]:
    kind = raw.FPDFAnnot_GetFormFieldType(forms, annotation) if forms else raw.FPDF_FORMFIELD_UNKNOWN
    if kind in _NO_VALUE:
        return
    if kind == raw.FPDF_FORMFIELD_UNKNOWN:  # the form does not list it, yet it may show a value
        text = _string(raw.FPDFAnnot_GetStringValue, annotation, b"V").strip()
        state = _string(raw.FPDFAnnot_GetStringValue, annotation, b"AS")
        if text and not state:
            yield Value(text, _box(annotation), _string(raw.FPDFAnnot_GetStringValue, annotation, b"TU"))
        return
    names = raw.FPDFAnnot_GetFormFieldAlternateName, raw.FPDFAnnot_GetFormFieldName
    label = next(filter(None, (_string(name, forms, annotation) for name in names)), "")
    if kind in _TICKS:
        ticked = bool(raw.FPDFAnnot_IsChecked(forms, annotation))
        state = _string(raw.FPDFAnnot_GetFormFieldExportValue, forms, annotation) if ticked else ""
        yield Value(TICKED if ticked else NOT_TICKED, _box(annotation), label, state if state.isalpha() and state != "On" else "")
        return
    text = _chosen(forms, annotation) if kind in _CHOICES else ""
    text = text or _string(raw.FPDFAnnot_GetFormFieldValue, forms, annotation).strip()
    if text and not (kind == raw.FPDF_FORMFIELD_TEXTFIELD and raw.FPDFAnnot_GetFormFieldFlags(forms, annotation) & _PASSWORD):
        yield Value(text, _box(annotation), label)


def _chosen(forms: pdfium.PdfFormEnv, annotation: Any) -> str:
    """The labels of the chosen options; a field's value may be another name for them that nobody sees."""
    options = range(max(0, raw.FPDFAnnot_GetOptionCount(forms, annotation)))
    chosen = [option for option in options if raw.FPDFAnnot_IsOptionSelected(forms, annotation, option)]
    return ", ".join(_string(raw.FPDFAnnot_GetOptionLabel, forms, annotation, option) for option in chosen)


def _box(annotation: Any) -> Box:
    rectangle = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, byref(rectangle))
    across, up = sorted((rectangle.left, rectangle.right)), sorted((rectangle.bottom, rectangle.top))
    return Box(across[0], up[0], across[1], up[1])


def _string(function: Callable[..., int], *arguments: Any) -> str:
    """What one of PDFium's functions writes as UTF-16 into a buffer, whose size it says when there is none."""
    size = function(*arguments, None, 0)
    buffer = create_string_buffer(size)
    function(*arguments, cast(buffer, POINTER(c_ushort)), size)
    return buffer.raw[: max(0, size - 2)].decode("utf-16-le", errors="replace").replace("\r", "\n")
