"""Documents from their upload to their removal, and the reading of them. `visible` names the collections that a key may see (None: all)."""

import base64
import binascii
import logging
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, insert, select, tuple_, update

from rag.blobs import BlobStore, StagedBlob
from rag.catalog import tables
from rag.catalog.audit import SERVICE, Actor, Event, record
from rag.catalog.publish import UNFINISHED, note_dropped, publish, remove, remove_older
from rag.catalog.schema import next_version, reading, writing
from rag.catalog.tables import collections, contents, documents, dropped_blobs, in_sight
from rag.errors import InvalidInput, NotFound, NotYet, QueueFull, WrongState
from rag.records import Action, Note, Page, Status

log = logging.getLogger(__name__)
LONGEST_NAME = 500  # characters; PostgreSQL's index entries end at 2,704 bytes and a character may need four
MOST_LISTED = 1000
NOT_BEGUN = {"progress": 0.0, "pages_read": 0, "pages_total": None, "error": None, "retry_helps": None}
CANCELLED = "The ingest was cancelled; retry it, or delete the document."


@dataclass(frozen=True, slots=True)
class Document:
    """A row of the list of documents; times are UTC.

    `progress` runs from 0 to 1. `pages` is known once ready, or while parsing where the format says it before its end; `language` once
    ready. `damaged` are the numbers of the pages whose text layer is damaged; `notes` say what else was not read.
    `retry_helps` says, of a failed one, whether the same bytes could become ready on another try.
    """

    id: str
    collection: str
    name: str
    media_type: str
    size: int
    sha256: str
    status: Status
    progress: float
    pages_read: int
    pages: int | None
    damaged: tuple[int, ...]
    notes: tuple[Note, ...]
    language: str | None
    error: str | None
    retry_helps: bool | None
    version: int
    created_at: datetime
    updated_at: datetime


def register(
    engine: Engine, blobs: BlobStore, staged: StagedBlob, *, collection: str, name: str, media_type: str, by: Actor = SERVICE
) -> Document:
    """Records an upload whose `staged` file is finished; when it returns, file and row are durable. The collection is made when new.

    The same name and bytes again are the same document (a failed one is queued again). Bytes that the collection already holds under
    another name are ready at once. Other bytes under a name are a new document, which takes the old one's place when it is ready: of two
    uploads of one name the later wins. Safe against a delete of the same bytes at the same time, as both take turns.
    Raises InvalidInput for a name that is empty or too long, NotYet when the catalog stays locked, Unavailable when it or the files are
    away: the upload may then have been taken all the same, and can be sent again.
    """
    _check_name("collection's", collection)
    _check_name("file's", name)
    try:
        with writing(engine) as connection:
            collection_id = _collection_id(connection, collection)
            document_id = _upload(connection, staged, collection_id, name, media_type)
            document = _find(connection, document_id, None)
            record(connection, [Event(by, Action.UPLOAD, (document_id,), name)])
            blobs.adopt(staged)
    except BaseException:  # whatever it was: the file may be in place without a row that refers to it
        blobs.unsure.add(staged.sha256)
        raise
    remove_dropped_blobs(engine, blobs)
    return document


def require_short_queue(engine: Engine, most: int) -> None:
    """Raises QueueFull when `most` documents or more wait or are worked on."""
    with reading(engine) as connection:
        count = connection.execute(select(func.count()).where(documents.c.status.in_(UNFINISHED))).scalar_one()
    if count >= most:
        raise QueueFull(f"{count:,} documents wait for their ingest, expected fewer than {most:,}; send this again when some are ready.")


def get(engine: Engine, document_id: str, visible: Collection[str] | None) -> Document:
    """One document. Raises NotFound when there is none or the key may not see it."""
    with reading(engine) as connection:
        return _find(connection, document_id, visible)


