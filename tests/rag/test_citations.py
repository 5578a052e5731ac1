"""What a language model wrote, against the passages that it was given."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.citations import MarkerFilter, cite, statements
from rag.embedder import Embedder
from rag.records import Passage

PAGE = "The shop opens at nine. The Borealis lamp costs forty-nine euros. Returns are free for thirty days."


def passage(start: int = 0, text: str = PAGE) -> Passage:
    return Passage("d1", "prices.md", 2, start, start + len(text), text, "en", 0.9)


def shown(pieces: list[str], passages: int) -> str:
    markers = MarkerFilter(passages)
    return "".join([*map(markers.push, pieces), markers.end()])


@pytest.mark.parametrize(("written", "expected"), [
    ("Nine [1].", "Nine [1]."),
    ("Nine [7].", "Nine ."),
    ("Nine [1, 2].", "Nine [1][2]."),
    ("Nine [0][2; 9].", "Nine [2]."),
    ("An array a[i] and [note] stay.", "An array a[i] and [note] stay."),
    ("It breaks off [1", "It breaks off [1"),
    ("Nine [[99]7].", "Nine ."),
    ("Nine [7[99]].", "Nine ."),
    ("Nine [[9][1]2].", "Nine [[1]2]."),
    ("Nine [" + 30 * " " + "7].", "Nine ."),
])  # fmt: skip
def test_markers_that_name_no_passage_are_not_shown(written: str, expected: str) -> None:
    assert shown([written], 2) == expected


@given(st.text("ab [1](,;]29\n", max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_it_does_not_matter_how_a_stream_is_cut(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert shown(pieces, 2) == shown([text], 2)


@given(
    st.lists(st.sampled_from(["[", "]", "[99]", "[0]", "[1]", "[1, 7]", "7", "2", ",", ";", " ", "१", "a", "\n"]), max_size=30),
    st.integers(0, 3),
)
def test_every_marker_that_is_shown_names_a_passage(pieces: list[str], passages: int) -> None:
    text = shown(pieces, passages)
    assert text == shown(["".join(pieces)], passages)
    assert all(1 <= number <= passages for number in statements(text))
    assert text == shown([text], passages)


def test_a_marker_stands_behind_the_text_before_it() -> None:
    answer = "The lamp costs 49 euros. [2] Returns are free [1][3], and the shop opens at nine [2]."
    assert statements(answer) == {
        2: "The lamp costs 49 euros and the shop opens at nine",
        1: "Returns are free",
        3: "Returns are free",
    }


def test_a_citation_quotes_the_sentence_that_proves_the_statement(embedder: Embedder) -> None:
    (citation,) = cite("The Borealis lamp costs 49 euros [1].", [passage(100)], embedder)
    assert (citation.marker, citation.document_id, citation.page) == (1, "d1", 2)
    assert citation.quote == "The Borealis lamp costs forty-nine euros." == PAGE[citation.start - 100 : citation.end - 100]


def test_a_marker_that_stands_behind_nothing_cites_the_whole_passage(embedder: Embedder) -> None:
    (citation,) = cite("[1]", [passage()], embedder)
    assert (citation.start, citation.end, citation.quote) == (0, len(PAGE), PAGE)
