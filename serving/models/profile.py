"""Which language model answers: a profile of ours or of the user (YAML), any Llama checkpoint, or another server; and what it takes."""

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rag.errors import InvalidInput
from rag.model_sources import GATED, HUB_NAME, loading
from serving.models.tool_parser import file_of, tool_parser

PROFILES = Path(__file__).parent / "profiles"
SERVER = "openai:"
GIB = 1024**3
KV_BYTES = 2  # of a number in the KV cache, which is kept in 16 bits
CPU_KV_SHARE = 0.25  # of the machine's memory that the KV cache of a checkpoint on the CPU may take


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a model's memory follows from. `bytes_per_weight` averages over quantized and other weights, scales included."""

    layers: int
    kv_heads: int
    head_size: int
    parameters: int
    bytes_per_weight: float

    @property
    def weight_bytes(self) -> int:
        """Of all weights, over all GPUs."""
        return int(self.parameters * self.bytes_per_weight)

    @property
    def kv_bytes_per_token(self) -> int:
        """A key and a value for each KV head in each layer (Pope et al. 2022, https://arxiv.org/abs/2211.05102, section 2.1)."""
        return 2 * self.layers * self.kv_heads * self.head_size * KV_BYTES


@dataclass(frozen=True, slots=True)
class Profile:
    """Workers to be started. `config` has the fields of ray.serve.llm.LLMConfig."""

    config: Mapping[str, Any]
    architecture: Architecture | None = None

    @property
    def name(self) -> str:
        """What the API calls the model."""
        return str(self.config["model_loading_config"]["model_id"])

    @property
    def source(self) -> str:
        """Where weights and tokenizer are: a folder or a hub name."""
        return str(self.config["model_loading_config"].get("model_source") or self.name)

    @property
    def workers(self) -> int:
        """Tensor times pipeline parallel processes of one replica."""
        engine = self.config.get("engine_kwargs", {})
        return int(engine.get("tensor_parallel_size", 1)) * int(engine.get("pipeline_parallel_size", 1))

    @property
    def replicas(self) -> int:
        """That are started at once."""
        deployment = self.config.get("deployment_config", {})
        return int(deployment.get("num_replicas") or deployment.get("autoscaling_config", {}).get("min_replicas") or 1)

    @property
    def gpus(self) -> float:
        """That one replica takes; 0 on a CPU."""
        bundle = self.config.get("placement_group_config", {}).get("bundle_per_worker")
        return self.workers * float(bundle.get("GPU", 0) if bundle else self.config.get("accelerator_config", {}).get("kind") != "cpu")

    @property
    def most_requests(self) -> float:
        """That may be open at a time, on all replicas and waiting."""
        deployment = self.config.get("deployment_config", {})
        ongoing, queued = deployment.get("max_ongoing_requests"), deployment.get("max_queued_requests")
        if ongoing is None or queued is None:
            return math.inf
        replicas = deployment.get("num_replicas") or deployment.get("autoscaling_config", {}).get("max_replicas") or 1
        return float(replicas * ongoing + queued)

    @property
    def window(self) -> int:
        """Tokens of prompt and answer together. Raises InvalidInput when neither the profile nor the model says."""
        stated = self.config.get("engine_kwargs", {}).get("max_model_len")
        return int(stated or _model_config(self.source).get("max_position_embeddings") or _unknown_window(self.name))


