from rag.scope import contents_of
from tests.rag.catalog_fixture import Desk


def test_only_visible_documents_restrict_a_search(static_desk: Desk) -> None:
    first, second = static_desk.add("a.txt", "one"), static_desk.add("b.txt", "two", collection="other")
    assert len(contents_of(static_desk.engine, [first, second, "unknown"], None)) == 2
    assert len(contents_of(static_desk.engine, [first, second], frozenset({"other"}))) == 1
    assert contents_of(static_desk.engine, [first], frozenset()) == set()
