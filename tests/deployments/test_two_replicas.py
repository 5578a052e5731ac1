"""Two vLLM replicas with short queues: what is too much is refused, a worker that dies ends its stream, prefixes find their replica."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.service import Service, holding
from tests.tiny_llama import HANDBOOK, SAYS, WINDOW, save_cpu_profile

pytestmark = pytest.mark.timeout(500)
AT_ONCE, QUEUED = 2, 2  # requests a replica works on, and that wait at the gateway
ENDLESS = 100_000  # tokens: minutes, whatever else the machine does
QUESTION = "Wie lang ist der Urlaub im Jahr?"


@pytest.fixture(scope="module")
def two(llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("two")
    router = "ray.serve.llm.request_router:PrefixCacheAffinityRouter"
    affinity = {"request_router_class": router, "request_router_kwargs": {"imbalanced_threshold": AT_ONCE}}
    deployment = {"num_replicas": 2, "max_ongoing_requests": AT_ONCE, "max_queued_requests": QUEUED, "request_router_config": affinity}
    engine = {"max_model_len": WINDOW, "enable_prefix_caching": True, "enable_prompt_tokens_details": True}
    profile = save_cpu_profile(folder / "two.yaml", llama, deployment=deployment, **engine)
    with holding({"handbuch.md": HANDBOOK}, folder / "data", "--llm", str(profile), seconds=400) as running:
        yield running


def body(text: str, tokens: int, **more: object) -> dict[str, Any]:
    return {"model": "tiny-llama", "messages": [{"role": "user", "content": text}], "max_tokens": tokens, "ignore_eos": True, **more}


def test_requests_with_the_same_beginning_go_to_the_replica_that_has_it(two: Service) -> None:
    with two.client() as client:
        hits = []
        for number in range(8):  # chance would pass one in 256 times
            beginning = f"Dokument {number}. " + f"Der Urlaub {number} beträgt dreißig Tage. " * 40
            for ending in ("Wie lang?", "Wie viel?"):
                usage = client.post("/v1/chat/completions", json=body(beginning + ending, 4)).json()["usage"]
            hits.append(usage["prompt_tokens_details"]["cached_tokens"] / usage["prompt_tokens"])
    assert min(hits) > 0.8


def test_more_than_the_queues_hold_is_refused_at_once_and_the_rest_is_answered(two: Service) -> None:
    def send(number: int) -> httpx.Response:
        with two.client() as client:
            return client.post("/v1/chat/completions", json=body(f"Frage {number}", 4), timeout=200)

    streams: list[Iterator[str]] = []
    with ExitStack() as busy, ThreadPoolExecutor(8) as pool:
        client = busy.enter_context(two.client())
        for number in range(2 * AT_ONCE):
            endless = busy.enter_context(client.stream("POST", "/v1/chat/completions", json=body(f"{number}", ENDLESS, stream=True)))
            streams.append(endless.iter_lines())
            next(streams[-1])
        sent = [pool.submit(send, number) for number in range(8)]
        refused = [each.result() for each in islice(as_completed(sent), 8 - QUEUED)]
        busy.close()  # those clients go away, and the queue moves on
        answered = [each.result() for each in sent if each.result() not in refused]
    assert [response.status_code for response in refused] == [503] * (8 - QUEUED)
    assert all(response.headers["Retry-After"] and "Too many requests" in response.json()["detail"] for response in refused)
    assert [response.status_code for response in answered] == [200] * QUEUED


def test_a_worker_that_dies_ends_its_stream_with_an_error_and_the_next_request_works(two: Service) -> None:
    with two.client() as client:
        with client.stream("POST", "/v1/chat/completions", json=body("Los", ENDLESS, stream=True), timeout=60) as response:
            assert response.status_code == 200
            lines = (line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: "))
            for _ in range(3):
                assert json.loads(next(lines))["choices"]
            busiest(two).kill()
            last = list(lines)[-1]
        assert json.loads(last)["error"]["code"] == 503
        began = time.monotonic()
        response = client.post("/v1/ask", json={"question": QUESTION})
        assert response.status_code == 200, response.text
        assert time.monotonic() - began < 30
    answer = response.json()
    assert answer["answer"] == SAYS or answer["generator"] == "extractive"


def test_in_the_end_both_replicas_run_again(two: Service) -> None:
    deadline = time.monotonic() + 200
    with two.client() as client:
        while len(engines(two)) < 2 or client.post("/v1/ask", json={"question": QUESTION}).json()["answer"] != SAYS:
            assert time.monotonic() < deadline
            time.sleep(1)


def engines(service: Service) -> list[psutil.Process]:
    found = []
    for process in psutil.Process(service.process.pid).children(recursive=True):
        try:
            if process.name().startswith("VLLM::EngineCor"):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def busiest(service: Service) -> psutil.Process:
    """The engine that writes now."""
    watched = engines(service)
    for process in watched:
        process.cpu_percent()
    time.sleep(1)
    return max(watched, key=lambda process: process.cpu_percent())
