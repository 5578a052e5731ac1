"""What the tests do over and over: upload some bytes, ingest them, look at what is shown."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine

from rag.blobs import BlobStore
from rag.catalog import commit, documents, feed
from rag.catalog.documents import Document
from rag.records import Chunk, EmbedderStamp, Page

STAMP = EmbedderStamp("tiny", 4, "query: ", "passage: ")


def embedded(text: str, page: int = 1, language: str = "en", context: str = "") -> commit.EmbeddedChunk:
    """A chunk whose arrays are made of its text's length."""
    size = len(text)
    return commit.EmbeddedChunk(
        Chunk(page, 0, size, text, language, context),
        np.full(4, size, np.float16),
        np.arange(size, dtype=np.int32),
    )


def load_content(engine: Engine, content_id: int) -> list[feed.IndexedChunk]:
    """The chunks of a content; none when it is gone."""
    return [chunk for _, chunks in feed.load_contents(engine, feed.sizes(engine, [content_id])) for chunk in chunks]


@dataclass(frozen=True)
class Desk:
    """One catalog with its blobs."""

    engine: Engine
    blobs: BlobStore

    def upload(self, name: str, data: bytes, collection: str = "default", media_type: str = "text/plain") -> Document:
        staged = self.blobs.stage()
        try:
            staged.write(data)
            staged.finish()
            return documents.register(self.engine, self.blobs, staged, collection=collection, name=name, media_type=media_type)
        finally:
            staged.discard()

    def commit(
        self, document: Document, attempt: int, texts: Iterable[str], *, language: str = "en", stamp: EmbedderStamp = STAMP
    ) -> int | None:
        texts = list(texts)
        return commit.commit(
            self.engine,
            document.id,
            attempt,
            pages=[Page(number, text) for number, text in enumerate(texts, 1)],
            chunks=[embedded(text, number, language) for number, text in enumerate(texts, 1)],
            language=language,
            embedder=stamp,
        )

    def ingest(self, document: Document, *texts: str, language: str = "en", stamp: EmbedderStamp = STAMP) -> int | None:
        attempt = documents.start_attempt(self.engine, document.id)
        return None if attempt is None else self.commit(document, attempt, texts or ["some text"], language=language, stamp=stamp)

    def get(self, document: Document) -> Document:
        return documents.get(self.engine, document.id, None)

    def delete(self, document: Document) -> int:
        return documents.delete(self.engine, self.blobs, document.id, None)

    def names(self) -> list[tuple[str, str]]:
        """Name and status of every document, newest first."""
        return [(document.name, document.status.value) for document in documents.list_documents(self.engine, None)[0]]

    def texts(self) -> list[str]:
        """The text of every chunk that a follower would index."""
        return [chunk.text for _, content in feed.live_contents(self.engine) for chunk in load_content(self.engine, content)]

    def stored(self) -> int:
        """How many blobs lie in the store."""
        return sum(1 for path in self.blobs.root.glob("??/*"))
