"""DOCX: other members of the kinds in the table of cases, each made here."""

from pathlib import Path

import pytest

from ingest.formats import parse
from ingest.media_types import DOCX
from rag.errors import TooLarge, Unreadable
from rag.records import Page
from rag.settings import ParseLimits
from tests.ingest.office_files import CHART, DIAGRAM, NAMESPACES, docx, paragraph, strict

LEVELS = "".join(
    f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
    for level, (form, text) in enumerate([("decimal", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "%3)"), ("lowerRoman", "(%4)")])
)


def numbering(*nums: str, levels: str = LEVELS) -> str:
    return f'<w:abstractNum w:abstractNumId="1">{levels}</w:abstractNum>' + "".join(nums)


def num(number: int, *overrides: str) -> str:
    return f'<w:num w:numId="{number}"><w:abstractNumId w:val="1"/>{"".join(overrides)}</w:num>'


def start_at(level: int, number: int) -> str:
    return f'<w:lvlOverride w:ilvl="{level}"><w:startOverride w:val="{number}"/></w:lvlOverride>'


def read(folder: Path, content: bytes) -> list[Page]:
    path = folder / "a.docx"
    path.write_bytes(content)
    return list(parse(path, DOCX))


def lines(folder: Path, content: bytes) -> list[str]:
    return [line for page in read(folder, content) for line in page.text.split("\n") if line]


def test_levels_count_on_and_begin_anew_below_a_higher_one(tmp_path: Path) -> None:
    blocks = [paragraph(text, numbered=(1, level)) for text, level in zip("abcdefg", [0, 1, 2, 2, 3, 1, 0], strict=True)]
    numbers = numbering(num(1))
    assert lines(tmp_path, docx(*blocks, numbering=numbers)) == ["1. a", "1.1 b", "a) c", "b) d", "(i) e", "1.2 f", "2. g"]


def test_a_list_goes_on_after_other_text_and_begins_anew_where_it_says_so(tmp_path: Path) -> None:
    numbers = numbering(num(1), num(2, start_at(0, 5)))
    blocks = [paragraph("a", numbered=(1, 0)), paragraph("Between."), paragraph("b", numbered=(1, 0)), paragraph("c", numbered=(2, 0))]
    blocks += [paragraph("d", numbered=(2, 0)), paragraph("none", numbered=(0, 0))]
    assert lines(tmp_path, docx(*blocks, numbering=numbers)) == ["1. a", "Between.", "2. b", "5. c", "6. d", "none"]


def test_numbers_in_a_table_count_with_those_outside(tmp_path: Path) -> None:
    row = "".join(f"<w:tc>{paragraph(text, numbered=(1, 0))}</w:tc>" for text in ("left", "right"))
    table = f"<w:tbl><w:tr>{row}</w:tr></w:tbl>"
    blocks = [paragraph("before", numbered=(1, 0)), table, paragraph("after", numbered=(1, 0))]
    assert lines(tmp_path, docx(*blocks, numbering=numbering(num(1)))) == ["1. before", "2. left | 3. right", "4. after"]


def test_a_style_brings_its_number_at_the_level_that_names_it(tmp_path: Path) -> None:
    levels = LEVELS.replace('<w:start w:val="1"/>', '<w:start w:val="1"/><w:pStyle w:val="ListNumber2"/>', 2)
    levels = levels.replace('<w:pStyle w:val="ListNumber2"/>', '<w:pStyle w:val="ListNumber"/>', 1)
    content = docx(
        *(paragraph(text, style=style) for text, style in [("a", "ListNumber"), ("b", "ListNumber2"), ("c", "ListNumber2")]),
        numbering="".join(
            f'<w:abstractNum w:abstractNumId="{key}">{levels}</w:abstractNum><w:num w:numId="{key}"><w:abstractNumId w:val="1"/></w:num>'
            for key in range(1, 12)
        ),
    )
    assert lines(tmp_path, content) == ["1. a", "1.1 b", "1.2 c"]


@pytest.mark.parametrize(
    ("form", "text", "shown"),
    [
        ("upperRoman", "Artikel %1", "Artikel IV x"),
        ("thaiNumbers", "ข้อ %1", "ข้อ ๔ x"),
        ("hindiNumbers", "%1.", "४. x"),
        ("upperLetter", "(%1)", "(D) x"),
        ("decimalZero", "%1", "04 x"),
        ("decimal", "§ %1", "§ 4 x"),
        ("bullet", "\uf0b7", "• x"),
        ("none", "", "x"),
    ],
)
def test_numbers_are_written_in_the_form_of_their_list(tmp_path: Path, form: str, text: str, shown: str) -> None:
    level = f'<w:lvl w:ilvl="0"><w:start w:val="4"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
    assert lines(tmp_path, docx(paragraph("x", numbered=(1, 0)), numbering=numbering(num(1), levels=level))) == [shown]


