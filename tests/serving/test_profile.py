"""Profiles of language models: what comes along is valid for Ray Serve and vLLM, and what cannot work is refused with the reason."""

import json
from pathlib import Path

import pytest

from rag.errors import InvalidInput
from serving.models import profile
from serving.models.profile import GIB, Profile, Server, load
from tests.tiny_llama import save_tiny_llama

PROFILES = ["llama-3-70b", "llama-3-8b", "llama-3.1-405b", "llama-3.1-405b-fp8", "llama-3.1-70b", "llama-3.1-70b-fp8"]
PROFILES += ["llama-3.1-8b", "llama-3.1-8b-awq", "llama-3.1-8b-gptq"]
GUARDS = ["llama-guard-3-1b", "llama-guard-3-8b"]
GPU_BYTES = {"L4": 24e9, "L40S": 48e9, "H100": 80e9}


def test_the_profiles_are_all_there() -> None:
    assert sorted(profile.names()) == sorted([*PROFILES, *GUARDS])


@pytest.mark.parametrize("name", [*PROFILES, *GUARDS])
def test_a_profile_is_valid_for_ray_serve_and_states_everything(name: str) -> None:
    pytest.importorskip("vllm")
    from ray.serve.llm import LLMConfig

    from serving.models.workers import build

    loaded = load(name, gpus=64)
    assert isinstance(loaded, Profile)
    config = LLMConfig(**loaded.config)
    engine = config.get_engine_config()
    assert engine.num_devices == loaded.workers == len(engine.placement_bundles)
    assert all(bundle["GPU"] == 1 for bundle in engine.placement_bundles)
    stated = {"tensor_parallel_size", "pipeline_parallel_size", "max_model_len", "gpu_memory_utilization", "enable_prefix_caching"}
    tools = set() if name in (*GUARDS, "llama-3-8b", "llama-3-70b") else {"tool_call_parser", "enable_auto_tool_choice"}
    assert stated | {"enable_chunked_prefill", "dtype"} | tools <= set(loaded.config["engine_kwargs"])
    options = build(loaded, "Worker")._bound_deployment
    assert options.name == "Worker"
    scaling = options._deployment_config.autoscaling_config
    assert scaling is not None and scaling.min_replicas >= 1 and scaling.target_ongoing_requests > 0


@pytest.mark.parametrize("name", [*PROFILES, *GUARDS])
def test_the_weights_and_one_full_window_fit_the_gpus_of_a_profile(name: str) -> None:
    loaded = load(name, gpus=64)
    assert isinstance(loaded, Profile)
    (row,) = [row for row in profile.memory_table() if row.name == name]
    assert row.bytes_per_gpu < GPU_BYTES[row.accelerator] * loaded.config["engine_kwargs"]["gpu_memory_utilization"]


def test_the_memory_of_llama_3_1_is_what_its_architecture_says() -> None:
    loaded = load("llama-3.1-8b", gpus=1)
    assert isinstance(loaded, Profile) and loaded.architecture is not None
    assert loaded.architecture.kv_bytes_per_token == 128 * 1024
    assert loaded.architecture.kv_bytes_per_token * 131072 == 16 * GIB


def test_a_gpu_profile_without_gpus_is_refused_with_the_alternatives() -> None:
    with pytest.raises(InvalidInput, match=r"takes 4 GPUs and this machine has 0; .*llama-3\.1-8b-awq.*openai:URL"):
        load("llama-3.1-70b", gpus=0)


def test_a_checkpoint_runs_on_the_cpu_where_there_is_no_gpu(tmp_path: Path) -> None:
    folder = save_tiny_llama(tmp_path / "tiny")
    on_cpu, on_gpu = load(str(folder), gpus=0), load(str(folder), gpus=1)
    assert isinstance(on_cpu, Profile) and isinstance(on_gpu, Profile)
    assert (on_cpu.name, on_cpu.gpus, on_cpu.window, on_cpu.source) == ("tiny", 0, 8192, str(folder))
    assert on_gpu.gpus == 1


@pytest.mark.parametrize(("llm", "said"), [
    ("no-such-thing", "no language model 'no-such-thing'; give a profile"),
    ("/no/such/folder", "no language model"),
    ("openai:127.0.0.1", "names no server"),
    ("broken.yaml", "broken.yaml is no profile"),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_a_sentence(llm: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        load(llm, gpus=0)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"config\.json"):
        load(str(tmp_path), gpus=0)


def test_a_profile_of_the_users_own_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps({"model_loading_config": {"model_id": "mine"}, "engine_kwargs": {"tensor_parallel_size": 2}}))
    mine = load(str(path), gpus=2)
    assert isinstance(mine, Profile)
    assert (mine.name, mine.source, mine.workers, mine.gpus) == ("mine", "mine", 2, 2)


def test_another_server_may_be_named_with_its_model() -> None:
    assert load("openai:http://127.0.0.1:8080/v1/#tiny", gpus=0) == Server("http://127.0.0.1:8080/v1", "tiny")
