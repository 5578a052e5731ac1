"""Pictures of text and scanned pages, read by the real Tesseract."""

import os
import random
import subprocess
import sys
from difflib import SequenceMatcher
from pathlib import Path

import psutil
import pypdfium2 as pdfium
import pytest
from fpdf import FPDF
from PIL import Image

from ingest.formats import parse
from ingest.magic import sniff
from ingest.recognition import DATA, installed
from ingest.sandbox import Sandbox
from rag.errors import TooLarge, Unreadable
from rag.settings import ParseLimits
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(len(installed()) < len(DATA), reason="Tesseract with the data of the eight languages is not installed")
SAMPLES = Path(__file__).parents[2] / "samples" / "documents"
DOTS_PER_INCH = 200  # what an office scanner gives
TEXTS = {
    "en": "The lift in the east wing is repaired on Friday, and the stairs are closed until the evening.",
    "de": "Die Übergabe der Schlüssel findet am Dienstag in der Straße hinter dem Büro statt.",
    "fr": "La réunion a été déplacée à jeudi, et les élèves recevront leurs résultats après le déjeuner.",
    "it": "La città è raggiungibile con il treno delle nove, perché la strada è chiusa fino a lunedì.",
    "pt": "A reunião não será amanhã; as inscrições estão abertas até o fim do mês na recepção.",
    "es": "El almacén cerrará el próximo sábado, así que la señora Muñoz recibirá los paquetes mañana.",
}


def picture_of(page: pdfium.PdfPage) -> Image.Image:
    picture: Image.Image = page.render(scale=DOTS_PER_INCH / 72).to_pil()
    return picture


def printed(path: Path, text: str) -> Path:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.multi_cell(0, 8, text)
    pdf.output(str(path))
    return path


def scan(path: Path, source: Path, note: str = "") -> Path:
    """The first page of a PDF as a picture in another PDF, with a line of text as scanners add."""
    page = pdfium.PdfDocument(source)[0]
    picture_of(page).save(path.with_suffix(".png"))
    pdf = FPDF(unit="pt", format=(page.get_width(), page.get_height()))
    pdf.add_page()
    pdf.image(str(path.with_suffix(".png")), 0, 0, page.get_width(), page.get_height())
    pdf.set_font("Helvetica", size=8)
    pdf.text(10, 10, note)
    pdf.output(str(path))
    return path


def text_of(path: Path) -> str:
    return next(parse(path, sniff(path, path.name))).text


def likeness(first: str, second: str) -> float:
    return SequenceMatcher(None, "".join(first.split()), "".join(second.split()), autojunk=False).ratio()


@pytest.mark.parametrize("language", TEXTS)
def test_a_scanned_page_is_read_in_its_language(tmp_path: Path, language: str) -> None:
    source = printed(tmp_path / "source.pdf", f"{TEXTS[language]} " * 3)
    assert likeness(text_of(scan(tmp_path / "scan.pdf", source)), f"{TEXTS[language]} " * 3) > 0.99


@pytest.mark.parametrize("name", ["rongngan-chiangmai.pdf", "pune-karyalay.pdf", "arbeitsordnung-freiburg.pdf"])
def test_a_scan_of_a_sample_reads_as_the_sample_does(tmp_path: Path, name: str) -> None:
    if not (SAMPLES / name).exists():
        pytest.skip("the samples are not in this checkout")
    written = text_of(SAMPLES / name)
    assert likeness(text_of(scan(tmp_path / "scan.pdf", SAMPLES / name)), written) > 0.9
    assert likeness(text_of(tmp_path / "scan.png"), written) > 0.9
    assert "\u0e4d\u0e32" not in text_of(tmp_path / "scan.png"), "Thai sara am is one character"


@pytest.mark.parametrize(
    ("suffix", "media_type"), [("png", "image/png"), ("jpg", "image/jpeg"), ("tiff", "image/tiff"), ("webp", "image/webp")]
)
def test_a_picture_of_each_kind_is_read(tmp_path: Path, suffix: str, media_type: str) -> None:
    picture = picture_of(pdfium.PdfDocument(printed(tmp_path / "source.pdf", TEXTS["en"]))[0])
    picture.save(tmp_path / f"photo.{suffix}")
    assert sniff(tmp_path / f"photo.{suffix}", "photo") == media_type
    assert text_of(tmp_path / f"photo.{suffix}").replace("\n", " ") == TEXTS["en"]


