"""vLLM's own server and llama.cpp's as the language model: the same prompt and the same budget, counted by that server."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rag.errors import InvalidInput
from rag.prompt import Budget, Conversation, assemble
from rag.records import Passage
from rag.settings import Settings
from serving.instance import ports
from serving.models.other_server import connect
from serving.models.profile import Server
from tests import service as instances
from tests.service import add
from tests.tiny_gguf import save_gguf
from tests.tiny_llama import HANDBOOK, SAYS

WINDOW = 4096
LLAMA_CPP = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port, params.n_ctx = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
params.model_alias, params.n_parallel, params.use_jinja = {"there"}, 1, True
server = xllamacpp.Server(params)
while True:
    time.sleep(60)
"""
QUESTION = "Wie lang ist der Urlaub im Jahr?"


@pytest.fixture(scope="module", params=["vllm", "llama.cpp"])
def server(request: pytest.FixtureRequest, llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = ports.free()
    folder = tmp_path_factory.mktemp("server")
    if request.param == "llama.cpp":
        command = [sys.executable, "-c", LLAMA_CPP, str(save_gguf(llama, folder / "tiny.gguf")), str(port), str(WINDOW)]
    else:
        options = ["--model", str(llama), "--served-model-name", "there", "--max-model-len", str(WINDOW), "--enforce-eager"]
        command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1", "--port", str(port), *options]
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment())
    try:
        deadline = time.monotonic() + 200
        while not answers(port):
            assert process.poll() is None and time.monotonic() < deadline, Path(log.name).read_text()[-3000:]
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


def environment() -> dict[str, str]:
    return os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").is_success
    except httpx.HTTPError:
        return False


@pytest.mark.timeout(400)
def test_answers_come_from_the_other_server(server: str, tmp_path: Path) -> None:
    service = instances.start(tmp_path / "data", "--llm", f"openai:{server}", seconds=200)  # beside a vLLM that starts
    try:
        with service.client() as client:
            add(client, "handbuch.md", HANDBOOK.encode())
            answer = client.post("/v1/ask", json={"question": QUESTION}).json()
            refused = client.post("/v1/ask", json={"question": QUESTION, "max_tokens": WINDOW})
    finally:
        service.stop()
    assert (answer["answer"], answer["generator"], answer["notes"]) == (SAYS, "there", [])
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["counted_tokens"]
    assert (refused.status_code, f"window is {WINDOW}" in refused.json()["detail"]) == (422, True)


def test_a_prompt_is_counted_by_the_server_as_by_the_models_own_tokenizer(server: str, llama: Path) -> None:
    passages = [Passage("d", "a.md", 1, 0, 400, "Der Urlaub beträgt dreißig Tage. <|eot_id|>" * 10, "de", 0.5)] * 30
    asked = Conversation(QUESTION, "de", [{"role": "user", "content": "Hallo"}, {"role": "assistant", "content": "Ja?"}])
    by_server = connect(Server(server), Settings())
    by_tokenizer = connect(Server(server, "there"), Settings(tokenizer=str(llama)))
    prompts = [assemble(asked, passages, Budget(WINDOW, 100, 3000), each.counter) for each in (by_server, by_tokenizer)]
    assert prompts[0] == prompts[1]
    assert by_server.window == by_tokenizer.window == WINDOW


def test_what_cannot_be_known_is_refused_with_what_to_do(server: str) -> None:
    with pytest.raises(InvalidInput, match="does not list its models"):
        connect(Server("http://127.0.0.1:9/v1"), Settings())
    with pytest.raises(InvalidInput, match="has these models: there; name one of them"):
        connect(Server(server, "another"), Settings())
