"""What the gateway does with a stranger's bytes: it compares a bounded head with fixed marks, and refuses what is no document."""

import io
import time
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from docx import Document
from openpyxl import Workbook
from pptx import Presentation

from ingest.magic import sniff
from ingest.media_types import CSV, DOCX, EPUB, HTML, MARKDOWN, MSG, OLE, PDF, PPTX, TEXT, TSV, XLSX, ZIP
from rag.errors import Unreadable, UnsupportedType


def save(folder: Path, data: bytes) -> Path:
    (folder / "file").write_bytes(data)
    return folder / "file"


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def office(kind: str) -> bytes:
    out = io.BytesIO()
    {"docx": Document, "pptx": Presentation, "xlsx": Workbook}[kind]().save(out)
    return out.getvalue()


def mail() -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "Anna <anna@example.org>", "Lift"
    message.set_content("It is repaired on Friday.")
    return bytes(message)


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"# Title\n", "a.md", MARKDOWN),
        (b"a,b\n1,2\n", "a.csv", CSV),
        (b"a\tb\n1\t2\n", "a.TSV", TSV),
        (b"\xef\xbb\xbf\n <!DOCTYPE HTML><p>x", "notes.txt", HTML),
        (b"just words", "a.exe", TEXT),
        (b"MZ are the initials of Maria Zeller", "a.txt", TEXT),
        (mail(), "a.eml", "message/rfc822"),
        (b"\n%PDF-1.7\n", "report.docx", PDF),
        (zipped(("mimetype", EPUB.encode()), ("a", b"")), "a.zip", EPUB),
        (zipped(("x.txt", b"x")), "a.docx", ZIP),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.doc", OLE),
        (Path(__file__).with_name("mail.msg").read_bytes(), "mail", MSG),
        (b"RIFF\x24\x08\0\0WEBPVP8 " + bytes(100), "photo", "image/webp"),
    ],
)
def test_the_first_bytes_decide_and_the_name_only_between_kinds_of_text(tmp_path: Path, data: bytes, name: str, expected: str) -> None:
    assert sniff(save(tmp_path, data), name) == expected


@pytest.mark.parametrize(("kind", "expected"), [("docx", DOCX), ("pptx", PPTX), ("xlsx", XLSX)])
def test_an_office_file_is_known_by_the_names_of_its_first_parts(tmp_path: Path, kind: str, expected: str) -> None:
    assert sniff(save(tmp_path, office(kind)), "a.pdf") == expected


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"MZ\x90\x00" + bytes(range(256)) * 40, "a program"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "a program"),
        (b"RIFF\x24\x08\0\0WAVEfmt " + bytes(100), "a video or sound"),
        (b"\0\0\0\x18ftypmp42" + bytes(100), "a video, a sound or a HEIF picture"),
        (b"\x1aE\xdf\xa3" + bytes(100), "a video or sound"),
        (b"\x1f\x8b\x08" + bytes(100), "an archive"),
    ],
)
def test_programs_videos_and_archives_are_refused_at_once(tmp_path: Path, data: bytes, what: str) -> None:
    with pytest.raises(UnsupportedType, match=f"^The file is {what}, a type that is not read; accepted are PDF, DOCX, "):
        sniff(save(tmp_path, data), "notes.txt")


def test_an_empty_file_says_that_it_is_empty(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"^The file is empty; upload a file that holds text\.$"):
        sniff(save(tmp_path, b""), "a.pdf")


@pytest.mark.parametrize(
    "start", [b"<!---->" * 24 + b"x", b"<!---->" * 30 + b"x", b"From: a\n" * 400, b"PK\x03\x04", b"<?xml " + b"<" * 65536]
)
def test_a_huge_file_of_near_matches_costs_the_gateway_nothing(tmp_path: Path, start: bytes) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.write(start)
        file.truncate(1 << 30)
    began = time.process_time()
    sniff(tmp_path / "file", "a.html")
    assert time.process_time() - began < 0.5, "it takes 0.1 ms; as a regular expression it took 6 s and more"
