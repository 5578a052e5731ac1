"""The text of Word's paragraphs and tables: automatic numbers, equations, ticks, text boxes, charts; notes after their paragraph."""

from collections.abc import Iterator

from lxml import etree

from ingest.cleaning import collapse_spaces
from ingest.drawings import DRAWN, EMBEDDED, FALLBACK, Drawings
from ingest.ooxml import W14, M, Package, W, is_on
from ingest.symbols import from_font, is_symbol_font, symbol
from ingest.word_math import linear
from ingest.word_numbering import Numbering

TICKED, UNTICKED = "☒", "☐"
_TEXT = {f"{W}tab": "\t", f"{W}ptab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
# Fallback repeats a text box for old versions of Word; deleted and moved-away text is in the document no more.
_LEFT_OUT = {FALLBACK, f"{W}del", f"{W}moveFrom", f"{W}rPr", f"{W}pPr", f"{W}rt", f"{W}sdtPr"}
_CONTAINERS = {f"{W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag")}
_NOTES = {f"{W}footnoteReference": "footnotes", f"{W}endnoteReference": "endnotes"}
_DELETED_MARKS = (f"{W}rPr/{W}del", f"{W}rPr/{W}moveFrom")
_DELETED_ROWS = (f"{W}trPr/{W}del", f"{W}trPr/{W}moveFrom")


class Story:
    """The main text of one document. Ask for its paragraphs and tables in order: numbers are counted on."""

    def __init__(
        self, package: Package, part: str, styles: etree._Element | None, numbering: etree._Element | None, notes: list[str]
    ) -> None:
        self._part = part
        self._remarks = notes
        self._numbering = Numbering(numbering, styles)
        self._drawings = Drawings(package, notes)
        self._foot = {kind: _notes(package, part, kind) for kind in set(_NOTES.values())}
        self._waiting: list[str] = []
        self._merged = ""

    def paragraph(self, paragraph: etree._Element) -> str:
        """Return a paragraph with its number, then each text box, chart and diagram in it; "" when only deleted text is in it."""
        boxes: list[str] = []
        text = collapse_spaces("".join(self._pieces(paragraph, boxes)))
        properties = first_child(paragraph, f"{W}pPr")
        if properties is not None and any(properties.find(mark) is not None for mark in _DELETED_MARKS):  # it goes on in the next one
            self._merged += f"{text} " if text else ""
            return "\n".join(boxes)
        text, self._merged = self._merged + text, ""
        number = self._numbering.number(properties, style_of(paragraph))
        if number and text:
            text = f"{number} {text}"
        return "\n".join(part for part in (text, *boxes) if part)

    def table(self, table: etree._Element) -> str:
        """Return the rows of a table as lines; a cell that goes on over several rows stands in each of them."""
        above: dict[int, str] = {}
        lines = []
        for row in _inside(table, f"{W}tr"):
            if any(row.find(mark) is not None for mark in _DELETED_ROWS):
                continue
            cells, column = [], _whole(row.find(f"{W}trPr/{W}gridBefore"), 0)
            for cell in _inside(row, f"{W}tc"):
                text = " ".join(self._cell(cell).split())
                merge = cell.find(f"{W}tcPr/{W}vMerge")
                if merge is not None and merge.get(f"{W}val", "continue") == "continue":
                    text = text or above.get(column, "")
                above[column] = text
                cells.append(text)
                column += _whole(cell.find(f"{W}tcPr/{W}gridSpan"), 1)
            lines.append(" | ".join(cells))
        return "\n".join(line for line in lines if line.strip(" |"))

    def notes_here(self) -> list[str]:
        """Return the footnotes and endnotes that the blocks since the last call refer to."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def _cell(self, cell: etree._Element) -> str:
        return " ".join(
            self.table(block) if block.tag == f"{W}tbl" else self.paragraph(block) for block in _inside(cell, f"{W}p", f"{W}tbl")
        )

    def _pieces(self, paragraph: etree._Element, boxes: list[str]) -> Iterator[str]:
        font = ""
        walker = etree.iterwalk(paragraph, events=("start",))
        for _, element in walker:
            tag = element.tag
            if tag in _LEFT_OUT:
                walker.skip_subtree()
            elif tag == f"{W}r":
                hidden, font = _run_properties(element)
                if hidden:
                    walker.skip_subtree()
            elif tag == f"{W}t":
                yield from_font(element.text or "", font)
            elif tag in _TEXT:
                yield _TEXT[tag]
            elif tag in _SPECIAL or tag in DRAWN:
                if tag != f"{W}sdt" or _tick_of(element):
                    walker.skip_subtree()
                yield self._special(element, boxes)

    def _special(self, element: etree._Element, boxes: list[str]) -> str:
        """Return the text that stands in the line for an element; what stands beside it is added to `boxes`."""
        tag = element.tag
        if tag == f"{M}oMath":
            return linear(element)
        if tag == f"{W}sym":
            return symbol(element.get(f"{W}char", ""), element.get(f"{W}font", ""))
        if tag == f"{W}sdt":
            return _tick_of(element)
        if tag == f"{W}ffData":
            return _form_field(element)
        if tag in _NOTES:
            self._waiting += self._foot[_NOTES[tag]].get(element.get(f"{W}id", ""), [])
        elif tag == f"{W}object":
            self._remarks.append(EMBEDDED)
        elif tag == f"{W}txbxContent":
            boxes += [
                self.table(block) if block.tag == f"{W}tbl" else self.paragraph(block) for block in _inside(element, f"{W}p", f"{W}tbl")
            ]
        else:
            boxes += self._drawings.lines(element, self._part)
        return ""


_SPECIAL = {f"{M}oMath", *(f"{W}{name}" for name in ("sym", "sdt", "ffData", "object", "txbxContent")), *_NOTES}


def first_child(element: etree._Element, tag: str) -> etree._Element | None:
    """Return the properties of an element, which come before all else in it; the only look that each paragraph and run costs."""
    return element[0] if len(element) and element[0].tag == tag else None


def style_of(paragraph: etree._Element) -> str:
    """Return the id of a paragraph's style; "" without one."""
    properties = first_child(paragraph, f"{W}pPr")
    style = None if properties is None else first_child(properties, f"{W}pStyle")
    return "" if style is None else str(style.get(f"{W}val", ""))


