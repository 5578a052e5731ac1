"""Mails as they really come: several texts, stubs beside HTML, charsets that lie, mailbox files, attachments of every kind."""

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from docx import Document

from ingest.formats import parse
from ingest.magic import sniff
from ingest.media_types import EML
from rag.records import Page
from tests.ingest.raw_pdf import raw_pdf, written

MIXED = b"From: a\r\nSubject: b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"


def read(folder: Path, content: bytes, name: str = "mail.eml") -> list[Page]:
    path = folder / "blob"
    path.write_bytes(content)
    return list(parse(path, sniff(path, name)))


def body(page: Page) -> str:
    """What comes after the headers."""
    return page.text.partition("\n\n")[2].strip()


def mail(text: str = "See the files.", subject: str = "Files") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann <ann@example.org>", "Bob <bob@example.org>", subject
    message.set_content(text)
    return message


def docx(text: str) -> bytes:
    document, out = Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(out)
    return out.getvalue()


def test_attachments_are_read_and_their_pages_bear_their_names(tmp_path: Path) -> None:
    message = mail()
    pdf = raw_pdf(written((60, 700, "The deposit is 900 euros.")), written((60, 700, "The second page.")))
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename="Vertrag für Köln.pdf")
    message.add_attachment(docx("The keys are in the box."), maintype="application", subtype="octet-stream", filename="keys.docx")
    message.add_attachment(b"\0\1\2", maintype="application", subtype="octet-stream", filename="data.bin")
    pages = read(tmp_path, bytes(message))
    assert pages[0].text.split("\n")[3:] == ["Attachments: Vertrag für Köln.pdf, keys.docx, data.bin", "", "See the files."]
    assert [(page.label, page.text) for page in pages[1:]] == [
        ("Vertrag für Köln.pdf", "The deposit is 900 euros."),
        ("Vertrag für Köln.pdf", "The second page."),
        ("keys.docx", "The keys are in the box."),
        ("data.bin", ""),
    ]
    assert pages[-1].notes == (
        "The file data.bin is part of this document; it is not read: The bytes of the file are no text and of no known type.",
    )


def test_mails_in_mails_are_read_to_a_depth_and_then_named(tmp_path: Path) -> None:
    message = mail("Level 4.", "Four")
    for level in ("Three", "Two", "One", "Zero"):
        inner, message = message, mail(f"This is {level}.", level)
        message.add_attachment(inner)
    pages = read(tmp_path, bytes(message))
    assert [body(page) for page in pages] == ["This is Zero.", "This is One.", "This is Two.", "This is Three.", ""]
    assert "The file Four is part of this document; it is not read: it lies in a file in a file in a file" in pages[-1].notes[0]


def test_a_thousand_mails_in_mails_end(tmp_path: Path) -> None:
    head = b"".join(b"Subject: a\r\nFrom: b\r\nContent-Type: message/rfc822\r\n\r\n" for _ in range(1000))
    (page,) = read(tmp_path, head + b"Subject: c\r\n\r\nThe innermost text.\r\n")
    assert page.notes == ("The mail has mails in mails in such a number that only its headers are read.",)


def test_all_texts_of_a_mail_are_read_in_their_order(tmp_path: Path) -> None:
    parts = [
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nBefore the picture.\r\n",
        b"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain\r\n\r\nIn the middle.\r\n"
        b"--c\r\nContent-Type: text/html\r\n\r\n<p>In the middle.</p>\r\n--c--\r\n",
        b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>After the <b>picture</b>.</p>\r\n",
    ]
    (page,) = read(tmp_path, MIXED + b"".join(parts) + b"--b--\r\n")
    assert body(page).split("\n\n") == ["Before the picture.", "In the middle.", "After the picture."]