def list_documents(
    engine: Engine,
    visible: Collection[str] | None,
    *,
    collection: str | None = None,
    status: str | None = None,
    language: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[Document], str | None]:
    """Documents, newest first, and the cursor of the next page (None at the end). Uploads meanwhile neither repeat nor hide a row.

    Raises InvalidInput for a cursor that no earlier call returned, or a limit outside 1 to 1,000.
    """
    if not 1 <= limit <= MOST_LISTED:
        raise InvalidInput(f"The limit is {limit}, expected 1 to {MOST_LISTED}; ask for fewer and follow the cursor.")
    query = _select_documents().where(in_sight(visible)).order_by(documents.c.created_at.desc(), documents.c.id.desc()).limit(limit + 1)
    for column, wanted in ((collections.c.name, collection), (documents.c.status, status), (contents.c.language, language)):
        if wanted is not None:
            query = query.where(column == wanted)
    if cursor is not None:
        query = query.where(tuple_(documents.c.created_at, documents.c.id) < tuple_(*_open_cursor(cursor)))
    with reading(engine) as connection:
        found = [_document(row) for row in connection.execute(query)]
    return found[:limit], _cursor(found[limit - 1]) if len(found) > limit else None


def page_text(engine: Engine, document_id: str, number: int, visible: Collection[str] | None) -> Page:
    """One page of a ready document, counted from 1. Raises NotFound when there is no such document or page, or none yet."""
    pages = tables.pages
    shown = select(documents.c.content_id).where(documents.c.id == document_id).scalar_subquery()
    with reading(engine) as connection:
        document = _find(connection, document_id, visible)
        row = connection.execute(select(pages).where(pages.c.content_id == shown, pages.c.number == number)).one_or_none()
    if row is not None:
        return Page(row.number, row.text, row.label)
    if document.status != Status.READY:
        raise NotFound(f"Document {document_id} has no text: its status is {document.status}, expected ready; wait or see its error.")
    raise NotFound(f"Document {document_id} has no page {number}: it has {document.pages}, counted from 1; ask for one of those.")


def delete(engine: Engine, blobs: BlobStore, document_id: str, visible: Collection[str] | None, by: Actor = SERVICE) -> int:
    """Removes a document, whatever its status; its content and its file too when no other document has them. Returns the new version.

    From then on nothing reads it from the catalog; an ingest still at work on it finds its attempt superseded. Raises NotFound.
    """
    with writing(engine) as connection:
        found = _find(connection, document_id, visible)
        record(connection, [Event(by, Action.DELETE, (found.id,), found.name)])
        remove(connection, connection.execute(select(documents).where(documents.c.id == document_id)).all())
        version = next_version(connection)
    remove_dropped_blobs(engine, blobs)
    return version


def start_attempt(engine: Engine, document_id: str) -> int | None:
    """Begins an ingest and supersedes any earlier one of this document. None when there is nothing left to do: deleted, ready or failed."""
    unfinished = (documents.c.id == document_id) & documents.c.status.in_(UNFINISHED)
    start = {"attempt": documents.c.attempt + 1, "status": Status.PARSING, "updated_at": datetime.now(UTC), **NOT_BEGUN}
    with writing(engine) as connection:
        return connection.execute(update(documents).where(unfinished).values(start).returning(documents.c.attempt)).scalar_one_or_none()


def set_progress(
    engine: Engine, document_id: str, attempt: int, status: Status, progress: float, *, pages_read: int, pages_total: int | None
) -> bool:
    """Notes how far the attempt is (0 to 1). False when it was superseded, cancelled or the document deleted: then stop working on it."""
    pages = {"pages_read": pages_read, "pages_total": pages_total}
    return _change_attempt(engine, document_id, attempt, status=status, progress=progress, **pages)


def fail(engine: Engine, document_id: str, attempt: int, error: str, *, retry_helps: bool) -> bool:
    """Ends the attempt with a sentence for the person who uploaded. What the document would have replaced stays. False when superseded."""
    return _change_attempt(engine, document_id, attempt, status=Status.FAILED, error=error, retry_helps=retry_helps)


