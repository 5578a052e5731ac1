"""LoRA adapters: small additions to a language model, chosen by each request, from a folder or from a bucket that Ray downloads from."""

import json
import re
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from ray.llm._internal.common.models import global_id_manager
from ray.llm._internal.common.utils.lora_utils import get_lora_id, get_lora_model_ids
from ray.llm._internal.serve.core.configs.llm_config import DiskMultiplexConfig
from ray.llm._internal.serve.utils.lora_serve_utils import LoraModelLoader
from ray.serve.llm import LLMConfig

from rag.errors import InvalidInput, NotFound

DESCRIPTION = "adapter_config.json"  # which PEFT writes beside the weights (https://huggingface.co/docs/peft/developer_guides/checkpoint)
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # that vLLM has kernels for (vllm.config.lora.MaxLoRARanks)
RANK_UNKNOWN = 64  # room for adapters of a bucket, which are looked at only when they are asked for
AT_ONCE = 4  # adapters in one batch; each takes room in the accelerator's memory whether used or not
LOADED = 16  # adapters that a replica keeps


def is_bucket(adapters: str) -> bool:
    """Whether this is an address such as s3://bucket/path."""
    return "://" in adapters


def options(adapters: str) -> dict[str, dict[str, Any]]:
    """What a profile needs besides to serve them: fields of LLMConfig. Raises InvalidInput when the folder holds none."""
    bucket = adapters if is_bucket(adapters) else None
    rank = RANK_UNKNOWN if bucket else _room(max(_rank(Path(adapters) / name) for name in in_folder(Path(adapters))))
    return {
        "lora_config": {"dynamic_lora_loading_path": bucket, "max_num_adapters_per_replica": LOADED},
        "engine_kwargs": {"enable_lora": True, "max_loras": AT_ONCE, "max_cpu_loras": LOADED, "max_lora_rank": rank},
    }


def in_folder(folder: Path) -> list[str]:
    """Names of the adapters in a folder: its folders that PEFT wrote. Raises InvalidInput when there is none."""
    names = sorted(path.parent.name for path in folder.expanduser().glob(f"*/{DESCRIPTION}"))
    if not names:
        raise InvalidInput(
            f"The folder {folder} holds no LoRA adapters: no folder in it has an {DESCRIPTION}, as PEFT's save_pretrained writes."
        )
    return names


class FolderAdapters(LoraModelLoader):
    """Takes adapters from where they are. Every node of a cluster must see the folder."""

    folder: Path

    async def load_model_from_config(self, lora_model_id: str, llm_config: LLMConfig) -> DiskMultiplexConfig:
        """Called by Ray Serve once for each adapter on a replica. Raises NotFound."""
        name = get_lora_id(lora_model_id)
        if name not in in_folder(self.folder):
            raise _not_found(lora_model_id)
        path = str(self.folder.expanduser().absolute() / name)
        return DiskMultiplexConfig(
            model_id=lora_model_id, max_total_tokens=None, local_path=path, lora_assigned_int_id=global_id_manager.next()
        )


class BucketAdapters(LoraModelLoader):
    """Ray's own loader, with names that cannot leave the bucket's folder and errors that say what to do."""

    async def load_model_from_config(self, lora_model_id: str, llm_config: LLMConfig) -> DiskMultiplexConfig:
        """See FolderAdapters."""
        if not re.fullmatch(r"\w[\w.-]*", get_lora_id(lora_model_id)):
            raise _not_found(lora_model_id)
        try:
            return await super().load_model_from_config(lora_model_id, llm_config)
        except HTTPException as error:
            raise _not_found(lora_model_id) from error


def loader(adapters: str) -> type[LoraModelLoader]:
    """The class that a replica makes its loader from."""
    return BucketAdapters if is_bucket(adapters) else type("FolderAdapters", (FolderAdapters,), {"folder": Path(adapters)})


def model_names(adapters: str, model: str) -> list[str]:
    """Each adapter as requests name it: MODEL:ADAPTER."""
    if is_bucket(adapters):
        names: list[str] = get_lora_model_ids(adapters, model)
        return sorted(names)
    return [f"{model}:{name}" for name in in_folder(Path(adapters))]


def _not_found(lora_model_id: str) -> NotFound:
    return NotFound(f"There is no adapter {get_lora_id(lora_model_id)!r} here; list the models with GET /v1/models.")


def _rank(adapter: Path) -> int:
    try:
        return int(json.loads((adapter.expanduser() / DESCRIPTION).read_text(encoding="utf-8"))["r"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{adapter / DESCRIPTION} describes no LoRA adapter ({error}); write it with PEFT's save_pretrained.") from error


def _room(rank: int) -> int:
    fitting = [size for size in RANKS if size >= rank]
    if not fitting:
        raise InvalidInput(f"An adapter has rank {rank}; vLLM takes at most {RANKS[-1]}.")
    return fitting[0]
