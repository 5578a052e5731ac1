"""XLSX: other members of the kinds in the table of cases, each made here."""

import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from ingest.formats import parse
from ingest.media_types import XLSX
from rag.errors import Unreadable
from rag.records import Page
from tests.ingest.office_files import NAMESPACES, members, saved, strict, with_parts, zipped


def read(folder: Path, content: bytes) -> list[Page]:
    path = folder / "a.xlsx"
    path.write_bytes(content)
    return list(parse(path, XLSX))


def sheet(*rows: list[object]) -> tuple[Workbook, Worksheet]:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return book, book.active


def test_values_are_shown_by_their_formats_and_text_stays(tmp_path: Path) -> None:
    book, cells = sheet(
        ["Product", "Discount", "Price", "Zip", "Open", "Due"], ["Widget", 0.15, 1234.5, 815, True, datetime.date(2025, 3, 1)]
    )
    for name, code in {"B2": "0%", "C2": "$#,##0.00", "D2": "00000", "F2": "d mmm yyyy"}.items():
        cells[name].number_format = code
    (page,) = read(tmp_path, saved(book.save))
    assert page.text.splitlines()[1] == "Product: Widget; Discount: 15%; Price: $1,234.50; Zip: 00815; Open: TRUE; Due: 1 Mar 2025"


def test_dates_of_a_workbook_that_counts_from_1904(tmp_path: Path) -> None:
    book, _ = sheet(["Name", "Since"], ["Ada", datetime.date(2025, 3, 14)])
    book.epoch = CALENDAR_MAC_1904
    content = saved(book.save)
    assert b"date1904" in members(content)["xl/workbook.xml"]
    assert read(tmp_path, content)[0].text.splitlines()[1] == "Name: Ada; Since: 2025-03-14"


def test_the_language_of_the_words_decides_the_separators(tmp_path: Path) -> None:
    book, cells = sheet(["Artikel", "Preis", "Rabatt", "Lieferdatum"], ["Schraube", 1234.5, 0.05, datetime.datetime(2025, 3, 14)])
    cells["B2"].number_format, cells["C2"].number_format, cells["D2"].number_format = "#,##0.00", "0%", "mm-dd-yy"
    assert read(tmp_path, saved(book.save))[0].text.splitlines()[1] == (
        "Artikel: Schraube; Preis: 1.234,50; Rabatt: 5 %; Lieferdatum: 14.03.2025"
    )


def test_merged_cells_count_in_each_of_their_rows(tmp_path: Path) -> None:
    book, cells = sheet(["Sales report"], ["Region", "Branch", "Sales"], ["North", "Kiel", 5], [None, "Husum", 7], ["South", "Passau", 9])
    cells.merge_cells("A1:C1")
    cells.merge_cells("A3:A4")
    assert read(tmp_path, saved(book.save))[0].text.splitlines() == [
        "Sales report",
        "Region; Branch; Sales",
        "Region: North; Branch: Kiel; Sales: 5",
        "Region: North; Branch: Husum; Sales: 7",
        "Region: South; Branch: Passau; Sales: 9",
    ]


def test_formulas_show_their_stored_values_and_others_are_noted(tmp_path: Path) -> None:
    book, _ = sheet(["Item", "Sum"], *([f"row {n}", "=1+1"] for n in range(8)))
    content = saved(book.save)
    cells = members(content)
    part = "xl/worksheets/sheet1.xml"
    cells[part] = cells[part].replace(b"<v></v>", b"<v>2</v>", 1).replace(b"<v />", b"<v>2</v>", 1)
    assert b"<v>2</v>" in cells[part]
    (page,) = read(tmp_path, zipped(cells))
    assert page.text.splitlines()[1:3] == ["Item: row 0; Sum: 2", "Item: row 1"]
    assert page.notes == ("Formulas without a stored value are not computed: B3, B4, B5, B6, B7 and 2 more.",)


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets_are_left_out_and_noted(tmp_path: Path, state: str) -> None:
    book, _ = sheet(["open"])
    book.create_sheet("Secret").append(["salary", 88000])
    book["Secret"].sheet_state = state
    (page,) = read(tmp_path, saved(book.save))
    assert (page.text, page.notes) == ("open", ("The hidden sheet 'Secret' is not read.",))


def test_charts_shapes_and_comments_of_a_sheet(tmp_path: Path) -> None:
    book, cells = sheet(["City", "Sales"], ["Kiel", 12], ["Bonn", 7])
    chart = BarChart()
    chart.title = "Sales"
    chart.add_data(Reference(cells, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    cells.add_chart(chart, "E5")
    cells["A2"].comment = Comment("by the sea", "me")
    content = members(saved(book.save))
    shape = f"<xdr:sp {NAMESPACES}><xdr:txBody><a:p><a:r><a:t>Provisional</a:t></a:r></a:p></xdr:txBody></xdr:sp>".encode()
    content["xl/drawings/drawing1.xml"] = content["xl/drawings/drawing1.xml"].replace(b"</wsDr>", shape + b"</wsDr>")
    table, drawn = read(tmp_path, zipped(content))
    assert table.text == "City; Sales\nCity: Kiel; Sales: 12\nCity: Bonn; Sales: 7"
    assert drawn.text == "Sales\nProvisional"
    assert set(table.notes + drawn.notes) == {"Comments on cells are not read."}


def test_a_strict_workbook_is_read_with_its_dates(tmp_path: Path) -> None:
    book, cells = sheet(["Name", "Since"], ["Ada", datetime.date(2025, 3, 14)])
    cells["B2"].number_format = "DD.MM.YYYY"
    content = members(strict(saved(book.save)))
    part = "xl/worksheets/sheet1.xml"
    content[part] = content[part].replace(b't="n"><v>45730</v>', b't="d"><v>2025-03-14</v>')
    assert b't="d"' in content[part]
    assert read(tmp_path, zipped(content))[0].text == "Name; Since\nName: Ada; Since: 14.03.2025"


def test_a_workbook_without_its_parts_fails_with_a_sentence(tmp_path: Path) -> None:
    book, _ = sheet(["x"])
    content = members(saved(book.save))
    del content["xl/workbook.xml"]
    with pytest.raises(Unreadable, match="does not hold its document"):
        read(tmp_path, zipped(content))


def test_embedded_objects_on_a_sheet_are_noted(tmp_path: Path) -> None:
    book, _ = sheet(["Text"])
    content = with_parts(saved(book.save), "xl/worksheets/sheet1.xml", {"rId90": ("oleObject/o.bin", b"x")})
    assert read(tmp_path, content)[0].notes == ("Embedded objects are not read.",)
