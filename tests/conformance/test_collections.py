"""Collections in numbers, over both databases."""

from rag.catalog.collections import CollectionSummary, embedder_stamps, list_collections
from rag.records import EmbedderStamp
from tests.conformance.catalog_fixture import STAMP, Desk


def test_each_collection_is_told_in_numbers_in_the_order_of_names(desk: Desk) -> None:
    desk.ingest(desk.upload("1", b"1", "b"), "eins", "zwei", language="de")
    desk.upload("2", b"1", "b")
    desk.ingest(desk.upload("3", b"3", "b"), "one")
    desk.upload("4", b"4", "b")
    desk.upload("5", b"5", "A")
    assert list_collections(desk.engine, None) == [
        CollectionSummary("A", documents=1, ready=0, chunks=0, languages={}, embedder=None, unfinished=1),
        CollectionSummary("b", documents=4, ready=3, chunks=3, languages={"de": 2, "en": 1}, embedder=STAMP, unfinished=1),
    ]


def test_a_key_sees_the_numbers_of_its_collections_only(desk: Desk) -> None:
    desk.upload("1", b"1", "open")
    desk.upload("1", b"1", "secret")
    assert [summary.name for summary in list_collections(desk.engine, frozenset({"open", "other"}))] == ["open"]
    assert list_collections(desk.engine, frozenset()) == []


def test_the_first_ready_document_stamps_its_collection(desk: Desk) -> None:
    other = EmbedderStamp("other", 4, "", "")
    first = desk.upload("a.txt", b"a", "x")
    assert embedder_stamps(desk.engine) == {}
    desk.ingest(first)
    desk.ingest(desk.upload("a.txt", b"a", "y"), stamp=other)
    assert embedder_stamps(desk.engine) == {"x": STAMP, "y": other}
    desk.delete(first)
    assert embedder_stamps(desk.engine) == {"y": other}
