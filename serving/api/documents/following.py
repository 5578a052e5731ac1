"""The routes that follow an ingest as server-sent events: of one document, or of all that a key may see."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from rag.catalog import documents as catalog
from rag.catalog.collections import count_by_status
from rag.catalog.publish import UNFINISHED
from rag.errors import NotFound
from rag.records import Status
from serving.api import events, http_errors
from serving.api.auth import CurrentKey, allowed
from serving.api.key_first import KeyFirstRoute
from serving.api.schemas import DOCUMENT, PROGRESS, Document, Progress
from serving.api.services import CurrentServices, Services

router = APIRouter(prefix="/v1/documents", tags=["documents"], route_class=KeyFirstRoute)
POLL_SECONDS = 0.15  # a person sees progress as smooth; a query of the catalog takes 0.1 ms


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses=events.responses("Events `progress` at each change; the last when no document waits or is worked on.", "progress", PROGRESS)
    | http_errors.responses(401, 404),
    summary="Follow all documents' progress",
)
async def get_progress(
    services: CurrentServices, key: CurrentKey, collection: Annotated[str | None, Query(max_length=200)] = None
) -> StreamingResponse:
    """How far an ingest of many documents is, as server-sent events: of one collection, or of all that the key may see."""
    return events.stream(progress(services, allowed(key, [collection] if collection else None)))


@router.get(
    "/{document_id}/events",
    response_class=StreamingResponse,
    responses=events.responses(
        "Events `document` (the document at each change; the last when it is ready or failed) and `deleted`.", "document", DOCUMENT
    )
    | http_errors.responses(401, 404),
    summary="Follow a document's progress",
)
async def get_events(document_id: str, services: CurrentServices, key: CurrentKey) -> StreamingResponse:
    """Progress as server-sent events."""
    visible = allowed(key, None)
    await services.pools.reading(catalog.get, services.engine, document_id, visible)  # 404 before the stream starts
    return events.stream(changes(services, document_id, visible))


async def progress(services: Services, visible: frozenset[str] | None) -> AsyncIterator[str]:
    """The numbers of documents by status at each change, until none is unfinished."""
    shown = None
    while True:
        counts = await services.pools.reading(count_by_status, services.engine, visible)
        unfinished = sum(counts.get(status, 0) for status in UNFINISHED)
        if counts != shown:
            shown = counts
            yield events.event("progress", Progress(documents=counts, unfinished=unfinished))
        if not unfinished:
            return
        await asyncio.sleep(POLL_SECONDS)


async def changes(services: Services, document_id: str, visible: frozenset[str] | None) -> AsyncIterator[str]:
    """The document at each change until it is ready, failed or deleted."""
    shown = None
    while True:
        try:
            row = await services.pools.reading(catalog.get, services.engine, document_id, visible)
        except NotFound:
            yield events.event("deleted", {"id": document_id})
            return
        if row != shown:
            shown = row
            yield events.event("document", Document.model_validate(row))
        if row.status in (Status.READY, Status.FAILED):
            return
        await asyncio.sleep(POLL_SECONDS)
