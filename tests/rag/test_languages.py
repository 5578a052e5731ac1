from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.languages import LANGUAGES, detect_document_language, detect_language

QUESTIONS = {
    "en": "How long does the warranty last?",
    "de": "Wie lange gilt die Garantie?",
    "fr": "Combien de temps dure la garantie ?",
    "it": "Quanto dura la garanzia?",
    "pt": "Quanto tempo dura a garantia do produto?",
    "hi": "वारंटी कितने समय तक चलती है?",
    "es": "¿Cuánto tiempo dura la garantía?",
    "th": "การรับประกันมีอายุนานเท่าไร",
}


@pytest.mark.parametrize(("language", "question"), QUESTIONS.items())
def test_a_question_is_recognised_in_each_of_the_eight(language: str, question: str) -> None:
    assert detect_language(question) == language
    assert set(QUESTIONS) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Urlaub", "de"),
        ("vacation days", "en"),
        ("congés payés", "fr"),
        ("garanzia", "it"),
        ("férias anuais", "pt"),
        ("vacaciones", "es"),
        ("छुट्टी", "hi"),
        ("ลาพักร้อน", "th"),
    ],
)
def test_one_or_two_telling_words_are_enough(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text", ["", "   \n", "123 456,78", "GL-200", "XK", "ok", "!?", "👍", "https://example.com/handbook", "a@b.example"]
)
def test_text_without_words_of_a_language_is_undetermined(text: str) -> None:
    assert detect_language(text) == "und"
    assert detect_document_language(text) == "und"


@pytest.mark.parametrize("text", ["Сколько длится гарантия на насос?", "كم مدة الضمان؟", "保修期有多长？", "保証期間はどのくらいですか"])
def test_a_chunk_in_a_script_of_none_of_the_eight_is_undetermined(text: str) -> None:
    assert detect_language(text) == "und"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What does ลาพักร้อน mean in English?", "en"),
        ("คำว่า warranty ในคู่มือพนักงานแปลว่าอะไร", "th"),
        ("ราคา GL-200", "th"),
        ("ราคาของ Siena Hyper Pump", "th"),
        ("GL-200 की warranty कितने साल की है?", "hi"),
        ("Die Pumpe heißt auf Hindi पंप und kostet 300 Euro.", "de"),
    ],
)
def test_mixed_scripts_go_by_most_letters_and_names_do_not_decide(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("pl", "Gdzie mogę znaleźć instrukcję obsługi tej pompy wodnej? Gwarancja trwa dwa lata od dnia zakupu."),
        ("ru", "Где найти инструкцию к этому насосу? Гарантия действует два года со дня покупки."),
        (
            "ja",
            "このポンプの取扱説明書はどこにありますか。保証期間は購入日から二年間です。修理の際は領収書をお持ちください。また、部品は別売りです。",
        ),
        ("mr", "या पाण्याच्या पंपाची माहिती पुस्तिका मला कुठे मिळेल? हमी खरेदीच्या तारखेपासून दोन वर्षांची आहे."),
    ],
)
def test_a_document_outside_the_eight_is_noticed(language: str, text: str) -> None:
    assert detect_document_language(text) == language


@pytest.mark.parametrize(("language", "question"), QUESTIONS.items())
def test_a_document_in_one_of_the_eight_is_recognised_short_or_long(language: str, question: str) -> None:
    assert detect_document_language(question) == language
    assert detect_document_language(f"{question}\n" * 400) == language


def test_a_cover_page_in_another_language_does_not_decide_for_the_document() -> None:
    cover = "\n".join(f"Part {number} of this handbook was approved by the board of directors." for number in range(10))
    body = "\n".join(f"Articolo {number}: la pompa va pulita ogni anno prima di {number} giorni di pausa." for number in range(100))
    assert detect_document_language(f"{cover}\n{body}") == "it"


def test_many_threads_at_once_get_the_same_answers() -> None:
    texts = list(QUESTIONS.values()) * 8
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(detect_language, texts)) == list(QUESTIONS) * 8
        assert list(pool.map(detect_document_language, texts)) == list(QUESTIONS) * 8


def test_a_megabyte_without_a_space_does_not_hold_detection_up() -> None:
    assert detect_language("-" * 1_000_000) == "und"
    assert detect_document_language("." * 1_000_000) == "und"
