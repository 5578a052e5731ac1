"""What the routes of the gateway work with; one record, made once when the gateway starts."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from ray.serve.handle import DeploymentHandle
from sqlalchemy import Engine

from rag.blobs import BlobStore
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The catalog, the blob store and the way to retrieval."""

    settings: Settings
    engine: Engine
    blobs: BlobStore
    retrieval: DeploymentHandle[Any]


def services_of(request: Request) -> Services:
    """The services of the application that serves this request."""
    services: Services = request.app.state.services
    return services


CurrentServices = Annotated[Services, Depends(services_of)]
