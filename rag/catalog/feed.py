"""What a follower of the catalog reads: the version it has reached, what changed since, and the contents to index.

A follower starts with `current_version`, then loads all `live_contents`; later it asks `current_version` again and then `changes_since`
the version before. In that order nothing is missed, and a content seen twice is harmless, because a change says only "look again".
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Row, select

from rag.catalog.publish import UNFINISHED
from rag.catalog.tables import changes, chunks, collections, contents, documents, feed_counter, in_sight

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """At `version` the content came to the collection or left it: `load_content` says which."""

    version: int
    collection: str
    content_id: int


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk as an index needs it: `text` after its context, vector f16 (d,), tokens i32 (t,). The arrays are
    read-only."""

    id: int
    language: str
    text: str
    vector: NDArray[np.float16]
    tokens: NDArray[np.int32]


def current_version(engine: Engine) -> int:
    """The last committed version; 0 when nothing was ever uploaded. Every change up to it can be read by now, on either database."""
    with engine.connect() as connection:
        return int(connection.execute(select(feed_counter.c.version)).scalar_one())


def changes_since(engine: Engine, version: int) -> list[Change]:
    """The changes after `version`, oldest first. Versions have gaps: uploads and deletes take numbers without changing any content."""
    with engine.connect() as connection:
        rows = connection.execute(select(changes).where(changes.c.version > version).order_by(changes.c.version))
        return [Change(row.version, row.collection, row.content_id) for row in rows]


def live_contents(engine: Engine) -> list[tuple[str, int]]:
    """Collection and id of every content that some document shows."""
    query = select(collections.c.name, contents.c.id).join_from(contents, collections).order_by(contents.c.id)
    with engine.connect() as connection:
        return [(row.name, row.id) for row in connection.execute(query)]


def load_content(engine: Engine, content_id: int) -> list[IndexedChunk]:
    """The chunks of a content in the order of its text; empty when the content is gone, so that the follower drops it."""
    columns = (chunks.c.id, chunks.c.language, chunks.c.text, chunks.c.context, chunks.c.vector, chunks.c.tokens)
    query = select(*columns).where(chunks.c.content_id == content_id).order_by(chunks.c.ordinal)
    with engine.connect() as connection:
        rows = connection.execution_options(yield_per=BATCH).execute(query)
        return [_indexed(row) for row in rows]


def pending(engine: Engine, version: int, visible: Collection[str] | None) -> bool:
    """True while a document that was uploaded at or before `version`, in a visible collection, is neither ready nor failed."""
    waiting = documents.c.status.in_(UNFINISHED) & (documents.c.version <= version)
    query = select(documents.c.id).join_from(documents, collections).where(waiting, in_sight(visible)).limit(1)
    with engine.connect() as connection:
        return connection.execute(query).first() is not None


def _indexed(row: Row[*tuple[Any, ...]]) -> IndexedChunk:
    return IndexedChunk(
        id=row.id,
        language=row.language,
        text=f"{row.context}. {row.text}" if row.context else row.text,
        vector=np.frombuffer(row.vector, "<f2"),
        tokens=np.frombuffer(row.tokens, "<i4"),
    )
