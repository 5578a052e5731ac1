"""From one embedder to another, over both databases: beside, then all at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from rag.catalog import feed
from rag.catalog.collections import embedder_stamps, list_collections
from rag.catalog.feed import current_version, pending
from rag.catalog.reembedding import finish, put_beside, stored_pages, switch, without_vectors
from rag.catalog.tables import next_chunks, next_contents
from rag.errors import InvalidInput
from rag.records import EmbedderStamp, Status
from tests.conformance.catalog_fixture import STAMP, Desk, embedded, load_content

NEXT = EmbedderStamp("next", 4, "query: ", "passage: ")
OTHER = EmbedderStamp("other", 4, "query: ", "passage: ")


def make(desk: Desk, content_id: int, stamp: EmbedderStamp = NEXT) -> None:
    """Beside each page two chunks, of its halves."""
    with stored_pages(desk.engine, content_id) as (language, pages):
        texts = [(page.number, half) for page in pages for half in (page.text[: len(page.text) // 2], page.text[len(page.text) // 2 :])]
    put_beside(desk.engine, content_id, [embedded(text, number, language) for number, text in texts], stamp)


def make_all(desk: Desk, stamp: EmbedderStamp = NEXT, *names: str) -> list[str]:
    for content_id in without_vectors(desk.engine, stamp, names):
        make(desk, content_id, stamp)
    return finish(desk.engine, stamp, names)


def left_beside(desk: Desk) -> int:
    with desk.engine.connect() as connection:
        return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (next_contents, next_chunks))


def test_nothing_changes_until_the_switch_and_then_all_at_once(desk: Desk) -> None:
    first, second = desk.upload("a.txt", b"a"), desk.upload("b.txt", b"b")
    desk.ingest(first, "abcd", "ef", language="de")
    desk.ingest(second, "ghij")
    shown, version = [desk.get(first), desk.get(second)], current_version(desk.engine)
    old = [chunk.id for _, content in feed.live_contents(desk.engine) for chunk in load_content(desk.engine, content)]
    assert make_all(desk) == ["default"]
    assert switch(desk.engine, OTHER) == []
    assert (desk.texts(), current_version(desk.engine)) == (["abcd", "ef", "ghij"], version)
    assert embedder_stamps(desk.engine) == {"default": STAMP}

    assert switch(desk.engine, NEXT) == ["default"]
    assert desk.texts() == ["ab", "cd", "e", "f", "gh", "ij"]
    new = [chunk for _, content in feed.live_contents(desk.engine) for chunk in load_content(desk.engine, content)]
    assert not {chunk.id for chunk in new} & set(old), "the ids of old chunks must not name other texts"
    assert [chunk.language for chunk in new] == ["de"] * 4 + ["en"] * 2
    assert [desk.get(first), desk.get(second)] == shown
    assert embedder_stamps(desk.engine) == {"default": NEXT}
    assert list_collections(desk.engine, None)[0].chunks == 6
    assert {change.content_id for change in feed.changes_since(desk.engine, version)} == {
        content for _, content in feed.live_contents(desk.engine)
    }
    assert left_beside(desk) == 0
    assert switch(desk.engine, NEXT) == []
    assert desk.ingest(desk.upload("c.txt", b"c"), "klmn", stamp=NEXT) is not None


def test_what_is_made_is_not_made_again_and_half_of_it_switches_nothing(desk: Desk) -> None:
    for name in "abc":
        desk.ingest(desk.upload(name, name.encode()), name * 4)
    first, *rest = without_vectors(desk.engine, NEXT)
    make(desk, first)
    assert without_vectors(desk.engine, NEXT) == rest
    assert switch(desk.engine, NEXT) == []
    assert desk.texts() == ["aaaa", "bbbb", "cccc"]
    assert make_all(desk) == ["default"]
    assert switch(desk.engine, NEXT) == ["default"]
    assert desk.texts() == ["aa", "aa", "bb", "bb", "cc", "cc"]


def test_what_came_after_is_ingested_again_and_who_waits_for_it_waits(desk: Desk) -> None:
    early, late = desk.upload("early.txt", b"1"), None
    desk.ingest(early, "abcd")
    make_all(desk)
    late = desk.upload("late.txt", b"2")
    version = desk.ingest(late, "efgh")
    assert version is not None
    newer = desk.upload("late.txt", b"3")  # a newer version that waits must still win
    switch(desk.engine, NEXT)
    again = desk.get(late)
    assert (again.status, again.progress, again.language, again.version) == (Status.QUEUED, 0.0, None, version)
    assert (desk.get(early).status, desk.texts()) == (Status.READY, ["ab", "cd"])
    assert pending(desk.engine, version, None)
    desk.ingest(again, "efgh", stamp=NEXT)
    assert desk.texts() == ["ab", "cd", "efgh"]
    desk.ingest(newer, "ijkl", stamp=NEXT)
    assert sorted(desk.names()) == [("early.txt", "ready"), ("late.txt", "ready")]
    assert desk.texts() == ["ab", "cd", "ijkl"]


def test_a_document_that_is_deleted_meanwhile_comes_back_from_nowhere(desk: Desk) -> None:
    stays, goes, vanishes = (desk.upload(name, name.encode()) for name in ("stays", "goes", "vanishes"))
    for document in (stays, goes, vanishes):
        desk.ingest(document, document.name)
    contents = without_vectors(desk.engine, NEXT)
    make(desk, contents[1])
    desk.delete(goes)
    desk.delete(vanishes)
    make(desk, contents[2])
    assert left_beside(desk) == 0
    assert make_all(desk) == ["default"]
    switch(desk.engine, NEXT)
    assert desk.texts() == ["st", "ays"]


def test_who_thinks_better_of_it_leaves_nothing(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"a"), "abcd")
    make_all(desk)
    make_all(desk, OTHER)  # takes the place of what was made before
    assert switch(desk.engine, NEXT) == []
    assert finish(desk.engine, STAMP) == []
    assert left_beside(desk) == 0
    assert switch(desk.engine, OTHER) == []
    assert desk.texts() == ["abcd"]


def test_the_context_of_what_is_made_beside_takes_over_with_it(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"a"), "abcd")
    [content] = without_vectors(desk.engine, NEXT)
    put_beside(desk.engine, content, [embedded("ab", context="Title"), embedded("cd")], NEXT)
    finish(desk.engine, NEXT)
    switch(desk.engine, NEXT)
    assert desk.texts() == ["Title. ab", "cd"]


def test_only_the_collections_that_are_named_change(desk: Desk) -> None:
    for name in ("x", "y"):
        desk.ingest(desk.upload("a.txt", b"a", name), "abcd")
    assert make_all(desk, NEXT, "y") == ["y"]
    assert switch(desk.engine, NEXT) == ["y"]
    assert embedder_stamps(desk.engine) == {"x": STAMP, "y": NEXT}
    with pytest.raises(InvalidInput, match="There is no collection 'z'; `glossa status` lists those there are"):
        without_vectors(desk.engine, NEXT, ["x", "z"])


def test_replicas_that_start_at_once_switch_once(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"a"), "abcd")
    make_all(desk)
    with ThreadPoolExecutor(4) as threads:
        switched = list(threads.map(lambda _: switch(desk.engine, NEXT), range(4)))
    assert sorted(switched) == [[], [], [], ["default"]]
    assert desk.texts() == ["ab", "cd"]
