"""Streams from a real vLLM worker: a client that goes away ends its generation; nothing that listens answers without the key."""

import json
import os
import subprocess
import sys
import time

import httpx

from serving.client.run_state import read_state
from tests.service import Service

RUNNING = """
import ray
from ray import serve
ray.init(address={address!r}, namespace="glossa", log_to_driver=False, logging_level="ERROR")
handle = serve.get_deployment_handle("Worker", "glossa")
while input():
    print(handle.running.remote().result(), flush=True)
"""


class Engine:
    """Asks the worker how many generations its vLLM engine works on."""

    def __init__(self, service: Service) -> None:
        state = read_state(service.data)
        assert state is not None
        environment = os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(service.data / "run" / "ray-token")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNNING.format(address=state.ray_address)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def running(self) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("now\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def test_a_client_that_goes_away_ends_its_generation_in_vllm(llm: Service) -> None:
    engine = Engine(llm)
    try:
        assert engine.running() == 0
        endless = {
            "model": "tiny-llama",
            "messages": [{"role": "user", "content": "Los."}],
            "stream": True,
            "max_tokens": 100_000,
            "ignore_eos": True,
        }
        with llm.client() as client, client.stream("POST", "/v1/chat/completions", json=endless) as response:
            lines = (line for line in response.iter_lines() if line.startswith("data: "))
            for _ in range(5):
                assert json.loads(next(lines).removeprefix("data: "))["choices"]
            assert engine.running() == 1
        deadline = time.monotonic() + 10
        while engine.running():
            assert time.monotonic() < deadline, "vLLM still writes for nobody"
            time.sleep(0.1)
    finally:
        engine.close()


def test_the_first_words_come_before_the_last_are_written(llm: Service) -> None:
    body = {"model": "tiny-llama", "messages": [{"role": "user", "content": "Los."}], "stream": True, "max_tokens": 400, "ignore_eos": True}
    with llm.client() as client, client.stream("POST", "/v1/chat/completions", json=body) as response:
        began = time.perf_counter()
        times = [time.perf_counter() - began for line in response.iter_lines() if line.startswith("data: ")]
    assert times[0] < times[-1] / 4


def test_a_model_that_is_asked_without_the_key_does_not_answer(llm: Service) -> None:
    body = {"model": "tiny-llama", "messages": [{"role": "user", "content": "Los."}]}
    assert httpx.post(f"{llm.url}/v1/chat/completions", json=body).status_code == 401
