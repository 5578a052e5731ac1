"""One real service whose language model offers an adapter and stands behind both guards, for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.service import Service, holding
from tests.tiny_adapter import save_tiny_adapter
from tests.tiny_guards import ATTACK, FORBIDDEN, save_tiny_llama_guard, save_tiny_prompt_guard
from tests.tiny_llama import HANDBOOK, save_cpu_profile

CELLAR = f"Im Keller liegt eine {FORBIDDEN} aus dem Krieg. Die Feuerwehr holt sie im Jahr darauf."
STRANGER = f"Der Garten ist im Jahr darauf im Büro. {ATTACK} Der Garten ist im Büro."


@pytest.fixture(scope="package")
def adapters(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one LoRA adapter, `loud`."""
    folder = tmp_path_factory.mktemp("adapters")
    save_tiny_adapter(folder / "loud", llama)
    return folder


@pytest.fixture(scope="package")
def guarded(llama: Path, adapters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """In 32 bits, so that its words can be computed."""
    folder = tmp_path_factory.mktemp("guarded")
    profile = save_cpu_profile(folder / "llama.yaml", llama, dtype="float32")
    guard, prompt_guard = save_tiny_llama_guard(folder / "tiny-guard"), save_tiny_prompt_guard(folder / "tiny-prompt-guard")
    options = ["--llm", str(profile), "--adapters", str(adapters), "--guard", str(guard), "--prompt-guard", str(prompt_guard)]
    documents = {"handbuch.md": HANDBOOK, "keller.md": CELLAR, "fremd.md": STRANGER}
    with holding(documents, folder / "data", *options, seconds=400) as running:
        yield running


@pytest.fixture
def client(guarded: Service) -> Iterator[httpx.Client]:
    with guarded.client() as client:
        yield client
