"""ODT, RTF, mails and JSON: known by their bytes, their text and their structure kept."""

import io
import json
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.formats import parse
from ingest.identification import identify
from ingest.magic import sniff
from ingest.media_types import EML, JSON, JSON_LINES, MSG, ODT, RTF, TEXT
from rag.errors import Unreadable
from rag.records import Page
from rag.settings import ParseLimits

ODT_CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
  xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0">
 <office:body><office:text>
  <text:tracked-changes><text:p>Gelöscht</text:p></text:tracked-changes>
  <text:p>Vorwort.</text:p>
  <text:h text:outline-level="1">Urlaub</text:h>
  <text:p>Der Urlaub<text:s text:c="2"/>beträgt <text:span>dreißig</text:span> Tage.<text:note><text:note-citation>1</text:note-citation>
   <text:note-body><text:p>Im Jahr.</text:p></text:note-body></text:note></text:p>
  <text:list><text:list-item><text:p>Ostern</text:p></text:list-item><text:list-item><text:p>Pfingsten</text:p></text:list-item></text:list>
  <table:table><table:table-row><table:table-cell><text:p>Ort</text:p></table:table-cell><table:table-cell><text:p>Tage</text:p></table:table-cell>
  </table:table-row><table:table-row><table:table-cell><text:p>Bonn</text:p></table:table-cell><table:table-cell><text:p>30</text:p>
  </table:table-cell></table:table-row></table:table>
 </office:text></office:body></office:document-content>"""


def odt(content: str | None = ODT_CONTENT) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", ODT)
        if content is not None:
            archive.writestr("content.xml", content)
    return out.getvalue()


def mail(*, html: bool = False) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Anna <anna@example.org>", "team@example.org", "การประชุมวันศุกร์"
    message.set_content("<p>Die Sitzung ist am <b>Freitag</b>.</p>", subtype="html") if html else message.set_content(
        "Die Sitzung ist am Freitag."
    )
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="plan.pdf")
    return bytes(message)


def read(folder: Path, name: str, content: bytes) -> tuple[str, list[Page]]:
    path = folder / "blob"
    path.write_bytes(content)
    media_type = identify(path, sniff(path, name), ParseLimits())
    return media_type, list(parse(path, media_type))


def test_an_odt_keeps_headings_lists_tables_and_notes(tmp_path: Path) -> None:
    media_type, pages = read(tmp_path, "handbuch.bin", odt())
    assert media_type == ODT
    assert [(page.label, page.text) for page in pages] == [
        ("", "Vorwort."),
        ("Urlaub", "Urlaub\n\nDer Urlaub beträgt dreißig Tage.\nIm Jahr.\n\nOstern\n\nPfingsten\n\nOrt | Tage\nBonn | 30"),
    ]


def test_an_odt_without_its_content_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="holds no content"):
        read(tmp_path, "a.odt", odt(None))
    with pytest.raises(Unreadable, match="corrupt or cut short"):
        read(tmp_path, "a.odt", odt("<office"))


def test_an_rtf_gives_its_text_in_any_script(tmp_path: Path) -> None:
    content = rb"{\rtf1\ansi\ansicpg1252{\fonttbl\f0 Arial;}\f0 Sch\'f6ne Gr\'fc\'dfe.\par \u3652?\u3607?\u3618?\par\b Ende\b0 .}"
    media_type, (page,) = read(tmp_path, "brief", content)
    assert (media_type, page.text) == (RTF, "Schöne Grüße.\nไทย\nEnde.")


@pytest.mark.parametrize("html", [False, True])
def test_a_mail_gives_its_headers_text_and_the_names_of_attachments(tmp_path: Path, html: bool) -> None:
    media_type, (page, plan) = read(tmp_path, "mail.txt", mail(html=html))
    assert (media_type, page.label) == (EML, "การประชุมวันศุกร์")
    head = "Subject: การประชุมวันศุกร์\nFrom: Anna <anna@example.org>\nTo: team@example.org\nAttachments: plan.pdf"
    assert page.text == f"{head}\n\nDie Sitzung ist am Freitag."
    assert (plan.label, plan.text) == ("plan.pdf", "")
    assert "plan.pdf is part of this document; it is not read: The PDF ends before its table of contents" in plan.notes[0]


def test_a_text_that_is_no_mail_stays_text(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", b"From: the north\n\nthe wind blows: cold.\n")[0] == TEXT
    assert read(tmp_path, "a.txt", b"To: do\nbuy milk\nDate: tomorrow\n")[0] == TEXT


def test_json_is_read_record_by_record(tmp_path: Path) -> None:
    value = {"title": "Lager", "shelves": [{"name": "A", "size": {"w": 2, "h": 3}, "tags": ["rot", "blau"]}, {"name": "ข", "note": None}]}
    media_type, pages = read(tmp_path, "lager.json", json.dumps(value).encode())
    assert media_type == JSON
    assert [(page.label, page.text) for page in pages] == [
        ("title", "Lager"),
        ("shelves", "name: A; size.w: 2; size.h: 3; tags: rot; tags: blau\nname: ข"),
    ]


def test_json_lines_are_read_as_they_come_and_a_fault_has_its_line(tmp_path: Path) -> None:
    media_type, (page,) = read(tmp_path, "a.jsonl", b'{"a": 1}\n\n{"a": "zwei"}\n')
    assert (media_type, page.text) == (JSON_LINES, "a: 1\na: zwei")
    with pytest.raises(Unreadable, match=r"Line 2 of the JSON lines file is no JSON: Expecting value at line 1, column 7"):
        read(tmp_path, "a.jsonl", b'{"a": 1}\n{"a": }\n')
    with pytest.raises(Unreadable, match=r"The JSON file is no JSON: .* at line 2, column 6"):
        read(tmp_path, "a.json", b'{\n"a": }')
    with pytest.raises(Unreadable, match="corrupt or cut short"):
        read(tmp_path, "a.json", b"[" * 100_000)


def test_a_mail_of_outlook_gives_the_same(tmp_path: Path) -> None:
    """mail.msg is a sample of R2R's (MIT)."""
    media_type, (page,) = read(tmp_path, "mail", Path(__file__).with_name("mail.msg").read_bytes())
    assert (media_type, page.label) == (MSG, "(outlookEMLandMSGconverter Trial Version Import) BitDaddys Software")
    lines = page.text.split("\n")
    assert lines[1:4] == [
        "From: John Doe <jdoes@someserver.com>",
        "To: sales@bitdaddys.com <sales@bitdaddys.com>",
        "Date: 2006-08-12 18:25:25+00:00",
    ]
    assert lines[-3:] == ["Sincerely,", "John Doe", "Some Server Company"]