def test_each_mail_of_a_mailbox_file_is_read(tmp_path: Path) -> None:
    first = b"From ann@example.org Mon Mar  3 10:00:00 2025\nSubject: Eins\nTo: b\n\nDer erste Brief.\nFrom here on it is text.\n\n"
    second = b"From bob@example.org Tue Mar  4 11:00:00 2025\nFrom: bob@example.org\nSubject: Zwei\n\nDer zweite Brief.\n"
    pages = read(tmp_path, first + second, "letters.mbox")
    assert [(page.label, body(page)) for page in pages] == [
        ("Eins", "Der erste Brief.\nFrom here on it is text."),
        ("Zwei", "Der zweite Brief."),
    ]


@pytest.mark.parametrize(
    ("declared", "codec"),
    [("us-ascii", "utf-8"), ("utf-8", "cp1252"), ("x-unknown", "utf-8"), ("iso-8859-1", "cp1252"), ("windows-1252", "utf-8")],
)
def test_a_text_is_what_its_bytes_are_whatever_the_header_says(tmp_path: Path, declared: str, codec: str) -> None:
    text = "Die Gebühr für die Prüfung der Geräte beträgt zwölf € im Jahr."
    head = f"From: a\r\nSubject: b\r\nContent-Type: text/plain; charset={declared}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
    assert body(read(tmp_path, head + text.encode(codec))[0]) == text


@pytest.mark.parametrize(
    "subject",
    ["Schlüssel".encode(), "Schlüssel".encode("latin-1"), b"=?utf-8?Q?Schl=C3=BCssel?=", b'"=?iso-8859-1?B?U2NobPxzc2Vs?="'],
)
def test_names_in_headers_are_decoded_however_they_are_written(tmp_path: Path, subject: bytes) -> None:
    (page,) = read(tmp_path, b"From: a@example.org\r\nSubject: " + subject + b"\r\n\r\nText.\r\n")
    assert page.label.strip('"') == "Schlüssel"


@pytest.mark.parametrize(
    "parameter",
    [
        b"filename*=utf-8''Pr%C3%BCfung.txt",
        b'filename="=?utf-8?B?UHLDvGZ1bmcudHh0?="',
        b"filename*0*=utf-8''Pr%C3%BC; filename*1=\"fung.txt\"",
    ],
)
def test_names_of_attachments_are_decoded(tmp_path: Path, parameter: bytes) -> None:
    part = b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; " + parameter + b"\r\n\r\nDrei Pumpen.\r\n--b--\r\n"
    pages = read(tmp_path, MIXED + part)
    assert pages[-1].label == "Prüfung.txt"


def test_a_sealed_part_is_told_and_a_signature_named(tmp_path: Path) -> None:
    parts = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nThe open part.\r\n"
        b"--b\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nxyz\r\n"
        b"--b\r\nContent-Type: application/pgp-signature; name=sign.asc\r\n\r\nabc\r\n--b--\r\n"
    )
    (page,) = read(tmp_path, MIXED + parts)
    assert "Attachments: sign.asc" in page.text
    assert page.notes == ("A part of the mail is encrypted or sealed by S/MIME or PGP and is not read; save it decrypted and upload that.",)


def test_a_bomb_in_an_attachment_costs_that_attachment_alone(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "wordprocessingml.document.main+xml" + " " * (4 << 20))
    message = mail()
    message.add_attachment(out.getvalue(), maintype="application", subtype="octet-stream", filename="bomb.docx")
    pages = read(tmp_path, bytes(message))
    assert body(pages[0]) == "See the files."
    assert "bomb.docx is part of this document; it is not read" in pages[1].notes[0]


def test_a_saved_web_page_is_read_as_a_mail(tmp_path: Path) -> None:
    part = b"--b\r\nContent-Type: text/html\r\n\r\n<h1>Opening hours</h1><p>From nine to five.</p>\r\n--b--\r\n"
    page = b"From: <Saved by Blink>\r\nSubject: Hours\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n" + part
    path = tmp_path / "page.mht"
    path.write_bytes(page)
    assert sniff(path, "page.mht") != EML  # its bytes show it only in the parser's process
    assert "From nine to five." in read(tmp_path, page, "page.mht")[0].text
