"""PDF text: Latin through PDFium, shaped Thai and Devanagari with the repairs; measured with the fonts of the system where they are."""

import unicodedata
from pathlib import Path

import pytest
from fpdf import FPDF

from ingest.cleaning import tidy
from ingest.formats import parse
from ingest.media_types import PDF
from ingest.shaping import faults, mend

SAMPLES = Path(__file__).parents[2] / "samples"
THAI_FONTS = ["/usr/share/fonts/truetype/tlwg/Garuda.ttf", "/usr/share/fonts/truetype/tlwg/Loma.ttf"]
HINDI_FONTS = [
    "/usr/share/fonts/truetype/lohit-devanagari/Lohit-Devanagari.ttf",
    "/usr/share/fonts/truetype/noto/NotoSansDevanagari-Regular.ttf",
]
THAI = ["บริษัทจำเป็นต้องทำสำเนาเอกสารสำคัญ", "ขอย้ำว่าน้ำดื่มมีค่าใช้จ่ายขั้นต่ำ"]
HINDI = ["कर्मचारियों को वार्षिक अवकाश मिलता है", "निष्पादन के लिए लिखित अनुमति आवश्यक है"]


def shaped_pdf(path: Path, fonts: list[str], script: str, lines: list[str]) -> Path:
    font = next((name for name in fonts if Path(name).exists()), None)
    if font is None:
        pytest.skip(f"none of the fonts {', '.join(fonts)} is installed")
    pdf = FPDF()
    pdf.add_font("shaped", fname=font)
    pdf.set_font("shaped", size=14)
    pdf.set_text_shaping(True, script=script)
    pdf.add_page()
    for line in lines:
        pdf.cell(0, 10, line, new_x="LMARGIN", new_y="NEXT")
    pdf.output(str(path))
    return path


def test_shaped_thai_comes_back_letter_by_letter(tmp_path: Path) -> None:
    pages = list(parse(shaped_pdf(tmp_path / "th.pdf", THAI_FONTS, "thai", THAI), PDF))
    assert pages[0].text.splitlines() == THAI


def test_shaped_hindi_comes_back_letter_by_letter(tmp_path: Path) -> None:
    pages = list(parse(shaped_pdf(tmp_path / "hi.pdf", HINDI_FONTS, "deva", HINDI), PDF))
    assert [" ".join(line.split()) for line in pages[0].text.splitlines()] == HINDI


@pytest.mark.parametrize("name", ["rongngan-chiangmai.pdf", "pune-karyalay.pdf", "arbeitsordnung-freiburg.pdf"])
def test_every_line_of_the_sample_pdfs_comes_back(name: str) -> None:
    source = SAMPLES / "sources" / f"{name}.md"
    if not source.exists():
        pytest.skip("the samples and their sources are not in this checkout")
    text = "".join("".join(page.text.split()) for page in parse(SAMPLES / "documents" / name, PDF))
    lines = [line.lstrip("# ").replace("*", "") for line in unicodedata.normalize("NFC", source.read_text()).splitlines()]
    assert [line for line in lines if not line.startswith("<!--") and "".join(line.split()) not in text] == []


def test_two_columns_are_read_one_after_the_other_and_a_table_row_by_row(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    pdf.add_page()
    words = [f"word{number}" for number in range(1200)]
    with pdf.text_columns(ncols=2, gutter=8) as columns:
        columns.write(" ".join(words))
    pdf.add_page()
    with pdf.table() as table:
        for row in range(5):
            table.row([f"left{row}", f"right{row}"])
    pdf.output(str(tmp_path / "columns.pdf"))
    *flowing, rows = [page.text for page in parse(tmp_path / "columns.pdf", PDF)]
    assert " ".join(flowing).split() == words
    assert rows.split() == [cell for row in range(5) for cell in (f"left{row}", f"right{row}")]


def test_a_word_broken_at_a_line_end_is_joined() -> None:
    assert tidy("Die Arbeits-\r\nzeit,  Reise-\nKosten") == "Die Arbeitszeit, Reise-Kosten"
    assert tidy("state-of-the-\nart") == "state-of-the-\nart"


@pytest.mark.parametrize(
    ("extracted", "expected"),
    [
        ("ท\ufffdาเนียบ", "ทำเนียบ"),
        ("ย\ufffd้าว่า", "ย้ำว่า"),
        ("ก;าหนด", "กำหนด"),
        ("น\u0e49\u0e4d\u0e32", "น้ำ"),
        ("ทำ\ufffdเนียบ", "ทำเนียบ"),
        ("ส ำเนา", "สำเนา"),
        ("ก่ิง", "กิ่ง"),
        ("ยอดเยี่ยม! มาก", "ยอดเยี่ยม! มาก"),
        ("कि\ufffdताब", "किताब"),
        ("शब्द िकताब", "शब्द किताब"),
        ("Latin stays; as it is \ufffd", "Latin stays; as it is \ufffd"),
    ],
)
def test_faults_of_shaped_text_are_mended(extracted: str, expected: str) -> None:
    assert mend(extracted) == expected


def test_faults_are_counted_and_good_text_has_none() -> None:
    assert [faults(line) for line in [*THAI, *HINDI]] == [0, 0, 0, 0]
    assert faults("สง่ท้า\ufffdย ่") == 2
