from dataclasses import replace

import pytest

from rag.embedder import Embedder
from rag.extractive import ANSWERS, MOST_UNITS, extract
from rag.records import Passage

PAGES = {
    "en": (
        "The warehouse has two gates. Employees have thirty days of paid holiday. The canteen closes at three.",
        "How many days of holiday?",
    ),
    "de": (
        "Das Lager hat zwei Tore. Alle Beschäftigten haben dreißig Tage Urlaub. Die Kantine schließt um drei.",
        "Wie viele Tage Urlaub?",
    ),
    "fr": (
        "L'entrepôt a deux portes. Les salariés ont trente jours de congés. La cantine ferme à trois heures.",
        "Combien de jours de congés ?",
    ),
    "it": ("Il magazzino ha due porte. I dipendenti hanno trenta giorni di ferie. La mensa chiude alle tre.", "Quanti giorni di ferie?"),
    "pt": ("O armazém tem duas portas. Os funcionários têm trinta dias de férias. A cantina fecha às três.", "Quantos dias de férias?"),
    "es": (
        "El almacén tiene dos puertas. Los empleados tienen treinta días de vacaciones. El comedor cierra a las tres.",
        "¿Cuántos días de vacaciones?",
    ),
    "hi": ("गोदाम में दो दरवाज़े हैं। कर्मचारियों को तीस दिन की छुट्टी मिलती है। कैंटीन तीन बजे बंद होती है।", "कितने दिन की छुट्टी मिलती है?"),
    "th": (
        "โกดังมีประตูสองบานอยู่ทางทิศเหนือของอาคารหลังใหญ่ พนักงานทุกคนมีวันหยุดพักร้อนปีละสามสิบวันโดยได้รับค่าจ้าง โรงอาหารปิดให้บริการทุกวันตอนบ่ายสามโมงตรง",
        "พนักงานมีวันหยุดพักร้อนปีละกี่วัน",
    ),
}
HOLIDAY = {"en": "holiday", "de": "Urlaub", "fr": "congés", "it": "ferie", "pt": "férias", "es": "vacaciones", "hi": "छुट्टी", "th": "วันหยุด"}


KEY_VALUES = (
    "Invoice 2025-118\nCustomer: Mara Testfall\nIBAN: DE00 1234 5678 9012 3456 00\nWarranty: 24 months\nDelivery date: 12 March 2025"
)
ROWS = "Product; Region; Revenue\n" + "\n".join(
    f"Product: Widget {name}; Region: North; Revenue: {revenue}"
    for name, revenue in zip("ABCDE", (5000, 6000, 3000, 8000, 7000), strict=True)
)
CARDS = "The graphics card RTX-4090 needs 450 watts. The graphics card RTX-4080 needs 320 watts."


def passage(text: str, language: str, score: float = 0.9, start: int = 0) -> Passage:
    scores = {"passage": 0.85, "tokens": 0.6, "lexical": 0.4, "sounds": 0.3}
    return Passage("id", "a.txt", 1, start, start + len(text), text, language, score, scores)


def quoted(question: str, text: str, embedder: Embedder) -> list[str]:
    return [each.text for each in extract(question, [passage(text, "en")], embedder, "en").extracts]


@pytest.mark.parametrize("language", sorted(PAGES))
def test_the_sentence_that_answers_comes_first_in_every_language(embedder: Embedder, language: str) -> None:
    text, question = PAGES[language]
    best = extract(question, [passage(text, language)], embedder, language).extracts[0]
    assert HOLIDAY[language] in best.text
    assert len(best.text) < 0.8 * len(text)  # Thai clauses are merged to units of 80 characters and more


def test_spans_are_offsets_into_the_page(embedder: Embedder) -> None:
    text, question = PAGES["de"]
    page = "Vorwort.\n\n" + text
    for unit in extract(question, [passage(text, "de", start=10)], embedder, "de").extracts:
        assert page[unit.start : unit.end] == unit.text


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("What is the IBAN?", "IBAN: DE00 1234 5678 9012 3456 00"),
        ("How long is the warranty?", "Warranty: 24 months"),
        ("Who is the customer?", "Customer: Mara Testfall"),
        ("When is the delivery?", "Delivery date: 12 March 2025"),
    ],
)
def test_a_labelled_line_answers_a_question_for_its_label(embedder: Embedder, question: str, line: str) -> None:
    assert quoted(question, KEY_VALUES, embedder)[0] == line


