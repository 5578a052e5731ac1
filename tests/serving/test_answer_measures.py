"""Measures of one answer, on literal answers."""

import pytest

from rag.records import Citation
from serving.client.records import Answer
from serving.evaluation.answer_measures import Judged, contains, judge, overlaps, token_f1, without_markers, words
from serving.evaluation.question_sets import Question

SQUAD = Question("q", "?", "de", {"right.txt": 1}, "en", answers=("nine hours", "9 h"))
UNIT = "The lamp shines for nine hours."
LINES = Question("l", "?", "en", {"right.pdf": 1}, "en", answers=(UNIT,), answers_are_units=True)
NOTHING = Question("n", "?", "en", {}, None)


def answer(*quotes: str, name: str = "right.txt", confidence: float | None = None) -> Answer:
    """The extractive answer that quotes these sentences of one document."""
    citations = [Citation(marker, "d_1", name, 1, 0, len(quote), quote) for marker, quote in enumerate(quotes, 1)]
    text = " ".join(f"{quote} [{citation.marker}]" for quote, citation in zip(quotes, citations, strict=True)) or "I found nothing."
    return Answer(text, "en", citations, "extractive", {}, confidence=confidence)


def test_gold_in_the_second_quote_is_inside_but_not_first() -> None:
    judged = judge(SQUAD, answer("The lamp is red.", "It shines for Nine\u00a0 HOURS."))
    assert (judged.refused, judged.gold_inside, judged.gold_first, judged.right_document) == (False, True, False, True)
    assert judge(SQUAD, answer("Nine hours.")).gold_first


def test_any_gold_answer_counts_and_the_wrong_document_is_no_right_one() -> None:
    judged = judge(SQUAD, answer("It runs 9 h.", name="wrong.txt"))
    assert (judged.gold_inside, judged.gold_first, judged.right_document) == (True, True, False)


def test_no_citation_is_a_refusal_whatever_the_text_says() -> None:
    said = Answer("It shines for nine hours.", "en", [], "a-model", {}, confidence=0.9)
    assert judge(SQUAD, said) == Judged(SQUAD, False, True, confidence=0.9)
    assert not judge(SQUAD, answer("I found nothing in the documents that answers this.")).refused


def test_a_marker_of_the_answer_is_no_gold_answer() -> None:
    one = Question("q", "?", "en", {"right.txt": 1}, "en", answers=("1",))
    assert not judge(one, answer("There is a single lamp.")).gold_inside
    assert without_markers(answer("As shown in [7].", "Yes.")) == "As shown in [7]. Yes."


def test_a_question_that_nothing_answers_is_refused_or_answered_and_has_no_gold() -> None:
    assert judge(NOTHING, answer()) == Judged(NOTHING, False, True)
    assert judge(NOTHING, answer("The lamp is red.")) == Judged(NOTHING, False, False)
    taken = judge(SQUAD, answer("It shines for nine hours."), taken_away=True)
    assert (taken.answerable, taken.refused, taken.gold_inside) == (False, False, False)
    assert judge(SQUAD, answer("x")).answerable
    assert not judge(NOTHING, answer("x")).answerable


@pytest.mark.parametrize(
    ("quote", "name", "inside"),
    [
        (UNIT, "right.pdf", True),
        ("the lamp shines", "right.pdf", True),  # a part of the gold sentence
        (f"Charge it. {UNIT} It is red.", "right.pdf", True),  # more than the gold sentence
        ("The lamp\nshi nes for nine hours.", "right.pdf", True),  # a PDF's line ends
        ("The lamp shines for ten hours.", "right.pdf", False),
        (UNIT, "wrong.pdf", False),
    ],
)
def test_a_gold_sentence_is_found_when_it_and_a_quote_of_its_document_are_one_inside_the_other(quote: str, name: str, inside: bool) -> None:
    judged = judge(LINES, answer(quote, name=name))
    assert (judged.gold_inside, judged.gold_first) == (inside, inside)
    second = judge(LINES, answer("Charge it twice.", quote, name=name))
    assert (second.gold_inside, second.gold_first) == (inside, False)


def test_texts_are_compared_in_nfkc_without_capitals_with_single_spaces() -> None:
    assert contains("Der\nCAFÉ  Ｆｉｌｔｅｒ", "café filter")
    assert contains("STRASSE", "straße")
    assert not contains("cafe filter", "café")
    assert contains("in 2012", "12")  # as SQuAD's containment does: a part of a number is not told apart
    assert not overlaps("", UNIT)


def test_f1_is_squads() -> None:
    assert token_f1("The lamp shines for nine hours.", ["nine hours"], "en") == pytest.approx(4 / 7)  # 2 of 5 words, 2 of 2: 0.4 and 1
    assert token_f1("nine", ["a nine", "ten"], "en") == 1.0
    assert token_f1("nine nine", ["nine"], "en") == pytest.approx(2 / 3)
    assert token_f1("ten", ["nine"], "en") == 0.0
    assert token_f1("The.", ["an"], "en") == 1.0  # nothing is left of both
    assert token_f1("x", [], "en") == 0.0


def test_words_lose_punctuation_of_any_script_and_articles_in_english_only() -> None:
    assert words("The U.S. paid $1,200 — «yes»!", "en") == ["us", "paid", "1200", "yes"]
    assert words("a casa", "pt") == ["a", "casa"]
    assert words("बत्ती नौ घंटे जलती है।", "hi") == ["बत्ती", "नौ", "घंटे", "जलती", "है"]
    assert words("ไฟสว่าง นาน 9 ชั่วโมง", "th") == ["ไฟ", "สว่าง", "นาน", "9", "ชั่วโมง"]
