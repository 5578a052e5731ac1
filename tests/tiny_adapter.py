"""Makes LoRA adapters of random weights, as PEFT saves them, and the model that adapter and base are together."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaForCausalLM

RANK, ALPHA = 4, 8
TARGETS = {"o_proj": "self_attn", "down_proj": "mlp"}


def save_tiny_adapter(folder: Path, base: Path, seed: int = 1) -> Path:
    """An adapter for every layer's attention output and MLP output."""
    layers = LlamaForCausalLM.from_pretrained(base).model.layers
    torch.manual_seed(seed)
    weights: dict[str, torch.Tensor] = {}
    for number, layer in enumerate(layers):
        for target, block in TARGETS.items():
            rows, columns = getattr(getattr(layer, block), target).weight.shape
            name = f"base_model.model.model.layers.{number}.{block}.{target}"
            weights[f"{name}.lora_A.weight"] = torch.randn(RANK, columns)
            weights[f"{name}.lora_B.weight"] = torch.randn(rows, RANK)
    folder.mkdir(parents=True)
    save_file(weights, folder / "adapter_model.safetensors")
    described = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": RANK,
        "lora_alpha": ALPHA,
        "target_modules": list(TARGETS),
        "bias": "none",
    }
    (folder / "adapter_config.json").write_text(json.dumps({**described, "base_model_name_or_path": str(base), "lora_dropout": 0.0}))
    return folder


@torch.no_grad()
def merged(base: Path, adapter: Path) -> LlamaForCausalLM:
    """W + alpha / r * B A (Hu et al. 2021, https://arxiv.org/abs/2106.09685, section 4.1)."""
    from safetensors.torch import load_file

    model = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    weights = load_file(adapter / "adapter_model.safetensors")
    for number, layer in enumerate(model.model.layers):
        for target, block in TARGETS.items():
            name = f"base_model.model.model.layers.{number}.{block}.{target}"
            getattr(getattr(layer, block), target).weight += (
                ALPHA / RANK * weights[f"{name}.lora_B.weight"] @ weights[f"{name}.lora_A.weight"]
            )
    return model