@dataclass(frozen=True, slots=True)
class Server:
    """Another OpenAI-compatible server: the address of its API (ends in /v1, mostly), and which of its models; None when it has one."""

    url: str
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What one replica of a profile takes, in bytes: of weights, of KV cache for a token and for one full window, and of each GPU."""

    name: str
    gpus: int
    accelerator: str
    window: int
    weight_bytes: int
    kv_bytes_per_token: int

    @property
    def window_bytes(self) -> int:
        """Of KV cache."""
        return self.kv_bytes_per_token * self.window

    @property
    def bytes_per_gpu(self) -> float:
        """Of weights and one full window; tensor and pipeline parallel workers share both evenly."""
        return (self.weight_bytes + self.window_bytes) / self.gpus


def memory_table() -> list[Memory]:
    """The profiles that come along, smallest first."""
    loaded = [read(PROFILES / f"{name}.yaml") for name in names()]
    rows = [
        Memory(
            profile.name,
            int(profile.gpus),
            str(profile.config["accelerator_type"]),
            profile.window,
            profile.architecture.weight_bytes,
            profile.architecture.kv_bytes_per_token,
        )
        for profile in loaded
        if profile.architecture is not None
    ]
    return sorted(rows, key=lambda row: row.weight_bytes + row.window_bytes)


def load(llm: str, *, gpus: float) -> Profile | Server:
    """What `--llm` names; `gpus` is how many there are, which decides where a bare checkpoint runs. Raises InvalidInput."""
    if llm.startswith(SERVER):
        if not re.match(r"https?://[^/\s]+", llm.removeprefix(SERVER)):
            raise InvalidInput(f"{llm!r} names no server; write it like openai:http://127.0.0.1:8080/v1.")
        url, _, model = llm.removeprefix(SERVER).partition("#")
        return Server(url.rstrip("/"), model or None)
    path = Path(llm).expanduser()
    profile = _written(llm)
    if profile is None and (path.is_dir() or HUB_NAME.fullmatch(llm)):
        profile = checkpoint(str(path.absolute()) if path.is_dir() else llm, on_gpu=gpus > 0)
    if profile is None:
        raise InvalidInput(
            f"There is no language model {llm!r}; give a profile ({', '.join(names())}), a YAML file, a model folder, a hub name "
            "('owner/model') or openai:URL."
        )
    if profile.gpus > gpus:
        raise InvalidInput(
            f"{profile.name} takes {profile.gpus:g} GPUs and this machine has {gpus:g}; run it on a cluster with GPUs, take a smaller "
            "profile (llama-3.1-8b-awq needs one GPU of 16 GB), or a server elsewhere (--llm openai:URL)."
        )
    return profile


def weights_of(llm: str | None) -> str | None:
    """The folder or hub name that `--llm` makes us load from; None when a server elsewhere has the weights. Raises InvalidInput."""
    if llm is None or llm.startswith(SERVER):
        return None
    profile = _written(llm)
    return profile.source if profile else llm


def cpus_of(llm: str | None) -> int:
    """CPUs that Ray sets aside for the least number of replicas: one for each, and one for each of its workers. Raises InvalidInput."""
    if llm is None or llm.startswith(SERVER):
        return 0
    profile = _written(llm)
    return 2 if profile is None else profile.replicas * (1 + profile.workers)


def _written(llm: str) -> Profile | None:
    """The profile in a file that `llm` names; None for a bare checkpoint."""
    if llm in names():
        return read(PROFILES / f"{llm}.yaml")
    path = Path(llm).expanduser()
    return read(path) if path.suffix in (".yaml", ".yml") else None


def names() -> list[str]:
    """The profiles that come along."""
    return sorted(path.stem for path in PROFILES.glob("*.yaml"))


def read(path: Path) -> Profile:
    """A profile from a file. Raises InvalidInput."""
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
        architecture = fields.pop("architecture", None)
        if not fields["model_loading_config"]["model_id"]:
            raise KeyError("model_id")
        return Profile(fields, Architecture(**architecture) if architecture else None)
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{path} is no profile ({error}); compare it with {PROFILES}/llama-3.1-8b.yaml.") from error


def checkpoint(source: str, *, on_gpu: bool) -> Profile:
    """A profile around any checkpoint of the Llama architecture: one GPU, or the CPU with as long a window as its memory allows."""
    engine: dict[str, Any] = {"enable_prefix_caching": True}
    if parser := tool_parser(file_of(source)):
        engine |= {"enable_auto_tool_choice": True, "tool_call_parser": parser}
    config: dict[str, Any] = {
        "model_loading_config": {"model_id": Path(source).name, "model_source": source},
        "engine_kwargs": engine,
        "deployment_config": {"num_replicas": 1, "max_ongoing_requests": 64, "max_queued_requests": 256},
    }
    if on_gpu:
        config["placement_group_config"] = {"bundle_per_worker": {"CPU": 1, "GPU": 1}}
        return Profile(config)
    model = _model_config(source)
    architecture = _architecture(model)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    longest = int(memory * CPU_KV_SHARE) // architecture.kv_bytes_per_token
    window = min(int(model.get("max_position_embeddings") or _unknown_window(source)), longest)
    engine |= {"max_model_len": window, "enforce_eager": True}
    cache = max(1, -(-window * architecture.kv_bytes_per_token // GIB))
    config["accelerator_config"] = {"kind": "cpu"}
    config["placement_group_config"] = {"bundle_per_worker": {"CPU": 1}}
    threads = max(1, (os.cpu_count() or 1) - 1)  # the rest of the service computes too; Ray would allow one
    config["runtime_env"] = {"env_vars": {"VLLM_CPU_KVCACHE_SPACE": str(cache), "OMP_NUM_THREADS": str(threads)}}
    return Profile(config, architecture)


def _model_config(source: str) -> dict[str, Any]:
    """The model's own config.json. Raises InvalidInput when it cannot be had."""
    from huggingface_hub import hf_hub_download

    with loading(f"The model {source!r}", f"give a folder with config.json, weights and tokenizer, or a hub name, {GATED}"):
        path = Path(source) / "config.json" if Path(source).is_dir() else Path(hf_hub_download(source, "config.json"))
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return config


def _architecture(model: Mapping[str, Any]) -> Architecture:
    heads = int(model.get("num_attention_heads", 1))
    return Architecture(
        layers=int(model.get("num_hidden_layers", 1)),
        kv_heads=int(model.get("num_key_value_heads") or heads),
        head_size=int(model.get("head_dim") or int(model.get("hidden_size", 1)) // heads),
        parameters=0,
        bytes_per_weight=0,
    )


def _unknown_window(name: str) -> int:
    raise InvalidInput(f"The window of {name} is not known; write a profile that states max_model_len.")
