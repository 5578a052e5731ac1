import pytest

from rag.lexical import LexicalIndex
from tests.rag.chunks import random_chunk

TEXTS = ["Die Lampe GL-200 kostet 49 Euro.", "Urlaub gibt es 30 Tage im Jahr.", "Die Werkstatt öffnet um neun."]


@pytest.fixture
def german() -> LexicalIndex:
    index = LexicalIndex("de")
    index.change([random_chunk(number, text) for number, text in enumerate(TEXTS, 1)], [])
    return index


def test_a_code_finds_its_chunk_however_it_is_written(german: LexicalIndex) -> None:
    for question in ("gl200", "GL 200", "Was kostet die GL-200?"):
        assert max(found := german.search(question, 3), key=lambda chunk: found[chunk]) == 1


def test_shares_lie_between_zero_and_one_and_fall_with_words_that_no_chunk_holds(german: LexicalIndex) -> None:
    full, part = german.search("Urlaub Tage", 1)[2], german.search("Urlaub Tage Mondfahrt", 1)[2]
    assert 0 < part < full <= 1


def test_nothing_in_common_finds_nothing(german: LexicalIndex) -> None:
    assert german.search("xyzzy", 5) == {}
    assert german.search("?!", 5) == {}
    assert LexicalIndex("th").search("อะไร", 5) == {}


def test_what_was_removed_is_not_found_and_the_rest_is(german: LexicalIndex) -> None:
    german.change([random_chunk(9, "Urlaub in Freiburg")], [2])
    assert list(german.search("Urlaub", 5)) == [9]


def test_shares_stay_between_zero_and_one_when_almost_all_was_removed() -> None:
    index = LexicalIndex("de")
    index.change([random_chunk(number, "Urlaub in Freiburg") for number in range(1, 51)], [])
    index.change([], list(range(2, 51)))
    assert list(found := index.search("Urlaub Freiburg", 5)) == [1]
    assert 0 <= found[1] <= 1


def test_a_restricted_search_finds_allowed_chunks_only(german: LexicalIndex) -> None:
    assert set(german.search("die", 5)) == {1, 3}
    assert set(german.search("die", 5, [3, 10**9])) == {3}
    assert german.search("die", 5, []) == {}


def test_a_name_is_found_by_its_sound_from_another_script(german: LexicalIndex) -> None:
    german.change([random_chunk(9, "Victoria wohnt in Warschau.")], [])
    assert list(german.search_sounds("विक्टोरिया कहाँ रहती है?", 1)) == [9]
    assert german.search("विक्टोरिया", 5) == {}
    assert list(german.search_sounds("๓๐ วัน", 5)) == [2]
