"""PDFs that say more, or other things, than their text stream: forms, comments, layers, files, columns, tables, turned and doubled text."""

from pathlib import Path

import pytest

from ingest.formats import parse
from ingest.letters import are_strange
from ingest.media_types import PDF
from rag.errors import Unreadable
from rag.records import Page
from rag.settings import ParseLimits
from tests.ingest.raw_pdf import raw_pdf, written

WIDGET = "/Type /Annot /Subtype /Widget /F 4"
SENTENCES = ("The warranty is two years.", "It ends in the month of sale.", "Ask the shop for a new one.")
LEFT = (
    "The northern plant makes pumps",
    "and employs ninety people who",
    "work in two shifts each day and",
    "eat in the canteen on the hill.",
)
MIDDLE = (
    "The eastern plant makes hoses",
    "from rubber that comes by ship",
    "twice a month and is stored in",
    "a hall behind the rail tracks.",
)
RIGHT = (
    "The southern plant makes valves",
    "and employs forty people who",
    "work only in the morning hours",
    "so that the trucks can leave.",
)


def read(folder: Path, data: bytes, limits: ParseLimits = ParseLimits()) -> list[Page]:  # noqa: B008  # frozen
    path = folder / "blob"
    path.write_bytes(data)
    return list(parse(path, PDF, limits))


def form(*fields: str, content: str, catalog: str = "", more: tuple[str, ...] = ()) -> bytes:
    """A page with these annotations, which are the form's fields too."""
    numbers = " ".join(f"{number} 0 R" for number in range(10, 10 + len(fields)))
    acroform = f"/AcroForm << /Fields [{numbers}] /DA (/F1 0 Tf) /NeedAppearances true >> {catalog}"
    return raw_pdf(content, catalog=acroform, page=f"/Annots [{numbers}]", objects=[*fields, *more])


def utf16(text: str) -> str:
    return f"<FEFF{text.encode('utf-16-be').hex()}>"


def test_fields_without_appearance_stand_beside_or_below_their_labels(tmp_path: Path) -> None:
    fields = [
        f"<< {WIDGET} /FT /Tx /T (name) /V {utf16('Jürgen Łoś')} /Rect [200 695 400 715] >>",
        f"<< {WIDGET} /FT /Tx /T (street) /V (Hauptstr. 5) /Rect [60 640 400 655] >>",
        f"<< {WIDGET} /FT /Ch /Ff 131072 /T (country) /Opt [[(DE) (Germany)] [(FR) (France)]] /V (FR) /Rect [200 595 300 610] >>",
        f"<< {WIDGET} /FT /Ch /Ff 2097152 /TU (Languages) /T (l) /Opt [(German) (Thai) (Hindi)] /V [(German) (Hindi)] /I [0 2]"
        " /Rect [60 480 200 540] >>",
    ]
    content = written((60, 700, "Name:"), (60, 660, "Street and number"), (60, 600, "Country:"))
    (page,) = read(tmp_path, form(*fields, content=content))
    assert page.text == "Name: Jürgen Łoś\nStreet and number\nHauptstr. 5\nCountry: France\nLanguages: German, Hindi"


def test_ticks_stand_before_the_labels_to_their_right_and_hidden_fields_nowhere(tmp_path: Path) -> None:
    fields = [
        f"<< {WIDGET} /FT /Btn /T (news) /V /Ja /AS /Ja /Rect [60 600 70 610] /AP << /N << /Ja 20 0 R /Off 20 0 R >> >> >>",
        f"<< {WIDGET} /FT /Btn /T (spam) /V /Off /AS /Off /Rect [60 570 70 580] /AP << /N << /Ja 20 0 R /Off 20 0 R >> >> >>",
        "<< /Type /Annot /Subtype /Widget /F 2 /FT /Tx /T (hidden) /V (SECRET) /Rect [60 420 200 435] >>",
        f"<< {WIDGET} /FT /Tx /Ff 8192 /T (password) /V (hunter2) /Rect [60 400 200 415] >>",
    ]
    content = written((80, 601, "I want the newsletter"), (80, 571, "I want advertisements"))
    (page,) = read(tmp_path, form(*fields, content=content))
    assert page.text == "☒ I want the newsletter\n☐ I want advertisements"


