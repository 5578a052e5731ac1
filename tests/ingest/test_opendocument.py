"""ODS, ODP and ODT: other members of the kinds in the table of cases, each made here."""

from pathlib import Path

from ingest.formats import parse
from ingest.magic import sniff
from ingest.media_types import ODP, ODS
from rag.records import Page
from tests.ingest.office_files import odf

CHART = (
    b'<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    b'xmlns:chart="urn:oasis:names:tc:opendocument:xmlns:chart:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    b'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:chart><chart:chart><chart:title>'
    b"<text:p>Sales</text:p></chart:title><table:table><table:table-rows><table:table-row><table:table-cell><text:p>Kiel</text:p>"
    b"</table:table-cell><table:table-cell><text:p>12</text:p></table:table-cell></table:table-row></table:table-rows></table:table>"
    b"</chart:chart></office:chart></office:body></office:document-content>"
)


def read(folder: Path, content: bytes) -> list[Page]:
    path = folder / "a"
    path.write_bytes(content)
    return list(parse(path, sniff(path, "a")))


def row(*cells: str) -> str:
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def test_a_sheet_is_read_as_shown_with_repeated_and_merged_cells(tmp_path: Path) -> None:
    rows = [
        row(cell("Region"), cell("Branch"), cell("Share")),
        row(cell("North", 'table:number-rows-spanned="2"'), cell("Kiel"), cell("2,50 %")),
        row("<table:covered-table-cell/>", cell("Husum"), cell("x", 'table:number-columns-repeated="1"')),
        row('<table:table-cell table:number-columns-repeated="16384"/>'),
        row(cell("Year"), cell("Visitors")),
        row(cell("2023"), cell("410")),
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>',
    ]
    content = odf("spreadsheet", f'<table:table table:name="S">{"".join(rows)}</table:table>')
    assert sniff_of(tmp_path, content) == ODS
    (page,) = read(tmp_path, content)
    assert page.label == "S"
    assert page.text.splitlines() == [
        "Region; Branch; Share",
        "Region: North; Branch: Kiel; Share: 2,50 %",
        "Region: North; Branch: Husum; Share: x",
        "",
        "Year; Visitors",
        "Year: 2023; Visitors: 410",
    ]


def sniff_of(folder: Path, content: bytes) -> str:
    (folder / "a").write_bytes(content)
    return sniff(folder / "a", "a")


def test_hidden_sheets_and_formulas_without_a_value_are_noted(tmp_path: Path) -> None:
    styles = '<style:style style:name="off" style:family="table"><style:table-properties table:display="false"/></style:style>'
    hidden = f'<table:table table:name="Secret" table:style-name="off">{row(cell("88000"))}</table:table>'
    formula = '<table:table-cell table:formula="of:=SUM([.A1])" office:value-type="float"/>'
    shown = f'<table:table table:name="Open">{row(cell("Sum"), formula)}</table:table>'
    (page,) = read(tmp_path, odf("spreadsheet", hidden + shown, styles=styles))
    assert (page.label, page.text) == ("Open", "Sum")
    assert set(page.notes) == {"The hidden sheet 'Secret' is not read.", "Formulas without a stored value are not computed."}


def test_slides_give_titles_boxes_tables_charts_and_notes(tmp_path: Path) -> None:
    def frame(inside: str, kind: str = "") -> str:
        return f'<draw:frame presentation:class="{kind}">{inside}</draw:frame>'

    box = frame("<draw:text-box><text:list><text:list-item><text:p>First</text:p></text:list-item></text:list></draw:text-box>")
    title = frame("<draw:text-box><text:p>Plan</text:p></draw:text-box>", "title")
    table = frame(f"<table:table>{row(cell('Q1'), cell('ship'))}</table:table><draw:image/>")
    chart = frame('<draw:object xlink:href="./Object 1"/><draw:image/>')
    shape = "<draw:custom-shape><text:p>In a shape</text:p></draw:custom-shape>"
    notes = f"<presentation:notes>{frame('<draw:text-box><text:p>Slowly.</text:p></draw:text-box>')}</presentation:notes>"
    slides = f"<draw:page>{box}{title}{table}{chart}{shape}{notes}</draw:page><draw:page/>"
    content = odf("presentation", slides, parts={"Object 1/content.xml": CHART})
    assert sniff_of(tmp_path, content) == ODP
    first, second = read(tmp_path, content)
    assert first.text == "Plan\n\nFirst\nQ1 | ship\nSales\nKiel; 12\nIn a shape\n\nNotes: Slowly."
    assert (first.label, first.notes, second.text) == ("Slide 1", ("Pictures are not read.",), "")


def test_a_note_and_a_frame_do_not_tear_their_paragraph(tmp_path: Path) -> None:
    note = "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>By transfer.</text:p></text:note-body></text:note>"
    frame = "<draw:frame><draw:text-box><text:p>In a box</text:p></draw:text-box></draw:frame>"
    endnote = note.replace("By transfer.", "See § 4.")
    (page,) = read(tmp_path, odf("text", f"<text:p>The deposit{note} is{frame} due.{endnote}</text:p><text:p>Next.</text:p>"))
    assert page.text == "The deposit is due.\nBy transfer.\nIn a box\nSee § 4.\n\nNext."


def test_automatic_numbers_of_lists_and_headings_are_text(tmp_path: Path) -> None:
    numbers = '<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
    numbers += '<text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")" text:display-levels="2"/>'
    styles = f'<text:list-style style:name="L">{numbers}</text:list-style><text:list-style style:name="B">'
    styles += '<text:list-level-style-bullet text:level="1" text:bullet-char="x"/></text:list-style>'
    styles += '<text:outline-style><text:outline-level-style text:level="1" style:num-format="I"/></text:outline-style>'

    def items(*texts: str) -> str:
        return "".join(f"<text:list-item><text:p>{text}</text:p></text:list-item>" for text in texts)

    inner = f"<text:list-item><text:p>two</text:p><text:list>{items('inner')}</text:list></text:list-item>"
    lists = f'<text:list text:style-name="L">{items("one")}{inner}</text:list><text:p>Between.</text:p>'
    lists += f'<text:list text:style-name="L" text:continue-numbering="true">{items("three")}</text:list>'
    lists += f'<text:list text:style-name="L">{items("anew")}</text:list><text:list text:style-name="B">{items("bullet")}</text:list>'
    pages = read(tmp_path, odf("text", f'<text:h text:outline-level="1">Start</text:h>{lists}', styles=styles))
    assert [line for page in pages for line in page.text.split("\n") if line] == [
        "I Start",
        "1. one",
        "2. two",
        "2.a) inner",
        "Between.",
        "3. three",
        "1. anew",
        "• bullet",
    ]


def test_equations_and_comments_in_a_text(tmp_path: Path) -> None:
    math = b'<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mi>E</mi><annotation>E = m c^2</annotation></semantics></math>'
    frame = '<draw:frame><draw:object xlink:href="./Object 1"/><draw:image/></draw:frame>'
    comment = "<office:annotation><text:p>really?</text:p></office:annotation>"
    (page,) = read(tmp_path, odf("text", f"<text:p>Energy {frame}is kept.{comment}</text:p>", parts={"Object 1/content.xml": math}))
    assert (page.text, page.notes) == ("Energy is kept.\nE = m c^2", ("Comments are not read.",))
