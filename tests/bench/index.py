"""What a retrieval replica costs as its index grows: time to load it, memory a chunk, and a search (p50, p99), in a process of its own.

The text is random sentences of the samples, in eight languages alike; questions are those of the samples. The vectors of the chunks are
random, as what a search costs depends on their length only and the encoder would take minutes for them. Memory is what the process grows
by (RSS), without what it needs however small the index: models and dictionaries. Of the largest index it is also given by part, each built
alone in a process of its own. Goal: at most 3 KiB a chunk at 100,000 chunks with the encoder.
Run: .venv/bin/python -m tests.bench.index [--chunks 2000 20000 100000] [--embedder static]. Ends with one JSON line.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import psutil
from numpy.typing import NDArray

from ingest.context import Headings
from ingest.formats import parse
from ingest.magic import sniff
from ingest.pipeline import Piece, cut
from rag.analyzers import analyze
from rag.blobs import BlobStore
from rag.catalog.commit import EmbeddedChunk, commit
from rag.catalog.documents import register, start_attempt
from rag.catalog.feed import IndexedChunk, live_contents, load_contents, sizes
from rag.catalog.schema import migrate, open_catalog
from rag.embedder import Embedder, PassageEmbedder, normalised
from rag.errors import RagError
from rag.languages import detect_document_language
from rag.load_embedder import load_embedder
from rag.records import EmbedderStamp, Page
from rag.retriever import BATCH_CHUNKS, Retriever
from rag.sentences import sentence_spans
from rag.shard import Shard
from serving.retrieval.deployment import give_back_memory, warm_up

SAMPLES = Path(__file__).parents[2] / "samples"
SENTENCES = 40  # of a page
CHUNKS = 50  # of a document
REPEAT = 3  # times that the questions are asked
Encode = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Document:
    """What is stored of a document whose language is known."""

    name: str
    language: str
    pages: list[Page]
    pieces: list[Piece]


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


def questions() -> list[str]:
    """Those of the samples."""
    return [json.loads(line)["question"] for line in (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def documents(chunks: int, embedder: PassageEmbedder) -> Iterator[Document]:
    """About `chunks` chunks in documents of CHUNKS, in eight languages in turn; `embedder` counts the tokens that they are cut by."""
    rng, by_language = random.Random(7), sentences()
    held = number = 0
    while held < chunks:
        number += 1
        language = sorted(by_language)[number % len(by_language)]
        headings, pages, pieces = Headings(), [], []
        while len(pieces) < min(CHUNKS, chunks - held):
            text = " ".join(f"{rng.choice(by_language[language])} ({rng.randrange(10**6)})" for _ in range(SENTENCES))
            pages.append(Page(len(pages) + 1, text))
            pieces += cut(pages[-1], headings, embedder)
        yield Document(f"{number}.txt", language, pages, pieces)
        held += len(pieces)


def random_vectors(dimension: int) -> Encode:
    """An encoder that gives unit vectors of any direction: what a search costs depends on their length only."""
    rng = np.random.default_rng(7)
    return lambda texts: normalised(rng.standard_normal((len(texts), dimension)))


def fill(folder: Path, made: Iterable[Document], stamp: EmbedderStamp, encode: Encode) -> None:
    """A catalog of these documents, with the vectors that `encode` makes of their chunks' texts and the stamp of that embedder."""
    engine, blobs = open_catalog(f"sqlite:///{folder}/catalog.sqlite"), BlobStore(folder / "blobs")
    migrate(engine)
    for document in made:
        staged = blobs.stage()
        staged.write(document.name.encode())
        staged.finish()
        row = register(engine, blobs, staged, collection="default", name=document.name, media_type="text/plain")
        attempt = start_attempt(engine, row.id) or 0
        vectors = encode([piece.chunk.contextual for piece in document.pieces]).astype(np.float16)
        chunks = [EmbeddedChunk(piece.chunk, vector, piece.tokens) for piece, vector in zip(document.pieces, vectors, strict=True)]
        commit(engine, row.id, attempt, pages=document.pages, chunks=chunks, language=document.language, embedder=stamp)


