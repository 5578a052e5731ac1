"""What a reader is told about a document that did not fit."""

import pytest

from rag.records import Passage
from serving.api.answering import left_out


def page(number: int, length: int = 10) -> Passage:
    return Passage("d", "a.md", number, 0, length, "x" * length, "en", 1.0)


@pytest.mark.parametrize(("kept", "said"), [
    ([page(1), page(2), page(4)], ""),
    ([page(1), page(2)], "page 4"),
    ([page(1)], "pages 2-4"),
    ([page(1), page(2, 5)], "the end of page 2, page 4"),
    ([], "pages 1-4"),
])  # fmt: skip
def test_what_is_left_out_of_a_document_is_named(kept: list[Passage], said: str) -> None:
    assert left_out([page(1), page(2), page(4)], kept) == said