def _run_properties(run: etree._Element) -> tuple[bool, str]:
    """Return whether a run is hidden, and its font where it is one of symbols."""
    properties = first_child(run, f"{W}rPr")
    if properties is None:
        return False, ""
    fonts = properties.find(f"{W}rFonts")
    font = "" if fonts is None else fonts.get(f"{W}ascii") or fonts.get(f"{W}hAnsi") or ""
    return is_on(properties.find(f"{W}vanish"), f"{W}val"), font if is_symbol_font(font) else ""


def _tick_of(control: etree._Element) -> str:
    """Return the tick of a content control that is a check box; "" of any other."""
    box = control.find(f"{W}sdtPr/{W14}checkbox")
    if box is None:
        return ""
    state = box.find(f"{W14}checked")
    return TICKED if state is not None and is_on(state, f"{W14}val") else UNTICKED


def _form_field(data: etree._Element) -> str:
    """Return the tick or the choice of a form field of Word 97; the text of a text field stands in the document."""
    box, choices = data.find(f"{W}checkBox"), data.find(f"{W}ddList")
    if box is not None:
        state = box.find(f"{W}checked")
        state = box.find(f"{W}default") if state is None else state
        return TICKED if is_on(state) else UNTICKED
    if choices is not None:
        entries = [entry.get(f"{W}val", "") for entry in choices.iterchildren(f"{W}listEntry")]
        chosen = choices.find(f"{W}result")
        index = _whole(choices.find(f"{W}default") if chosen is None else chosen, 0)
        return entries[index] if index < len(entries) else ""
    return ""


def _notes(package: Package, part: str, kind: str) -> dict[str, list[str]]:
    """Return the lines of each footnote or endnote by its id."""
    notes: dict[str, list[str]] = {}
    for name in package.of_kind(part, kind):
        for note in package.xml(name):
            if isinstance(note.tag, str) and note.get(f"{W}type") in (None, "normal"):
                lines = (collapse_spaces(_plain(paragraph)) for paragraph in note.iter(f"{W}p"))
                notes[note.get(f"{W}id", "")] = [line for line in lines if line]
    return notes


def _plain(paragraph: etree._Element) -> str:
    """Return the text of a paragraph of a note: no numbers, boxes or notes of its own."""
    pieces = []
    walker = etree.iterwalk(paragraph, events=("start",))
    for _, element in walker:
        if element.tag in _LEFT_OUT:
            walker.skip_subtree()
        elif element.tag == f"{M}oMath":
            walker.skip_subtree()
            pieces.append(linear(element))
        elif element.tag == f"{W}t":
            pieces.append(element.text or "")
        else:
            pieces.append(_TEXT.get(element.tag, ""))
    return "".join(pieces)


def _inside(parent: etree._Element, *tags: str) -> Iterator[etree._Element]:
    """Yield the children of those tags in order, also those inside content controls and insertions."""
    for child in parent:
        if child.tag in tags:
            yield child
        elif child.tag in _CONTAINERS:
            yield from _inside(child, *tags)


def _whole(element: etree._Element | None, default: int) -> int:
    text = "" if element is None else element.get(f"{W}val", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else default
