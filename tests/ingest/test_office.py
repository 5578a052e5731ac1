"""DOCX, PPTX, XLSX and CSV written by the usual libraries come back in reading order, each page with its name."""

import datetime
import zipfile
from pathlib import Path

import pytest
from docx import Document
from docx.oxml import parse_xml
from openpyxl import Workbook
from pptx import Presentation
from pptx.util import Inches

from ingest.formats import parse
from ingest.media_types import CSV, DOCX, PPTX, TSV, XLSX
from rag.errors import RagError

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def test_a_docx_keeps_document_order_and_is_cut_at_headings(tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph("Before any heading.")
    document.add_heading("Travel", 1)
    document.add_paragraph("Trains first.")
    table = document.add_table(2, 2)
    for cell, text in zip([*table.rows[0].cells, *table.rows[1].cells], ["City", "Hotel", "Bern", "120 CHF"], strict=True):
        cell.text = text
    document.add_heading("Details", 3)
    document.add_paragraph("After the table.")
    document.add_heading("Leave", 2)
    document.add_paragraph("Thirty days.")
    document.save(str(tmp_path / "a.docx"))
    pages = list(parse(tmp_path / "a.docx", DOCX))
    assert [(page.number, page.label) for page in pages] == [(1, ""), (2, "Travel"), (3, "Leave")]
    assert pages[1].text == "Travel\n\nTrains first.\n\nCity | Hotel\nBern | 120 CHF\n\nDetails\n\nAfter the table."


def test_a_docx_keeps_inserted_text_and_leaves_out_deleted_and_hidden_text(tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph("Kept ")._p.append(parse_xml(f"<w:ins {W}><w:r><w:t>inserted</w:t></w:r></w:ins>"))
    document.paragraphs[0]._p.append(parse_xml(f"<w:del {W}><w:r><w:t>deleted</w:t></w:r></w:del>"))
    document.paragraphs[0]._p.append(parse_xml(f"<w:r {W}><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"))
    document.save(str(tmp_path / "a.docx"))
    assert [page.text for page in parse(tmp_path / "a.docx", DOCX)] == ["Kept inserted"]


def test_a_pptx_gives_one_page_per_slide_with_table_and_notes(tmp_path: Path) -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Plan"
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "Q1", "ship"
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    deck.slides.add_slide(deck.slide_layouts[6])
    group = deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 100, 100).text_frame.text = "In a group"
    deck.save(str(tmp_path / "a.pptx"))
    pages = list(parse(tmp_path / "a.pptx", PPTX))
    assert [page.label for page in pages] == ["Slide 1", "Slide 2", "Slide 3"]
    assert [page.text for page in pages] == ["Plan\n\nQ1 | ship\n\nNotes: Say it slowly.", "", "In a group"]


def test_every_row_of_a_workbook_is_readable_by_itself(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "Prices"
    for row in [["Article", "Price", "Since"], ["Lamp", 12.5, datetime.date(2025, 3, 1)], [None, None, None], ["Desk", 300, None]]:
        book.active.append(row)
    book.create_sheet("Empty")
    book.create_sheet("Numbers").append([1, 2.0, True])
    book.save(tmp_path / "a.xlsx")
    pages = list(parse(tmp_path / "a.xlsx", XLSX))
    assert [(page.number, page.label) for page in pages] == [(1, "Prices"), (2, "Numbers")]
    assert pages[0].text == "Article; Price; Since\nArticle: Lamp; Price: 12.5; Since: 2025-03-01\nArticle: Desk; Price: 300"
    assert pages[1].text == "1; 2; TRUE"


def test_a_long_sheet_is_cut_into_pages_of_200_rows(tmp_path: Path) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Long")
    sheet.append(["Key", "Value"])
    for number in range(450):
        sheet.append([f"k{number}", number])
    book.save(tmp_path / "a.xlsx")
    pages = list(parse(tmp_path / "a.xlsx", XLSX))
    assert [len(page.text.splitlines()) for page in pages] == [200, 200, 51]
    assert pages[2].text.endswith("Key: k449; Value: 449")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        ("Name;Ort\nJürgen;Köln\n".encode("cp1252"), CSV),
        ("Name,Ort\r\nJürgen,Köln\r\n".encode("utf-8-sig"), CSV),
        ("Name\tOrt\nJürgen\tKöln\n".encode("utf-16"), TSV),
    ],
)
def test_csv_is_read_in_any_encoding_and_with_any_usual_delimiter(tmp_path: Path, data: bytes, media_type: str) -> None:
    (tmp_path / "a").write_bytes(data)
    assert [page.text for page in parse(tmp_path / "a", media_type)] == ["Name; Ort\nName: Jürgen; Ort: Köln"]


def test_a_csv_field_may_hold_line_breaks_and_delimiters(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('id,note\n1,"two\nlines, one field"\n')
    assert [page.text for page in parse(tmp_path / "a", CSV)] == ["id; note\nid: 1; note: two lines, one field"]


@pytest.mark.parametrize("entity", ['<!ENTITY x SYSTEM "file:///etc/passwd">', '<!ENTITY y "ha"><!ENTITY x "&y;&y;&y;&y;&y;&y;&y;&y;">'])
def test_entities_in_office_xml_are_never_expanded(tmp_path: Path, entity: str) -> None:
    Document().save(str(tmp_path / "plain.docx"))
    evil = f"<!DOCTYPE r [{entity}]><w:document {W}><w:body><w:p><w:r><w:t>Visible &x;</w:t></w:r></w:p></w:body></w:document>"
    with zipfile.ZipFile(tmp_path / "plain.docx") as source, zipfile.ZipFile(tmp_path / "evil.docx", "w") as target:
        for name in source.namelist():
            target.writestr(name, evil if name == "word/document.xml" else source.read(name))
    try:
        text = "".join(page.text for page in parse(tmp_path / "evil.docx", DOCX))
    except RagError:
        return
    assert text == "Visible"
