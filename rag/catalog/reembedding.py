"""From one embedder to another: vectors are made beside those in use, content by content, and take their place all at once.

Nothing is parsed again: a content's pages are in the catalog. Until `switch` the collection is searched by the vectors that it has.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, delete, insert, select, update

from rag.catalog import tables
from rag.catalog.commit import EmbeddedChunk, insert_chunks
from rag.catalog.documents import NOT_BEGUN
from rag.catalog.publish import record_changes
from rag.catalog.schema import reading, writing
from rag.catalog.tables import chunks, collections, contents, documents, next_chunks, next_contents
from rag.errors import InvalidInput
from rag.records import EmbedderStamp, Page, Status

PAGES_AT_ONCE = 100


def without_vectors(engine: Engine, embedder: EmbedderStamp, names: Sequence[str] = ()) -> list[int]:
    """Ids of the contents that hold another embedder's vectors and none of this one beside them yet; of these collections, else of all.

    Raises InvalidInput when there is no such collection.
    """
    made = select(next_contents.c.content_id).where(
        next_contents.c.content_id == contents.c.id, next_contents.c.embedder == _spelled(embedder)
    )
    with reading(engine) as connection:
        others = _of_other_embedders(connection, embedder, names)
        missing = select(contents.c.id).where(contents.c.collection_id.in_(others), ~made.exists()).order_by(contents.c.id)
        return list(connection.execute(missing).scalars())


@contextmanager
def stored_pages(engine: Engine, content_id: int) -> Iterator[tuple[str, Iterator[Page]]]:
    """Language and pages of a content, a few in memory at a time; no page when it is gone."""
    pages = tables.pages
    with reading(engine) as connection:
        language = connection.execute(select(contents.c.language).where(contents.c.id == content_id)).scalar_one_or_none()
        query = select(pages).where(pages.c.content_id == content_id).order_by(pages.c.number)
        rows = connection.execution_options(yield_per=PAGES_AT_ONCE).execute(query)
        yield language or "", (Page(row.number, row.text, row.label) for row in rows)


def put_beside(engine: Engine, content_id: int, embedded: Iterable[EmbeddedChunk], embedder: EmbedderStamp) -> None:
    """Stores what the embedder made of a content, in place of what another was to take over with; nothing when the content is gone."""
    with writing(engine) as connection:
        connection.execute(delete(next_contents).where(next_contents.c.content_id == content_id))
        if connection.execute(select(contents.c.id).where(contents.c.id == content_id)).first() is None:
            return
        connection.execute(insert(next_contents).values(content_id=content_id, embedder=_spelled(embedder), chunks=0))
        count = insert_chunks(connection, next_chunks, content_id, embedded)
        connection.execute(update(next_contents).where(next_contents.c.content_id == content_id).values(chunks=count))


def finish(engine: Engine, embedder: EmbedderStamp, names: Sequence[str] = ()) -> list[str]:
    """Lets this embedder take over these collections, else all, at the next `switch`; returns those that hold another's vectors now.

    In collections that hold its vectors already, what was made for another is removed. Raises InvalidInput as `without_vectors`.
    """
    with writing(engine) as connection:
        others = _of_other_embedders(connection, embedder, names)
        connection.execute(update(collections).where(collections.c.id.in_(others)).values(next_embedder=asdict(embedder)))
        rows = connection.execute(select(collections).order_by(collections.c.name)).all()
        for row in rows:
            if row.embedder == asdict(embedder) and (not names or row.name in names):
                _forget_next(connection, row.id)
        return [row.name for row in rows if row.id in others]


def switch(engine: Engine, embedder: EmbedderStamp) -> list[str]:
    """Lets an embedder that is ready take over its collections, each in one transaction; returns their names.

    What came to a collection after `finish` is queued again, to be ingested with this embedder from its file. Call it at start.
    """
    with reading(engine) as connection:
        due = [row.id for row in connection.execute(select(collections)) if row.next_embedder == asdict(embedder)]
    names = []
    for collection_id in due:
        with writing(engine) as connection:
            row = connection.execute(select(collections).where(collections.c.id == collection_id)).one()
            if row.next_embedder == asdict(embedder):  # else another process was quicker
                _take_over(connection, collection_id, embedder)
                names.append(row.name)
    return names


def _take_over(connection: Connection, collection_id: int, embedder: EmbedderStamp) -> None:
    of_collection = select(contents.c.id).where(contents.c.collection_id == collection_id)
    made = select(next_contents.c.content_id).where(
        next_contents.c.content_id.in_(of_collection), next_contents.c.embedder == _spelled(embedder)
    )
    if changed := list(connection.execute(of_collection).scalars()):
        record_changes(connection, collection_id, changed)
    # the upload's version stays, so that who waits for it waits for this ingest too
    again = {**NOT_BEGUN, "status": Status.QUEUED, "content_id": None, "updated_at": datetime.now(UTC)}
    late = documents.c.content_id.in_(of_collection) & documents.c.content_id.not_in(made)
    connection.execute(update(documents).where(late).values(again))
    connection.execute(delete(contents).where(contents.c.collection_id == collection_id, contents.c.id.not_in(made)))
    connection.execute(delete(chunks).where(chunks.c.content_id.in_(made)))
    names = [column.name for column in next_chunks.columns]
    new = select(next_chunks).where(next_chunks.c.content_id.in_(made)).order_by(next_chunks.c.content_id, next_chunks.c.ordinal)
    connection.execute(insert(chunks).from_select(names, new))
    count = select(next_contents.c.chunks).where(next_contents.c.content_id == contents.c.id).scalar_subquery()
    connection.execute(update(contents).where(contents.c.collection_id == collection_id).values(chunks=count))
    connection.execute(update(collections).where(collections.c.id == collection_id).values(embedder=asdict(embedder)))
    _forget_next(connection, collection_id)


def _forget_next(connection: Connection, collection_id: int) -> None:
    of_collection = select(contents.c.id).where(contents.c.collection_id == collection_id)
    connection.execute(delete(next_contents).where(next_contents.c.content_id.in_(of_collection)))  # its chunks go with it
    connection.execute(update(collections).where(collections.c.id == collection_id).values(next_embedder=None))


def _of_other_embedders(connection: Connection, embedder: EmbedderStamp, names: Sequence[str]) -> list[int]:
    """Ids of the collections that hold another embedder's vectors, among those named, if any are."""
    rows = connection.execute(select(collections)).all()
    if unknown := sorted(set(names) - {row.name for row in rows}):
        raise InvalidInput(f"There is no collection {unknown[0]!r}; `glossa status` lists those there are.")
    return [row.id for row in rows if row.embedder not in (None, asdict(embedder)) and (not names or row.name in names)]


def _spelled(embedder: EmbedderStamp) -> str:
    return json.dumps(asdict(embedder), sort_keys=True)
