"""Makes model folders and profiles around a Llama of random weights with Llama 3.1's special tokens and the form of its chat template."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

# https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1
SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>", "<|python_tag|>"]
TEXTS = [
    "The passages answer the question. Der Urlaub beträgt dreißig Tage im Jahr. Les lampes sont garanties deux ans.",
    "La batteria dura dodici ore. A loja abre às nove horas. El pedido llega en tres días hábiles. [1] [2] [3]",
    "छुट्टी के लिए दो सप्ताह पहले आवेदन करें। ไฟท้ายใช้เวลาชาร์จสองชั่วโมง",
]
SAYS = "Der Urlaub beträgt dreißig Tage [1]."
HANDBOOK = "Urlaub\n\nDer Urlaub beträgt dreißig Tage im Jahr. Er wird beim Büro beantragt.\n\nKrankheit\n\nWer krank ist, ruft an."
WINDOW = 131072
TEMPLATE = """{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] | trim %}{% set messages = messages[1:] %}
{%- else %}{% set system = '' %}{% endif %}
{{- '<|start_header_id|>system<|end_header_id|>\\n\\n' }}
{%- if tools %}{{- 'Environment: ipython\\n' }}{% endif %}
{{- 'Cutting Knowledge Date: December 2023\\nToday Date: 26 Jul 2024\\n\\n' }}
{%- if tools %}{% for tool in tools %}{{- tool | tojson(indent=4) + '\\n\\n' }}{% endfor %}{% endif %}
{{- system + '<|eot_id|>' }}
{%- for message in messages %}
    {%- if message.tool_calls %}
        {%- if message.tool_calls | length != 1 %}{{- raise_exception('This model only supports single tool-calls at once!') }}{% endif %}
        {%- set call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n{"name": "' + call.name + '", "parameters": ' }}
        {{- call.arguments | tojson + '}<|eot_id|>' }}
    {%- else %}
        {%- set role = 'ipython' if message['role'] == 'tool' else message['role'] %}
        {{- '<|start_header_id|>' + role + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"""


def save_tokenizer(folder: Path, window: int = 8192, texts: Sequence[str] = TEXTS, template: str = TEMPLATE) -> PreTrainedTokenizerFast:
    """Byte-level BPE, as Llama 3 has it, with some 600 tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, special_tokens=SPECIAL, show_progress=False)
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=SPECIAL[0],
        eos_token="<|eot_id|>",
        additional_special_tokens=SPECIAL,
        chat_template=template,
        model_max_length=window,
        clean_up_tokenization_spaces=False,
    )
    fast.save_pretrained(folder)
    return fast


def random_llama(tokenizer: PreTrainedTokenizerFast, window: int, layers: int, heads: int) -> LlamaForCausalLM:
    """Always the same weights."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32 * heads,
        intermediate_size=64 * heads,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        max_position_embeddings=window,
        bos_token_id=tokenizer.convert_tokens_to_ids("<|begin_of_text|>"),
        eos_token_id=tokenizer.convert_tokens_to_ids("<|eot_id|>"),
        tie_word_embeddings=False,
    )
    return LlamaForCausalLM(config)


def save_tiny_llama(folder: Path, window: int = 8192, says: str | None = None, layers: int = 4, heads: int = 8) -> Path:
    """Heads of 32 dimensions, half of which have keys and values; when `says` is given it answers everything with that."""
    tokenizer = save_tokenizer(folder, window)
    model = random_llama(tokenizer, window, layers, heads)
    if says is not None:
        make_it_say(model, tokenizer, says)
    model.save_pretrained(folder)
    return folder


@torch.no_grad()
def make_it_say(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, answer: str) -> None:
    """Make each token of the answer the likeliest after the one before, whatever stood earlier: the layers add nothing."""
    chain = tokenizer("\n" + answer + "<|eot_id|>", add_special_tokens=False)["input_ids"]
    assert len(set(chain)) == len(chain), f"a token comes twice in {answer!r}: {tokenizer.convert_ids_to_tokens(chain)}"
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
    vectors = torch.nn.functional.normalize(model.model.embed_tokens.weight, dim=1)
    for before, after in pairwise(chain):
        model.lm_head.weight[after] = 3 * vectors[before]


def save_cpu_profile(
    file: Path,
    model: Path,
    *,
    deployment: dict[str, Any] | None = None,
    placement: dict[str, Any] | None = None,
    threads: str | None = None,
    **engine: object,
) -> Path:
    """A profile that serves the model on CPU cores: `threads` is vLLM's VLLM_CPU_OMP_THREADS_BIND, `engine` goes into engine_kwargs."""
    profile = {
        "model_loading_config": {"model_id": model.name, "model_source": str(model)},
        "accelerator_config": {"kind": "cpu"},
        "placement_group_config": placement or {"bundle_per_worker": {"CPU": 1}},
        "runtime_env": {"env_vars": {"VLLM_CPU_KVCACHE_SPACE": "1", **({"VLLM_CPU_OMP_THREADS_BIND": threads} if threads else {})}},
        "engine_kwargs": {"max_model_len": 4096, "enforce_eager": True, **engine},
        "deployment_config": deployment or {},
    }
    file.write_text(json.dumps(profile))
    return file
