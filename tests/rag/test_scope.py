from rag.scope import contents_of
from tests.rag.desk import Desk


def test_only_visible_documents_restrict_a_search(desk: Desk) -> None:
    first, second = desk.add("a.txt", "one"), desk.add("b.txt", "two", collection="other")
    assert len(contents_of(desk.engine, [first, second, "unknown"], None)) == 2
    assert len(contents_of(desk.engine, [first, second], frozenset({"other"}))) == 1
    assert contents_of(desk.engine, [first], frozenset()) == set()