def cancel(engine: Engine, document_id: str, visible: Collection[str] | None, by: Actor = SERVICE) -> Document:
    """Ends the ingest of a document that waits or is being worked on: it is `failed` until a retry. Raises NotFound, WrongState."""
    with writing(engine) as connection:
        found = _find(connection, document_id, visible)
        if found.status not in UNFINISHED:
            raise WrongState(f"The document {found.name} is {found.status} already, so there is nothing to cancel; delete it instead.")
        ended = {"status": Status.FAILED, "error": CANCELLED, "retry_helps": True, "updated_at": datetime.now(UTC)}
        superseded = {"attempt": documents.c.attempt + 1}  # a retry may come before the attempt at work has noticed
        connection.execute(update(documents).where(documents.c.id == document_id).values(**ended, **superseded))
        record(connection, [Event(by, Action.CANCEL, (found.id,), found.name)])
        return _find(connection, document_id, visible)


def retry(engine: Engine, document_id: str, visible: Collection[str] | None, by: Actor = SERVICE) -> Document:
    """Queues a failed document again, as if its bytes had just been uploaded. Raises NotFound; WrongState when it has not failed."""
    with writing(engine) as connection:
        found = _find(connection, document_id, visible)
        if found.status != Status.FAILED:
            raise WrongState(f"The document {found.name} is {found.status}; only a failed one can be retried.")
        row = connection.execute(select(documents).where(documents.c.id == document_id)).one()
        _publish_if_held(connection, _queue_again(connection, row))
        record(connection, [Event(by, Action.RETRY, (found.id,), found.name)])
        return _find(connection, document_id, visible)


def unfinished(engine: Engine, limit: int) -> list[Document]:
    """The first documents that are queued or being worked on, in the order of their last upload."""
    with reading(engine) as connection:
        query = _select_documents().where(documents.c.status.in_(UNFINISHED)).order_by(documents.c.registered).limit(limit)
        return [_document(row) for row in connection.execute(query)]


def remove_dropped_blobs(engine: Engine, blobs: BlobStore) -> int:
    """Removes the files of documents that are gone, where no collection has the same bytes; returns how many. Call it at start as well.

    A crash before this leaves the note of what to remove, so the next call removes it; so it is when the files cannot be reached now. Not
    covered: a crash within `register` between the file's rename and the commit leaves a file that nothing refers to.
    """
    unsure = set(blobs.unsure)
    try:
        with reading(engine) as connection:
            if not unsure and connection.execute(select(dropped_blobs.c.sha256).limit(1)).first() is None:
                return 0
        with writing(engine) as connection:
            note_dropped(connection, unsure)
            used = select(documents.c.id).where(documents.c.sha256 == dropped_blobs.c.sha256).exists()
            unused = connection.execute(select(dropped_blobs.c.sha256).where(~used)).scalars().all()
            for sha256 in unused:
                blobs.remove(sha256)
            connection.execute(dropped_blobs.delete())
    except NotYet:
        log.warning("files that no document has any more stay until later", exc_info=True)
        return 0
    blobs.unsure.difference_update(unsure)
    return len(unused)


def _collection_id(connection: Connection, name: str) -> int:
    found = connection.execute(select(collections.c.id).where(collections.c.name == name)).scalar_one_or_none()
    if found is None:
        found = connection.execute(insert(collections).values(name=name).returning(collections.c.id)).scalar_one()
    return int(found)


def _upload(connection: Connection, staged: StagedBlob, collection_id: int, name: str, media_type: str) -> str:
    """Writes what this upload changes and returns the document's id."""
    same_name = (documents.c.collection_id == collection_id) & (documents.c.name == name)
    same_bytes = (documents.c.sha256 == staged.sha256) & (documents.c.media_type == media_type)
    row = connection.execute(select(documents).where(same_name, same_bytes)).one_or_none()
    if row is None:
        identity = {"collection_id": collection_id, "name": name, "sha256": staged.sha256, "media_type": media_type}
        row = _insert(connection, dict(identity, size=staged.size))
    elif row.status == Status.FAILED:
        row = _queue_again(connection, row)
    elif row.registered < connection.execute(select(func.max(documents.c.registered)).where(same_name)).scalar_one():
        return _put_last(connection, row)
    else:
        return str(row.id)
    _publish_if_held(connection, row)
    return str(row.id)


