"""Numbers for Prometheus, from the catalog at the moment of asking; with a key, unlike Ray's own exporter, which answers anyone."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from sqlalchemy import Engine

from rag.catalog.collections import count_by_collection
from rag.catalog.feed import current_version
from rag.records import Status
from serving.api import http_errors
from serving.api.access.auth import AdminKey, allowed
from serving.api.access.key_first import KeyFirstRoute
from serving.api.services import CurrentServices

router = APIRouter(route_class=KeyFirstRoute)
EXAMPLE = 'glossa_documents{collection="default",status="ready"} 12.0'


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}}}, **http_errors.responses(401, 403)},
    tags=["health"],
    summary="Numbers for Prometheus",
)
async def metrics(services: CurrentServices, key: AdminKey) -> PlainTextResponse:
    """Gauges: documents by collection and status (queued, parsing, embedding, ready, failed), versions of catalog and index."""
    indexed = await services.retrieval.version()
    text = await services.pools.reading(gauges, services.engine, allowed(key, None), indexed)
    return PlainTextResponse(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


def gauges(engine: Engine, visible: frozenset[str] | None, indexed_version: int) -> bytes:
    """The numbers in Prometheus' text format."""
    registry = CollectorRegistry()
    documents = Gauge("glossa_documents", "Documents by collection and status.", ("collection", "status"), registry=registry)
    counts = count_by_collection(engine, visible)
    for collection in {name for name, _ in counts}:
        for status in Status:
            documents.labels(collection, status).set(counts.get((collection, status), 0))
    version = Gauge("glossa_catalog_version", "Number of the last change of the catalog.", registry=registry)
    version.set(current_version(engine))
    indexed = Gauge("glossa_index_version", "Number of the last change that a retrieval replica has loaded.", registry=registry)
    indexed.set(indexed_version)
    return generate_latest(registry)
