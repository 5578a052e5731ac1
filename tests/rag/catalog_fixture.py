"""What the retrieval tests do over and over: put a text into a real catalog the way ingest does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.commit import EmbeddedChunk, commit
from rag.catalog.schema import migrate, open_catalog
from rag.embedder import Embedder
from rag.records import Chunk, Page


@dataclass(frozen=True)
class Desk:
    """One catalog in a folder of its own, and the embedder of its collections."""

    engine: Engine
    blobs: BlobStore
    embedder: Embedder

    def add(self, name: str, *texts: str, language: str = "en", collection: str = "default", embedder: Embedder | None = None) -> str:
        """A document with one page and one chunk for each text; returns its id."""
        embedder = embedder or self.embedder
        staged = self.blobs.stage()
        staged.write("\f".join(texts).encode())
        staged.finish()
        document = documents.register(self.engine, self.blobs, staged, collection=collection, name=name, media_type="text/plain")
        staged.discard()
        attempt = documents.start_attempt(self.engine, document.id)
        assert attempt is not None
        commit(
            self.engine,
            document.id,
            attempt,
            pages=[Page(number, text) for number, text in enumerate(texts, 1)],
            chunks=embedded(texts, language, embedder),
            language=language,
            embedder=embedder.stamp,
        )
        return document.id

    def delete(self, document_id: str) -> None:
        documents.delete(self.engine, self.blobs, document_id, None)


def embedded(texts: Sequence[str], language: str, embedder: Embedder) -> list[EmbeddedChunk]:
    """A chunk without context for each text, on a page of its own."""
    vectors = embedder.encode_passages(texts).astype(np.float16)
    chunks = [Chunk(number, 0, len(text), text, language) for number, text in enumerate(texts, 1)]
    return [EmbeddedChunk(chunk, vector, embedder.tokenize(chunk.text).ids) for chunk, vector in zip(chunks, vectors, strict=True)]


def open_desk(folder: Path, embedder: Embedder) -> Desk:
    engine = open_catalog(f"sqlite:///{folder}/catalog.sqlite")
    migrate(engine)
    return Desk(engine, BlobStore(folder / "blobs"), embedder)