def test_a_comment_names_its_author_and_typed_text_stands_in_its_place(tmp_path: Path) -> None:
    notes = [
        "<< /Type /Annot /Subtype /FreeText /F 4 /Rect [150 695 300 715] /DA (/F1 12 Tf) /Contents (Nora Beispiel) >>",
        f"<< /Type /Annot /Subtype /Highlight /F 4 /T (Eva) /Rect [60 600 200 620] /Contents {utf16('Bitte prüfen')} >>",
    ]
    data = raw_pdf(written((60, 700, "Received by:"), (60, 605, "Two boxes")), page="/Annots [10 0 R 11 0 R]", objects=notes)
    assert read(tmp_path, data)[0].text == "Received by: Nora Beispiel\nTwo boxes\n\nNote (Eva): Bitte prüfen"


XFA_TEMPLATE = b"""<template xmlns="http://www.xfa.org/schema/xfa-template/3.0/"><subform name="form1">
<draw><value><text>Order form</text></value></draw>
<field name="who"><caption><value><text>Customer:</text></value></caption></field>
<field name="ok"><ui><checkButton/></ui><caption><value><text>Paid</text></value></caption>
<items><text>1</text><text>0</text></items></field>
<field name="pay"><caption><value><text>Payment</text></value></caption><items><text>Cash</text><text>Card</text></items>
<items save="1"><text>c</text><text>k</text></items></field>
<subform name="row"><field name="item"><caption><value><text>Item</text></value></caption></field></subform>
</subform></template>"""
XFA_DATA = b"""<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><form1><who>Mara</who><ok>1</ok><pay>k</pay>
<row><item>Bolt</item></row><row><item>Nut</item></row></form1></xfa:data></xfa:datasets>"""


def test_an_xfa_form_in_packets_is_read_with_its_choices_and_repeated_rows(tmp_path: Path) -> None:
    packets = [("", b'<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/">'), ("", XFA_TEMPLATE), ("", XFA_DATA), ("", b"</xdp:xdp>")]
    xfa = "/XFA [(xdp) 10 0 R (template) 11 0 R (datasets) 12 0 R (end) 13 0 R]"
    data = raw_pdf(written((60, 700, "Please wait...")), catalog=f"/AcroForm << /Fields [] {xfa} >>", objects=packets)
    assert read(tmp_path, data)[0].text == "Order form\nCustomer: Mara\nPaid: ☒\nPayment: Card\nItem: Bolt\nItem: Nut"


def test_an_xfa_form_that_cannot_be_read_fails_with_a_sentence(tmp_path: Path) -> None:
    data = raw_pdf(written((60, 700, "Please wait...")), catalog="/AcroForm << /Fields [] /XFA 10 0 R >>", objects=[("", b"<broken")])
    with pytest.raises(Unreadable, match="XFA form, whose text cannot be read"):
        read(tmp_path, data)


def attached(*files: tuple[str, bytes], content: str = "Outer.") -> bytes:
    objects: list[str | tuple[str, bytes]] = []
    for name, data in files:
        objects += [f"<< /Type /Filespec /F ({name}) /EF << /F {11 + len(objects)} 0 R >> >>", ("/Type /EmbeddedFile", data)]
    names = " ".join(f"({name}) {10 + 2 * at} 0 R" for at, (name, _) in enumerate(files))
    return raw_pdf(written((60, 700, content)), catalog=f"/Names << /EmbeddedFiles << /Names [{names}] >> >>", objects=objects)