def test_each_picture_of_a_fax_is_a_page(tmp_path: Path) -> None:
    first, second = (picture_of(pdfium.PdfDocument(printed(tmp_path / "source.pdf", TEXTS[each]))[0]) for each in ("en", "de"))
    first.save(tmp_path / "fax.tiff", save_all=True, append_images=[second])
    pages = list(parse(tmp_path / "fax.tiff", "image/tiff"))
    assert [page.text.replace("\n", " ") for page in pages] == [TEXTS["en"], TEXTS["de"]]


def test_a_scanner_s_own_line_does_not_stand_for_the_page(tmp_path: Path) -> None:
    source = printed(tmp_path / "source.pdf", TEXTS["fr"])
    assert likeness(text_of(scan(tmp_path / "scan.pdf", source, note="Scanned by office device 7")), TEXTS["fr"]) > 0.8


def test_a_page_with_text_is_not_recognised_anew(tmp_path: Path) -> None:
    path, programs, asked = printed(tmp_path / "text.pdf", TEXTS["it"]), tmp_path / "programs", tmp_path / "asked"
    programs.mkdir()
    (programs / "tesseract").write_text(f'#!/bin/sh\necho "$1" >> {asked}\necho ita\n')
    (programs / "tesseract").chmod(0o755)
    code = f"from pathlib import Path; from ingest.formats import parse; print(next(parse(Path({str(path)!r}), 'application/pdf')).text)"
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    assert " ".join(said.split()) == TEXTS["it"]
    assert not asked.exists() or asked.read_text() == "--list-langs\n"


def test_a_picture_without_writing_fails_with_a_sentence(tmp_path: Path) -> None:
    noise = Image.frombytes("L", (400, 400), random.Random(1).randbytes(160_000))
    noise.save(tmp_path / "noise.png")
    with pytest.raises(Unreadable, match="saw no text in its pictures"):
        list(parse(tmp_path / "noise.png", "image/png"))


def test_a_damaged_and_a_huge_picture_fail_with_a_sentence(tmp_path: Path) -> None:
    Image.new("L", (300, 300)).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:60])
    with pytest.raises(Unreadable, match="picture is damaged"):
        list(parse(tmp_path / "cut.png", "image/png"))
    Image.new("1", (12_000, 12_000)).save(tmp_path / "huge.png")
    with pytest.raises(TooLarge, match="12,000 x 12,000 pixels"):
        list(parse(tmp_path / "huge.png", "image/png"))


def test_without_tesseract_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    scanned = scan(tmp_path / "scan.pdf", printed(tmp_path / "source.pdf", TEXTS["en"]))
    for path in (scanned, scanned.with_suffix(".png")):
        code = f"""
from pathlib import Path
from ingest.formats import parse
from ingest.magic import sniff
from ingest.recognition import NoRecognition
try:
    list(parse(Path({str(path)!r}), sniff(Path({str(path)!r}), "scan")))
except NoRecognition as error:
    print(error)"""
        said = subprocess.run([sys.executable, "-c", code], env={"PATH": ""}, capture_output=True, text=True, check=True).stdout
        assert "install Tesseract with the data of its language" in said


def test_a_page_that_takes_too_long_leaves_no_tesseract_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = picture_of(pdfium.PdfDocument(printed(tmp_path / "source.pdf", f"{TEXTS['de']} " * 30))[0])
    sheet = Image.new("L", (picture.width * 4, picture.height * 2), "white")
    for column in range(4):
        sheet.paste(picture, (picture.width * column, 0))
        sheet.paste(picture, (picture.width * column, picture.height))
    sheet.save(tmp_path / "sheet.png")
    monkeypatch.setenv("STARTED_BY", str(tmp_path))
    sandbox = Sandbox(ParseLimits(page_seconds=2))
    with pytest.raises(TooLarge, match="page 1 took more than 2 seconds"):
        list(sandbox.parse(tmp_path / "sheet.png", "image/png"))
    eventually(lambda: not any(is_ours(process, tmp_path) for process in psutil.process_iter(["name", "environ"])))
    sandbox.close()


def is_ours(process: psutil.Process, folder: Path) -> bool:
    return process.info["name"] == "tesseract" and (process.info["environ"] or {}).get("STARTED_BY") == str(folder)
