"""Fixtures that several folders share. `service` is one real instance with two retrieval replicas for the whole session."""

import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests import service as instances
from tests.service import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = instances.start(tmp_path_factory.mktemp("service") / "data", "--replicas", "2")
    yield running
    running.stop()


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


@pytest.fixture
def collection() -> str:
    """A collection that no other test uses."""
    return f"test-{uuid.uuid4().hex[:8]}"
