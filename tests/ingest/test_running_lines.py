"""Headers and footers go, and nothing else does."""

from pathlib import Path

import pytest
from fpdf import FPDF

from ingest.formats import parse
from ingest.media_types import PDF
from ingest.running_lines import without_running_lines
from ingest.sections import Section

WORDS = ["Lampen", "Pumpen", "Ventile", "Kabel", "Dächer", "Fenster", "Häfen", "Gärten"]


def pages(*texts: str) -> list[str]:
    return [section.text for section in without_running_lines(Section("", text) for text in texts)]


def body(number: int) -> str:
    word = WORDS[number % len(WORDS)]
    return f"{word} sind das Thema hier.\nDer Abschnitt über {word} geht weiter.\nEr endet mit {word}."


def test_headers_footers_and_page_numbers_go_but_for_the_first_of_each() -> None:
    texts = [f"Handbuch der Halvorsen AG\n{body(n)}\nVertraulich\nSeite {n + 1} von 8" for n in range(8)]
    found = pages(*texts)
    assert found[0] == f"Handbuch der Halvorsen AG\n{body(0)}\nVertraulich\nSeite 1 von 8"
    assert found[1:] == [body(n) for n in range(1, 8)]


def test_left_and_right_pages_may_differ() -> None:
    texts = [f"{'Kapitel 2' if n % 2 else 'Halvorsen AG'}\n{body(n)}\n{n + 1}" for n in range(8)]
    found = pages(*texts)
    assert found[4:] == [body(n) for n in range(4, 8)]
    assert sum("Halvorsen AG" in text for text in found) == 2  # the first, and the first that was seen to come again


def test_what_does_not_come_again_stays() -> None:
    texts = [body(n) for n in range(8)]
    assert pages(*texts) == texts
    assert pages("Gleich", "Gleich") == ["Gleich", "Gleich"]  # two pages say nothing about a third
    assert pages() == []
    assert pages("", "", "", "") == ["", "", "", ""]


def test_numbers_that_do_not_count_pages_stay() -> None:
    texts = [f"Rechnung {4711 + 7 * n}\n{body(n)}\nSumme {n * n * 13 % 97},50 Euro" for n in range(8)]
    assert pages(*texts) == texts


def test_a_page_of_nothing_else_stays() -> None:
    texts = [f"Karte {n}" for n in range(8)]
    assert pages(*texts) == texts


def test_the_same_line_in_the_middle_of_pages_stays() -> None:
    texts = [f"{body(n)}\nSumme\n{body(n + 1)}" for n in range(6)]
    assert pages(*texts) == texts


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 12])
def test_every_page_comes_once_and_in_order(count: int) -> None:
    found = pages(*(f"Kopf\n{number} {body(number)}" for number in range(count)))
    assert [int(text.removeprefix("Kopf\n").split()[0]) for text in found] == list(range(count))


def test_a_real_pdf_loses_them_too(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for number in range(6):
        pdf.add_page()
        pdf.text(20, 12, "Handbuch der Halvorsen AG")
        pdf.text(20, 40, f"{WORDS[number]} sind das Thema.")
        pdf.text(20, 50, f"Mehr steht im Anhang {WORDS[number]}.")
        pdf.text(100, 285, f"Seite {number + 1}")
    pdf.output(str(tmp_path / "a.pdf"))
    texts = [page.text for page in parse(tmp_path / "a.pdf", PDF)]
    assert "Handbuch" in texts[0]
    assert texts[3] == f"{WORDS[3]} sind das Thema.\nMehr steht im Anhang {WORDS[3]}."
