"""Answers made without a service: quotes, and what their reader is told."""

import pytest

from rag.extractive import Extraction, extract
from rag.grounding import Answered, Asked, left_out, notes_on, quoted
from rag.prompt import Prompt
from rag.records import Citation, Extract, Passage
from rag.retriever import Retriever
from tests.rag.catalog_fixture import Desk


def page(number: int, length: int = 10) -> Passage:
    return Passage("d", "a.md", number, 0, length, "x" * length, "en", 1.0)


@pytest.mark.parametrize(("kept", "said"), [
    ([page(1), page(2), page(4)], ""),
    ([page(1), page(2)], "page 4"),
    ([page(1)], "pages 2-4"),
    ([page(1), page(2, 5)], "the end of page 2, page 4"),
    ([], "pages 1-4"),
])  # fmt: skip
def test_what_is_left_out_of_a_document_is_named(kept: list[Passage], said: str) -> None:
    assert left_out([page(1), page(2), page(4)], kept) == said


RENT = Passage("r", "rent.md", 1, 0, 17, "The rent is £900.", "en", 0.9)
LEASE = Passage("l", "lease.md", 3, 5, 22, "The rent is £950.", "en", 0.8)


def asked(*passages: Passage, question: str = "How high is the rent?", language: str = "en") -> Asked:
    return Asked(question, language, passages, answer_tokens=64)


def test_quotes_of_two_documents_come_in_pieces_with_a_note() -> None:
    extraction = Extraction([Extract(0, 0, 17, RENT.text, 0.9), Extract(1, 5, 22, LEASE.text, 0.8)], 0.7)
    assert quoted(asked(RENT, LEASE), extraction, ["A note."]) == (
        ("rent.md: The rent is £900. [1]", " lease.md: The rent is £950. [2]"),
        Answered(
            "rent.md: The rent is £900. [1] lease.md: The rent is £950. [2]",
            (Citation(1, "r", "rent.md", 1, 0, 17, RENT.text), Citation(2, "l", "lease.md", 3, 5, 22, LEASE.text)),
            "extractive",
            ["A note.", "Several documents answer; each quote names its document."],
            confidence=0.7,
        ),
    )


def test_without_passages_the_answer_says_that_nothing_was_found() -> None:
    sentence = "Ich habe in den Dokumenten nichts gefunden, was diese Frage beantwortet."
    assert quoted(asked(language="de"), None) == ((sentence,), Answered(sentence, (), "extractive", confidence=0.0))


def test_a_written_answer_that_was_cut_and_cites_nothing_says_so() -> None:
    prompt = Prompt([], 0, [RENT], 0)
    assert notes_on(asked(RENT), prompt, "The rent is nine hundred pounds and", "length") == [
        "The answer was cut at 64 tokens; allow more with max_tokens.",
        "The answer cites no passage; check it against the documents.",
    ]


def test_a_whole_answer_is_made_without_a_service(desk: Desk) -> None:
    desk.add("flat.txt", "The rent of the flat in Porto is 900 euros a month.")
    retriever = Retriever(desk.engine, desk.embedder)
    retriever.follow()
    question = "How much is the rent of the flat in Porto?"
    found = asked(*retriever.search(question, visible=None), question=question)
    pieces, answered = quoted(found, extract(question, found.passages, desk.embedder, "en"))
    assert pieces == ("The rent of the flat in Porto is 900 euros a month. [1]",)
    assert [citation.quote for citation in answered.citations] == ["The rent of the flat in Porto is 900 euros a month."]