def test_embedded_files_are_read_by_their_own_parsers_or_named_in_a_note(tmp_path: Path) -> None:
    inner = raw_pdf(written((60, 700, "The inner PDF says 42.")))
    pages = read(tmp_path, attached(("a.pdf", inner), ("b.exe", b"MZ\0\0"), ("prices.csv", b"Cheese,Price\nBrie,4\n")))
    assert [(page.label, page.text) for page in pages] == [
        ("", "Outer."),
        ("a.pdf", "The inner PDF says 42."),
        ("b.exe", ""),
        ("prices.csv", "Cheese; Price\nCheese: Brie; Price: 4"),
    ]
    assert pages[2].notes == ("The file b.exe is part of this document; it is not read: The file is a program, a type that is not read.",)


def test_files_in_files_in_files_are_read_to_a_depth_and_then_named(tmp_path: Path) -> None:
    data = attached(("deepest.txt", b"Too deep."), content="Level 3.")
    for level in (2, 1, 0):
        data = attached((f"level{level + 1}.pdf", data), content=f"Level {level}.")
    pages = read(tmp_path, data)
    assert [page.text for page in pages] == ["Level 0.", "Level 1.", "Level 2.", "Level 3.", ""]
    assert "deepest.txt is part of this document; it is not read: it lies in a file in a file in a file" in pages[-1].notes[0]


def test_text_on_hidden_layers_is_left_out_in_all_its_forms(tmp_path: Path) -> None:
    def layer(name: str, up: int, text: str) -> str:
        return f"/OC /{name} BDC {written((60, up, text))} EMC "

    content = written((60, 700, "Shown 1.")) + " " + layer("Off", 680, "Hidden.") + layer("On", 660, "Shown 2.")
    content += layer("Both", 640, "Hidden.") + "/X1 Do /X2 Do"
    form = "/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> /Properties << /Off 10 0 R >> >>"
    objects = [
        "<< /Type /OCG /Name (off) >>",
        "<< /Type /OCG /Name (on) >>",
        "<< /Type /OCMD /OCGs [10 0 R 11 0 R] /P /AllOn >>",
        (f"{form} /OC 10 0 R", written((60, 620, "Hidden.")).encode()),
        (form, (layer("Off", 600, "Hidden.") + written((60, 580, "Shown 3."))).encode()),
    ]
    resources = "/Properties << /Off 10 0 R /On 11 0 R /Both 12 0 R >> /XObject << /X1 13 0 R /X2 14 0 R >>"
    catalog = "/OCProperties << /OCGs [10 0 R 11 0 R] /D << /BaseState /OFF /ON [11 0 R] >> >>"
    assert read(tmp_path, raw_pdf(content, catalog=catalog, resources=resources, objects=objects))[0].text == "Shown 1.\nShown 2.\nShown 3."


@pytest.mark.parametrize("columns", [(LEFT, RIGHT), (LEFT, MIDDLE, RIGHT)])
def test_columns_written_row_by_row_are_read_one_after_the_other(tmp_path: Path, columns: tuple[tuple[str, ...], ...]) -> None:
    lines = [(40 + 180 * column, 740 - 14 * row, columns[column][row]) for row in range(4) for column in range(len(columns))]
    around = [(40.0, 780.0, "A headline that runs over all the columns of this page and ends here")], [(40.0, 60.0, "Page 1 of 9")]
    (page,) = read(tmp_path, raw_pdf(written(*around[0], *lines, *around[1], size=10)))
    expected = [around[0][0][2], *(line for column in columns for line in column), "Page 1 of 9"]
    assert page.text.split("\n") == expected


def test_a_table_of_words_is_read_row_by_row(tmp_path: Path) -> None:
    rows = [("Activity", "What is done there"), ("Welding", "The parts are joined by heat"), ("Drilling holes", "A bit is turned in it"),
            ("Painting", "The surface is covered"), ("Packing goods", "They are put into boxes")]  # fmt: skip
    cells = [(60 + 200 * column, 740 - 14 * row, rows[row][column]) for row in range(5) for column in range(2)]
    assert read(tmp_path, raw_pdf(written(*cells)))[0].text.split("\n") == [" ".join(row) for row in rows]


