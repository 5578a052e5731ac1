"""Questions that go on from the one before them, and questions that do not."""

import pytest

from rag.embedder import Embedder
from rag.followup import EARLIER_CHARACTERS, search_follow_up
from rag.records import Passage
from rag.retriever import Retriever
from tests.rag.catalog_fixture import Desk

LEAVE = "Colleagues in Freiburg have 30 days of leave. What is left of them must be taken until the end of March."
LAMP = "A full charge of the lamp takes two hours and twenty minutes."
OTHERS = [
    f"{thing} must be {done} until {day}."
    for thing in ("The report", "Each invoice", "The form", "The budget", "A complaint")
    for done, day in (("sent", "Friday"), ("signed", "noon"), ("filed", "May"), ("read", "Monday"))
]


@pytest.fixture
def retriever(desk: Desk, embedder: Embedder) -> Retriever:
    for number, text in enumerate([LEAVE, LAMP, *OTHERS]):
        desk.add(f"{number}.txt", text)
    made = Retriever(desk.engine, embedder)
    made.follow()
    return made


def found(retriever: Retriever, question: str, earlier: str, k: int = 3) -> list[Passage]:
    return search_follow_up(lambda text, count: retriever.search(text, visible=None, k=count), question, earlier, k)


def test_what_names_nothing_by_itself_is_found_by_what_was_asked_before(retriever: Retriever) -> None:
    question = "And until when?"
    assert LEAVE not in [passage.text for passage in retriever.search(question, visible=None, k=3)]
    assert found(retriever, question, "How many days of leave do colleagues in Freiburg have?")[0].text == LEAVE


def test_a_change_of_the_subject_finds_the_new_one(retriever: Retriever) -> None:
    asked = found(retriever, "How long does a full charge of the lamp take?", "How many days of leave do colleagues in Freiburg have?")
    assert asked[0].text == LAMP


def test_there_are_k_different_passages_in_the_order_of_scores_between_0_and_1(retriever: Retriever) -> None:
    for k in (1, 5, 22, 50):
        passages = found(retriever, "Until when?", "How long is the lamp charged?", k)
        assert len({passage.document_id for passage in passages}) == len(passages) == min(k, len(OTHERS) + 2)
        scores = [passage.score for passage in passages]
        assert scores == sorted(scores, reverse=True)
        assert 0 <= scores[-1] <= scores[0] <= 1


def test_a_text_pasted_before_does_not_outweigh_the_question(retriever: Retriever) -> None:
    asked: list[str] = []

    def search(text: str, count: int) -> list[Passage]:
        asked.append(text)
        return retriever.search(text, visible=None, k=count)

    search_follow_up(search, "How long is the lamp charged?", "leave " * 10_000, 3)
    assert max(map(len, asked)) < EARLIER_CHARACTERS + 100