def test_legal_numbering_is_decimal_throughout(tmp_path: Path) -> None:
    upper = '<w:lvl w:ilvl="0"><w:start w:val="2"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1."/></w:lvl>'
    lower = '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:isLgl/><w:lvlText w:val="%1.%2"/></w:lvl>'
    blocks = [paragraph("a", numbered=(1, 0)), paragraph("b", numbered=(1, 1))]
    assert lines(tmp_path, docx(*blocks, numbering=numbering(num(1), levels=upper + lower))) == ["II. a", "2.1 b"]


def test_deleted_paragraphs_and_rows_neither_count_nor_show(tmp_path: Path) -> None:
    gone = '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr><w:rPr><w:del/></w:rPr></w:pPr><w:del><w:r>'
    gone += "<w:delText>old</w:delText></w:r></w:del></w:p>"
    row = "<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    blocks = [paragraph("a", numbered=(1, 0)), gone, paragraph("b", numbered=(1, 0)), row]
    assert lines(tmp_path, docx(*blocks, numbering=numbering(num(1)))) == ["1. a", "2. b"]


@pytest.mark.parametrize(
    ("equation", "text"),
    [
        ("<m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>", "(a+b)/2"),
        ("<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>", "x^2"),
        ("<m:rad><m:radPr><m:degHide m:val='1'/></m:radPr><m:deg/><m:e><m:r><m:t>y</m:t></m:r></m:e></m:rad>", "√(y)"),
        (
            "<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub><m:r><m:t>i=1</m:t></m:r></m:sub><m:sup><m:r><m:t>n</m:t></m:r></m:sup>"
            "<m:e><m:r><m:t>i</m:t></m:r></m:e></m:nary>",
            "∑_(i=1)^n i",
        ),
        ("<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=']'/></m:dPr><m:e><m:r><m:t>z</m:t></m:r></m:e></m:d>", "[z]"),
    ],
)
def test_an_equation_is_linear_text(tmp_path: Path, equation: str, text: str) -> None:
    inside = f"<m:oMathPara><m:oMath>{equation}</m:oMath></m:oMathPara>"
    assert lines(tmp_path, docx(paragraph("It is ", inside=inside))) == [f"It is {text}"]


@pytest.mark.parametrize(
    ("box", "text"),
    [
        ('<w:r><w:sym w:font="Wingdings" w:char="F0A8"/></w:r>', "☐"),
        ('<w:r><w:sym w:font="Wingdings 2" w:char="F052"/></w:r>', "☑"),
        ('<w:r><w:rPr><w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/></w:rPr><w:t>\xfe</w:t></w:r>', "☑"),
        ("<w:r><w:t>\uf0fc</w:t></w:r>", "✓"),
        ('<w:r><w:sym w:font="Symbol" w:char="F061"/></w:r>', "α"),
        (
            '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="1"/></w14:checkbox></w:sdtPr><w:sdtContent><w:r><w:t>☒</w:t></w:r>'
            "</w:sdtContent></w:sdt>",
            "☒",
        ),
        ('<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="0"/></w14:checkbox></w:sdtPr><w:sdtContent/></w:sdt>', "☐"),
        (
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox></w:ffData>'
            "</w:fldChar></w:r>",
            "☒",
        ),
        (
            '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/>'
            '<w:listEntry w:val="blue"/></w:ddList></w:ffData></w:fldChar></w:r>',
            "blue",
        ),
    ],
)
def test_ticks_symbols_and_choices_are_text(tmp_path: Path, box: str, text: str) -> None:
    assert lines(tmp_path, docx(paragraph("Pets: ", inside=box))) == [f"Pets: {text}"]


def test_a_text_box_a_chart_and_a_diagram_stand_behind_their_paragraph(tmp_path: Path) -> None:
    box = "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx><w:txbxContent>"
    box += "<w:p><w:r><w:t>In the box</w:t></w:r></w:p></w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>"
    box += "<w:txbxContent><w:p><w:r><w:t>In the box</w:t></w:r></w:p></w:txbxContent></v:textbox></w:pict></mc:Fallback>"
    box += "</mc:AlternateContent></w:r>"
    drawn = '<w:r><w:drawing><c:chart r:id="rId90"/><dgm:relIds r:dm="rId91"/></w:drawing></w:r><w:r><w:t> after.</w:t></w:r>'
    parts = {"rId90": ("chart/chart1.xml", CHART.encode()), "rId91": ("diagramData/data1.xml", DIAGRAM.encode())}
    assert lines(tmp_path, docx(paragraph("Before and", inside=box + drawn), parts=parts)) == [
        "Before and after.",
        "In the box",
        "Share of votes",
        "Yes; 2025: 75%",
        "No; 2025: 25%",
        "First",
        "Second",
    ]


