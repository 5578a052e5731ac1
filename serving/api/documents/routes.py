"""The routes of documents: upload, list, look into, cancel, retry and delete."""

from contextlib import ExitStack
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from rag.catalog import documents as catalog
from rag.catalog.keys import Key
from rag.errors import InvalidInput, NotFound
from rag.records import Action, Status
from serving.api import http_errors
from serving.api.access.auth import CurrentKey, WriterKey, allowed
from serving.api.access.key_first import KeyFirstRoute
from serving.api.documents.uploads import Received, receive
from serving.api.schemas import Deleted, Document, DocumentList, PageText, Upload, UploadList
from serving.api.services import CurrentServices, Services

router = APIRouter(prefix="/v1/documents", tags=["documents"], route_class=KeyFirstRoute)
MAX_COLLECTION_CHARACTERS = 100
FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["files"],
                "properties": {
                    "collection": {
                        "type": "string",
                        "default": "default",
                        "description": "Before the files, or after fewer than 100 of them.",
                    },
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
    services.room.require(collection)
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
    responses=http_errors.responses(401, 403, 404, 413, 415, 422, 429, 503),
    summary="Upload documents",
)
async def upload(request: Request, services: CurrentServices, key: WriterKey) -> UploadList:
    """Store files and queue them. 202 means that every row with an id is durable: it becomes `ready`, or `failed` with a reason.

    When not one file could be taken the answer is the first file's problem instead. 429 means that too many documents wait already.
    """
    await services.pools.receiving(services.blobs.require_free, services.settings.min_free_bytes)
    await services.pools.reading(catalog.require_short_queue, services.engine, services.settings.max_queued_documents)
    received = await receive(request, services, lambda name: with_room(collection_name(name, key), services), key.actor)
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
    rows, following = await services.pools.reading(
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


@router.get("/{document_id}", response_model=Document, responses=http_errors.responses(401, 404), summary="One document and its status")
async def get_document(document_id: str, services: CurrentServices, key: CurrentKey) -> Document:
    """One document with its status and progress."""
    return Document.model_validate(await services.pools.reading(catalog.get, services.engine, document_id, allowed(key, None)))


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
    """The bytes as uploaded. Always sent as a download: documents are untrusted and must not run in the context of this site."""
    row = await services.pools.reading(catalog.get, services.engine, document_id, allowed(key, None))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.name.rsplit('/', 1)[-1], safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    services.audit.note(key, Action.DOWNLOAD, (row.id,), subject=row.name)
    held = ExitStack()
    path = await services.pools.reading(held.enter_context, services.blobs.local(row.sha256))
    return FileResponse(path, media_type=row.media_type, headers=headers, background=BackgroundTask(held.close))


@router.get("/{document_id}/text", response_model=PageText, responses=http_errors.responses(401, 404, 422), summary="The text of one page")
async def get_text(document_id: str, services: CurrentServices, key: CurrentKey, page: Annotated[int, Query(ge=1)] = 1) -> PageText:
    """The extracted text that spans of passages and citations refer to."""
    visible = allowed(key, None)
    row = await services.pools.reading(catalog.get, services.engine, document_id, visible)
    if row.status != Status.READY or row.pages is None:
        raise NotFound(f"The document {document_id} has no text yet: it is {row.status}.")
    found = await services.pools.reading(catalog.page_text, services.engine, document_id, page, visible)
    return PageText(document_id=row.id, name=row.name, page=found.number, pages=row.pages, label=found.label, text=found.text)


@router.post(
    "/{document_id}/cancel",
    response_model=Document,
    responses=http_errors.responses(401, 403, 404, 409),
    summary="Stop a document's ingest",
)
async def cancel(document_id: str, services: CurrentServices, key: WriterKey) -> Document:
    """Stop the ingest of a document that is queued or being read. Its status becomes `failed`; a retry queues it again."""
    return Document.model_validate(
        await services.pools.receiving(catalog.cancel, services.engine, document_id, allowed(key, None), key.actor)
    )


@router.post(
    "/{document_id}/retry",
    response_model=Document,
    responses=http_errors.responses(401, 403, 404, 409),
    summary="Try a failed document again",
)
async def retry(document_id: str, services: CurrentServices, key: WriterKey) -> Document:
    """Queue a failed document again, from the bytes that were uploaded."""
    return Document.model_validate(
        await services.pools.receiving(catalog.retry, services.engine, document_id, allowed(key, None), key.actor)
    )


@router.delete("/{document_id}", response_model=Deleted, responses=http_errors.responses(401, 403, 404), summary="Delete a document")
async def delete_document(document_id: str, services: CurrentServices, key: WriterKey) -> Deleted:
    """Delete a document. After this response no answer of any replica contains it."""
    version = await services.pools.receiving(catalog.delete, services.engine, services.blobs, document_id, allowed(key, None), key.actor)
    return Deleted(id=document_id, version=version)
