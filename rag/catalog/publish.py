"""The only statements that change which content is visible: make a document ready, take documents away. All run inside `writing`."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from rag.catalog.schema import next_version
from rag.catalog.tables import changes, collections, contents, documents, dropped_blobs
from rag.records import Status

UNFINISHED = (Status.QUEUED, Status.PARSING, Status.EMBEDDING)


def publish(connection: Connection, document: Row[Any], content_id: int) -> int:
    """Makes the document ready with that content and removes those of its name that were uploaded before it. Returns its new version."""
    remove_older(connection, document)
    version = next_version(connection)
    ready = {
        "status": Status.READY,
        "progress": 1.0,
        "error": None,
        "retry_helps": None,
        "content_id": content_id,
        "version": version,
        "updated_at": datetime.now(UTC),
    }
    connection.execute(update(documents).where(documents.c.id == document.id).values(ready))
    return version


def remove_older(connection: Connection, document: Row[Any]) -> None:
    """Removes the documents of the same collection and name whose last upload came before this one's."""
    same_name = (documents.c.collection_id == document.collection_id) & (documents.c.name == document.name)
    older = select(documents).where(same_name, documents.c.registered < document.registered)
    remove(connection, connection.execute(older).all())


def remove(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """Removes documents; their contents too where no other document shows them. Their blobs are noted for `remove_dropped_blobs`."""
    for row in rows:
        connection.execute(delete(documents).where(documents.c.id == row.id))
        note_dropped(connection, [row.sha256])
        if row.content_id is not None:
            _remove_unshown(connection, row.collection_id, row.content_id)


def note_dropped(connection: Connection, hashes: Iterable[str]) -> None:
    """Notes blobs that no document may have any more, for `remove_dropped_blobs`."""
    for sha256 in hashes:
        connection.execute(delete(dropped_blobs).where(dropped_blobs.c.sha256 == sha256))
        connection.execute(insert(dropped_blobs).values(sha256=sha256))


def record_changes(connection: Connection, collection_id: int, content_ids: Sequence[int]) -> None:
    """Tells the followers that these contents, one at least, came or went."""
    first = next_version(connection, len(content_ids)) - len(content_ids) + 1
    name = connection.execute(select(collections.c.name).where(collections.c.id == collection_id)).scalar_one()
    rows = [{"version": version, "collection": name, "content_id": content_id} for version, content_id in enumerate(content_ids, first)]
    connection.execute(insert(changes), rows)


def _remove_unshown(connection: Connection, collection_id: int, content_id: int) -> None:
    if connection.execute(select(documents.c.id).where(documents.c.content_id == content_id).limit(1)).first() is None:
        record_changes(connection, collection_id, [content_id])
        connection.execute(delete(contents).where(contents.c.id == content_id))  # pages and chunks go with it
