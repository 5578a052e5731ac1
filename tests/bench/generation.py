"""A language model through the gateway beside vLLM's own server: time to first token and tokens/s, same tiny Llama, same requests.

What the gateway adds is the key, the exact count of the prompt, neutralised text and two hops (HTTP front end, Serve handle); retrieval is
left out, as the bare model is asked by its name. Run: .venv/bin/python -m tests.bench.generation [--seconds 8]. Ends with one JSON line.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from serving.instance import ports
from tests import service as instances
from tests.tiny_llama import save_tiny_llama

CLIENTS = (1, 16)
TOKENS = 64
MODEL = "tiny-llama"
START_SECONDS = 300
PROMPT = "Der Urlaub beträgt dreißig Tage im Jahr. " * 8


@contextmanager
def direct(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """vLLM's own server, as it comes."""
    port = ports.free()
    options = ["--model", str(folder), "--served-model-name", MODEL, "--enforce-eager", "--port", str(port), "--host", "127.0.0.1"]
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1", "VLLM_PLUGINS": ""}
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *options, "--disable-uvicorn-access-log"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health").is_success:
                    break
            except httpx.HTTPError:
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}", {}
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def gateway(llm: Path, program: Sequence[str] = ("-m", "serving.command.cli")) -> Iterator[tuple[str, dict[str, str]]]:
    """Glossa with the same model."""
    service = instances.start(llm.parent / "data", "--llm", str(llm), seconds=START_SECONDS, program=program)
    try:
        yield service.url, {"Authorization": f"Bearer {service.key}"}
    finally:
        service.stop()


def one(client: httpx.Client, number: int) -> tuple[float, int]:
    """Seconds to the first token, and the number of tokens, of one streamed completion that never ends early."""
    messages = [{"role": "user", "content": f"{number} {PROMPT}"}]
    body = {"model": MODEL, "messages": messages, "stream": True, "max_tokens": TOKENS, "ignore_eos": True, "temperature": 0}
    began = time.perf_counter()
    first = 0.0
    with client.stream("POST", "/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if not first and line.startswith("data: ") and '"content":"' in line and '"content":""' not in line:
                first = time.perf_counter() - began
    return first, TOKENS


def load(clients: int, seconds: float, url: str, headers: dict[str, str]) -> dict[str, float]:
    """`clients` threads, each with the next request when the last has ended."""
    firsts: list[float] = []
    tokens: list[int] = []
    stop = time.monotonic() + seconds

    def work(seed: int) -> None:
        number = seed * 10**6
        with httpx.Client(base_url=url, headers=headers, timeout=120) as client:
            while True:  # at least once, however long a client takes to be made
                first, count = one(client, number := number + 1)
                firsts.append(1000 * first)
                tokens.append(count)
                if time.monotonic() > stop:
                    break

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = sum(tokens) / (time.monotonic() - began)
    return {"ttft_p50_ms": round(statistics.median(firsts), 1), "tokens_per_s": round(rate, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    figures: dict[str, dict[int, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = save_tiny_llama(Path(temporary) / MODEL)
        for name, started in (("direct", direct), ("gateway", gateway)):
            print(f"starting {name} ...", flush=True)
            with started(folder) as (url, headers):
                load(4, 3, url, headers)  # warm
                figures[name] = {clients: load(clients, options.seconds, url, headers) for clients in CLIENTS}
            for clients, measured in figures[name].items():
                print(
                    f"{name:8} {clients:3} clients   TTFT p50 {measured['ttft_p50_ms']:8.1f} ms   {measured['tokens_per_s']:8.1f} tokens/s"
                )
    for clients in CLIENTS:
        added = figures["gateway"][clients]["ttft_p50_ms"] - figures["direct"][clients]["ttft_p50_ms"]
        share = figures["gateway"][clients]["tokens_per_s"] / figures["direct"][clients]["tokens_per_s"]
        print(f"gateway - direct at {clients} clients: {added:+.1f} ms to the first token; tokens/s {share:.2f} x")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