@pytest.mark.parametrize("repeated", [False, True])
def test_a_table_over_many_pages_has_its_header_on_each(tmp_path: Path, repeated: bool) -> None:
    def page(number: int) -> str:
        rows = [("Item", "Price", "Stock")] if repeated or number == 0 else []
        rows += [(f"Part {number}{row}", f"{number}.{row}5", f"{row}00") for row in range(5)]
        cells = [(72 + 130 * column, 740 - 20 * at, cell) for at, row in enumerate(rows) for column, cell in enumerate(row)]
        return written((72, 800, "ACME Ltd stock list"), *cells, (72, 30, f"Page {number + 1}"))

    pages = read(tmp_path, raw_pdf(*map(page, range(4))))
    assert ["Item Price Stock" in page.text for page in pages] == [True, True, True, True]
    assert pages[3].text.split("\n")[-6:-4] == ["Item Price Stock", "Part 30 3.05 000"]


def test_letters_set_apart_make_words_and_doubled_ones_stand_once(tmp_path: Path) -> None:
    apart = "BT /F1 12 Tf 50 700 Td (K A U T I O N   U N D   M I E T E) Tj 0 -20 Td [" + " -700 ".join(
        " -250 ".join(f"({letter})" for letter in word) for word in ("Here", "is", "the", "house")
    ) + "] TJ ET "  # fmt: skip
    doubled = "TThhee wwaarrrraannttyy iiss ttwwoo yyeeaarrss ffoorr aallll bbooookkss.."
    (page,) = read(tmp_path, raw_pdf(apart + written((50, 600, doubled), (50, 580, "All books need good feet."))))
    assert page.text.split("\n") == [
        "KAUTION UND MIETE", "Here is the house", "The warranty is two years for all books.", "All books need good feet."
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("matrix", "x", "y", "page"),
    [
        ("0 1 -1 0", (100, 20), (100, 0), ""),
        ("0 -1 1 0", (300, -20), (600, 0), ""),
        ("-1 0 0 -1", (500, 0), (300, 20), ""),
        ("-1 0 0 1", (500, 0), (700, -20), ""),
        ("1 0 0 1", (50, 0), (700, -20), "/Rotate 90"),
        ("1 0 0 1", (50, 0), (700, -20), "/Rotate 270"),
    ],
)
def test_turned_and_mirrored_text_is_read_from_its_first_line(
    tmp_path: Path, matrix: str, x: tuple[int, int], y: tuple[int, int], page: str
) -> None:
    content = " ".join(
        f"BT /F1 12 Tf {matrix} {x[0] + at * x[1]} {y[0] + at * y[1]} Tm ({line}) Tj ET" for at, line in enumerate(SENTENCES)
    )
    assert read(tmp_path, raw_pdf(content, page=page))[0].text.split("\n") == list(SENTENCES)


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("'LH.¾QGLJXQJVIULVWEHWU¦JWGUHL0RQDWH]XP4XDUWDOVHQGH 'HU9HUPLHWHU]DKOWGLH.DXWLRQQDFKVHFKV:RFKHQ", True),
        ("vkidk Lokxr gSA Hkkjr esa lHkh ukxfjdksa dks leku vf/kdkj izkIr gSaA ;g fu;e dsUnz ljdkj }kjk cuk;k x;k gS", True),
        ("Die Kündigungsfrist beträgt drei Monate zum Quartalsende. Der Vermieter zahlt die Kaution nach sechs Wochen zurück.", False),
        ("Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem", False),
        ("Genir pawb yn rhydd ac yn gydradd â'i gilydd mewn urddas a hawliau. Fe'u cynysgaeddir â rheswm", False),
        ("ตระกูลโมเดล Qwen Qwen Qwen 2.5 API SDK GPU Azure Qwen เป็นตัวแทนของแนวทางใหม่ในการพัฒนา Qwen VRAM RTX", False),
    ],
)
def test_letters_that_no_language_pairs_so_are_told_from_languages(text: str, strange: bool) -> None:
    assert are_strange(text) is strange
