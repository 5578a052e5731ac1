"""The one transaction that makes an ingested document visible."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Row, Table, insert, select, update

from rag.catalog import tables
from rag.catalog.publish import UNFINISHED, publish, record_changes
from rag.catalog.schema import writing
from rag.catalog.tables import collections, contents, documents
from rag.errors import EmbedderMismatch
from rag.records import Chunk, EmbedderStamp, Note, Page

MOST_NOTES = 50  # of a document: sentences, each with its pages; a person reads no more
BATCH = 1000  # rows per statement: few enough to hold twice in memory, many enough that a statement's cost is nothing


@dataclass(frozen=True, slots=True)
class EmbeddedChunk:
    """A chunk, its vector f16 (d,), and its token ids i32 (t,) for late interaction."""

    chunk: Chunk
    vector: NDArray[np.float16]
    tokens: NDArray[np.int32]


def commit(
    engine: Engine,
    document_id: str,
    attempt: int,
    *,
    pages: Iterable[Page],
    chunks: Iterable[EmbeddedChunk],
    language: str,
    embedder: EmbedderStamp,
) -> int | None:
    """Stores the content, makes the document ready and removes what it replaces, all at once; returns the version that shows it.

    Other documents of the collection that wait for the same bytes become ready with it. None, and nothing changed, when the attempt was
    superseded or the document deleted or already ready. `pages` is gone through three times. All other writers wait while `chunks` is
    consumed: compute the vectors before.
    Raises EmbedderMismatch when the collection holds vectors of another embedder, NotYet when the catalog stays locked.
    """
    current = (documents.c.id == document_id) & (documents.c.attempt == attempt) & documents.c.status.in_(UNFINISHED)
    with writing(engine) as connection:
        document = connection.execute(select(documents).where(current)).one_or_none()
        if document is None:
            return None
        _stamp(connection, document.collection_id, embedder)
        content_id = _store(connection, document, pages, chunks, language)
        record_changes(connection, document.collection_id, [content_id])
        for twin in _twins(connection, document):
            publish(connection, twin, content_id)
        return publish(connection, document, content_id)


def _stamp(connection: Connection, collection_id: int, embedder: EmbedderStamp) -> None:
    """The first content of an empty collection decides its embedder; all others must agree."""
    row = connection.execute(select(collections).where(collections.c.id == collection_id)).one()
    if row.embedder == asdict(embedder):
        return
    if connection.execute(select(contents.c.id).where(contents.c.collection_id == collection_id).limit(1)).first() is not None:
        raise EmbedderMismatch(
            f"Collection {row.name!r} was embedded by {row.embedder['model']!r} ({row.embedder['dimension']} dimensions), but "
            f"{embedder.model!r} ({embedder.dimension}) and its prompts are in use: start with the former, or run `glossa reembed`."
        )
    connection.execute(update(collections).where(collections.c.id == collection_id).values(embedder=asdict(embedder)))


def _store(connection: Connection, document: Row[Any], pages: Iterable[Page], chunks: Iterable[EmbeddedChunk], language: str) -> int:
    identity = {"collection_id": document.collection_id, "sha256": document.sha256, "media_type": document.media_type}
    damaged = [page.number for page in pages if page.damaged] or None
    facts = {"language": language, "damaged": damaged, "notes": [asdict(note) for note in gathered_notes(pages)] or None}
    new = insert(contents).values(**identity, **facts, pages=0, chunks=0).returning(contents.c.id)
    content_id = int(connection.execute(new).scalar_one())
    counts = {
        "pages": _insert_all(connection, tables.pages, (_page_row(content_id, page) for page in pages)),
        "chunks": insert_chunks(connection, tables.chunks, content_id, chunks),
    }
    connection.execute(update(contents).where(contents.c.id == content_id).values(counts))
    return content_id


def gathered_notes(pages: Iterable[Page]) -> list[Note]:
    """The notes of all pages, each sentence once with the pages that it holds for, in order; of very many the first 50 sentences."""
    found: dict[str, list[int]] = {}
    for page in pages:
        for text in page.notes:
            if text in found or len(found) < MOST_NOTES:
                found.setdefault(text, []).append(page.number)
    return [Note(text, tuple(dict.fromkeys(numbers))) for text, numbers in found.items()]


def insert_chunks(connection: Connection, table: Table, content_id: int, chunks: Iterable[EmbeddedChunk]) -> int:
    """Stores the chunks of a content in that table, inside `writing`; returns how many there were."""
    return _insert_all(connection, table, (_chunk_row(content_id, ordinal, chunk) for ordinal, chunk in enumerate(chunks)))


def _insert_all(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    while batch := list(islice(rows, BATCH)):
        connection.execute(insert(table), batch)
        count += len(batch)
    return count


def _page_row(content_id: int, page: Page) -> dict[str, Any]:
    return {"content_id": content_id, "number": page.number, "label": page.label, "text": page.text}


def _chunk_row(content_id: int, ordinal: int, embedded: EmbeddedChunk) -> dict[str, Any]:
    chunk = embedded.chunk
    return {
        "content_id": content_id,
        "ordinal": ordinal,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "language": chunk.language,
        "text": chunk.text,
        "context": chunk.context,
        "vector": embedded.vector.astype("<f2", copy=False).tobytes(),
        "tokens": embedded.tokens.astype("<i4", copy=False).tobytes(),
    }


def _twins(connection: Connection, document: Row[Any]) -> list[Row[Any]]:
    same = (documents.c.collection_id == document.collection_id) & (documents.c.sha256 == document.sha256)
    waiting = same & (documents.c.media_type == document.media_type) & documents.c.status.in_(UNFINISHED) & (documents.c.id != document.id)
    return list(connection.execute(select(documents).where(waiting)).all())
