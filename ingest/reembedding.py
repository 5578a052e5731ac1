"""Vectors of another embedder for all that is in the catalog, beside those in use; `rag.catalog.reembedding` switches to them."""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Engine

from ingest.context import Headings
from ingest.outage import when_available
from ingest.pipeline import Piece, cut, embed_all
from ingest.spool import Spool
from rag.catalog.commit import EmbeddedChunk
from rag.catalog.reembedding import finish, put_beside, stored_pages, without_vectors
from rag.embedder import PassageEmbedder


def reembed(engine: Engine, embedder: PassageEmbedder, collections: Sequence[str], done: Callable[[], None]) -> list[str]:
    """Embed these collections, else all, and what comes meanwhile; `done` is called after each content. What is made already is kept.

    Returns the collections that the next start with this embedder switches. Raises InvalidInput when there is no such collection, NotYet
    when the disk is full; while the catalog is away it waits.
    """
    while missing := when_available(partial(without_vectors, engine, embedder.stamp, collections)):
        for content_id in missing:
            when_available(partial(reembed_content, engine, embedder, content_id))
            done()
    return when_available(partial(finish, engine, embedder.stamp, collections))


def reembed_content(engine: Engine, embedder: PassageEmbedder, content_id: int) -> None:
    """Cut the pages of a content by the embedder's tokens, as ingest did by another's, and embed the chunks."""
    headings = Headings()
    pieces, embedded = Spool[Piece](), Spool[EmbeddedChunk]()
    with stored_pages(engine, content_id) as (language, pages):
        for page in pages:
            for piece in cut(page, headings, embedder):
                pieces.append(piece)
    for chunk in embed_all(pieces, language, embedder):
        embedded.append(chunk)
    put_beside(engine, content_id, embedded, embedder.stamp)
