"""The routes of documents: upload, list, look into, follow and delete."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask

from rag.catalog import documents as catalog
from rag.catalog.collections import count_by_status
from rag.catalog.keys import Key
from rag.catalog.switch import UNFINISHED
from rag.errors import InvalidInput, NotFound
from rag.records import Status
from serving import events, http_errors
from serving.auth import CurrentKey, allowed
from serving.schemas import DOCUMENT, PROGRESS, Deleted, Document, DocumentList, PageText, Progress, Upload, UploadList
from serving.services import CurrentServices, Services
from serving.uploads import Received, receive

router = APIRouter(prefix="/v1/documents", tags=["documents"])
EVENT_POLL_SECONDS = 0.15  # a person sees progress as smooth; a query of the catalog takes 0.1 ms
MAX_COLLECTION_CHARACTERS = 100
FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["files"],
                "properties": {
                    "collection": {"type": "string", "default": "default", "description": "Must come before the files."},
                    "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                },
            }
        }
    },
}


def collection_name(name: str, key: Key) -> str:
    """A collection that the key may write to. Raises InvalidInput or NotFound."""
    if not name or len(name) > MAX_COLLECTION_CHARACTERS or not name.isprintable():
        raise InvalidInput(f"A collection's name has 1 to {MAX_COLLECTION_CHARACTERS} printable characters; got {len(name)}.")
    allowed(key, [name])
    return name


def with_room(collection: str, services: Services) -> str:
    """The collection, which takes more documents. Raises TooLarge."""
    catalog.require_room(services.engine, collection, services.settings.max_documents)
    return collection


def upload_row(received: Received) -> Upload:
    """One row of the answer to an upload."""
    if received.document is None:
        return Upload(id=None, name=received.name, status=Status.FAILED, version=None, error=str(received.error))
    row = received.document
    return Upload(id=row.id, name=row.name, status=row.status, version=row.version, error=row.error)


@router.post(
    "",
    status_code=202,
    response_model=UploadList,
    openapi_extra={"requestBody": FORM},
    responses=http_errors.responses(401, 404, 413, 415, 422, 429, 503),
    summary="Upload documents",
)
async def upload(request: Request, services: CurrentServices, key: CurrentKey) -> UploadList:
    """Store files and queue them. 202 means that every row with an id is durable: it becomes `ready`, or `failed` with a reason.

    When not one file could be taken the answer is the first file's problem instead. 429 means that too many documents wait already.
    """
    services.blobs.require_free(services.settings.min_free_bytes)
    await asyncio.to_thread(catalog.require_short_queue, services.engine, services.settings.max_queued_documents)
    received = await receive(request, services, lambda name: with_room(collection_name(name, key), services))
    refused = [row.error for row in received if row.error is not None]
    if len(refused) == len(received):
        raise refused[0]
    return UploadList(documents=[upload_row(row) for row in received])


@router.get("", response_model=DocumentList, responses=http_errors.responses(401, 404, 422), summary="List documents")
async def list_documents(
    services: CurrentServices,
    key: CurrentKey,
    collection: Annotated[str | None, Query(max_length=200)] = None,
    status: Status | None = None,
    language: Annotated[str | None, Query(max_length=8)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> DocumentList:
    """Documents that the key may see, newest first."""
    visible = allowed(key, [collection] if collection else None)
    rows, following = await asyncio.to_thread(
        catalog.list_documents,
        services.engine,
        visible,
        collection=collection,
        status=status,
        language=language,
        limit=limit,
        cursor=cursor,
    )
    return DocumentList(documents=[Document.model_validate(row) for row in rows], next_cursor=following)


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `progress` at each change; the last when no document waits or is worked on.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": events.event("progress", PROGRESS)}},
        },
        **http_errors.responses(401, 404),
    },
    summary="Follow all documents' progress",
)
async def get_progress(
    services: CurrentServices, key: CurrentKey, collection: Annotated[str | None, Query(max_length=200)] = None
) -> StreamingResponse:
    """How far an ingest of many documents is, as server-sent events: of one collection, or of all that the key may see."""
    return events.stream(progress(services, allowed(key, [collection] if collection else None)))


async def progress(services: Services, visible: frozenset[str] | None) -> AsyncIterator[str]:
    """The numbers of documents by status at each change, until none is unfinished."""
    shown = None
    while True:
        counts = await asyncio.to_thread(count_by_status, services.engine, visible)
        unfinished = sum(counts.get(status, 0) for status in UNFINISHED)
        if counts != shown:
            shown = counts
            yield events.event("progress", Progress(documents=counts, unfinished=unfinished))
        if not unfinished:
            return
        await asyncio.sleep(EVENT_POLL_SECONDS)


@router.get("/{document_id}", response_model=Document, responses=http_errors.responses(401, 404), summary="One document and its status")
async def get_document(document_id: str, services: CurrentServices, key: CurrentKey) -> Document:
    """Where a document stands."""
    return Document.model_validate(await asyncio.to_thread(catalog.get, services.engine, document_id, allowed(key, None)))


@router.get(
    "/{document_id}/content",
    response_class=FileResponse,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": "the file's bytes"}}},
        **http_errors.responses(401, 404),
    },
    summary="The original file",
)
async def get_content(document_id: str, services: CurrentServices, key: CurrentKey) -> FileResponse:
    """The bytes as they were uploaded; always a download, as a document is untrusted and must not run in this site's name."""
    row = await asyncio.to_thread(catalog.get, services.engine, document_id, allowed(key, None))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.name.rsplit('/', 1)[-1], safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    held = ExitStack()
    path = await asyncio.to_thread(held.enter_context, services.blobs.local(row.sha256))
    return FileResponse(path, media_type=row.media_type, headers=headers, background=BackgroundTask(held.close))


