"""The text of DrawingML shapes and tables, in slides and in spreadsheets (ECMA-376 part 1, chapter 21.1)."""

import re
from collections.abc import Iterator

from lxml import etree

from ingest.numerals import numeral
from ingest.ooxml import A, M
from ingest.symbols import from_font
from ingest.word_math import linear

_AUTO = re.compile(r"(alphaLc|alphaUc|arabic|romanLc|romanUc|thaiAlpha|thaiNum|hindiNum|hindiAlpha)(\w*)")
_FORMS = {"alphaLc": "lowerLetter", "alphaUc": "upperLetter", "romanLc": "lowerRoman", "romanUc": "upperRoman", "thaiAlpha": "thaiLetters",
          "thaiNum": "thaiNumbers", "hindiNum": "hindiNumbers", "hindiAlpha": "hindiConsonants"}  # fmt: skip
_MATH = "{http://schemas.microsoft.com/office/drawing/2010/main}m"


def body_lines(body: etree._Element) -> Iterator[str]:
    """Yield the paragraphs of a text body; numbered ones with their number."""
    counts: dict[int, tuple[str, int]] = {}
    for paragraph in body.iterchildren(f"{A}p"):
        text = "".join(_pieces(paragraph))
        number = _number(paragraph.find(f"{A}pPr"), counts) if text.strip() else ""
        yield f"{number} {text}" if number else text


def table_lines(table: etree._Element) -> Iterator[str]:
    """Yield the rows of a table; a cell that goes on over several rows stands in each of them."""
    above: dict[int, str] = {}
    for row in table.iterchildren(f"{A}tr"):
        cells = []
        for column, cell in enumerate(row.iterchildren(f"{A}tc")):
            if cell.get("hMerge") in ("1", "true"):
                continue
            body = cell.find(f"{A}txBody")
            text = " ".join(" ".join(body_lines(body)).split()) if body is not None else ""
            if cell.get("vMerge") in ("1", "true"):
                text = text or above.get(column, "")
            above[column] = text
            cells.append(text)
        if any(cells):
            yield " | ".join(cells)


def _pieces(paragraph: etree._Element) -> Iterator[str]:
    for child in paragraph:
        if child.tag in (f"{A}r", f"{A}fld"):
            yield _run(child)
        elif child.tag == f"{A}br":
            yield " "  # a break that fits the shape, as a rule, not one of the text
        elif child.tag == _MATH or (isinstance(child.tag, str) and child.tag.startswith(M)):
            yield linear(child)
        elif isinstance(child.tag, str) and child.tag.endswith("}AlternateContent"):
            yield from ("".join(_pieces(choice)) for choice in child if isinstance(choice.tag, str) and choice.tag.endswith("}Choice"))


def _run(run: etree._Element) -> str:
    symbols = run.find(f"{A}rPr/{A}sym")
    latin = run.find(f"{A}rPr/{A}latin")
    face = next((each.get("typeface", "") for each in (latin, symbols) if each is not None), "")
    return from_font(run.findtext(f"{A}t") or "", face).replace("\x0b", " ")


def _number(properties: etree._Element | None, counts: dict[int, tuple[str, int]]) -> str:
    level_text = "0" if properties is None else properties.get("lvl", "0")
    level = int(level_text) if level_text.isascii() and level_text.isdigit() and len(level_text) < 3 else 0
    for deeper in [each for each in counts if each > level]:
        del counts[deeper]
    auto = None if properties is None else properties.find(f"{A}buAutoNum")
    form = None if auto is None else _AUTO.match(auto.get("type", ""))
    if auto is None or form is None:
        counts.pop(level, None)
        return ""
    start = auto.get("startAt", "1")
    kind, before = counts.get(level, ("", 0))
    first = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
    number = before + 1 if kind == form[0] else first
    counts[level] = (form[0], number)
    shown = numeral(number, _FORMS.get(form[1], "decimal"))
    marks = {"ParenBoth": f"({shown})", "ParenR": f"{shown})", "Period": f"{shown}."}
    return marks.get(form[2], shown)
