import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from rag.catalog.feed import current_version
from rag.catalog.schema import open_catalog
from rag.embedder import Embedder
from rag.errors import EmbedderMismatch
from rag.records import Passage
from rag.retriever import BATCH_CHUNKS, CANDIDATES, Retriever
from tests.rag.catalog_fixture import Desk, open_desk

HOLIDAY = "Employees in Freiburg have thirty days of paid holiday."
LAMP = "The lamp GL-200 shines for nine hours."
GERMAN = "Der Betriebsrat trifft sich am Dienstag in der Kantine."


@pytest.fixture
def retriever(desk: Desk) -> Retriever:
    return Retriever(desk.engine, desk.embedder)


def found(retriever: Retriever, question: str, k: int = 5, **filters: object) -> list[str]:
    return [passage.text for passage in retriever.search(question, k=k, **{"visible": None, **filters})]


@contextmanager
def searching(search: Callable[[], None], threads: int, done: threading.Event) -> Iterator[None]:
    """Run `search` in threads until the end of the block, which sets `done`. Raises what one of them met."""
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(search) for _ in range(threads)]
        try:
            yield
        finally:
            done.set()
        for each in running:
            each.result()


def test_a_question_finds_its_passage_with_document_page_offsets_and_scores(desk: Desk, retriever: Retriever) -> None:
    document = desk.add("handbook.txt", HOLIDAY, LAMP)
    retriever.follow()
    best = retriever.search("How long does the GL-200 shine?", visible=None)[0]
    assert best == Passage(document, "handbook.txt", 2, 0, len(LAMP), LAMP, "en", best.score, best.scores)
    assert set(best.scores) == {"passage", "tokens", "lexical", "sounds"}
    assert 0 < best.score < 1


def test_the_catalog_at_start_and_the_changes_later_give_the_same_index(desk: Desk, retriever: Retriever) -> None:
    retriever.follow()
    old = desk.add("a.txt", HOLIDAY)
    desk.add("b.txt", LAMP)
    retriever.follow()
    desk.delete(old)
    desk.add("c.txt", GERMAN, language="de")
    retriever.follow()
    fresh = Retriever(desk.engine, desk.embedder)
    fresh.follow()
    question = "When does the works council meet?"
    assert found(retriever, question, 9) == found(fresh, question, 9) == [GERMAN, LAMP]
    assert retriever.version == fresh.version


def test_nothing_indexed_and_nothing_asked_are_answered(desk: Desk, retriever: Retriever) -> None:
    assert found(retriever, "anything") == []
    desk.add("a.txt", HOLIDAY)
    retriever.follow()
    assert found(retriever, "?") == [HOLIDAY]


def test_a_deleted_document_drops_out_before_the_index_follows_and_others_move_up(desk: Desk, retriever: Retriever) -> None:
    answers = [desk.add(f"{number}.txt", f"{HOLIDAY} Number {number}.") for number in range(CANDIDATES + 20)]
    desk.add("lamp.txt", LAMP)
    retriever.follow()
    for document in answers[:-1]:
        desk.delete(document)
    assert sorted(found(retriever, "How many days of paid holiday?", 2)) == sorted([f"{HOLIDAY} Number {CANDIDATES + 19}.", LAMP])


def test_a_replaced_document_answers_with_its_new_text_only(desk: Desk, retriever: Retriever) -> None:
    desk.add("a.txt", HOLIDAY)
    retriever.follow()
    desk.add("a.txt", LAMP)
    retriever.follow()
    assert found(retriever, "holiday") == [LAMP]


def test_a_replacement_in_another_language_is_found_before_the_index_was_told(desk: Desk, retriever: Retriever) -> None:
    desk.add("a.txt", HOLIDAY)
    retriever.follow()
    desk.add("a.txt", GERMAN, language="de")
    assert found(retriever, "holiday") == [GERMAN]


def test_a_document_replaced_while_searches_run_is_always_there_in_one_version(desk: Desk, retriever: Retriever) -> None:
    desk.add("price.txt", "The lamp costs 0 euros.")
    retriever.follow()
    seen: list[list[str]] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            seen.append(found(retriever, "What does the lamp cost?"))

    with searching(search, 2, done):
        for number in range(1, 40):
            desk.add("price.txt", f"The lamp costs {number} euros.", language="de" if number % 2 else "en")
            if number % 3 == 0:
                retriever.follow()
    assert {len(passages) for passages in seen} == {1}
    assert len({passages[0] for passages in seen}) > 1


