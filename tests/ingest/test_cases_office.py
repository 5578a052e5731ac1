"""The Office files of the table of cases, each a kind that once went wrong, with its right value; read in the sandbox, as at an ingest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.magic import sniff
from ingest.sandbox import Sandbox
from rag.records import Page
from rag.settings import ParseLimits

CASES = Path(__file__).parent / "cases"
NOTHING_LEFT_OUT: tuple[str, ...] = ()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(ParseLimits())
    yield sandbox
    sandbox.close()


def read(sandbox: Sandbox, name: str) -> list[Page]:
    return [page for page, _ in sandbox.parse(CASES / name, sniff(CASES / name, name))]


def texts(sandbox: Sandbox, name: str) -> list[str]:
    return [page.text for page in read(sandbox, name)]


def test_automatic_numbers_of_clauses_are_text(sandbox: Sandbox) -> None:
    assert texts(sandbox, "clauses.docx") == [
        "1. Delivery\n\n1.1 The supplier delivers within ten working days.\n\n1.2 Partial deliveries are allowed.",
        "2. Payment\n\n2.1 Invoices are due after thirty days.\n\n2.2 Late payment bears interest of eight percent.",
        "3. Termination\n\n3.1 Either party may end the contract with three months notice.",
    ]


def test_a_contract_keeps_what_its_reader_sees(sandbox: Sandbox) -> None:
    assert texts(sandbox, "contract.docx") == [
        "The rent is 1050 euros a month.\n\nThe tenant is Mara Testfall.\n\n"
        "The yearly interest is computed as Z = K · p / 100 where K is the capital.\n\n"
        "The code is AB-4711 for this unit.\n\n☑ Pets allowed"
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("strict.docx", "The warranty lasts forty months."),
        (
            "altchunk.docx",
            "The nested archive document says that the meeting is on Friday.\n\nThe report says that the pump failed on 9 May.",
        ),
        ("entities.docx", "The room is blue."),
        (
            "smartart.pptx",
            "How a claim is handled\n\nReport the damage within three days\nThe assessor visits the house\nPayment after four weeks",
        ),
        ("chart.pptx", "Sales by region\n\nRevenue in thousand euros\nKiel; 2024: 1250\nPassau; 2024: 730"),
        ("prices.ods", "Item; Price\nItem: Bolt; Price: 0,15 €"),
        ("footnote.odt", "The deposit is two monthly rents and is returned after six weeks.\nPaid by bank transfer only."),
        (
            "title-and-two-tables.xlsx",
            "Price list, valid from 1 May 2025\n\nItem; Price; Stock\nItem: Bolt; Price: 0.15; Stock: 1200\n"
            "Item: Nut; Price: 0.09; Stock: 3450\n\nBranch; Manager; Phone\nBranch: Kiel; Manager: Nora Beispiel; Phone: 0431-1",
        ),
        (
            "stacked-tables.xlsx",
            "Item; Price\nItem: Bolt; Price: 0.15\nItem: Nut; Price: 0.09\n\n"
            "Branch; Manager\nBranch: Kiel; Manager: Nora\nBranch: Passau; Manager: Emil\n\n"
            "Year; Visitors\nYear: 2023; Visitors: 410\nYear: 2024; Visitors: 530",
        ),
        (
            "titel.csv",
            "Umsatzbericht 2024\n\nFiliale; Umsatz; Gewinn\nFiliale: Kiel; Umsatz: 120000; Gewinn: 14000\n"
            "Filiale: Passau; Umsatz: 77000; Gewinn: 6100",
        ),
        ("sep.csv", "Artikel; Preis\nArtikel: Öse; Preis: 1,20\nArtikel: Äxte; Preis: 39,00"),
        (
            "dezimal.csv",
            "Artikel; Preis; Bestand\nArtikel: Schraube M8; Preis: 0,15; Bestand: 1.200\n"
            "Artikel: Mutter M8; Preis: 0,09; Bestand: 3.450\nArtikel: Bohrer 6 mm; Preis: 4,95; Bestand: 80",
        ),
        (
            "formel.csv",
            'Name; Comment\nName: Ada; Comment: =HYPERLINK("http://evil.example"; click)\n'
            "Name: Ben; Comment: =cmd|' /C calc'!A0\nName: Cyd; Comment: -5",
        ),
    ],
)
def test_a_case_is_read_as_its_reader_sees_it(sandbox: Sandbox, name: str, text: str) -> None:
    (page,) = read(sandbox, name)
    assert (page.text, page.notes) == (text, NOTHING_LEFT_OUT)


def test_cells_are_shown_as_the_sheet_shows_them_and_what_is_missing_is_noted(sandbox: Sandbox) -> None:
    conditions, branches = read(sandbox, "zahlenformate.xlsx")
    assert conditions.text.splitlines()[1:] == [
        "Position: Skonto; Satz: 2,50 %; Betrag: 1.234,50 €; Fällig am: 14.03.2025; Kundennummer: 004711; Uhrzeit: 08:30:00",
        "Position: Verzugszins; Satz: 8,75 %; Betrag: 99.000,00 €; Fällig am: 31.12.2026; Kundennummer: 000815; Uhrzeit: 17:00:00",
        "Position: Summe",
    ]
    assert conditions.notes == ("Formulas without a stored value are not computed: B4, C4.",)
    assert branches.text == (
        "Umsatz je Filiale\nRegion; Filiale; Umsatz\nRegion: Nord; Filiale: Kiel; Umsatz: 120\n"
        "Region: Nord; Filiale: Lübeck; Umsatz: 95\nRegion: Süd; Filiale: Passau; Umsatz: 77"
    )
    assert branches.notes == ("The hidden sheet 'Geheim' is not read.",)
