"""The FastAPI application: routes, page, health; and the Serve deployment that runs it."""

import logging
from functools import cache, partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from ray.serve.handle import DeploymentHandle

from rag.bucket import open_blobs
from rag.catalog.collections import count_by_status, list_collections
from rag.catalog.feed import current_version
from rag.catalog.room import Room
from rag.catalog.schema import open_catalog
from rag.chat import load_chat_tokenizer
from rag.errors import NotYet
from rag.grounding import EXTRACTIVE
from rag.settings import Settings
from serving.api import ask, http_errors, metrics
from serving.api.access import routes as keys
from serving.api.access.audit_writer import AuditWriter
from serving.api.access.auth import AdminKey, CurrentKey, allowed
from serving.api.access.key_first import KeyFirstRoute
from serving.api.access.rate_limit import RateLimit
from serving.api.documents import following
from serving.api.documents import routes as documents
from serving.api.event_streams import OpenStreams, SharedCount
from serving.api.openai import routes as openai
from serving.api.schemas import Collection, CollectionList, Health, Problem, Ready, ServiceStatus
from serving.api.security_middleware import SecurityMiddleware
from serving.api.services import CurrentServices, Services
from serving.models.generator import Generator, WorkerGenerator
from serving.models.llama_guard import Guarded
from serving.models.other_server import connect
from serving.models.profile import Profile, Server
from serving.models.prompt_guard import PromptGuardClient
from serving.pools import gateway_pools
from serving.retrieval.clients import RetrievalClient

log = logging.getLogger("ray.serve")
WEB = Path(__file__).parent / "web"
router = APIRouter(route_class=KeyFirstRoute)


@router.get("/healthz", response_model=Health, tags=["health"], summary="Is the gateway alive?")
async def healthz() -> Health:
    """No key needed."""
    return Health()


@router.get("/readyz", response_model=Ready, responses=http_errors.responses(503), tags=["health"], summary="Can it answer?")
async def readyz(services: CurrentServices) -> Ready:
    """No key needed. Answers 503 until a retrieval replica has loaded the catalog."""
    return Ready(version=await services.retrieval.version())


@router.get(
    "/v1/collections", response_model=CollectionList, responses=http_errors.responses(401), tags=["documents"], summary="List collections"
)
async def collections(services: CurrentServices, key: CurrentKey) -> CollectionList:
    """The collections that the key may see, with their number of documents and chunks."""
    rows = await services.pools.reading(list_collections, services.engine, allowed(key, None))
    return CollectionList(
        collections=[
            Collection(
                name=row.name,
                documents=row.documents,
                ready=row.ready,
                chunks=row.chunks,
                languages=row.languages,
                embedder=row.embedder.model if row.embedder else None,
                unfinished=row.unfinished,
            )
            for row in rows
        ]
    )


@router.get(
    "/v1/status", response_model=ServiceStatus, responses=http_errors.responses(401, 403), tags=["health"], summary="What runs here"
)
async def status(services: CurrentServices, key: AdminKey) -> ServiceStatus:
    """Catalog version, documents by status, models."""
    counts = await services.pools.reading(count_by_status, services.engine, allowed(key, None))
    return ServiceStatus(
        version=await services.pools.reading(current_version, services.engine),
        documents=counts,
        embedder=services.settings.embedder or "built in",
        generator=services.generator.model if services.generator else EXTRACTIVE,
        replicas=services.settings.replicas,
    )


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """The web page; it asks for the key by itself and holds no data."""
    return FileResponse(WEB / "index.html")


def build_app(services: Services) -> FastAPI:
    """All routes."""
    app = FastAPI(
        title="Glossa",
        summary="Answers questions from your own documents, in eight languages, every statement cited.",
        version="0.1.0",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,  # the interactive pages load scripts from elsewhere, which the content security policy forbids
        redoc_url=None,
        openapi_url=None,
    )
    app.state.services = services
    app.router.route_class = KeyFirstRoute
    app.include_router(router)
    app.include_router(following.router)  # before a document's routes: `events` is no id
    app.include_router(documents.router)
    app.include_router(ask.router)
    app.include_router(openai.router)
    app.include_router(metrics.router)
    app.include_router(keys.router)
    described = cache(partial(describe, app))  # a tenth of a second
    app.mount("/assets", StaticFiles(directory=WEB), name="assets")
    http_errors.install(app)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(key: CurrentKey) -> JSONResponse:
        return JSONResponse(await services.pools.model(described))

    return app


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the one shape of all errors in place of FastAPI's own."""
    spec = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes, license_info=app.license_info)
    schemas = spec["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path in spec["paths"].values():
        for operation in path.values():
            if operation["responses"].get("422", {}).get("content", {}).keys() == {"application/json"}:
                operation["responses"] |= http_errors_of(422)
    return spec


def http_errors_of(status_code: int) -> dict[str, Any]:
    """The entry of one error, keyed as JSON does."""
    return {str(code): entry for code, entry in http_errors.responses(status_code).items()}


def worker_generator(profile: Profile, workers: DeploymentHandle[Any], *, adapters: bool = False) -> WorkerGenerator:
    """A generator for the workers of a profile. Raises InvalidInput when its tokenizer cannot be had."""
    counter = load_chat_tokenizer(profile.source)
    return WorkerGenerator(workers, profile.name, profile.window, counter, most=profile.most_requests, adapters=adapters)


class Gateway:
    """The deployment's class. Ray builds the application in each replica, after the constructor."""

    def __init__(
        self,
        settings: Settings,
        retrieval: DeploymentHandle[Any],
        llm: Profile | Server | None = None,
        workers: DeploymentHandle[Any] | None = None,
        guard: Profile | None = None,
        guards: DeploymentHandle[Any] | None = None,
        prompt_guard: DeploymentHandle[Any] | None = None,
    ) -> None:
        """Open the catalog and the blob store, and load the language models' tokenizers. Raises InvalidInput when one cannot be had."""
        generator: Generator | None = None
        if isinstance(llm, Server):
            generator = connect(llm, settings)
        elif llm is not None and workers is not None:
            generator = worker_generator(llm, workers, adapters=settings.adapters is not None)
        if generator is not None and guard is not None and guards is not None:
            generator = Guarded(generator, worker_generator(guard, guards))
        engine, blobs = open_catalog(settings.catalog_url), open_blobs(settings)
        try:
            blobs.clear_staging()  # of a gateway that was killed
        except NotYet:
            log.warning("what a gateway before this one was receiving stays until the next start", exc_info=True)
        prompts = PromptGuardClient(prompt_guard) if prompt_guard is not None else None
        pools = gateway_pools(settings)
        self.services = Services(
            settings,
            engine,
            blobs,
            Room(engine, settings.max_documents),
            SharedCount(engine, pools.reading),
            OpenStreams(settings.max_streams_per_key),
            RetrievalClient(retrieval),
            pools,
            AuditWriter(engine, settings),
            RateLimit(settings.requests_per_minute),
            generator,
            prompts,
        )

    def __serve_build_asgi_app__(self) -> SecurityMiddleware:
        """What Ray Serve calls for the ASGI application. Of a bare FastAPI it would replace what is answered when queues are full."""
        return SecurityMiddleware(build_app(self.services), self.services.settings)
