"""Turns an index's chunk ids into text that may be shown. What was deleted, replaced or is not for this key drops out here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, bindparam, select

from rag.catalog.schema import reading
from rag.catalog.tables import chunks, collections, contents, documents, in_sight
from rag.records import Status

AnyRow = Row[*tuple[Any, ...]]
BATCH = 1000  # ids per statement: both databases limit a statement's parameters to some 32,000

# Made once: making a statement and its key in SQLAlchemy's cache takes as long as all the rest of a search's two.
_CHUNKS = select(*(chunks.c[name] for name in ("id", "content_id", "page", "start", "end", "text", "language", "context"))).where(
    chunks.c.id.in_(bindparam("chunk_ids", expanding=True))
)
_shown = documents.alias()
_OLDEST = (  # of a content; the index on it finds it, however many documents show the same bytes
    select(_shown.c.id)
    .where(_shown.c.content_id == contents.c.id)  # only a ready document has a content
    .order_by(_shown.c.created_at, _shown.c.id)
    .limit(1)
    .correlate(contents)
    .scalar_subquery()
)


def _documents(shown: ColumnElement[bool]) -> Select[Any]:
    """The documents that fulfil `shown`, of the collections and contents asked for."""
    return (
        select(
            documents.c.id,
            contents.c.id.label("content_id"),
            documents.c.name,
            documents.c.created_at,
            collections.c.name.label("collection"),
        )
        .select_from(contents.join(documents, shown))
        .join(collections, contents.c.collection_id == collections.c.id)
        .where(contents.c.id.in_(bindparam("content_ids", expanding=True)), documents.c.status == Status.READY)
    )


_OF_OLDEST = _documents(documents.c.id == _OLDEST)
_OF_CHOSEN = _documents(documents.c.content_id == contents.c.id).where(documents.c.id.in_(bindparam("document_ids", expanding=True)))


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
    asked: list[dict[str, Any]] = [{"content_ids": list(content_ids)}]
    query = _OF_OLDEST
    if document_ids is not None:
        chosen = list(document_ids)
        query = _OF_CHOSEN
        asked = [asked[0] | {"document_ids": chosen[first : first + BATCH]} for first in range(0, len(chosen), BATCH)]
    if visible is not None:
        query = query.where(in_sight(visible))
    rows = [row for parameters in asked for row in connection.execute(query, parameters)]
    oldest: dict[int, AnyRow] = {}
    for row in sorted(rows, key=lambda row: (row.created_at, row.id)):
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
