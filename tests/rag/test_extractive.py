import pytest

from rag.embedder import Embedder
from rag.extractive import ANSWERS_ACROSS, ANSWERS_SAME_LANGUAGE, MOST_SENTENCES, extract
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


def passage(text: str, language: str, score: float = 0.9, start: int = 0) -> Passage:
    return Passage("id", "a.txt", 1, start, start + len(text), text, language, score)


@pytest.mark.parametrize("language", sorted(PAGES))
def test_the_sentence_that_answers_comes_first_in_every_language(embedder: Embedder, language: str) -> None:
    text, question = PAGES[language]
    best = extract(question, [passage(text, language)], embedder, language)[0]
    assert HOLIDAY[language] in best.text
    assert len(best.text) < 0.6 * len(text)


def test_spans_are_offsets_into_the_page(embedder: Embedder) -> None:
    text, question = PAGES["de"]
    page = "Vorwort.\n\n" + text
    for sentence in extract(question, [passage(text, "de", start=10)], embedder, "de"):
        assert page[sentence.start : sentence.end] == sentence.text


def test_passages_that_do_not_answer_give_no_sentences(embedder: Embedder) -> None:
    text, question = PAGES["en"]
    assert extract(question, [passage(text, "en", ANSWERS_SAME_LANGUAGE - 0.01)], embedder, "en") == []
    assert extract(question, [passage(text, "en", ANSWERS_ACROSS + 0.01)], embedder, "de") != []
    assert extract(question, [], embedder, "en") == []


def test_a_sentence_is_not_said_twice(embedder: Embedder) -> None:
    text, question = PAGES["en"]
    chosen = extract(question, [passage(text, "en"), passage(text, "en")], embedder, "en")
    assert len({sentence.text for sentence in chosen}) == len(chosen)


def test_at_most_four_sentences_are_chosen_best_first(embedder: Embedder) -> None:
    places = ("Leeds", "Pune", "Recife", "Torino", "Lyon", "Bogotá", "Freiburg")
    text = " ".join(f"The holiday in {place} begins on day {number} of the month." for number, place in enumerate(places))
    chosen = extract("When does the holiday begin?", [passage(text, "en")], embedder, "en")
    assert len(chosen) <= MOST_SENTENCES
    assert [sentence.score for sentence in chosen] == sorted((sentence.score for sentence in chosen), reverse=True)


def test_a_transformer_chooses_sentences_too(transformer: Embedder) -> None:
    text, question = PAGES["en"]
    assert extract(question, [passage(text, "en")], transformer, "en")
