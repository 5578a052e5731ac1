"""One real service with a real vLLM worker (on the CPU, a tiny Llama made here) for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.service import Service, holding
from tests.tiny_llama import HANDBOOK


@pytest.fixture(scope="package")
def llm(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with holding({"handbuch.md": HANDBOOK}, tmp_path_factory.mktemp("llm") / "data", "--llm", str(llama), seconds=300) as running:
        yield running


@pytest.fixture
def asking(llm: Service) -> Iterator[httpx.Client]:
    with llm.client() as client:
        yield client
