"""The small files of every kind that went wrong once, in `cases/`: each must be read as a person reads it, or say what is not read."""

from pathlib import Path

import pytest

from ingest.formats import parse
from ingest.magic import sniff
from ingest.recognition import installed
from rag.errors import UnsupportedType
from rag.records import Page

CASES = Path(__file__).parent / "cases"
SENTENCE = "Der Präsident eröffnet die Ausstellung über Käfer in der Straße am Fluss."


def read(name: str) -> list[Page]:
    path = CASES / name
    return list(parse(path, sniff(path, name)))


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        (
            "filled-form.pdf",
            ["Request for leave\nName of the employee: Mara Testfall\nFirst day of leave: 14 July 2025\nKind of leave: Parental leave\n"
             "Deputy informed: ☒ Yes"],
        ),
        (
            "typewriter-note.pdf",
            ["Delivery note 5501\nReceived by: Nora Beispiel, warehouse 3\n\nNote: Two boxes were damaged on arrival."],
        ),
        ("xfa-form.pdf", ["City of birth: Passau"]),
        ("with-attachment.pdf", ["See the attached file for the price list.", "A bolt costs 17 cents."]),
        ("letter-spacing.pdf", ["KAUTION\nDie Kaution beträgt zwei Monatsmieten.\nRechnung Nummer 77"]),
        (
            "table-over-pages.pdf",
            ["Item Price Stock\nBolt M8 0.15 1200\nNut M8 0.09 3450\nWasher 0.02 9000",
             "Item Price Stock\nDrill 6 mm 4.95 80\nDrill 8 mm 6.20 35"],
        ),
        (
            "two-columns-row-by-row.pdf",
            ["The northern plant makes pumps\nand employs ninety people who\nwork in two shifts each day.\n"
             "The southern plant makes valves\nand employs forty people who\nwork only in the morning hours."],
        ),
        ("hidden-layer.pdf", ["The fee is 40 euros."]),
        ("xml-doc.xml", ["number: 4711\ncustomer: Mara Testfall\ntotal: 942.14 (currency: EUR)"]),
        ("latin15.txt", ["Le tarif est de 45 € par nuit. L'hôtel accueille les œuvres d'art jusqu'au 3 août."]),
        ("mac.txt", ["Die Größe beträgt zwölf Meter. Der Schlüssel liegt für Jürgen im Büro. Das Café öffnet später."]),
        ("tis620.txt", ["ร้านเปิดทุกวันตั้งแต่เวลา 9 นาฬิกาถึง 20 นาฬิกา ค่าบริการคนละ 150 บาท"]),
        ("meta-lies.html", ["Das Büro öffnet um acht Uhr und schließt um fünf. Die Gebühr beträgt zwölf €."]),
        ("inject.html", ["The leave is 28 days a year.\n\nWe use cookies. Accept all cookies?"]),
        ("table.html", ["Plan | Price\n\nMonth | Year\n\nBasic | 9 | 90\n\nPro | 19 | 190"]),
        (
            "front.md",
            ["title: Betriebsurlaub\nauthor: Eva Muster\ndate: 2025-06-01",
             "Urlaub\n\nJahr | Tage\n\n2024 | 28\n\n2025 | 30\n\nMehr unter Portal.\n\n# not a heading"],
        ),
        ("hinglish.txt", ["Hamari dukan subah 9 baje khulti hai aur raat 8 baje band hoti hai. Ravivar ko dukan band rehti hai."]),
    ],
)  # fmt: skip
def test_a_file_is_read_as_a_person_reads_it(name: str, pages: list[str]) -> None:
    assert [page.text.strip() for page in read(name)] == pages


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("html-mail.eml", "Das Angebot gilt bis zum 15. Mai 2025. Der Stundensatz ist 85 Euro."),
        ("empty-plain.eml", "Die Abnahme ist am 20. Mai um 9 Uhr."),
        (
            "mbox-first-line.eml",
            "Die Schlüssel werden am 9. April um 14 Uhr übergeben, und zwar im Büro der Hausverwaltung.",
        ),
        (
            "wrong-charset.eml",
            "Die Lieferung für Köln erfolgt am 12. März über die Spedition Müller. Die Gebühr beträgt 40 €.",
        ),
    ],
)
def test_a_mail_is_decoded_and_its_fuller_text_read(name: str, body: str) -> None:
    (page,) = read(name)
    assert page.text.strip().split("\n\n")[1] == body


def test_a_forwarded_mail_is_read_and_bears_its_subject() -> None:
    mail, forwarded = read("forwarded-as-attachment.eml")
    assert "Attachments: lease terms" in mail.text
    assert forwarded.label == "lease terms"
    assert forwarded.text.endswith("The lease ends on 30 June 2027 and the deposit is 2400 dollars.")


@pytest.mark.parametrize(
    ("name", "note", "kept"),
    [
        ("utf8-one-bad-byte.txt", "1 byte is no UTF-8; read as Windows-1252 where that gives a letter or sign.", "Fluss.\ufffd Der"),
        ("utf8-one-cp1252-letter.txt", "1 byte is no UTF-8; read as Windows-1252 where that gives a letter or sign.", "Herr Müller"),
        ("utf8-cut-at-end.txt", "The text ends in the middle of a character: it is cut short.", "Die Ge"),
        ("utf8-one-nul.txt", "1 zero byte was left out.", "für Schüler."),
    ],
)
def test_a_text_with_one_fault_is_read_with_a_note(name: str, note: str, kept: str) -> None:
    (page,) = read(name)
    assert page.notes == (note,)
    assert page.text.count(SENTENCE) >= 36
    assert kept in page.text


def test_letters_without_characters_are_told_and_read_in_the_picture() -> None:
    (page,) = read("no-tounicode.pdf")
    if "deu" in installed():
        assert "Die Kündigungsfrist beträgt drei Monate zum Quartalsende" in page.text
        assert page.notes == ("The text layer of the page is damaged; its text was recognised in the page's picture.",)
    else:
        assert page.damaged


def test_comments_of_a_pdf_are_told() -> None:
    assert read("typewriter-note.pdf")[0].notes == ("Comments on the page are given as lines that begin with Note.",)


def test_pages_of_an_embedded_file_bear_its_name() -> None:
    assert [page.label for page in read("with-attachment.pdf")] == ["", "notes.txt"]


def test_a_drawing_is_refused_with_a_sentence_that_says_what_it_is() -> None:
    with pytest.raises(UnsupportedType, match="is an SVG drawing"):
        read("pic.svg")
