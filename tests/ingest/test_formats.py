"""Real files made by the usual libraries, and every kind of bad file: one clear error each, and nothing else."""

import io
import logging
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path

import pypdf
import pytest
from docx import Document
from fpdf import FPDF
from openpyxl import Workbook

from ingest.cleaning import clean_text
from ingest.formats import parse
from ingest.identification import identify
from ingest.magic import sniff
from ingest.media_types import CSV, DOCX, EML, EPUB, HTML, MARKDOWN, OLE, PDF, TEXT, TSV, XLSX
from rag.errors import TooLarge, Unreadable, UnsupportedType
from rag.settings import ParseLimits


def save(folder: Path, data: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def pdf_bytes(*pages: str) -> bytes:
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    for text in pages:
        pdf.add_page()
        if text:
            pdf.multi_cell(0, 8, text)
    return bytes(pdf.output())


def docx_bytes() -> bytes:
    document = Document()
    document.add_paragraph("Vacation is thirty days.")
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def encrypted(data: bytes, password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def identified(path: Path, name: str) -> str:
    return identify(path, sniff(path, name), ParseLimits())


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"# Title\n", "a.md", MARKDOWN),
        (b"a,b\n1,2\n", "a.csv", CSV),
        (b"a\tb\n1\t2\n", "a.TSV", TSV),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><p>x", "notes.txt", HTML),
        (b"<!-- saved -->\n<!DOCTYPE html><p>x", "notes.txt", HTML),
        ("\n<HTML><p>x".encode("utf-16"), "notes.txt", HTML),
        (b"Received: by a\n\tat noon\nX-Spam: no\nSubject: Lift\n\nIt is repaired.", "notes.txt", EML),
        (b"Subject: of this note is the lift.\n\nIt is repaired.", "notes.eml", TEXT),
        (b"<p>no doctype</p>", "a.html", HTML),
        (b"just words", "a.exe", TEXT),
        ("Grüße".encode("utf-16"), "a", TEXT),
        ("Grüße".encode("cp1252"), "a.txt", TEXT),
    ],
)
def test_the_name_only_decides_between_kinds_of_text(tmp_path: Path, data: bytes, name: str, expected: str) -> None:
    assert identified(save(tmp_path, data), name) == expected


def test_a_container_is_what_it_holds_whatever_it_was_taken_for(tmp_path: Path) -> None:
    save(tmp_path, docx_bytes(), "a")
    Workbook().save(tmp_path / "b")
    assert [identify(tmp_path / name, EPUB, ParseLimits()) for name in "ab"] == [DOCX, XLSX]
    assert [page.text for page in parse(tmp_path / "a", XLSX)] == ["Vacation is thirty days."]


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 40, b"text and then \x00\x01\x02 bytes" * 9, b"MZ and other letters, then\x01\x02 bytes" * 9]
)
def test_bytes_that_are_no_text_are_refused_with_what_is_accepted(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnsupportedType, match="accepted are PDF, DOCX, PPTX, XLSX, ODT"):
        list(parse(save(tmp_path, data), TEXT))


def test_a_damaged_part_that_tells_the_type_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
    with pytest.raises(Unreadable, match="The part mimetype of the file is damaged"):
        list(parse(save(tmp_path, out.getvalue().replace(b"epub+zip", b"epub+zap")), EPUB))


