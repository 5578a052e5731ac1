"""What may be shown of the chunks that an index found, over both databases."""

from rag.catalog import feed
from rag.catalog.hydrate import Hydrated, hydrate
from tests.conformance.catalog_fixture import Desk, load_content


def chunk_ids(desk: Desk) -> list[int]:
    return [chunk.id for _, content in feed.live_contents(desk.engine) for chunk in load_content(desk.engine, content)]


def test_a_chunk_comes_with_its_document_page_and_offsets(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a", "manuals")
    desk.ingest(document, "one", "zwei", language="de")
    _, second = chunk_ids(desk)
    assert hydrate(desk.engine, [second], visible=None) == {second: Hydrated(document.id, "a.txt", "manuals", 2, 0, 4, "zwei", "de", "")}


def test_deleted_and_unknown_chunks_drop_out(desk: Desk) -> None:
    gone, kept = desk.upload("a.txt", b"a"), desk.upload("b.txt", b"b")
    desk.ingest(gone, "gone")
    desk.ingest(kept, "kept")
    ids = chunk_ids(desk)
    desk.delete(gone)
    assert [found.text for found in hydrate(desk.engine, [*ids, 10**12], visible=None).values()] == ["kept"]
    assert hydrate(desk.engine, [], visible=None) == {}


def test_chunks_of_collections_that_the_key_may_not_see_drop_out(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"a", "open"), "open text")
    desk.ingest(desk.upload("a.txt", b"a", "secret"), "secret text")
    ids = chunk_ids(desk)
    assert [found.text for found in hydrate(desk.engine, ids, visible=frozenset({"open"})).values()] == ["open text"]
    assert hydrate(desk.engine, ids, visible=frozenset()) == {}
    assert len(hydrate(desk.engine, ids, visible=None)) == 2


def test_chunks_are_filtered_by_language_and_document(desk: Desk) -> None:
    german, thai = desk.upload("de", b"de"), desk.upload("th", b"th")
    desk.ingest(german, "deutsch", language="de")
    desk.ingest(thai, "ไทย", language="th")
    ids = chunk_ids(desk)
    assert [found.text for found in hydrate(desk.engine, ids, visible=None, languages={"th", "hi"}).values()] == ["ไทย"]
    assert [found.text for found in hydrate(desk.engine, ids, visible=None, document_ids={german.id}).values()] == ["deutsch"]
    assert hydrate(desk.engine, ids, visible=None, languages={"th"}, document_ids={german.id}) == {}
    assert hydrate(desk.engine, ids, visible=None, languages=set()) == {}


def test_the_same_bytes_under_two_names_are_told_as_the_oldest_document_that_passes(desk: Desk) -> None:
    first = desk.upload("first", b"a")
    desk.ingest(first, "text")
    second = desk.upload("second", b"a")
    [chunk] = chunk_ids(desk)
    assert hydrate(desk.engine, [chunk], visible=None)[chunk].name == "first"
    assert hydrate(desk.engine, [chunk], visible=None, document_ids=[second.id])[chunk].name == "second"
    desk.delete(first)
    assert hydrate(desk.engine, [chunk], visible=None)[chunk].name == "second"


def test_more_chunks_than_a_statement_takes_are_hydrated(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"a"), *(f"text {number}" for number in range(2500)))
    assert len(hydrate(desk.engine, chunk_ids(desk), visible=None)) == 2500
