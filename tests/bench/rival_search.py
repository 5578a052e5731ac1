"""Search over HTTP beside txtai's API in one run: p50 and p99 at 1 client, requests/s at 16, for the same texts, questions and clients.

The texts are chunks of random sentences of the samples, in eight languages alike; the questions are those of the samples; each answer holds
five passages with their text. One server runs at a time:
- txtai: uvicorn with `txtai.api:app`, one process, a hybrid index (dense and BM25) with content, and Glossa's static model;
- static: `glossa up --embedder static`, the same model and the same vectors;
- encoder: `glossa up`. The questions are encoded, but the vectors of the chunks are random, as the encoder would take minutes for them and
  what a search costs depends on their length only.
Glossa also tells the question's language, compares tokens and sounds, asks for a key and reads the text from the durable catalog.
Needs: .venv/bin/pip install -e ".[rivals]".
Run: .venv/bin/python -m tests.bench.rival_search [--texts 20000] [--seconds 8]. Ends with one JSON line.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import httpx
import yaml

from rag.load_embedder import STATIC, STATIC_MODEL, load_embedder
from serving.instance import ports
from tests import service as instances
from tests.bench.index import Document, documents, fill, questions, random_vectors
from tests.bench.search import CLIENTS, load

ADDED_AT_ONCE = 1000  # texts in a request to txtai
INDEX_SECONDS = 600
WARM_SECONDS = 3
K = 5
INSTALL = 'txtai\'s API is not installed; install it with: .venv/bin/pip install -e ".[rivals]"'
CONFIGURATION = {
    "writable": True,  # the index is made over HTTP
    "embeddings": {"path": str(STATIC_MODEL), "method": "sentence-transformers", "hybrid": True, "content": True},
}
# At 20,000 texts: requests/s at 16 clients and p50 at one against txtai's, and milliseconds that the encoder adds at one client.
LEAST_RATE, MOST_P50, MOST_ENCODER_MS = 1.0, 1.5, 15.0

Figures = dict[int, dict[str, float]]  # by clients


def wait_until_up(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Return when something answers there. Raises SystemExit with the end of the log when the process ended or takes too long."""
    deadline = time.monotonic() + instances.START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{url}/count")
            return
        time.sleep(0.2)
    process.kill()
    raise SystemExit(f"txtai did not start:\n{log.read_text()[-4000:]}")


@contextlib.contextmanager
def txtai(folder: Path, texts: Sequence[str]) -> Iterator[Callable[[], httpx.Client]]:
    """txtai's API with an index of these texts; gives what connects to it."""
    configuration, log, url = folder / "txtai.yml", folder / "txtai.log", f"http://127.0.0.1:{ports.free()}"
    configuration.write_text(yaml.safe_dump(CONFIGURATION))
    command = [sys.executable, "-m", "uvicorn", "txtai.api:app", "--port", url.rpartition(":")[2], "--no-access-log"]
    environment = os.environ | {"CONFIG": str(configuration), "HF_HUB_OFFLINE": "1"}
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment)
    connect = partial(httpx.Client, base_url=url, timeout=INDEX_SECONDS)
    try:
        wait_until_up(process, url, log)
        with connect() as client:
            for first in range(0, len(texts), ADDED_AT_ONCE):
                rows = [{"id": str(at), "text": texts[at]} for at in range(first, min(first + ADDED_AT_ONCE, len(texts)))]
                client.post("/add", json=rows).raise_for_status()
            client.get("/index").raise_for_status()
            assert client.get("/count").json() == len(texts)
        yield connect
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def glossa(folder: Path, made: Sequence[Document], embedder: str | None) -> Iterator[Callable[[], httpx.Client]]:
    """Glossa over a catalog of these documents, with the static model or the encoder; gives what connects to it."""
    model, data = load_embedder(embedder), folder / (embedder or "encoder")
    data.mkdir()
    fill(data, made, model.stamp, model.encode_passages if embedder else random_vectors(model.dimension))
    service = instances.start(data, *(("--embedder", embedder) if embedder else ()))
    try:
        yield service.client
    finally:
        service.stop()


def ask_txtai(question: str, client: httpx.Client) -> httpx.Response:
    return client.get("/search", params={"query": question, "limit": K})


def ask_glossa(question: str, client: httpx.Client) -> httpx.Response:
    return client.post("/v1/search", json={"question": question, "k": K})


def measure(connect: Callable[[], httpx.Client], ask: Callable[[str, httpx.Client], httpx.Response], seconds: float) -> Figures:
    """Ask the samples' questions in any order, first with one client."""
    asked = questions()

    def request(client: httpx.Client, rng: random.Random) -> httpx.Response:
        return ask(rng.choice(asked), client)

    with connect() as client:
        for question in asked[:20]:
            found = ask(question, client).raise_for_status().json()
            assert len(found["passages"] if isinstance(found, dict) else found) == K, found
    load(4, WARM_SECONDS, request, connect)
    return {clients: load(clients, seconds, request, connect) for clients in CLIENTS}


def ratios(txtai: Figures, static: Figures, encoder: Figures) -> dict[str, float]:
    """What the goals are about."""
    most = CLIENTS[-1]
    return {
        "static_rate_to_txtai": round(static[most]["requests_per_s"] / txtai[most]["requests_per_s"], 2),
        "static_p50_to_txtai": round(static[1]["p50_ms"] / txtai[1]["p50_ms"], 2),
        "encoder_more_ms": round(encoder[1]["p50_ms"] - static[1]["p50_ms"], 2),
    }


def report(results: dict[str, Figures], compared: dict[str, float]) -> None:
    for name, figures in results.items():
        for clients, row in figures.items():
            print(
                f"{name:8} {clients:3} clients   p50 {row['p50_ms']:8.2f} ms   p99 {row['p99_ms']:8.2f} ms   {row['requests_per_s']:8.1f}/s"
            )
    rate, p50, more = compared["static_rate_to_txtai"], compared["static_p50_to_txtai"], compared["encoder_more_ms"]
    print(f"requests/s at {CLIENTS[-1]} clients, static to txtai: {rate:.2f} x (goal: at least {LEAST_RATE})")
    print(f"p50 at 1 client, static to txtai: {p50:.2f} x (goal: at most {MOST_P50})")
    print(f"p50 at 1 client, the encoder over static: {more:.1f} ms more (goal: at most {MOST_ENCODER_MS:.0f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    if not all(importlib.util.find_spec(name) for name in ("txtai", "fastapi_mcp")):
        raise SystemExit(INSTALL)
    made = list(documents(options.texts, load_embedder(STATIC)))
    texts = [piece.chunk.text for document in made for piece in document.pieces]
    results: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with txtai(folder, texts) as connect:
            results["txtai"] = measure(connect, ask_txtai, options.seconds)
        for name, embedder in (("static", STATIC), ("encoder", None)):
            with glossa(folder, made, embedder) as connect:
                results[name] = measure(connect, ask_glossa, options.seconds)
    compared = ratios(**results)
    report(results, compared)
    print(json.dumps({"texts": len(texts), **results, **compared}))


if __name__ == "__main__":
    main()
