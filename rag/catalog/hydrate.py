"""Turns an index's chunk ids into text that may be shown. What was deleted, replaced or is not for this key drops out here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, select

from rag.catalog.schema import reading
from rag.catalog.tables import chunks, collections, documents, in_sight
from rag.records import Status

AnyRow = Row[*tuple[Any, ...]]
BATCH = 1000  # ids per statement: both databases limit a statement's parameters to some 32,000

# Made once: making a statement and its key in SQLAlchemy's cache takes as long as all the rest of a search's two.
_CHUNKS = select(*(chunks.c[name] for name in ("id", "content_id", "page", "start", "end", "text", "language", "context"))).where(
    chunks.c.id.in_(bindparam("chunk_ids", expanding=True))
)
_DOCUMENTS = (
    select(documents.c.id, documents.c.content_id, documents.c.name, collections.c.name.label("collection"))
    .join_from(documents, collections)
    .where(documents.c.content_id.in_(bindparam("content_ids", expanding=True)), documents.c.status == Status.READY)
    .order_by(documents.c.created_at, documents.c.id)
)


@dataclass(frozen=True, slots=True)
class Hydrated:
    """A chunk with the document that shows it: `text` equals the page's text at [start, end)."""

    document_id: str
    name: str
    collection: str
    page: int
    start: int
    end: int
    text: str
    language: str
    context: str


def hydrate(
    engine: Engine,
    chunk_ids: Sequence[int],
    *,
    visible: Collection[str] | None,
    languages: Collection[str] | None = None,
    document_ids: Collection[str] | None = None,
) -> dict[int, Hydrated]:
    """The chunks, by id, of ready documents in visible collections that pass the filters (None: no filter); all others are left out.

    Bytes uploaded under several names are told as the oldest of the documents that pass.
    """
    found: dict[int, Hydrated] = {}
    with reading(engine) as connection:
        for first in range(0, len(chunk_ids), BATCH):
            # Chunks first, documents after: a document that goes between the two statements takes its chunks with it.
            rows = _chunk_rows(connection, chunk_ids[first : first + BATCH], languages)
            shown = _documents_by_content(connection, {row.content_id for row in rows}, visible, document_ids)
            found.update({row.id: _hydrated(row, shown[row.content_id]) for row in rows if row.content_id in shown})
    return found


def _chunk_rows(connection: Connection, chunk_ids: Sequence[int], languages: Collection[str] | None) -> Sequence[AnyRow]:
    query = _CHUNKS if languages is None else _CHUNKS.where(chunks.c.language.in_(languages))
    return connection.execute(query, {"chunk_ids": chunk_ids}).all()


def _documents_by_content(
    connection: Connection, content_ids: Collection[int], visible: Collection[str] | None, document_ids: Collection[str] | None
) -> dict[int, AnyRow]:
    query = _DOCUMENTS if visible is None else _DOCUMENTS.where(in_sight(visible))
    oldest: dict[int, AnyRow] = {}
    for row in connection.execute(query, {"content_ids": list(content_ids)}):
        if document_ids is None or row.id in document_ids:
            oldest.setdefault(row.content_id, row)
    return oldest


def _hydrated(chunk: AnyRow, document: AnyRow) -> Hydrated:
    return Hydrated(
        document_id=document.id,
        name=document.name,
        collection=document.collection,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        language=chunk.language,
        context=chunk.context,
    )
