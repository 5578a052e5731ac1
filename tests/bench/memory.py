"""Memory of one ingest worker and of its parser while a large file is ingested: peaks, over an empty worker's.

Run: .venv/bin/python -m tests.bench.memory [FILE...]. Without files: a PDF of 300 pages, and text of 38 million characters, which is near
the most that one document may have. The static model embeds unless you name another: the encoder would take most of an hour for the text.
Ends with one JSON line.
"""

import argparse
import json
import random
import tempfile
import threading
import time
from pathlib import Path

import fpdf
import psutil

from ingest.magic import sniff
from ingest.pipeline import ingest
from ingest.sandbox import Sandbox
from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.schema import migrate, open_catalog
from rag.load_embedder import STATIC, load_embedder
from tests.bench.search import corpus

LOOK_SECONDS = 0.02
PAGES, CHARACTERS = 300, 38_000_000
SAMPLE = Path(__file__).parents[2] / "samples" / "documents" / "handbook.md"


class Peak:
    """The most MiB that this process and that one of its children have held."""

    def __init__(self) -> None:
        self.worker = self.parser = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Look until stopped."""
        this = psutil.Process()
        while not self.stopped.wait(LOOK_SECONDS):
            self.worker = max(self.worker, this.memory_info().rss >> 20)
            for child in this.children(recursive=True):
                try:
                    self.parser = max(self.parser, child.memory_info().rss >> 20)
                except psutil.Error:
                    continue

    def stop(self) -> tuple[int, int]:
        """The peaks of the worker and of a parser."""
        self.stopped.set()
        self.thread.join()
        return self.worker, self.parser


def made(folder: Path) -> list[Path]:
    """The two files of the default run."""
    pdf = fpdf.FPDF()
    pdf.set_font("Helvetica", size=10)
    words = corpus(PAGES).decode().split()
    rng = random.Random(7)
    for _ in range(PAGES):
        pdf.add_page()
        pdf.multi_cell(0, 5, " ".join(rng.choices(words, k=500)))
    pdf.output(str(folder / "pages.pdf"))
    text = corpus(2000).decode()
    with (folder / "text.txt").open("w") as file:
        for part in range(CHARACTERS // len(text)):
            file.write(f"Part {part}. {text}\n\n")
    return [folder / "pages.pdf", folder / "text.txt"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--embedder", default=STATIC, help="'' is the encoder")
    options = parser.parse_args()
    report = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        engine, blobs = open_catalog(f"sqlite:///{folder}/catalog.sqlite"), BlobStore(folder / "blobs")
        embedder, sandbox = load_embedder(options.embedder or None), Sandbox()
        migrate(engine)
        for path in [SAMPLE, *(options.files or made(folder))]:
            staged = blobs.stage()
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    staged.write(block)
            staged.finish()
            row = documents.register(engine, blobs, staged, collection="c", name=path.name, media_type=sniff(path, path.name))
            peak, began = Peak(), time.perf_counter()
            ingest(row, engine=engine, blobs=blobs, embedder=embedder, sandbox=sandbox)
            (worker, parsing), done = peak.stop(), documents.get(engine, row.id, None)
            told = f"{done.status}, {done.error or f'{done.pages} pages'} in {time.perf_counter() - began:.0f} s"
            print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {told}; peak {worker} MiB, its parser {parsing} MiB", flush=True)
            report[path.name] = {"status": done.status, "worker_mib": worker, "parser_mib": parsing}
        sandbox.close()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
