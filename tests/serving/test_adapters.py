"""Where LoRA adapters come from: a folder, or a bucket of a real S3 server."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import InvalidInput, NotFound

pytest.importorskip("vllm")
import boto3
from ray.serve.llm import LLMConfig

from serving.models import adapters
from serving.models.profile import Profile
from serving.models.workers import build
from tests.s3_server import running_s3
from tests.tiny_adapter import save_tiny_adapter
from tests.tiny_llama import save_tiny_llama


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = save_tiny_llama(tmp_path_factory.mktemp("base") / "tiny", layers=1, heads=2)
    folder = tmp_path_factory.mktemp("adapters")
    save_tiny_adapter(folder / "legal", base)
    return folder


@pytest.fixture
def bucket(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same folder in an S3 server of its own."""
    with running_s3() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        server.make_bucket("models")
        for path in (folder / "legal").iterdir():
            boto3.client("s3").upload_file(str(path), "models", f"lora/legal/{path.name}")
        yield "s3://models/lora"


def config(**fields: object) -> LLMConfig:
    return LLMConfig(model_loading_config={"model_id": "tiny"}, **fields)


def load(source: str, name: str, **fields: object) -> Path:
    loader = adapters.loader(source)()
    return Path(asyncio.run(loader.load_model_from_config(name, config(**fields))).local_path)


def test_an_adapter_is_taken_from_a_folder(folder: Path) -> None:
    assert load(str(folder), "tiny:legal") == folder / "legal"
    assert adapters.model_names(str(folder), "tiny") == ["tiny:legal"]


def test_an_adapter_is_fetched_from_a_bucket(bucket: str, folder: Path) -> None:
    assert adapters.model_names(bucket, "tiny") == ["tiny:legal"]
    fetched = load(bucket, "tiny:legal", lora_config=adapters.options(bucket)["lora_config"])
    assert {path.name: path.read_bytes() for path in fetched.iterdir() if path.suffix in (".json", ".safetensors")} == {
        path.name: path.read_bytes() for path in (folder / "legal").iterdir()
    }
    with pytest.raises(NotFound, match="no adapter 'other'"):
        load(bucket, "tiny:other", lora_config=adapters.options(bucket)["lora_config"])
    with pytest.raises(NotFound):
        load(bucket, "tiny:../lora/legal", lora_config=adapters.options(bucket)["lora_config"])


def test_a_name_cannot_leave_the_folder(folder: Path) -> None:
    for name in ("other", "../legal", f"../{folder.name}/legal", "legal/.", ""):
        with pytest.raises(NotFound, match="There is no adapter"):
            load(str(folder), f"tiny:{name}")


def test_a_deployment_has_room_for_the_largest_rank(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "adapter_config.json").write_text(json.dumps({"r": 17}))
    assert adapters.options(str(folder))["engine_kwargs"]["max_lora_rank"] == 8
    assert adapters.options(str(tmp_path))["engine_kwargs"]["max_lora_rank"] == 32
    mine = Profile({"model_loading_config": {"model_id": "tiny"}, "engine_kwargs": {"max_loras": 1}, "accelerator_config": {"kind": "cpu"}})
    bound = build(mine, "Worker", str(folder))._bound_deployment.init_kwargs["llm_config"]
    assert (bound.engine_kwargs["enable_lora"], bound.engine_kwargs["max_loras"]) == (True, 1)


def test_a_folder_without_adapters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no LoRA adapters"):
        adapters.options(str(tmp_path))
    (tmp_path / "broken").mkdir()
    for text in ("not json", "{}"):
        (tmp_path / "broken" / "adapter_config.json").write_text(text)
        with pytest.raises(InvalidInput, match="describes no LoRA adapter"):
            adapters.options(str(tmp_path))
    (tmp_path / "broken" / "adapter_config.json").write_text('{"r": 1000}')
    with pytest.raises(InvalidInput, match="at most 512"):
        adapters.options(str(tmp_path))
