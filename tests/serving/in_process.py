"""The gateway's application in this process: a real catalog, blob store and index, without Ray. Starts in a second."""

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx

from rag.bucket import open_blobs
from rag.catalog.keys import create_key
from rag.catalog.schema import migrate, open_catalog
from rag.records import Role
from rag.settings import Settings
from serving.api.audit_writer import AuditWriter
from serving.api.gateway import build_app
from serving.api.rate_limit import RateLimit
from serving.api.security_middleware import SecurityMiddleware
from serving.api.services import Services
from serving.models.generator import Generator
from serving.pools import gateway_pools
from serving.retrieval.clients import RetrievalClient
from serving.retrieval.deployment import Retrieval


class InProcess:
    """Stands for the handle of a deployment: its methods, called without Ray."""

    def __init__(self, replica: Any) -> None:
        self._replica = replica

    def __getattr__(self, method: str) -> SimpleNamespace:
        return SimpleNamespace(remote=getattr(self._replica, method))


@dataclass(frozen=True, slots=True)
class Application:
    """What a test needs of it."""

    services: Services
    key: str

    def client(self, *, generator: Generator | None = None, key: str | None = None) -> httpx.AsyncClient:
        """A client with the key, or another; `generator` writes the answers."""
        services = replace(self.services, generator=generator)
        app = SecurityMiddleware(build_app(services), services.settings)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {key or self.key}"})


def application(folder: Path, **given: Any) -> Application:
    """A new one, its data in `folder`, with the settings `given`."""
    settings = Settings(data=folder, embedder="static", **given)
    engine = open_catalog(settings.catalog_url)
    migrate(engine)
    retrieval = RetrievalClient(InProcess(Retrieval(settings)))  # type: ignore[arg-type]
    audit, rate_limit = AuditWriter(engine, settings), RateLimit(settings.requests_per_minute)
    services = Services(settings, engine, open_blobs(settings), retrieval, gateway_pools(settings), audit, rate_limit)
    return Application(services, create_key(engine, "test", role=Role.ADMIN))