def test_following_ends_although_others_commit_all_the_time(desk: Desk, retriever: Retriever) -> None:
    desk.add("0.txt", "Number 0.")
    committed = 0

    def commit_another(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal committed
        if "feed_counter" in statement and committed < 20:
            committed += 1
            other.add(f"{committed}.txt", f"Number {committed}.")

    with contextlib.closing(open_catalog(str(desk.engine.url)).connect()) as connection:
        other = dataclasses.replace(desk, engine=connection.engine)  # another process's
        event.listen(desk.engine, "after_cursor_execute", commit_another)
        before = current_version(other.engine)
        retriever.follow()
        assert committed < 5
        assert before <= retriever.version < current_version(other.engine)
        event.remove(desk.engine, "after_cursor_execute", commit_another)
    retriever.follow()
    assert sorted(found(retriever, "Number", 30)) == sorted(f"Number {number}." for number in range(committed + 1))


def test_a_key_finds_its_collections_and_no_others(desk: Desk, retriever: Retriever) -> None:
    desk.add("a.txt", HOLIDAY, collection="mine")
    desk.add("b.txt", HOLIDAY + " Secret.", collection="theirs")
    retriever.follow()
    assert found(retriever, "paid holiday", visible=frozenset({"mine"})) == [HOLIDAY]
    assert found(retriever, "paid holiday", visible=frozenset()) == []
    assert len(found(retriever, "paid holiday")) == 2


def test_filters_reach_passages_far_below_the_best(desk: Desk, retriever: Retriever) -> None:
    for number in range(CANDIDATES + 20):
        desk.add(f"{number}.txt", f"{HOLIDAY} Number {number}.")
    lamp, german = desk.add("lamp.txt", LAMP), desk.add("rat.txt", GERMAN, language="de")
    retriever.follow()
    question = "How many days of paid holiday do employees in Freiburg have?"
    assert found(retriever, question, document_ids=[lamp]) == [LAMP]
    assert found(retriever, question, languages=["de"]) == [GERMAN]
    assert found(retriever, question, document_ids=[lamp, german], languages=["de"]) == [GERMAN]
    assert found(retriever, question, document_ids=["unknown"]) == []
    assert found(retriever, question, document_ids=[lamp], visible=frozenset({"other"})) == []


def test_a_second_language_is_not_hidden_by_the_first(desk: Desk, retriever: Retriever) -> None:
    for number in range(CANDIDATES + 20):
        desk.add(f"{number}.txt", f"When and where does the bus number {number} stop?")
    desk.add("rat.txt", GERMAN, language="de")
    retriever.follow()
    assert GERMAN in found(retriever, "When and where does the works council meet?", 3)


def test_more_passages_than_candidates_come_when_they_exist(desk: Desk, retriever: Retriever) -> None:
    desk.add("many.txt", *(f"{HOLIDAY} Number {number}." for number in range(CANDIDATES + 50)))
    retriever.follow()
    assert len(found(retriever, "holiday", CANDIDATES + 40)) == CANDIDATES + 40


def test_a_catalog_of_more_than_one_batch_is_indexed_whole(static_desk: Desk) -> None:
    size, retriever = BATCH_CHUNKS // 2 + 1, Retriever(static_desk.engine, static_desk.embedder)
    for letter in "abc":
        static_desk.add(f"{letter}.txt", *(f"Row {letter}{number}" for number in range(size)))
    retriever.follow()
    for row in ("Row a0", f"Row b{size - 1}", f"Row c{size - 1}"):
        assert found(retriever, row, 1) == [row]


def test_a_collection_of_another_embedder_is_refused_and_stops_no_other(desk: Desk, retriever: Retriever, transformer: Embedder) -> None:
    desk.add("a.txt", HOLIDAY, collection="ours")
    desk.add("b.txt", LAMP, collection="foreign", embedder=transformer)
    retriever.follow()
    with pytest.raises(EmbedderMismatch, match="Collection 'foreign' holds vectors of 'tiny-bert@"):
        found(retriever, "lamp", visible=frozenset({"foreign"}))
    assert found(retriever, "lamp", visible=frozenset({"ours"})) == [HOLIDAY]
    assert found(retriever, "lamp") == [HOLIDAY]


def test_a_transformer_retrieves_without_tokens(desk: Desk, transformer: Embedder) -> None:
    other = open_desk(desk.blobs.root.parent / "other", transformer)
    other.add("a.txt", HOLIDAY, LAMP)
    retriever = Retriever(other.engine, transformer)
    retriever.follow()
    passages = retriever.search("GL-200", visible=None)
    assert {passage.text for passage in passages} == {HOLIDAY, LAMP}
    assert set(passages[0].scores) == {"passage", "lexical", "sounds"}


def test_searches_and_changes_at_the_same_time_lose_nothing(desk: Desk, retriever: Retriever) -> None:
    desk.add("stays.txt", LAMP)
    retriever.follow()
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            assert LAMP in found(retriever, "How long does the GL-200 shine?", 3)

    with searching(search, 3, done):
        for number in range(15):
            document = desk.add("comes-and-goes.txt", f"{HOLIDAY} {number}", GERMAN)
            retriever.follow()
            desk.delete(document)
            retriever.follow()