def _publish_if_held(connection: Connection, row: Row[Any]) -> None:
    """A document whose bytes the collection holds already is ready at once."""
    same = (contents.c.collection_id == row.collection_id) & (contents.c.sha256 == row.sha256) & (contents.c.media_type == row.media_type)
    content_id = connection.execute(select(contents.c.id).where(same)).scalar_one_or_none()
    if content_id is not None:
        publish(connection, row, content_id)


def _insert(connection: Connection, identity: dict[str, Any]) -> Row[Any]:
    version, now = next_version(connection), datetime.now(UTC)
    state = {
        **NOT_BEGUN,
        "status": Status.QUEUED,
        "attempt": 0,
        "registered": version,
        "version": version,
        "created_at": now,
        "updated_at": now,
    }
    return connection.execute(insert(documents).values(id=uuid.uuid4().hex, **identity, **state).returning(documents)).one()


def _queue_again(connection: Connection, row: Row[Any]) -> Row[Any]:
    version = next_version(connection)
    state = {
        **NOT_BEGUN,
        "status": Status.QUEUED,
        "registered": version,
        "version": version,
        "updated_at": datetime.now(UTC),
    }
    return connection.execute(update(documents).where(documents.c.id == row.id).values(state).returning(documents)).one()


def _put_last(connection: Connection, row: Row[Any]) -> str:
    """The bytes of an earlier upload came again after others of the same name: the earlier document becomes the later."""
    last = update(documents).where(documents.c.id == row.id).values(registered=next_version(connection), updated_at=datetime.now(UTC))
    row = connection.execute(last.returning(documents)).one()
    if row.status == Status.READY:
        remove_older(connection, row)
    return str(row.id)


def _change_attempt(engine: Engine, document_id: str, attempt: int, **values: Any) -> bool:
    current = (documents.c.id == document_id) & (documents.c.attempt == attempt) & documents.c.status.in_(UNFINISHED)
    with writing(engine) as connection:
        return connection.execute(update(documents).where(current).values(updated_at=datetime.now(UTC), **values)).rowcount == 1


def _select_documents() -> Select[Any]:
    joined = documents.join(collections).outerjoin(contents, documents.c.content_id == contents.c.id)
    of_content = (contents.c.pages, contents.c.language, contents.c.damaged, contents.c.notes)
    return select(documents, collections.c.name.label("collection"), *of_content).select_from(joined)


def _find(connection: Connection, document_id: str, visible: Collection[str] | None) -> Document:
    row = connection.execute(_select_documents().where(documents.c.id == document_id, in_sight(visible))).one_or_none()
    if row is None:
        raise NotFound(f"There is no document {document_id!r} that this key may see, expected the id of one; list them to find it.")
    return _document(row)


def _document(row: Row[Any]) -> Document:
    return Document(
        id=row.id,
        collection=row.collection,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        status=Status(row.status),
        progress=row.progress,
        pages_read=row.pages_read,
        pages=row.pages_total if row.pages is None else row.pages,
        damaged=tuple(row.damaged or ()),
        notes=tuple(Note(note["text"], tuple(note["pages"])) for note in row.notes or ()),
        language=row.language,
        error=row.error,
        retry_helps=row.retry_helps,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _check_name(whose: str, name: str) -> None:
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInput(f"The {whose} name has {len(name)} characters, expected 1 to {LONGEST_NAME}; give it another name.")


def _cursor(last: Document) -> str:
    return base64.urlsafe_b64encode(f"{last.created_at.isoformat()} {last.id}".encode()).decode()


def _open_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        created_at, _, document_id = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(" ")
        return datetime.fromisoformat(created_at).astimezone(UTC), uuid.UUID(document_id).hex
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise InvalidInput(f"The cursor {cursor[:50]!r} is unknown, expected a list's `next_cursor`; start without one.") from error
