"""What a follower of the catalog reads: the version it has reached, what changed since, and the contents to index.

A follower starts with `current_version`, then loads all `live_contents`; later it asks `current_version` again and then `changes_since`
the version before. In that order nothing is missed, and a content seen twice is harmless, because a change says only "look again". Within
one `snapshot` all of it fits together.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Row, bindparam, select

from rag.catalog.publish import UNFINISHED
from rag.catalog.schema import Source, reading
from rag.catalog.tables import changes, chunks, collections, contents, documents, feed_counter, in_sight

AnyRow = Row[*tuple[Any, ...]]
IDS = 1000  # per statement
CHUNKS = 10_000  # read by one statement, and in memory at a time: some 20 MB

# Made once: see `rag.catalog.hydrate`.
_SIZES = select(contents.c.id, contents.c.chunks).where(contents.c.id.in_(bindparam("content_ids", expanding=True)))
_CHUNKS = select(*(chunks.c[name] for name in ("content_id", "ordinal", "id", "language", "text", "context", "vector", "tokens"))).where(
    chunks.c.content_id.in_(bindparam("content_ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Change:
    """At `version` the content came to the collection or left it: `sizes` says which."""

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


def current_version(source: Source) -> int:
    """The last committed version; 0 when nothing was ever uploaded. Every change up to it can be read by now, on either database."""
    with reading(source) as connection:
        return int(connection.execute(select(feed_counter.c.version)).scalar_one())


def changes_since(source: Source, version: int) -> list[Change]:
    """The changes after `version`, oldest first. Versions have gaps: uploads and deletes take numbers without changing any content."""
    with reading(source) as connection:
        rows = connection.execute(select(changes).where(changes.c.version > version).order_by(changes.c.version))
        return [Change(row.version, row.collection, row.content_id) for row in rows]


def live_contents(source: Source) -> list[tuple[str, int]]:
    """Collection and id of every content that some document shows."""
    query = select(collections.c.name, contents.c.id).join_from(contents, collections).order_by(contents.c.id)
    with reading(source) as connection:
        return [(row.name, row.id) for row in connection.execute(query)]


def sizes(source: Source, content_ids: Sequence[int]) -> dict[int, int]:
    """How many chunks each of these contents has; those that are gone are left out."""
    found: dict[int, int] = {}
    with reading(source) as connection:
        for first in range(0, len(content_ids), IDS):
            found.update((row.id, row.chunks) for row in connection.execute(_SIZES, {"content_ids": content_ids[first : first + IDS]}))
    return found


def load_contents(source: Source, sizes: Mapping[int, int]) -> Iterator[tuple[int, list[IndexedChunk]]]:
    """The chunks of these contents in the order of their text, content by content; `sizes` says how many each has. Gone ones are left out.

    Thousands of chunks are read at a time: a statement for each content would take most of the time that a follower needs to start.
    """
    for content_ids in _portions(sizes):
        with reading(source) as connection:
            found: dict[int, list[AnyRow]] = defaultdict(list)
            for row in connection.execute(_CHUNKS, {"content_ids": content_ids}):
                found[row.content_id].append(row)
        for content_id, rows in found.items():
            yield content_id, [_indexed(row) for row in sorted(rows, key=lambda row: row.ordinal)]


def _portions(sizes: Mapping[int, int]) -> Iterator[list[int]]:
    """The contents in portions of at most IDS, with some CHUNKS chunks together."""
    portion: list[int] = []
    held = 0
    for content_id, size in sizes.items():
        portion.append(content_id)
        held += size
        if held >= CHUNKS or len(portion) == IDS:
            yield portion
            portion, held = [], 0
    if portion:
        yield portion


def pending(engine: Engine, version: int, visible: Collection[str] | None) -> bool:
    """True while a document that was uploaded at or before `version`, in a visible collection, is neither ready nor failed."""
    waiting = documents.c.status.in_(UNFINISHED) & (documents.c.version <= version)
    query = select(documents.c.id).join_from(documents, collections).where(waiting, in_sight(visible)).limit(1)
    with reading(engine) as connection:
        return connection.execute(query).first() is not None


def _indexed(row: AnyRow) -> IndexedChunk:
    return IndexedChunk(
        id=row.id,
        language=row.language,
        text=f"{row.context}. {row.text}" if row.context else row.text,
        vector=np.frombuffer(row.vector, "<f2"),
        tokens=np.frombuffer(row.tokens, "<i4"),
    )
