"""Collections as a whole: what each holds, and which embedder made its vectors."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from rag.catalog.publish import UNFINISHED
from rag.catalog.schema import Source, reading
from rag.catalog.tables import collections, contents, documents, in_sight
from rag.records import EmbedderStamp, Status


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """One collection in numbers. `languages` counts ready documents; `embedder` is None until the first one is ready."""

    name: str
    documents: int
    ready: int
    chunks: int
    languages: dict[str, int]
    embedder: EmbedderStamp | None
    unfinished: int


def list_collections(engine: Engine, visible: Collection[str] | None) -> list[CollectionSummary]:
    """The visible collections in the order of their names."""
    with reading(engine) as connection:
        rows = connection.execute(select(collections).where(in_sight(visible))).all()
        chunks = select(contents.c.collection_id, func.sum(contents.c.chunks)).group_by(contents.c.collection_id)
        held = {collection_id: int(total) for collection_id, total in connection.execute(chunks)}
        statuses, languages = _count_documents(connection, documents.c.status), _count_documents(connection, contents.c.language)
    summaries = [
        CollectionSummary(
            name=row.name,
            documents=sum(statuses.get(row.id, {}).values()),
            ready=statuses.get(row.id, {}).get(Status.READY, 0),
            chunks=held.get(row.id, 0),
            languages=languages.get(row.id, {}),
            embedder=_stamp(row.embedder),
            unfinished=sum(statuses.get(row.id, {}).get(status, 0) for status in UNFINISHED),
        )
        for row in rows
    ]
    return sorted(summaries, key=lambda summary: summary.name)


def embedder_stamps(source: Source) -> dict[str, EmbedderStamp]:
    """The stamp of each collection that holds something, by name: what the embedder in use must equal."""
    filled = select(contents.c.id).where(contents.c.collection_id == collections.c.id).exists()
    with reading(source) as connection:
        rows = connection.execute(select(collections.c.name, collections.c.embedder).where(filled, collections.c.embedder.is_not(None)))
        return {row.name: EmbedderStamp(**row.embedder) for row in rows}


def next_stamps(engine: Engine) -> dict[str, EmbedderStamp]:
    """The stamp of the embedder whose vectors are ready beside those in use, by collection: see `rag.catalog.reembedding`."""
    with reading(engine) as connection:
        rows = connection.execute(select(collections.c.name, collections.c.next_embedder))
        return {row.name: EmbedderStamp(**row.next_embedder) for row in rows if row.next_embedder is not None}


def count_by_collection(engine: Engine, visible: Collection[str] | None) -> dict[tuple[str, str], int]:
    """How many documents there are of each visible collection and status that occurs."""
    columns = (collections.c.name, documents.c.status)
    counted = select(*columns, func.count()).join_from(documents, collections).where(in_sight(visible)).group_by(*columns)
    with reading(engine) as connection:
        return {(name, status): count for name, status, count in connection.execute(counted)}


def count_by_status(engine: Engine, visible: Collection[str] | None) -> dict[str, int]:
    """How many visible documents there are of each status that occurs."""
    counted = (
        select(documents.c.status, func.count()).join_from(documents, collections).where(in_sight(visible)).group_by(documents.c.status)
    )
    with reading(engine) as connection:
        return {status: count for status, count in connection.execute(counted)}  # noqa: C416  # rows are no pairs to mypy


def _count_documents(connection: Connection, column: Any) -> dict[int, dict[str, int]]:
    """Documents per collection and value of `column`; those without a value are not counted."""
    joined = documents.outerjoin(contents, documents.c.content_id == contents.c.id)
    grouped = select(documents.c.collection_id, column, func.count()).group_by(documents.c.collection_id, column)
    query = grouped.select_from(joined).where(column.is_not(None))
    counts: dict[int, dict[str, int]] = {}
    for collection_id, value, count in connection.execute(query):
        counts.setdefault(collection_id, {})[value] = count
    return counts


def _stamp(stored: dict[str, Any] | None) -> EmbedderStamp | None:
    return None if stored is None else EmbedderStamp(**stored)
