"""The extractive answer's text and its proof."""

import pytest

from rag.answer import NOTHING_FOUND, quote
from rag.records import Extract, Passage

SCORES = {"passage": 0.9}


def passage(document: str, text: str, context: str = "", start: int = 0) -> Passage:
    return Passage(document, f"{document}.txt", 1, start, start + len(text), text, "en", 0.9, SCORES, context)


def extract(passages: list[Passage], at: int) -> Extract:
    return Extract(at, passages[at].start, passages[at].end, passages[at].text, 0.9)


def test_quotes_of_one_document_stand_in_order_with_their_markers() -> None:
    passages = [passage("rules", "Thirty days."), passage("rules", "Ask\nthe office.", start=40)]
    answer = quote([extract(passages, 0), extract(passages, 1)], passages, "en")
    assert answer.text == "Thirty days. [1] Ask the office. [2]"
    assert [citation.quote for citation in answer.citations] == ["Thirty days.", "Ask\nthe office."]


def test_quotes_of_several_documents_are_labelled_by_title_or_file_name() -> None:
    passages = [passage("freiburg", "30 Arbeitstage.", "Arbeitsordnung Freiburg. Urlaub"), passage("leeds", "27 days.")]
    answer = quote([extract(passages, 0), extract(passages, 1)], passages, "en")
    assert answer.text == "Arbeitsordnung Freiburg: 30 Arbeitstage. [1] leeds.txt: 27 days. [2]"
    assert answer.citations[0].quote == "30 Arbeitstage."


def test_the_columns_of_a_table_are_no_title() -> None:
    passages = [passage("prices", "article: 1; price: 2", "article; price"), passage("leeds", "27 days.")]
    assert quote([extract(passages, 0), extract(passages, 1)], passages, "en").text.startswith("prices.txt: article: 1; price: 2 [1]")


def test_an_extract_that_its_passage_does_not_say_is_never_quoted() -> None:
    passages = [passage("rules", "Thirty days.")]
    with pytest.raises(ValueError, match=r"differs from rules\.txt, page 1"):
        quote([Extract(0, 0, 6, "Forty.", 0.9)], passages, "en")


@pytest.mark.parametrize("language", sorted(NOTHING_FOUND))
def test_a_refusal_is_in_the_questions_language(language: str) -> None:
    answer = quote([], [], language)
    assert (answer.text, answer.citations) == (NOTHING_FOUND[language], ())