@router.get("/{document_id}/text", response_model=PageText, responses=http_errors.responses(401, 404, 422), summary="The text of one page")
async def get_text(document_id: str, services: CurrentServices, key: CurrentKey, page: Annotated[int, Query(ge=1)] = 1) -> PageText:
    """The extracted text that spans of passages and citations refer to."""
    visible = allowed(key, None)
    row = await asyncio.to_thread(catalog.get, services.engine, document_id, visible)
    if row.status != Status.READY or row.pages is None:
        raise NotFound(f"The document {document_id} has no text yet: it is {row.status}.")
    found = await asyncio.to_thread(catalog.page_text, services.engine, document_id, page, visible)
    return PageText(document_id=row.id, name=row.name, page=found.number, pages=row.pages, label=found.label, text=found.text)


async def changes(services: Services, document_id: str, visible: frozenset[str] | None) -> AsyncIterator[str]:
    """The document at each change until it is ready, failed or deleted."""
    shown = None
    while True:
        try:
            row = await asyncio.to_thread(catalog.get, services.engine, document_id, visible)
        except NotFound:
            yield events.event("deleted", {"id": document_id})
            return
        if row != shown:
            shown = row
            yield events.event("document", Document.model_validate(row))
        if row.status in (Status.READY, Status.FAILED):
            return
        await asyncio.sleep(EVENT_POLL_SECONDS)


@router.get(
    "/{document_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `document` (the document at each change; the last when it is ready or failed) and `deleted`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": events.event("document", DOCUMENT)}},
        },
        **http_errors.responses(401, 404),
    },
    summary="Follow a document's progress",
)
async def get_events(document_id: str, services: CurrentServices, key: CurrentKey) -> StreamingResponse:
    """Progress as server-sent events."""
    visible = allowed(key, None)
    await asyncio.to_thread(catalog.get, services.engine, document_id, visible)  # 404 before the stream starts
    return events.stream(changes(services, document_id, visible))


@router.post(
    "/{document_id}/cancel", response_model=Document, responses=http_errors.responses(401, 404, 409), summary="Stop a document's ingest"
)
async def cancel(document_id: str, services: CurrentServices, key: CurrentKey) -> Document:
    """Stop the ingest of a document that waits or is being worked on. It is `failed` then, and a retry queues it again."""
    return Document.model_validate(await asyncio.to_thread(catalog.cancel, services.engine, document_id, allowed(key, None)))


@router.post(
    "/{document_id}/retry", response_model=Document, responses=http_errors.responses(401, 404, 409), summary="Try a failed document again"
)
async def retry(document_id: str, services: CurrentServices, key: CurrentKey) -> Document:
    """Queue a failed document again, from the bytes that were uploaded."""
    return Document.model_validate(await asyncio.to_thread(catalog.retry, services.engine, document_id, allowed(key, None)))


@router.delete("/{document_id}", response_model=Deleted, responses=http_errors.responses(401, 404), summary="Delete a document")
async def delete_document(document_id: str, services: CurrentServices, key: CurrentKey) -> Deleted:
    """Delete a document. From this answer on no answer contains it, whichever replica gives it."""
    version = await asyncio.to_thread(catalog.delete, services.engine, services.blobs, document_id, allowed(key, None))
    return Deleted(id=document_id, version=version)
