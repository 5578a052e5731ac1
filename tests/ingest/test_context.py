"""What stands before a chunk when it is embedded: the document's title, the section, the nearest heading."""

from pathlib import Path

import pytest

from ingest.context import CONTEXT_CHARACTERS, Headings
from ingest.formats import CSV, parse
from rag.languages import detect_page_language
from rag.records import Page
from rag.sentences import sentence_spans


def contexts(*pages: Page) -> list[tuple[str, str]]:
    """Each sentence of the pages with the context of a chunk that begins there."""
    headings, found = Headings(), []
    for page in pages:
        sentences = sentence_spans(page.text, detect_page_language(page.text))
        headings.page(page, sentences)
        found += [(page.text[start:end], headings.context(start)) for start, end in sentences]
    return found


def test_a_title_that_the_margin_wrapped_is_one() -> None:
    text = "Work rules of the office\nin Freiburg im Breisgau\n\nEveryone has thirty days of leave."
    assert contexts(Page(1, text))[-1] == ("Everyone has thirty days of leave.", "Work rules of the office in Freiburg im Breisgau")


def test_a_line_of_more_than_100_characters_is_no_heading() -> None:
    line = "The work rules of the offices in Freiburg and Offenburg for everyone who works there by day or by night, or on"
    assert contexts(Page(1, f"{line[:100]}\n\nThirty days."))[-1][1] == line[:100]
    assert contexts(Page(1, f"{line[:101]}\n\nThirty days."))[-1][1] == ""


def test_a_chunk_sees_the_title_and_the_nearest_heading_before_it() -> None:
    text = "Handbook\n\nPumps\n\nThe pump is blue. It needs oil.\n\nValves:\n\nThe valve is red."
    assert contexts(Page(1, text)) == [
        ("Handbook", "Handbook"),
        ("Pumps", "Handbook"),
        ("The pump is blue.", "Handbook. Pumps"),
        ("It needs oil.", "Handbook. Pumps"),
        ("Valves:", "Handbook. Pumps"),
        ("The valve is red.", "Handbook. Valves"),
    ]


def test_a_page_goes_on_under_the_last_heading_of_the_page_before() -> None:
    pages = [
        Page(1, "Handbook\n\nPumps\n\nThe pump is blue."),
        Page(2, "It needs oil.\n\nValves\n\nThe valve is red."),
        Page(3, "It is closed."),
        Page(4, "It is old."),
    ]
    found = dict(contexts(*pages))
    assert found["It needs oil."] == "Handbook. Pumps"
    assert (found["It is closed."], found["It is old."]) == ("Handbook. Valves", "Handbook. Valves")


def test_a_section_with_a_label_of_its_own_does_not_go_on_under_the_heading_before() -> None:
    pages = [Page(1, "Budget 2026\n\nOffices\n\nThe rent rises.", "Overview"), Page(2, "The sums are high.", "Costs")]
    found = dict(contexts(*pages))
    assert found["The rent rises."] == "Budget 2026. Overview. Offices"
    assert found["The sums are high."] == "Budget 2026. Costs"


def test_the_first_label_is_the_title_where_the_text_begins_without_one() -> None:
    pages = [Page(1, "The sums are in euros.", "Overview"), Page(2, "The rent is high.", "Costs")]
    assert [context for _, context in contexts(*pages)] == ["Overview", "Overview. Costs"]


def test_an_empty_first_page_does_not_use_up_the_title() -> None:
    assert contexts(Page(1, " \n"), Page(2, "Handbook\n\nThe pump is blue."))[-1][1] == "Handbook"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The pump is blue. It needs oil.\nThe valve is red, and it\nis old.", id="prose"),
        pytest.param("- The blue pump\n- The red valve\n1. The old seal\na) The new seal", id="list"),
        pytest.param("Colour: blue\nPrice: 12 euros", id="values"),
        pytest.param("Name | Price | Stock\nPump | 12 | 3\nValve | 7 | 9", id="table"),
        pytest.param("Name\tPrice\tStock\nPump\t12\t3", id="tabs"),
        pytest.param("12\n\n---\n\n2026", id="nothing to read"),
    ],
)
def test_prose_lists_values_and_tables_hold_no_headings(text: str) -> None:
    assert {context for _, context in contexts(Page(1, text))} == {""}


def test_rows_of_a_csv_file_are_no_headings(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Name,Price,Stock\nPump,12,3\nValve,7,9\nSeal,1,40\n", encoding="utf-8")
    found = contexts(*parse(tmp_path / "a.csv", CSV))
    assert found[-1][0] == "Name: Seal; Price: 1; Stock: 40"
    assert "Pump" not in found[-1][1]
    assert "Valve" not in found[-1][1]


@pytest.mark.parametrize(
    ("title", "heading", "sentence"),
    [
        pytest.param("Rules of Leeds", "Notice", "The notice period is three months.", id="en"),
        pytest.param("Arbeitsordnung Freiburg", "Kündigungsfrist", "Die Frist beträgt drei Monate.", id="de"),
        pytest.param("Règlement de Lyon", "Préavis", "Le préavis est de trois mois.", id="fr"),
        pytest.param("Regolamento di Torino", "Preavviso", "Il preavviso è di tre mesi.", id="it"),
        pytest.param("Regulamento do Porto", "Aviso prévio", "O aviso prévio é de três meses.", id="pt"),
        pytest.param("पुणे के नियम", "सूचना अवधि", "सूचना अवधि तीन महीने है।", id="hi"),
        pytest.param("Reglamento de Sevilla", "Plazo de preaviso", "El plazo es de tres meses.", id="es"),
        pytest.param("ข้อบังคับเชียงใหม่", "ระยะเวลาแจ้งล่วงหน้า", "พนักงานต้องแจ้งล่วงหน้าสามเดือน", id="th"),
    ],
)
def test_headings_are_found_in_each_language(title: str, heading: str, sentence: str) -> None:
    assert contexts(Page(1, f"{title}\n\n{heading}\n\n{sentence}")) == [(title, title), (heading, title), (sentence, f"{title}. {heading}")]


def test_a_context_is_short() -> None:
    title, label, heading = ("ab " * 33).strip(), ("cd " * 60).strip(), ("ef " * 33).strip()
    context = contexts(Page(1, f"{title}\n\n{heading}\n\nThe pump is blue.", label))[-1][1]
    assert len(context) == CONTEXT_CHARACTERS == 240
    assert context.startswith(title)
