"""What a retrieval replica costs as its index grows: time to load it, memory a chunk, and a search (p50, p99), in a process of its own.

The text is random sentences of the samples, in eight languages alike; questions are those of the samples. The vectors of the chunks are
random, as what a search costs depends on their length only and the encoder would take minutes for them.
Run: .venv/bin/python -m tests.bench.index [--chunks 2000 20000]. Ends with one JSON line.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil

from ingest.context import Headings
from ingest.formats import parse, sniff
from ingest.pipeline import Piece, cut
from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.commit import EmbeddedChunk, commit
from rag.catalog.schema import migrate, open_catalog
from rag.embedder import load_embedder, normalised
from rag.errors import RagError
from rag.languages import detect_document_language
from rag.records import Page
from rag.retriever import Retriever
from rag.sentences import sentence_spans
from serving.retrieval import give_back_memory, warm_up

SAMPLES = Path(__file__).parents[2] / "samples"
SENTENCES = 40  # of a page
CHUNKS = 50  # of a document
REPEAT = 3  # times that the questions are asked


def sentences() -> dict[str, list[str]]:
    """Those of the samples, by language."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((SAMPLES / "documents").iterdir()):
        try:
            text = "\n".join(page.text for page in parse(path, sniff(path, path.name)))
        except RagError:  # a picture, where Tesseract is not installed
            continue
        language = detect_document_language(text)
        found[language] += [text[start:end] for start, end in sentence_spans(text, language)]
    return found


def embedded_at_random(pieces: Sequence[Piece], dimension: int, rng: np.random.Generator) -> list[EmbeddedChunk]:
    """The pieces with unit vectors of any direction."""
    vectors = normalised(rng.standard_normal((len(pieces), dimension))).astype(np.float16)
    return [EmbeddedChunk(piece.chunk, vector, piece.tokens) for piece, vector in zip(pieces, vectors, strict=True)]


def fill(folder: Path, chunks: int) -> None:
    """A catalog with about so many chunks."""
    engine, blobs = open_catalog(f"sqlite:///{folder}/catalog.sqlite"), BlobStore(folder / "blobs")
    embedder, rng, directions = load_embedder(), random.Random(7), np.random.default_rng(7)
    migrate(engine)
    by_language = sentences()
    held = number = 0
    while held < chunks:
        number += 1
        language = sorted(by_language)[number % len(by_language)]
        headings, pages, pieces = Headings(), [], []
        while len(pieces) < min(CHUNKS, chunks - held):
            text = " ".join(f"{rng.choice(by_language[language])} ({rng.randrange(10**6)})" for _ in range(SENTENCES))
            pages.append(Page(len(pages) + 1, text))
            pieces += cut(pages[-1], headings, embedder)
        staged = blobs.stage()
        staged.write(str(number).encode())
        staged.finish()
        row = documents.register(engine, blobs, staged, collection="default", name=f"{number}.txt", media_type="text/plain")
        attempt = documents.start_attempt(engine, row.id) or 0
        embedded = embedded_at_random(pieces, embedder.dimension, directions)
        commit(engine, row.id, attempt, pages=pages, chunks=embedded, language=language, embedder=embedder.stamp)
        held += len(embedded)


def measure(folder: Path) -> dict[str, float]:
    """Load the index of a catalog, then ask."""
    retriever = Retriever(open_catalog(f"sqlite:///{folder}/catalog.sqlite"), load_embedder())
    warm_up(retriever)
    give_back_memory()  # what loading and warming up needed for a moment
    this = psutil.Process()
    before, began = this.memory_info().rss, time.perf_counter()
    retriever.follow()
    give_back_memory()
    seconds, grown = time.perf_counter() - began, this.memory_info().rss - before
    chunks = sum(len(ids) for content in retriever._contents.values() for ids in content.values())
    questions = [json.loads(line)["question"] for line in (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    times = []
    for turn in range(REPEAT + 1):
        for question in questions:
            began = time.perf_counter()
            retriever.search(question, visible=None)
            if turn:  # the first is to warm up
                times.append(1000 * (time.perf_counter() - began))
    cuts = statistics.quantiles(times, n=100)
    return {
        "chunks": chunks,
        "load_s": round(seconds, 2),
        "chunks_per_s": round(chunks / seconds),
        "kib_per_chunk": round(grown / 1024 / chunks, 2),
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[2000, 20_000])
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return print(json.dumps(measure(options.measure)))
    results = []
    for chunks in options.chunks:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), chunks)
            command = [sys.executable, "-m", "tests.bench.index", "--measure", folder]
            results.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))
        print("  ".join(f"{name} {value:,}" for name, value in results[-1].items()), flush=True)
    slower, larger = (results[-1][name] / results[0][name] for name in ("p50_ms", "chunks"))
    print(f"a search takes {slower:.1f} times as long, of {larger:.0f} times the chunks")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
