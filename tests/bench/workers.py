"""Two ingest workers against one on the same catalog, with nothing else beside them: documents/s, and their ratio.

Run: .venv/bin/python -m tests.bench.workers [--documents 40]. `tests.bench.uploads` has the same within the whole service, where on two
cores the workers share them with the gateway and the index. The static model embeds: with the encoder, which is most of the work then, two
workers have little to get in each other's way with. Ends with one JSON line.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

from ingest.pipeline import ingest
from ingest.sandbox import Sandbox
from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.schema import migrate, open_catalog
from rag.load_embedder import STATIC, load_embedder
from tests.bench.uploads import TEXT


def work(folder: Path, worker: int, count: int, start: Barrier) -> None:
    """Ingest a document to warm up, wait for the others, then `count` more."""
    engine, blobs, embedder, sandbox = (
        open_catalog(f"sqlite:///{folder}/catalog.sqlite"),
        BlobStore(folder / "blobs"),
        load_embedder(STATIC),
        Sandbox(),
    )
    for number in range(count + 1):
        staged = blobs.stage()
        staged.write(f"{worker} {number} ".encode() + TEXT)
        staged.finish()
        name = f"{worker}-{number}.txt"
        row = documents.register(engine, blobs, staged, collection="default", name=name, media_type="text/plain")
        ingest(row, engine=engine, blobs=blobs, embedder=embedder, sandbox=sandbox)
        if number == 0:
            start.wait()
    sandbox.close()


def rate(workers: int, count: int) -> float:
    """Documents a second by so many worker processes, `count` each."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        migrate(open_catalog(f"sqlite:///{folder}/catalog.sqlite"))
        spawn = multiprocessing.get_context("spawn")
        start = spawn.Barrier(workers + 1)
        processes = [spawn.Process(target=work, args=(folder, worker, count, start)) for worker in range(workers)]
        for process in processes:
            process.start()
        start.wait()
        began = time.perf_counter()
        for process in processes:
            process.join()
        return workers * count / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=40)
    options = parser.parse_args()
    rates: dict[int, list[float]] = {1: [], 2: []}
    for workers in (1, 2, 1, 2):
        rates[workers].append(rate(workers, options.documents))
        print(f"{workers} worker(s): {rates[workers][-1]:.2f} documents/s of {len(TEXT) // 1000} KB", flush=True)
    ratio = sum(rates[2]) / sum(rates[1])
    print(f"two against one: {ratio:.2f} x")
    print(json.dumps({"documents_per_s": rates, "ratio": round(ratio, 3)}))


if __name__ == "__main__":
    main()
