"""The whole way of one document into the catalog: parse, detect the language, chunk, embed, commit."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from sqlalchemy import Engine

from ingest.formats import parse
from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.commit import EmbeddedChunk, commit
from rag.catalog.documents import Document
from rag.chunker import ChunkSpan, chunk_page
from rag.embedder import Embedder
from rag.errors import NotYet, RagError, Unreadable
from rag.languages import LANGUAGES, UNKNOWN, detect_document_language, detect_language
from rag.records import Chunk, Page, Status
from rag.sentences import sentence_spans

log = logging.getLogger(__name__)
BATCH = 256  # chunks embedded at once: enough to keep the encoder busy, small enough to show progress
SAMPLE_CHARACTERS = 20_000  # langdetect needs far less to be sure
EMBEDDING_STARTS_AT = 0.5  # of the progress shown; parsing and embedding take about as long


def ingest(document: Document, *, engine: Engine, blobs: BlobStore, embedder: Embedder) -> None:
    """Bring one document to `ready`, or to `failed` with a sentence. Never raises for what the document contains."""
    attempt = documents.start_attempt(engine, document.id)
    if attempt is None:
        return  # deleted or finished meanwhile
    try:
        run(document, attempt, engine=engine, blobs=blobs, embedder=embedder)
    except NotYet:
        log.warning("ingest of %s waits: the catalog or the disk is not available", document.id, exc_info=True)  # still queued: tried again
    except RagError as error:
        documents.fail(engine, document.id, attempt, str(error))
    except Exception as error:  # a parser's bug on one file must not leave it 'parsing' for ever; the log keeps the trace
        log.exception("ingest of %s failed unexpectedly", document.id)
        documents.fail(
            engine, document.id, attempt, f"Reading the file failed unexpectedly ({type(error).__name__}); please report it with the file."
        )


def run(document: Document, attempt: int, *, engine: Engine, blobs: BlobStore, embedder: Embedder) -> None:
    """The steps. Raises RagError with the reason when the document cannot be read or embedded."""
    pages = list(parse(blobs.path(document.sha256), document.media_type))
    language = detect_document_language(sample(pages))
    if not documents.set_progress(engine, document.id, attempt, Status.EMBEDDING, EMBEDDING_STARTS_AT):
        return  # deleted meanwhile, or another attempt has taken over
    pieces = [piece for page in pages for piece in cut(page, embedder, language)]
    if not pieces:
        raise Unreadable("The document holds no text; if it is a scan, run text recognition (OCR) on it first.")
    embedded: list[EmbeddedChunk] = []
    for start in range(0, len(pieces), BATCH):
        embedded += embed(pieces[start : start + BATCH], embedder)
        share = EMBEDDING_STARTS_AT + (1 - EMBEDDING_STARTS_AT) * len(embedded) / len(pieces)
        documents.set_progress(engine, document.id, attempt, Status.EMBEDDING, min(share, 0.99))
    commit(engine, document.id, attempt, pages=pages, chunks=embedded, language=language, embedder=embedder.stamp)
    documents.remove_dropped_blobs(engine, blobs)


def sample(pages: Sequence[Page]) -> str:
    """Text from the first pages, and from the middle where covers and forewords are over, to tell the document's language by."""
    halves = ("\n".join(page.text for page in pages[start:])[: SAMPLE_CHARACTERS // 2] for start in {0, len(pages) // 2})
    return "\n".join(halves)


Piece = tuple[Chunk, list[str], np.ndarray]  # the chunk, its windows' texts, its token ids (t,)


def cut(page: Page, embedder: Embedder, document_language: str) -> Iterator[Piece]:
    """The chunks of one page, by tokens of the embedder's own tokenizer, which runs over the page once.

    Each chunk's language is its own, but for a document outside the eight, whose chunks would be taken for one of them.
    """
    outside = document_language not in (*LANGUAGES, UNKNOWN)
    tokens = embedder.tokenize(page.text)
    page_language = detect_language(page.text)
    spans: Sequence[ChunkSpan] = chunk_page(page.text, tokens.offsets, sentence_spans(page.text, page_language))
    for span in spans:
        text = page.text[span.start : span.end]
        windows = [page.text[start:end] for start, end in span.windows] if embedder.token_vectors is not None else []
        yield (
            Chunk(page.number, span.start, span.end, text, document_language if outside else detect_language(text)),
            windows,
            tokens.ids[span.first_token : span.last_token],
        )


def embed(pieces: Sequence[Piece], embedder: Embedder) -> list[EmbeddedChunk]:
    """Vectors of chunks and of their windows, in one call of the encoder."""
    texts = [chunk.text for chunk, _, _ in pieces] + [window for _, windows, _ in pieces for window in windows]
    vectors = embedder.encode_passages(texts).astype(np.float16)
    embedded, following = [], len(pieces)
    for index, (chunk, windows, tokens) in enumerate(pieces):
        embedded.append(EmbeddedChunk(chunk, vectors[index], vectors[following : following + len(windows)], tokens))
        following += len(windows)
    return embedded
