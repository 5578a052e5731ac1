"""Text with faults, in code pages, under a wrong name, and XML."""

from pathlib import Path

import pytest

from ingest.formats import parse
from ingest.magic import sniff
from ingest.media_types import XML
from rag.errors import Unreadable, UnsupportedType
from rag.records import Page

LINE = "Der Präsident eröffnet die Ausstellung über Käfer in der Straße am Fluss."


def read(folder: Path, content: bytes, name: str = "a.txt") -> list[Page]:
    path = folder / "blob"
    path.write_bytes(content)
    return list(parse(path, sniff(path, name)))


@pytest.mark.parametrize(
    ("content", "text", "note"),
    [
        (f"{LINE}\n".encode() + "Preis: 5 €.".encode("cp1252"), f"{LINE}\nPreis: 5 €.", "1 byte is no UTF-8"),
        (f"{LINE} Grüße ".encode() + "für Müller".encode("cp1252"), f"{LINE} Grüße für Müller", "2 bytes are no UTF-8"),
        (f"{LINE} K".encode() + b"\xc3", f"{LINE} K", "The text ends in the middle of a character"),
        ("ราคา 150 บาท".encode()[:-1], "ราคา 150 บา", "The text ends in the middle of a character"),
        (f"{LINE}\0\0 {LINE * 9}".encode(), f"{LINE} {LINE * 9}", "2 zero bytes were left out."),
        (b"\xef\xbb\xbf" + f"{LINE} ".encode() + b"\xff", f"{LINE} \ufffd", "1 byte is no UTF-8"),
    ],
)
def test_utf8_with_a_few_faults_is_read_with_a_note(tmp_path: Path, content: bytes, text: str, note: str) -> None:
    (page,) = read(tmp_path, content)
    assert page.text.replace("\ufeff", "") == text
    assert len(page.notes) == 1
    assert page.notes[0].startswith(note)


@pytest.mark.parametrize("name", ["a.csv", "a.md", "a.json", "a.html"])
def test_faults_are_noted_in_every_kind_of_text(tmp_path: Path, name: str) -> None:
    content = f'{{"a": "{LINE} '.encode() + b"M\xfcller" + b'"}'
    (page,) = read(tmp_path, content, name)
    assert "Müller" in page.text
    assert page.notes == ("1 byte is no UTF-8; read as Windows-1252 where that gives a letter or sign.",)


@pytest.mark.parametrize("content", [bytes(range(256)) * 8, b"\x89\xff\xfe\x00" * 50, b"\0" * 100, b"abc\0\0\0def\0\0\0" * 20])
def test_bytes_that_are_no_text_are_still_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnsupportedType, match="no text"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("iso8859_15", "Le tarif est de 45 € par nuit. L'hôtel accueille les œuvres d'art jusqu'au 3 août."),
        ("iso8859_15", "La sœur de Zoé a payé 12 € pour un bœuf à l'étal du marché."),
        ("cp1252", "Die Gebühr beträgt 40 € – „zahlbar“ im März."),
        ("cp1252", "Le rôti pèse 2½ kilos et coûte 12 francs à l'épicerie, où l'été est déjà là."),
        ("mac_roman", "Die Größe beträgt zwölf Meter. Der Schlüssel liegt für Jürgen im Büro."),
        ("cp874", "ร้านเปิดทุกวันตั้งแต่เวลา 9 นาฬิกาถึง 20 นาฬิกา"),
        ("utf-16", f"{LINE} 45 €"),
    ],
)
def test_a_code_page_is_told_by_its_letters(tmp_path: Path, codec: str, text: str) -> None:
    (page,) = read(tmp_path, text.encode(codec))
    assert (page.text, page.notes) == (text, ())


@pytest.mark.parametrize(
    ("declared", "codec"),
    [("utf-8", "cp1252"), ("iso-8859-1", "utf-8"), ("shift_jis", "cp1252"), ("nonsense", "utf-8"), ("utf-16", "utf-8")],
)
def test_html_is_what_its_bytes_are_when_its_declaration_does_not_decode(tmp_path: Path, declared: str, codec: str) -> None:
    html = (
        f'<html><head><meta charset="{declared}"></head><body><p>Das Büro öffnet früh und schließt um fünf für zwölf €.</p></body></html>'
    )
    assert read(tmp_path, html.encode(codec), "a.html")[0].text == "Das Büro öffnet früh und schließt um fünf für zwölf €."


def test_xml_records_are_lines_and_prose_has_no_names(tmp_path: Path) -> None:
    records = "".join(f'<part id="{n}"><name>Bolt {n}</name><price currency="EUR">{n}.50</price></part>' for n in (1, 2))
    (page,) = read(tmp_path, f"<?xml version='1.0'?><!-- no --><list><owner>Mara</owner>{records}</list>".encode(), "a.xml")
    assert page.text.split("\n") == [
        "owner: Mara", "name: Bolt 1; price: 1.50 (currency: EUR)", "name: Bolt 2; price: 2.50 (currency: EUR)"
    ]  # fmt: skip
    para = "The pump is switched off before the <b>filter</b> is taken out of its housing by hand."
    (page,) = read(tmp_path, f"<?xml version='1.0'?><book><title>Pumps</title><para>{para}</para><para>{para}</para></book>".encode())
    assert page.text.split("\n")[1] == "The pump is switched off before the filter is taken out of its housing by hand."


def test_xml_opens_no_entity_and_is_saved_where_it_is_broken(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    entity = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a><b>Text &x; ends.</b></a>'
    assert "SECRET" not in "".join(page.text for page in read(tmp_path, entity.encode(), "a.xml"))
    (page,) = read(tmp_path, b"<?xml version='1.0'?><a><b>Before.</b><c>After.", "a.xml")
    assert page.text == "b: Before.\nc: After."
    assert page.notes == ("The XML is not well-formed; what could be told of it is read.",)


def test_laughs_in_xml_end(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">{entities}]><a>&l9; done</a>'
    with pytest.raises(Unreadable, match="holds no text"):
        read(tmp_path, bomb.encode(), "a.xml")


def test_a_text_named_xml_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("No markup at all.")
    assert sniff(path, "a.xml") == XML
    assert read(tmp_path, b"No markup at all.", "a.xml")[0].text == "No markup at all."


@pytest.mark.parametrize(
    ("name", "head", "tail"), [("a.jsonl", '{"a": "', '"}\n'), ("a.json", '{"a": "', '"}'), ("a.csv", "Note;No\n", ";7\n")]
)
def test_a_record_of_megabytes_on_one_line_is_read_whole_and_in_short_pages(tmp_path: Path, name: str, head: str, tail: str) -> None:
    text = "The pump is switched off. " * 80_000
    pages = read(tmp_path, f"{head}{text}{tail}".encode(), name)
    assert max(len(page.text) for page in pages) <= 9_000
    assert sum(page.text.count("switched off") for page in pages) >= 79_700  # some are cut between pages
