"""Search over HTTP: p50, p99 and requests/s at 1 and 16 clients, beside the same gateway's /healthz: what HTTP and Ray Serve cost alone.

Run: .venv/bin/python -m tests.bench.search [--chunks 2000] [--seconds 8]. Ends with one JSON line.
"""

import argparse
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from rag.catalog.schema import open_catalog
from rag.load_embedder import load_embedder
from rag.retriever import Retriever
from tests import service as instances
from tests.bench.shares import shares
from tests.service import Service, add

CLIENTS = (1, 16)
SENTENCES = 7  # of a paragraph, which then fills a chunk
DOCUMENT_CHUNKS = 250  # embedded in some ten seconds
WORDS = [
    "invoice",
    "lamp",
    "harbour",
    "garden",
    "winter",
    "contract",
    "pump",
    "valve",
    "leave",
    "travel",
    "safety",
    "battery",
    "cable",
    "roof",
    "window",
    "salary",
    "meeting",
]


def corpus(chunks: int, seed: int = 7) -> bytes:
    """Random English sentences that make about `chunks` chunks."""
    rng = random.Random(seed)
    paragraphs = (
        " ".join(f"The {' '.join(rng.sample(WORDS, 6))} number {rng.randrange(10**6)} is ready." for _ in range(SENTENCES))
        for _ in range(chunks)
    )
    return "\n\n".join(paragraphs).encode()


def load(
    clients: int, seconds: float, request: Callable[[httpx.Client, random.Random], httpx.Response], connect: Callable[[], httpx.Client]
) -> dict[str, float]:
    """`clients` threads, each with what `connect` gives, send the next request when the last is answered. Milliseconds and requests/s."""
    times: list[float] = []
    stop = time.monotonic() + seconds

    def work(seed: int) -> None:
        rng = random.Random(seed)
        with connect() as client:
            while time.monotonic() < stop:
                began = time.perf_counter()
                response = request(client, rng)
                response.raise_for_status()
                times.append(1000 * (time.perf_counter() - began))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cut = statistics.quantiles(times, n=100)
    return {"p50_ms": round(cut[49], 2), "p99_ms": round(cut[98], 2), "requests_per_s": round(len(times) / (time.monotonic() - began), 1)}


def search(client: httpx.Client, rng: random.Random) -> httpx.Response:
    return client.post("/v1/search", json={"question": f"When is the {rng.choice(WORDS)} {rng.choice(WORDS)} ready?"})


def health(client: httpx.Client, _: random.Random) -> httpx.Response:
    return client.get("/healthz")


def steps(service: Service, requests: int = 200) -> dict[str, float]:
    """Mean milliseconds of one search by step, as the service itself reports them, and what HTTP and the hops add."""
    totals: dict[str, float] = {}
    with service.client() as client:
        rng = random.Random(1)
        for _ in range(requests):
            began = time.perf_counter()
            timings = search(client, rng).json()["timings_ms"]
            timings["client"] = 1000 * (time.perf_counter() - began)
            for name, value in timings.items():
                totals[name] = totals.get(name, 0) + value / requests
    return {name: round(value, 2) for name, value in totals.items()}


def libraries(data: Path, searches: int = 300) -> dict[str, float]:
    """The share of each library in retrieval alone, in this process, over the catalog that the service filled."""
    retriever = Retriever(open_catalog(f"sqlite:///{data / 'catalog.sqlite'}"), load_embedder())
    retriever.follow()
    rng = random.Random(1)

    def work() -> None:
        for _ in range(searches):
            retriever.search(f"When is the {rng.choice(WORDS)} {rng.choice(WORDS)} ready?", visible=None)

    work()  # warm
    return shares(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        service = instances.start(Path(folder) / "data")
        try:
            with service.client() as client:
                for part in range(0, options.chunks, DOCUMENT_CHUNKS):
                    document = add(client, f"corpus-{part}.txt", corpus(min(DOCUMENT_CHUNKS, options.chunks - part), seed=part))
                    assert document["status"] == "ready", document
            load(4, 2, search, service.client)  # warm
            result = {
                name: {clients: load(clients, options.seconds, request, service.client) for clients in CLIENTS}
                for name, request in {"healthz": health, "search": search}.items()
            }
            parts = steps(service)
        finally:
            service.stop()
        by_library = libraries(service.data)
    for clients in CLIENTS:
        for name, figures in result.items():
            row = figures[clients]
            print(
                f"{name:8} {clients:3} clients   p50 {row['p50_ms']:8.2f} ms   p99 {row['p99_ms']:8.2f} ms   {row['requests_per_s']:8.1f}/s"
            )
        ratio = result["search"][clients]["p50_ms"] / result["healthz"][clients]["p50_ms"]
        print(f"search / healthz at {clients} clients: {ratio:.1f} x")
    print("one search by step, ms:", parts)
    print("retrieval alone, share of each library:", by_library)
    print(json.dumps({"chunks": options.chunks, **result, "steps_ms": parts, "libraries": by_library}))


if __name__ == "__main__":
    main()