def test_old_and_encrypted_office_files_are_told_apart(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    with pytest.raises(UnsupportedType, match="old Office format"):
        list(parse(save(tmp_path, ole), OLE))
    with pytest.raises(Unreadable, match="encrypted with a password"):
        list(parse(save(tmp_path, ole + "EncryptedPackage".encode("utf-16-le")), OLE))


def test_a_damaged_mail_of_outlook_is_the_file_s_fault_and_not_the_disk_s(tmp_path: Path) -> None:
    damaged = Path(__file__).with_name("mail.msg").read_bytes()[:1024] + "__properties_version1.0".encode("utf-16-le")
    with pytest.raises(Unreadable, match="corrupt or cut short"):
        list(parse(save(tmp_path, damaged), OLE))


def test_a_plain_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.txt", "x")
    with pytest.raises(UnsupportedType, match="ZIP archive of another kind"):
        list(parse(tmp_path / "a.zip", DOCX))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_pdf_is_refused(tmp_path: Path, share: float) -> None:
    data = pdf_bytes(*["Sentence after sentence. " * 40] * 4)
    with pytest.raises(Unreadable, match="cut short or corrupt"):
        list(parse(save(tmp_path, data[: int(len(data) * share)]), PDF))


def test_a_corrupt_pdf_is_refused_and_no_library_writes_to_stderr(tmp_path: Path) -> None:
    path = save(tmp_path, b"%PDF-1.7\n" + b"garbage " * 500 + b"\nstartxref\n99999\n%%EOF\n")
    with pytest.raises(Unreadable, match="corrupt"):
        list(parse(path, PDF))
    code = "import sys, pathlib, ingest.formats as f\ntry: list(f.parse(pathlib.Path(sys.argv[1]), f.PDF))\nexcept f.Unreadable: pass"
    assert subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stderr == ""


def test_an_encrypted_pdf_says_that_it_needs_a_password(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="encrypted and needs a password"):
        list(parse(save(tmp_path, encrypted(pdf_bytes("Secret"), "user")), PDF))


def test_a_pdf_with_an_empty_user_password_opens(tmp_path: Path) -> None:
    pages = list(parse(save(tmp_path, encrypted(pdf_bytes("Open to all"), "")), PDF))
    assert [page.text for page in pages] == ["Open to all"]


def test_a_pdf_without_text_asks_for_ocr(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="has no text layer"):
        list(parse(save(tmp_path, pdf_bytes("", "")), PDF))


def test_empty_pages_keep_their_numbers(tmp_path: Path) -> None:
    pages = list(parse(save(tmp_path, pdf_bytes("one", "", "three")), PDF))
    assert [(page.number, page.text) for page in pages] == [(1, "one"), (2, ""), (3, "three")]


def test_a_zip_bomb_docx_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types>wordprocessingml.document.main+xml</Types>")
        archive.writestr("word/document.xml", bytes(60 << 20))
    with pytest.raises(TooLarge, match="decompression bomb"):
        list(parse(tmp_path / "bomb.docx", DOCX))


def test_a_container_that_unpacks_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="at most 1,000 are read"):
        list(parse(save(tmp_path, docx_bytes()), DOCX, ParseLimits(expanded_bytes=1_000)))


def test_a_truncated_or_damaged_docx_is_refused(tmp_path: Path) -> None:
    data = docx_bytes()
    with pytest.raises(Unreadable, match="damaged ZIP container"):
        list(parse(save(tmp_path, data[: len(data) // 2]), DOCX))
    with zipfile.ZipFile(tmp_path / "odd.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types>wordprocessingml.document.main+xml")
    with pytest.raises(Unreadable, match="corrupt or cut short"):
        list(parse(tmp_path / "odd.docx", DOCX))


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [(ParseLimits(pages=2), "more than 2 pages|has 3 pages"), (ParseLimits(characters=5), "more than 5 characters")],
)
def test_too_many_pages_or_characters_are_refused(tmp_path: Path, limits: ParseLimits, sentence: str) -> None:
    with pytest.raises(TooLarge, match=sentence):
        list(parse(save(tmp_path, pdf_bytes("one two", "three four", "five six")), PDF, limits))


def test_page_text_is_normal_and_without_control_characters(tmp_path: Path) -> None:
    source = "e\u0301te\u0301 soft\u00adhyphen \u202eevil\u202c \x1btag\U000e0041\r\nnext\tcell क\u094d\u200dष"
    text = "".join(page.text for page in parse(save(tmp_path, source.encode()), TEXT))
    assert text == "été softhyphen evil tag\nnext\tcell क\u094d\u200dष"
    assert unicodedata.is_normalized("NFC", text)


def test_lone_surrogates_and_noncharacters_are_dropped() -> None:
    assert clean_text("a\ud800b\ufffec\x00d\x85e") == "abcd\ne"


def test_a_document_of_blanks_holds_no_text(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="holds no text"):
        list(parse(save(tmp_path, b" \n\n\t \n"), TEXT))


def test_pages_come_lazily(tmp_path: Path) -> None:
    pages = parse(save(tmp_path, b"one line\n" * 5_000), TEXT, ParseLimits(pages=3))
    assert next(pages).number == 1
    with pytest.raises(TooLarge, match="more than 3 pages"):
        list(pages)


def test_an_unexpected_failure_is_logged_with_its_cause(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(Unreadable) as caught:
        list(parse(save(tmp_path, b"no zip"), EPUB))
    assert caught.value.__cause__ is not None