def test_one_row_answers_not_the_table(embedder: Embedder) -> None:
    assert quoted("What is the revenue of Widget C?", ROWS, embedder)[0] == "Product: Widget C; Region: North; Revenue: 3000"
    assert quoted("Which product has a revenue of 8000?", ROWS, embedder)[0] == "Product: Widget D; Region: North; Revenue: 8000"


def test_a_code_that_stands_nowhere_is_a_reason_to_refuse(embedder: Embedder) -> None:
    assert quoted("How much power does the RTX-4080 need?", CARDS, embedder)[0] == "The graphics card RTX-4080 needs 320 watts."
    assert quoted("How much power does the RTX-5090 need?", CARDS, embedder) == []


def test_passages_on_other_matters_give_nothing_and_little_confidence(embedder: Embedder) -> None:
    text, _ = PAGES["en"]
    nothing = extract("Who won the world cup in 2018?", [passage(text, "en", 0.1)], embedder, "en")
    assert nothing.extracts == []
    assert nothing.confidence < ANSWERS
    assert extract("How many days?", [], embedder, "en").extracts == []


def test_nothing_is_said_twice(embedder: Embedder) -> None:
    text, question = PAGES["en"]
    chosen = extract(question, [passage(text, "en"), passage(text, "en")], embedder, "en").extracts
    assert len({unit.text for unit in chosen}) == len(chosen)


def test_copies_of_a_document_take_no_confidence_away(embedder: Embedder) -> None:
    text, question = PAGES["en"]
    once, thrice = (extract(question, [passage(text, "en")] * copies, embedder, "en") for copies in (1, 3))
    assert thrice.confidence == pytest.approx(once.confidence, abs=0.02)


def test_at_most_three_units_are_chosen(embedder: Embedder) -> None:
    places = ("Leeds", "Pune", "Recife", "Torino", "Lyon", "Bogotá", "Freiburg")
    text = " ".join(f"The holiday in {place} begins on day {number} of the month." for number, place in enumerate(places))
    assert len(quoted("When does the holiday begin?", text, embedder)) <= MOST_UNITS


@pytest.mark.parametrize("text", ["# Heading only", "What is this? Who are you?", "😀 😀 😀", "1 2 3", "x" * 5000])
@pytest.mark.parametrize("question", ["?", "x", "😀", "12", "word " * 1600])
def test_odd_questions_and_passages_are_answered_or_refused(embedder: Embedder, question: str, text: str) -> None:
    assert 0 <= extract(question, [passage(text, "en")], embedder, "en").confidence <= 1


def test_a_transformer_chooses_units_too(transformer: Embedder) -> None:
    text, question = PAGES["en"]
    assert 0 <= extract(question, [passage(text, "en")], transformer, "en").confidence <= 1


def test_a_version_that_the_question_names_is_answered_from_below_its_own_heading(embedder: Embedder) -> None:
    older = "Release 3.22.0\n\nThis release of the course was validated against azd version 1.25.6, which came out in June 2026."
    newer = "Release v3.23.0\n\nThe lessons of the course are checked against azd 1.27.1, which came out in July 2026."
    question = "Which version of azd was release v3.23.0 of the course validated against?"
    found = extract(question, [passage(older, "en"), passage(newer, "en")], embedder, "en")
    assert "azd 1.27.1" in found.extracts[0].text


def test_a_document_of_one_line_answers_though_the_line_is_its_title_too(embedder: Embedder) -> None:
    line = passage("the lamp is red", "en")
    found = extract("Is the lamp red?", [replace(line, context="the lamp is red")], embedder, "en")
    assert [each.text for each in found.extracts] == ["the lamp is red"]


def test_a_labelled_line_that_the_question_does_not_name_is_not_preferred(embedder: Embedder) -> None:
    text = (
        "Of the developers in the survey, 45 percent want to use the tool for machine learning.\n\n"
        "Community: developers meet every month and share what they know about the tool.\n"
        "Review: developers talk about the tool with architects for four hours.\n"
    )
    assert quoted("What percentage of developers want to use the tool for AI?", text, embedder)[0].startswith("Of the developers")
