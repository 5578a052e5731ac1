"""Uploads: how soon they are acknowledged, how soon a ready document is found, and how much two ingest workers do against one.

The static model embeds unless you name another, so that it is the service that is measured.
Run: .venv/bin/python -m tests.bench.uploads [--seconds 8] [--files 200] [--embedder static]. Ends with one JSON line.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path

import httpx

from rag.load_embedder import STATIC
from tests import service as instances
from tests.bench.search import corpus
from tests.service import Service, add, search

CLIENTS = 8
BYTES = 100_000
VISIBLE = 40  # documents whose way to search is timed
TEXT = corpus(400)[:BYTES]  # some 240 chunks


def acknowledged(service: Service, seconds: float, clients: int) -> list[float]:
    """Milliseconds of each upload of BYTES by so many clients at a time, while what came before is being ingested; sorted."""
    times: list[float] = []
    stop = time.monotonic() + seconds

    def work(client_number: int) -> None:
        number = 0
        with service.client() as client:
            while time.monotonic() < stop:
                number += 1
                content = f"{clients} {client_number} {number} ".encode() + TEXT
                began = time.perf_counter()
                response = client.post("/v1/documents", files=[("files", (f"{clients}-{client_number}-{number}.txt", content))])
                times.append(1000 * (time.perf_counter() - began))
                response.raise_for_status()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(times)


def visible(client: httpx.Client) -> list[float]:
    """Milliseconds from the first sight of `ready` until a search finds the document."""
    times = []
    for number in range(VISIBLE):
        add(client, f"visible-{number}.txt", f"Locker {number} belongs to employee {7919 * number + 1}.".encode(), "visible")
        began = time.perf_counter()
        question = f"employee {7919 * number + 1}"
        while not any(f"visible-{number}.txt" == passage["name"] for passage in search(client, question, collections=["visible"])):
            time.sleep(0.005)
        times.append(1000 * (time.perf_counter() - began))
    return times


def drained(service: Service, files: int) -> float:
    """Documents a second, from the first upload until the last is ready."""
    with service.client() as client:
        began = time.perf_counter()
        for number in range(files):
            name = f"{files}-{number}"  # not that of a document of the warm-up, which would be ready at once
            client.post("/v1/documents", files=[("files", (f"{name}.txt", name.encode() + TEXT))]).raise_for_status()
        while any(client.get("/v1/status").json()["documents"].get(status) for status in ("queued", "parsing", "embedding")):
            time.sleep(0.05)
        return files / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--embedder", default=STATIC, help="'' is the encoder")
    options = parser.parse_args()
    rates = {}
    with tempfile.TemporaryDirectory() as temporary:
        for workers in (1, 2):
            named = ("--embedder", options.embedder) if options.embedder else ()
            service = instances.start(Path(temporary) / f"data-{workers}", "--ingest-workers", str(workers), *named)
            try:
                if workers == 2:
                    with service.client() as client:
                        found = sorted(visible(client))
                drained(service, 10)  # warm
                rates[workers] = drained(service, options.files)
                if workers == 2:
                    alone = acknowledged(service, options.seconds, 1)
                    acks = acknowledged(service, options.seconds, CLIENTS)
            finally:
                service.stop()
    p50, p99 = statistics.median(acks), acks[int(0.99 * len(acks))]
    print(f"acknowledged, {BYTES // 1000} KB, {CLIENTS} clients: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {len(acks)} uploads")
    print(f"one client alone: p50 {statistics.median(alone):.1f} ms")
    print(f"ready to found: p50 {statistics.median(found):.0f} ms, worst of {VISIBLE} {found[-1]:.0f} ms")
    print(f"documents/s: 1 worker {rates[1]:.1f}, 2 workers {rates[2]:.1f}: {rates[2] / rates[1]:.2f} x")
    print(
        json.dumps(
            {
                "ack_p50_ms": p50,
                "ack_alone_p50_ms": statistics.median(alone),
                "ack_p99_ms": p99,
                "visible_worst_ms": found[-1],
                "documents_per_s": rates,
            }
        )
    )


if __name__ == "__main__":
    main()