def add_words(shard: Shard, chunks: Sequence[IndexedChunk]) -> None:
    """BM25 over words, without sounds."""
    with patch("rag.lexical.sounds", lambda text, language: []):
        shard.change_lexical(chunks, [])


# What is built to measure a part of the index, and what is built without it.
PARTS: dict[str, tuple[Callable[[Shard, Sequence[IndexedChunk]], None], str]] = {
    "nothing": (lambda shard, chunks: None, ""),
    "dense": (lambda shard, chunks: shard.dense.add(chunks), "nothing"),
    "tokens": (lambda shard, chunks: shard.add_dense(chunks), "dense"),
    "words": (add_words, "nothing"),
    "sounds": (lambda shard, chunks: shard.change_lexical(chunks, []), "words"),
}


def resident() -> int:
    """Bytes of this process, after what it does not use is given back."""
    give_back_memory()
    return int(psutil.Process().memory_info().rss)


def grown_by(retriever: Retriever, part: str) -> int:
    """Bytes that this process grows by when it builds a part of the index, batch by batch as `Retriever.follow` does."""
    build = PARTS[part][0]
    before = resident()
    waiting: dict[str, list[IndexedChunk]] = defaultdict(list)
    held = sizes(retriever.engine, [content_id for _, content_id in live_contents(retriever.engine)])
    for at, (_, loaded) in enumerate(load_contents(retriever.engine, held), 1):
        for chunk in loaded:
            waiting[chunk.language].append(chunk)
        if at == len(held) or sum(map(len, waiting.values())) >= BATCH_CHUNKS:
            for language, chunks in waiting.items():
                build(retriever._shard(("default", language)), chunks)
            waiting.clear()
    return resident() - before


def measure(retriever: Retriever) -> dict[str, float]:
    """Load the index, then ask."""
    before, began = resident(), time.perf_counter()
    retriever.follow()
    seconds, grown = time.perf_counter() - began, resident() - before
    chunks = sum(len(ids) for content in retriever._contents.values() for ids in content.values())
    times = []
    for turn in range(REPEAT + 1):
        for question in questions():
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


def in_own_process(folder: Path, embedder: str | None, part: str = "") -> Any:
    """What `measure`, or `grown_by` for a part, returns there: with one thread for sums, as Ray gives a replica."""
    command = [sys.executable, "-m", "tests.bench.index", "--measure", str(folder), "--part", part, "--embedder", embedder or ""]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return json.loads(run.stdout)


def by_part(folder: Path, embedder: str | None, chunks: int) -> dict[str, float]:
    """KiB a chunk of each part of the index."""
    grown = {part: in_own_process(folder, embedder, part) for part in PARTS}
    return {part: round((grown[part] - grown[without]) / 1024 / chunks, 2) for part, (_, without) in PARTS.items() if without}


def ready(folder: Path, embedder: Embedder) -> Retriever:
    """A retriever of this catalog that is still empty, after loading what it needs however small the index."""
    retriever = Retriever(open_catalog(f"sqlite:///{folder}/catalog.sqlite"), embedder)
    warm_up(retriever)
    analyze("คำ", "th")  # its dictionary: 60 MB
    return retriever


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, nargs="+", default=[2000, 20_000, 100_000])
    parser.add_argument("--embedder", help="'static'; the encoder if not given")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--part", choices=["", *PARTS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    embedder = load_embedder(options.embedder or None)
    if options.measure:
        retriever = ready(options.measure, embedder)
        return print(json.dumps(grown_by(retriever, options.part) if options.part else measure(retriever)))
    results = []
    for chunks in options.chunks:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), documents(chunks, embedder), embedder.stamp, random_vectors(embedder.dimension))
            results.append(in_own_process(Path(folder), options.embedder))
            print("  ".join(f"{name} {value:,}" for name, value in results[-1].items()), flush=True)
            if chunks == options.chunks[-1]:
                results[-1]["parts_kib"] = by_part(Path(folder), options.embedder, results[-1]["chunks"])
    print(f"KiB a chunk by part, {embedder.dimension} dimensions:", results[-1]["parts_kib"])
    slower, larger = (results[-1][name] / results[0][name] for name in ("p50_ms", "chunks"))
    print(f"a search takes {slower:.1f} times as long, of {larger:.0f} times the chunks")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
