"""Two tensor parallel workers, from a profile of the user's own, write what the same weights write in one process."""

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, LlamaForCausalLM

from tests import service as instances
from tests.tiny_llama import save_cpu_profile, save_tiny_llama

MESSAGES = [{"role": "user", "content": "Der Urlaub beträgt dreißig Tage im Jahr."}]
TOKENS = 24


def greedy(folder: Path) -> str:
    """What Hugging Face's own implementation writes."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    text = tokenizer.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
    written = model.generate(ids, max_new_tokens=TOKENS, do_sample=False)
    return str(tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True))


@pytest.mark.timeout(400)
def test_two_tensor_parallel_workers_write_the_same_as_one_process(tmp_path: Path) -> None:
    folder = save_tiny_llama(tmp_path / "random-llama", window=2048, layers=2, heads=4)
    engine = {"tensor_parallel_size": 2, "max_model_len": 2048, "dtype": "float32"}
    profile = save_cpu_profile(tmp_path / "two.yaml", folder, threads="0|1", **engine)
    service = instances.start(tmp_path / "data", "--llm", str(profile), seconds=300)
    try:
        with service.client() as client:
            body = {"model": "random-llama", "messages": MESSAGES, "temperature": 0, "max_tokens": TOKENS}
            written = client.post("/v1/chat/completions", json=body, timeout=120).json()["choices"][0]["message"]["content"]
    finally:
        service.stop()
    assert len(written) > TOKENS / 2
    assert written == greedy(folder)
