"""LoRA adapters in a real vLLM worker: chosen by each request, the same words as the merged weights give."""

import shutil
from pathlib import Path

import httpx
import pytest
from transformers import AutoTokenizer

from tests.tiny_adapter import merged
from tests.tiny_llama import SAYS

pytestmark = pytest.mark.timeout(500)
MESSAGES = [{"role": "user", "content": "Wie lang ist der Urlaub im Jahr?"}]
TOKENS = 12


def complete(client: httpx.Client, model: str) -> httpx.Response:
    return client.post("/v1/chat/completions", json={"model": model, "messages": MESSAGES, "temperature": 0, "max_tokens": TOKENS})


def says(client: httpx.Client, model: str) -> str:
    response = complete(client, model)
    assert response.status_code == 200, response.text
    return str(response.json()["choices"][0]["message"]["content"])


def test_a_request_chooses_its_adapter(client: httpx.Client, llama: Path, adapters: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama)
    prompt = tokenizer.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
    written = merged(llama, adapters / "loud").generate(ids, max_new_tokens=TOKENS, do_sample=False)
    expected = tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)
    assert expected and not SAYS.startswith(expected)
    assert says(client, "tiny-llama:loud") == expected
    assert SAYS.startswith(says(client, "tiny-llama"))
    assert says(client, "tiny-llama:loud") == expected


def test_answers_from_documents_take_an_adapter_too(client: httpx.Client) -> None:
    answer = client.post("/v1/ask", json={"question": MESSAGES[0]["content"], "adapter": "loud", "max_tokens": TOKENS}).json()
    assert answer["generator"] == "tiny-llama:loud" and answer["answer"] != SAYS
    completion = complete(client, "glossa:loud").json()
    assert completion["glossa"]["generator"] == "tiny-llama:loud"


def test_adapters_are_listed_and_new_ones_found(client: httpx.Client, adapters: Path, tmp_path: Path) -> None:
    def listed() -> list[str]:
        return [model["id"] for model in client.get("/v1/models").json()["data"]]

    assert listed() == ["glossa", "glossa:loud", "tiny-llama", "tiny-llama:loud", "glossa-embedder"]
    shutil.copytree(adapters / "loud", adapters / "new")
    try:
        assert "tiny-llama:new" in listed()
        assert says(client, "tiny-llama:new") == says(client, "tiny-llama:loud")
    finally:
        shutil.rmtree(adapters / "new")


@pytest.mark.parametrize("name", ["quiet", "../adapters/loud", "loud/..", ""])
def test_an_adapter_that_does_not_exist(client: httpx.Client, name: str) -> None:
    response = complete(client, f"tiny-llama:{name}")
    assert (response.status_code, "There is no adapter" in response.text) == (404, True)


def test_an_adapter_of_another_model_is_refused_with_the_reason(client: httpx.Client, adapters: Path) -> None:
    shutil.copytree(adapters / "loud", adapters / "wrong")
    try:
        (adapters / "wrong" / "adapter_model.safetensors").write_bytes(b"not weights")
        response = complete(client, "tiny-llama:wrong")
        assert (response.status_code, "tiny-llama:wrong cannot be used" in response.text) == (422, True)
    finally:
        shutil.rmtree(adapters / "wrong")
