"""The gateway's application in this process: a real catalog, blob store and index, without Ray. Starts in a second."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import uvicorn
from starlette.types import ASGIApp

from ingest.context import Headings
from ingest.pipeline import cut
from rag.bucket import open_blobs
from rag.catalog.commit import EmbeddedChunk, commit
from rag.catalog.documents import register, start_attempt
from rag.catalog.keys import create_key
from rag.catalog.room import Room
from rag.catalog.schema import migrate, open_catalog
from rag.load_embedder import load_embedder
from rag.records import Page, Role
from rag.settings import Settings
from serving.api.access.audit_writer import AuditWriter
from serving.api.access.rate_limit import RateLimit
from serving.api.event_streams import OpenStreams, SharedCount
from serving.api.gateway import build_app
from serving.api.security_middleware import SecurityMiddleware
from serving.api.services import Services
from serving.pools import gateway_pools
from serving.retrieval.clients import RetrievalClient
from serving.retrieval.deployment import Retrieval


class InProcess:
    """Stands for the handle of a deployment: its methods, called without Ray."""

    def __init__(self, replica: Any) -> None:
        self._replica = replica

    def __getattr__(self, method: str) -> SimpleNamespace:
        return SimpleNamespace(remote=getattr(self._replica, method))


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """`app` behind a free port of this machine; its address."""
    port = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", http="httptools"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [port]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{port.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@dataclass(frozen=True, slots=True)
class Application:
    """What a test needs of it."""

    services: Services
    key: str

    @contextmanager
    def served(self, **changed: Any) -> Iterator[httpx.Client]:
        """The application behind a port, with uvicorn as Ray Serve has it, some services `changed`; a client with the key."""
        services = replace(self.services, **changed)
        app = SecurityMiddleware(build_app(services), services.settings)
        with listening(app) as url, httpx.Client(base_url=url, headers={"Authorization": f"Bearer {self.key}"}, timeout=60) as client:
            yield client


def add_ready(services: Services, name: str, text: str, collection: str = "default") -> str:
    """A document of one page, ready; its id. Only the index's follower is not waited for."""
    staged = services.blobs.stage()
    staged.write(text.encode())
    staged.finish()
    row = register(services.engine, services.blobs, staged, collection=collection, name=name, media_type="text/plain")
    embedder, page = load_embedder("static"), Page(1, text)
    pieces = list(cut(page, Headings(), embedder))
    vectors = embedder.encode_passages([piece.chunk.contextual for piece in pieces]).astype(np.float16)
    chunks = [EmbeddedChunk(piece.chunk, vector, piece.tokens) for piece, vector in zip(pieces, vectors, strict=True)]
    attempt = start_attempt(services.engine, row.id) or 0
    commit(services.engine, row.id, attempt, pages=[page], chunks=chunks, language="en", embedder=embedder.stamp)
    return row.id


def application(folder: Path, **given: Any) -> Application:
    """A new one, its data in `folder`, with the settings `given`."""
    settings = Settings(data=folder, embedder="static", **given)
    engine = open_catalog(settings.catalog_url)
    migrate(engine)
    retrieval = RetrievalClient(InProcess(Retrieval(settings)))  # type: ignore[arg-type]
    pools, room, streams = gateway_pools(settings), Room(engine, settings.max_documents), OpenStreams(settings.max_streams_per_key)
    counts, audit, rate_limit = SharedCount(engine, pools.reading), AuditWriter(engine, settings), RateLimit(settings.requests_per_minute)
    services = Services(settings, engine, open_blobs(settings), room, counts, streams, retrieval, pools, audit, rate_limit)
    return Application(services, create_key(engine, "test", role=Role.ADMIN))