def test_what_is_not_read_is_noted(tmp_path: Path) -> None:
    inside = '<w:r><w:drawing><pic:pic/></w:drawing></w:r><w:r><w:object><o:OLEObject ProgID="Excel.Sheet.12"/></w:object></w:r>'
    inside += '<w:r><w:drawing><c:chart r:id="rId404"/></w:drawing></w:r>'
    comments = f"<w:comments {NAMESPACES}><w:comment w:id='1'/></w:comments>".encode()
    (page,) = read(tmp_path, docx(paragraph("Text.", inside=inside), parts={"rId90": ("comments/comments.xml", comments)}))
    assert set(page.notes) == {
        "Comments are not read.",
        "Pictures are not read.",
        "Embedded objects are not read.",
        "A chart holds no data: it cannot be read.",
    }
    with pytest.raises(Unreadable, match=r"no text that can be read\. Pictures are not read\."):
        read(tmp_path, docx(paragraph(inside="<w:r><w:drawing><pic:pic/></w:drawing></w:r>")))


def test_notes_follow_the_paragraph_that_refers_to_them(tmp_path: Path) -> None:
    def notes(kind: str, text: str) -> bytes:
        rows = f'<w:{kind}note w:type="separator" w:id="-1"><w:p/></w:{kind}note><w:{kind}note w:id="2">{paragraph(text)}</w:{kind}note>'
        return f'<w:{kind}notes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">{rows}</w:{kind}notes>'.encode()

    inside = '<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:t> is due.</w:t></w:r><w:r><w:endnoteReference w:id="2"/></w:r>'
    parts = {"rId90": ("footnotes/footnotes.xml", notes("foot", "By transfer.")), "rId91": ("endnotes/e.xml", notes("end", "See § 4."))}
    content = docx(paragraph("The deposit", inside=inside), paragraph("Next."), parts=parts)
    assert lines(tmp_path, content) == ["The deposit is due.", "By transfer.", "See § 4.", "Next."]


def test_a_cell_over_several_rows_stands_in_each(tmp_path: Path) -> None:
    def cell(text: str, merge: str = "") -> str:
        return f"<w:tc><w:tcPr>{merge}</w:tcPr>{paragraph(text)}</w:tc>"

    begin, go_on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    rows = cell("North", begin) + cell("Kiel"), cell("", go_on) + cell("Passau")
    assert lines(tmp_path, docx("<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>")) == [
        "North | Kiel",
        "North | Passau",
    ]


MHT = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Sch=F6ne Gr=FC=DFe</p>\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.mht", MHT, "Schöne Grüße"),
        ("a.html", b"<html><body><p>one</p><p>two</p></body></html>", "one\ntwo"),
        ("a.html", "<html><body><p>größer</p></body></html>".encode("utf-16"), "größer"),
        ("a.rtf", rb"{\rtf1\ansi Sch\'f6n}", "Schön"),
        ("a.txt", b"plain words", "plain words"),
        ("a.docx", strict(docx(paragraph("inner"))), "inner"),
    ],
)
def test_an_imported_part_is_read_by_its_bytes(tmp_path: Path, name: str, data: bytes, text: str) -> None:
    content = docx(paragraph("Outer."), '<w:altChunk r:id="rId90"/>', parts={"rId90": (f"aFChunk/{name}", data)})
    assert lines(tmp_path, content) == ["Outer.", *text.split("\n")]


def test_documents_inside_documents_end_somewhere(tmp_path: Path) -> None:
    content = docx(paragraph("level 0"))
    for level in range(1, 6):
        chunks = ['<w:altChunk r:id="rId90"/>'] * 3
        content = docx(paragraph(f"level {level}"), *chunks, parts={"rId90": ("aFChunk/a.docx", content)})
    (page,) = read(tmp_path, content)
    assert page.text.split("\n\n") == ["level 5", *(["level 4", *["level 3"] * 3] * 3)]
    assert page.notes == ("Documents inside documents inside the document are not read.",)


def test_a_bomb_inside_a_document_is_refused(tmp_path: Path) -> None:
    bomb = docx(*[paragraph("x" * 5_000_000)] * 8)
    with pytest.raises(TooLarge):
        read(tmp_path, docx('<w:altChunk r:id="rId90"/>', parts={"rId90": ("aFChunk/a.docx", bomb)}))
    text = docx(*['<w:altChunk r:id="rId90"/>'] * 2000, parts={"rId90": ("aFChunk/a.txt", b"word " * 2000)})
    path = tmp_path / "a.docx"
    path.write_bytes(text)
    with pytest.raises(TooLarge, match="characters"):
        list(parse(path, DOCX, ParseLimits(characters=1_000_000)))
