"""Text around passages, over both databases."""

from dataclasses import replace

import pytest

from rag.catalog import documents
from rag.catalog.commit import EmbeddedChunk, commit
from rag.catalog.surroundings import whole_document, widen
from rag.errors import NotFound
from rag.records import Page, Passage
from tests.conformance.catalog_fixture import STAMP, Desk, embedded

PAGE = "Eins steht vorn. Zwei steht in der Mitte. Drei steht hinten."
SPANS = [(0, 16), (17, 41), (42, 60)]


def ingest(desk: Desk) -> str:
    """A document with three chunks on its second page."""
    document = desk.upload("a.md", b"a")
    attempt = documents.start_attempt(desk.engine, document.id)
    assert attempt is not None
    chunks = [embedded("vorher", 1, "de")]
    for start, end in SPANS:
        made = embedded(PAGE[start:end], 2, "de")
        chunks.append(EmbeddedChunk(replace(made.chunk, start=start, end=end), made.vector, made.tokens))
    pages = [Page(1, "vorher"), Page(2, PAGE), Page(3, " ")]
    commit(desk.engine, document.id, attempt, pages=pages, chunks=chunks, language="de", embedder=STAMP)
    return document.id


def passage(document_id: str, chunk: int) -> Passage:
    start, end = SPANS[chunk]
    return Passage(document_id, "a.md", 2, start, end, PAGE[start:end], "de", 0.5)


def test_a_passage_gets_its_neighbours_on_the_page(desk: Desk) -> None:
    document_id = ingest(desk)
    widened = widen(desk.engine, [passage(document_id, chunk) for chunk in range(3)])
    assert [(wide.start, wide.end) for wide in widened] == [(0, 41), (0, 60), (17, 60)]
    assert all(wide.text == PAGE[wide.start : wide.end] and wide.page == 2 and wide.score == 0.5 for wide in widened)


def test_a_passage_of_a_document_that_has_gone_stays_as_it_was(desk: Desk) -> None:
    gone = passage("no-such-document", 1)
    assert widen(desk.engine, [gone]) == [gone]


def test_a_whole_document_is_its_pages_with_text_in_order(desk: Desk) -> None:
    document_id = ingest(desk)
    pages = whole_document(desk.engine, document_id, None)
    assert [(page.page, page.text, page.start, page.end, page.language) for page in pages] == [
        (1, "vorher", 0, 6, "de"),
        (2, PAGE, 0, len(PAGE), "de"),
    ]
    with pytest.raises(NotFound):
        whole_document(desk.engine, document_id, frozenset(["other"]))
