"""Ingest of PDFs with a text layer beside LlamaIndex, Haystack and txtai: pages/s end to end, same files and model, one process each.

Each reads, splits into pieces of about 128 tokens, embeds and stores, as its own documentation shows: LlamaIndex, Haystack and txtai into
memory, with pypdf (txtai's own reader needs Java); Glossa into its durable catalog, with its languages, contexts and sandbox. The model is
Glossa's static one, which all of them can run; models are loaded and one file is read before the clock starts.
Needs: .venv/bin/pip install -e ".[rivals]".
Run: .venv/bin/python -m tests.bench.rivals [FOLDER...] [--copies 4]. Ends with one JSON line.
"""

import argparse
import contextlib
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from fpdf import FPDF

MODEL = Path(__file__).parents[2] / "rag" / "embedder_model"
SAMPLES = Path(__file__).parents[2] / "samples"
PAGES = 20  # of each generated PDF
Ingest = Callable[[Path], int]


def glossa(folder: Path) -> Ingest:
    """The product's own pipeline, as an ingest worker runs it."""
    from ingest.magic import sniff
    from ingest.pipeline import ingest
    from ingest.sandbox import Sandbox
    from rag.blobs import BlobStore
    from rag.catalog import documents
    from rag.catalog.schema import migrate, open_catalog
    from rag.load_embedder import STATIC, load_embedder

    engine, blobs = open_catalog(f"sqlite:///{folder}/catalog.sqlite"), BlobStore(folder / "blobs")
    migrate(engine)
    parts: dict[str, Any] = {"engine": engine, "blobs": blobs, "embedder": load_embedder(STATIC), "sandbox": Sandbox()}
    gc.freeze()

    def one(path: Path) -> int:
        staged = blobs.stage()
        staged.write(path.read_bytes())
        staged.finish()
        row = documents.register(engine, blobs, staged, collection="default", name=path.name, media_type=sniff(path, path.name))
        ingest(row, **parts)
        done = documents.get(engine, row.id, None)
        assert done.pages, done
        return done.pages

    return one


def llamaindex(folder: Path) -> Ingest:
    """A Document for each page, as its PDF reader makes them (it does not go with pypdf 7), SentenceSplitter, SimpleVectorStore.

    Its HuggingFaceEmbedding does not load static models.
    """
    import pypdf
    from llama_index.core import Document
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.vector_stores import SimpleVectorStore
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(str(MODEL))

    class Encoder(BaseEmbedding):
        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            vectors: list[list[float]] = encoder.encode(texts, batch_size=256, normalize_embeddings=True).tolist()
            return vectors

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        _get_query_embedding = _get_text_embedding

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

    splitter = SentenceSplitter(chunk_size=128, chunk_overlap=0)
    parts = [splitter, Encoder(embed_batch_size=256)]
    pipeline = IngestionPipeline(transformations=parts, vector_store=SimpleVectorStore())

    def one(path: Path) -> int:
        pages = [Document(text=page.extract_text()) for page in pypdf.PdfReader(path).pages]
        pipeline.run(documents=pages)
        return len(pages)

    return one


def haystack(folder: Path) -> Ingest:
    """PyPDFToDocument, DocumentSplitter, SentenceTransformersDocumentEmbedder, InMemoryDocumentStore."""
    from haystack import Pipeline
    from haystack.components.converters import PyPDFToDocument
    from haystack.components.preprocessors import DocumentSplitter
    from haystack.components.writers import DocumentWriter
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersDocumentEmbedder

    pipeline = Pipeline()
    embedder = SentenceTransformersDocumentEmbedder(model=str(MODEL), batch_size=256, progress_bar=False)
    parts = [PyPDFToDocument(), DocumentSplitter(split_by="word", split_length=96), embedder, DocumentWriter(InMemoryDocumentStore())]
    names = ["read", "split", "embed", "write"]
    for name, part in zip(names, parts, strict=True):
        pipeline.add_component(name, part)
    for before, after in pairwise(names):
        pipeline.connect(before, after)

    def one(path: Path) -> int:
        pipeline.run({"read": {"sources": [path]}})
        return page_count(path)

    return one


def txtai(folder: Path) -> Ingest:
    """pypdf, txtai's Segmentation by paragraphs, Embeddings with content."""
    import pypdf
    from txtai import Embeddings
    from txtai.pipeline import Segmentation

    split, embeddings = (
        Segmentation(paragraphs=True),
        Embeddings(path=str(MODEL), method="sentence-transformers", content=True),
    )
    number = 0

    def one(path: Path) -> int:
        nonlocal number
        texts = [page.extract_text() for page in pypdf.PdfReader(path).pages]
        pieces = [piece for text in texts for piece in split(text.replace(".\n", ".\n\n")) if piece]
        rows = [(number + index, piece) for index, piece in enumerate(pieces)]
        number += len(rows)
        embeddings.upsert(rows)
        return len(texts)

    return one


RIVALS: dict[str, Callable[[Path], Ingest]] = {"glossa": glossa, "llamaindex": llamaindex, "haystack": haystack, "txtai": txtai}


def page_count(path: Path) -> int:
    """Pages, by PDFium: quick beside what is measured."""
    import pypdfium2

    return len(pypdfium2.PdfDocument(path))


def generated(folder: Path, copies: int) -> list[Path]:
    """PDFs of PAGES pages in six languages from the samples' sources, all different, and the samples' own, two of them Thai and Hindi."""
    made = []
    for source in sorted((SAMPLES / "sources").glob("*.md")) + sorted((SAMPLES / "documents").glob("*.md")):
        text = source.read_text(encoding="utf-8").encode("latin-1", "ignore").decode("latin-1")
        if len(text) < 0.9 * len(source.read_text(encoding="utf-8")):
            continue  # another script, which this font lacks
        for copy in range(copies):
            pdf = FPDF()
            pdf.set_font("Helvetica", size=11)
            for page in range(PAGES):
                pdf.add_page()
                start = page * 1500 % max(1, len(text) - 1500)
                pdf.multi_cell(0, 6, f"{copy} {page} {text[start : start + 2500]}")
            made.append(folder / f"{source.stem}-{copy}.pdf")
            pdf.output(str(made[-1]))
    return made + sorted((SAMPLES / "documents").glob("*.pdf"))


def run(name: str, folder: Path) -> None:
    """Ingest the PDFs of a folder in this process and print pages and seconds."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    paths = sorted(folder.glob("*.pdf"))
    with tempfile.TemporaryDirectory() as temporary, contextlib.redirect_stdout(sys.stderr):
        ingest = RIVALS[name](Path(temporary))
        ingest(paths[0])
        began = time.perf_counter()
        pages = sum(ingest(path) for path in paths[1:])
        seconds = time.perf_counter() - began
    gc.unfreeze()
    print(json.dumps({"pages": pages, "seconds": seconds}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="PDFs with a text layer; default: generated ones and the samples")
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--only", choices=RIVALS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        return run(options.only, options.folders[0])
    rates = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = [path for given in options.folders for path in sorted(given.rglob("*.pdf"))] or generated(folder, options.copies)
        for path in paths:
            if path.parent != folder:
                shutil.copy(path, folder)
        for name in RIVALS:
            command = [sys.executable, "-m", "tests.bench.rivals", str(folder), "--only", name]
            said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
            rates[name] = said["pages"] / said["seconds"]
            print(f"{name:12} {said['pages']:6} pages {said['seconds']:8.1f} s {rates[name]:8.1f} pages/s", flush=True)
    best = max(rate for name, rate in rates.items() if name != "glossa")
    print(f"glossa against the best of the others: {rates['glossa'] / best:.2f} x")
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
