"""What the routes of the gateway work with; one record, made once when the gateway starts."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine

from rag.blobs import BlobStore
from rag.catalog.room import Room
from rag.settings import Settings
from serving.api.access.audit_writer import AuditWriter
from serving.api.access.rate_limit import RateLimit
from serving.api.event_streams import OpenStreams, SharedCount
from serving.models.generator import Generator
from serving.models.prompt_guard import PromptGuardClient
from serving.pools import Pools
from serving.retrieval.clients import RetrievalClient


@dataclass(frozen=True, slots=True)
class Services:
    """What requests share: the catalog, the blob store, the way to retrieval, threads, counts, the audit log, the keys' limits.

    And, if there are any, the language model and the guard of its prompts.
    """

    settings: Settings
    engine: Engine
    blobs: BlobStore
    room: Room
    counts: SharedCount
    streams: OpenStreams
    retrieval: RetrievalClient
    pools: Pools
    audit: AuditWriter
    rate_limit: RateLimit
    generator: Generator | None = None
    prompt_guard: PromptGuardClient | None = None


async def services_of(request: Request) -> Services:
    """The services of the application that serves this request. A coroutine, as FastAPI would run a plain function in a thread."""
    services: Services = request.app.state.services
    return services


CurrentServices = Annotated[Services, Depends(services_of)]
