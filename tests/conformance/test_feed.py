"""The change feed and what followers load, over both databases."""

import numpy as np

from rag.catalog import documents, feed
from rag.catalog.commit import commit
from rag.catalog.feed import Change
from rag.catalog.hydrate import hydrate
from rag.records import Page
from tests.conformance.catalog_fixture import STAMP, Desk, embedded, load_content


def test_a_new_catalog_is_at_version_0_and_empty(desk: Desk) -> None:
    assert feed.current_version(desk.engine) == 0
    assert (feed.changes_since(desk.engine, 0), feed.live_contents(desk.engine), load_content(desk.engine, 1)) == ([], [], [])


def test_a_content_comes_and_goes_with_a_change_each(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a", "manuals")
    ready = desk.ingest(document)
    deleted = desk.delete(document)
    came, went = feed.changes_since(desk.engine, 0)
    assert (came.collection, went.collection, came.content_id) == ("manuals", "manuals", went.content_id)
    assert ready is not None
    assert document.version < came.version <= ready < went.version <= deleted
    assert feed.changes_since(desk.engine, came.version) == [went]


def test_a_replacement_tells_what_came_and_what_went(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"old"), "old")
    [(_, old)] = feed.live_contents(desk.engine)
    before = feed.current_version(desk.engine)
    desk.ingest(desk.upload("a.txt", b"new"), "new")
    [(_, new)] = feed.live_contents(desk.engine)
    assert {change.content_id for change in feed.changes_since(desk.engine, before)} == {old, new}
    assert load_content(desk.engine, old) == []


def test_a_second_name_for_the_same_bytes_changes_no_index(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"a"))
    before = feed.current_version(desk.engine)
    second = desk.upload("b.txt", b"a")
    assert second.version > before
    assert feed.changes_since(desk.engine, before) == []


def test_chunks_come_back_in_order_with_their_arrays_bit_for_bit(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"a"), "abc", "ก", language="th")
    [(_, content)] = feed.live_contents(desk.engine)
    first, second = load_content(desk.engine, content)
    assert (first.text, second.text, first.language) == ("abc", "ก", "th")
    np.testing.assert_array_equal(first.vector, np.array([3, 3, 3, 3], np.float16))
    np.testing.assert_array_equal(first.tokens, np.array([0, 1, 2], np.int32))
    assert [str(array.dtype) for array in (first.vector, first.tokens)] == ["float16", "int32"]


def test_an_index_gets_a_chunk_after_its_context_and_a_reader_gets_both_apart(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    attempt = documents.start_attempt(desk.engine, document.id)
    assert attempt is not None
    chunks = [embedded("It lasts two years.", context="The lamp. Warranty"), embedded("End.")]
    commit(desk.engine, document.id, attempt, pages=[Page(1, "It lasts two years.")], chunks=chunks, language="en", embedder=STAMP)
    [(_, content)] = feed.live_contents(desk.engine)
    loaded = load_content(desk.engine, content)
    assert [chunk.text for chunk in loaded] == ["The lamp. Warranty. It lasts two years.", "End."]
    assert [each.chunk.contextual for each in chunks] == ["The lamp. Warranty. It lasts two years.", "End."]
    shown = hydrate(desk.engine, [chunk.id for chunk in loaded], visible=None)
    assert [(found.text, found.context) for found in shown.values()] == [("It lasts two years.", "The lamp. Warranty"), ("End.", "")]


def test_a_content_of_more_chunks_than_a_batch_is_stored_and_loaded_whole(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"a"), *(f"text {number}" for number in range(2501)))
    [(_, content)] = feed.live_contents(desk.engine)
    loaded = load_content(desk.engine, content)
    assert [chunk.text for chunk in loaded] == [f"text {number}" for number in range(2501)]


def test_chunk_and_content_ids_are_never_given_twice(desk: Desk) -> None:
    seen: list[tuple[int, int]] = []
    for data in (b"1", b"2", b"3"):
        document = desk.upload("a.txt", data)
        desk.ingest(document, "text")
        [(_, content)] = feed.live_contents(desk.engine)
        seen.append((content, load_content(desk.engine, content)[0].id))
        desk.delete(document)
    assert len({content for content, _ in seen}) == 3
    assert len({chunk for _, chunk in seen}) == 3


def test_an_upload_is_pending_from_its_version_until_it_is_ready_or_failed(desk: Desk) -> None:
    first = desk.upload("a.txt", b"a")
    second = desk.upload("b.txt", b"b")
    assert not feed.pending(desk.engine, first.version - 1, None)
    assert feed.pending(desk.engine, first.version, None)
    desk.ingest(first)
    assert not feed.pending(desk.engine, first.version, None)
    assert feed.pending(desk.engine, second.version, None)
    attempt = documents.start_attempt(desk.engine, second.id)
    assert attempt is not None
    documents.fail(desk.engine, second.id, attempt, "No.", retry_helps=False)
    assert not feed.pending(desk.engine, second.version, None)


def test_an_upload_elsewhere_is_not_pending_for_a_key(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a", "secret")
    assert not feed.pending(desk.engine, document.version, frozenset({"default"}))
    assert feed.pending(desk.engine, document.version, frozenset({"secret"}))


def test_an_upload_that_is_uploaded_again_while_it_waits_stays_pending_at_its_first_version(desk: Desk) -> None:
    first = desk.upload("a.txt", b"1")
    desk.upload("a.txt", b"2")
    assert desk.upload("a.txt", b"1").version == first.version
    assert feed.pending(desk.engine, first.version, None)


def test_the_version_of_a_commit_lets_a_follower_see_its_content(desk: Desk) -> None:
    version = desk.ingest(desk.upload("a.txt", b"a"))
    [(_, content)] = feed.live_contents(desk.engine)
    [change] = feed.changes_since(desk.engine, 0)
    assert change == Change(change.version, "default", content)
    assert version is not None
    assert change.version <= version <= feed.current_version(desk.engine)
