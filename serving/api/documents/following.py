"""The routes that follow an ingest as server-sent events: of one document, or of all that a key may see."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from rag.catalog import documents as catalog
from rag.catalog.keys import Key, is_valid
from rag.catalog.publish import UNFINISHED
from rag.errors import NotFound, NotYet
from rag.records import Status
from serving.api import events, http_errors
from serving.api.access.auth import CurrentKey, allowed
from serving.api.access.key_first import KeyFirstRoute
from serving.api.schemas import DOCUMENT, PROGRESS, Document, Progress
from serving.api.services import CurrentServices, Services

router = APIRouter(prefix="/v1/documents", tags=["documents"], route_class=KeyFirstRoute)
log = logging.getLogger("ray.serve")
POLL_SECONDS = 0.15  # a person sees progress as smooth; a query of the catalog takes 0.1 ms
HEARTBEAT_SECONDS = 15.0  # without an event: proxies give up a connection that is silent for a minute
KEY_SECONDS = 5.0  # after which a revoked key sees nothing more


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found: an event, if anything changed, and whether it is the last."""

    event: str | None
    last: bool


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses=events.responses("Events `progress` at each change; the last when no document waits or is worked on.", "progress", PROGRESS)
    | http_errors.responses(401, 404, 429),
    summary="Follow all documents' progress",
)
async def get_progress(
    services: CurrentServices, key: CurrentKey, collection: Annotated[str | None, Query(max_length=200)] = None
) -> StreamingResponse:
    """Progress of many documents as server-sent events: of one collection, or of all that the key may see."""
    visible = allowed(key, [collection] if collection else None)
    services.streams.require_room(key)
    return events.stream(follow(services, key, Progresses(services, visible)))


@router.get(
    "/{document_id}/events",
    response_class=StreamingResponse,
    responses=events.responses(
        "Events `document` (the document at each change; the last when it is ready or failed) and `deleted`.", "document", DOCUMENT
    )
    | http_errors.responses(401, 404, 429),
    summary="Follow a document's progress",
)
async def get_events(document_id: str, services: CurrentServices, key: CurrentKey) -> StreamingResponse:
    """Progress of one document as server-sent events."""
    visible = allowed(key, None)
    await services.pools.reading(catalog.get, services.engine, document_id, visible)  # 404 before the stream starts
    services.streams.require_room(key)
    return events.stream(follow(services, key, Changes(services, document_id, visible)))


class Followed(Protocol):
    """What a stream reports."""

    async def look(self) -> Seen:
        """What is new since the last look. Raises NotYet when that cannot be said now."""


async def follow(services: Services, key: Key, followed: Followed) -> AsyncIterator[str]:
    """Events until the last one, or until the key is no longer valid. A catalog that is away delays them."""
    with services.streams.opened(key):
        sent = checked = time.monotonic()
        while True:
            seen = Seen(None, last=False)
            try:
                due = time.monotonic() - checked > KEY_SECONDS
                if due and not await services.pools.reading(is_valid, services.engine, key.id):
                    return
                checked = time.monotonic() if due else checked
                seen = await followed.look()
            except NotYet as error:
                log.warning("an event stream waits: %s", error)
            if seen.event is None and time.monotonic() - sent > HEARTBEAT_SECONDS:
                seen = Seen(events.HEARTBEAT, seen.last)
            if seen.event is not None:
                sent = time.monotonic()
                yield seen.event
            if seen.last:
                return
            await asyncio.sleep(POLL_SECONDS)


class Progresses:
    """The numbers of documents by status at each change, until none is unfinished."""

    def __init__(self, services: Services, visible: frozenset[str] | None) -> None:
        self._services, self._visible = services, visible
        self._shown: Counter[str] | None = None

    async def look(self) -> Seen:
        """One look."""
        counts: Counter[str] = Counter()
        for (collection, status), count in (await self._services.counts.latest()).items():
            if self._visible is None or collection in self._visible:
                counts[status] += count
        unfinished = sum(counts[status] for status in UNFINISHED)
        changed, self._shown = counts != self._shown, counts
        event = events.event("progress", Progress(documents=dict(counts), unfinished=unfinished)) if changed else None
        return Seen(event, last=not unfinished)


class Changes:
    """A document at each change until it is ready, failed or deleted."""

    def __init__(self, services: Services, document_id: str, visible: frozenset[str] | None) -> None:
        self._services, self._id, self._visible = services, document_id, visible
        self._shown: catalog.Document | None = None

    async def look(self) -> Seen:
        """One look."""
        try:
            row = await self._services.pools.reading(catalog.get, self._services.engine, self._id, self._visible)
        except NotFound:
            return Seen(events.event("deleted", {"id": self._id}), last=True)
        changed, self._shown = row != self._shown, row
        event = events.event("document", Document.model_validate(row)) if changed else None
        return Seen(event, last=row.status in (Status.READY, Status.FAILED))
