"""The whole way of one document into the catalog: parse, detect the language, chunk, embed, commit."""

import logging
import time
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from sqlalchemy import Engine

from ingest.recognition import NoRecognition
from ingest.sandbox import ParserDied, Sandbox
from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.commit import EmbeddedChunk, commit
from rag.catalog.documents import Document
from rag.chunker import ChunkSpan, chunk_page
from rag.embedder import Embedder
from rag.errors import EmbedderMismatch, NotYet, RagError, Unreadable
from rag.languages import LANGUAGES, UNKNOWN, detect_document_language, detect_language
from rag.records import Chunk, Page, Status
from rag.sentences import sentence_spans

log = logging.getLogger(__name__)
BATCH = 256  # chunks embedded at once: enough to keep the encoder busy, small enough to show progress
SAMPLE_CHARACTERS = 20_000  # langdetect needs far less to be sure
EMBEDDING_STARTS_AT = 0.5  # of the progress shown; parsing and embedding take about as long
REPORT_SECONDS = 0.3  # between notes of progress: a person sees it as smooth, and the catalog has other things to write


def ingest(document: Document, *, engine: Engine, blobs: BlobStore, embedder: Embedder, sandbox: Sandbox) -> None:
    """Bring one document to `ready`, or to `failed` with a sentence. Never raises for what the document contains."""
    attempt = documents.start_attempt(engine, document.id)
    if attempt is None:
        return  # deleted or finished meanwhile
    try:
        run(document, attempt, engine=engine, blobs=blobs, embedder=embedder, sandbox=sandbox)
    except NotYet:
        log.warning("ingest of %s waits: the catalog or the disk is not available", document.id, exc_info=True)  # still queued: tried again
    except RagError as error:
        documents.fail(
            engine, document.id, attempt, str(error), retry_helps=isinstance(error, EmbedderMismatch | ParserDied | NoRecognition)
        )
    except Exception as error:  # a parser's bug on one file must not leave it 'parsing' for ever; the log keeps the trace
        log.exception("ingest of %s failed unexpectedly", document.id)
        reason = f"Reading the file failed unexpectedly ({type(error).__name__}); try again, and report it with the file if it stays so."
        documents.fail(engine, document.id, attempt, reason, retry_helps=True)


def run(document: Document, attempt: int, *, engine: Engine, blobs: BlobStore, embedder: Embedder, sandbox: Sandbox) -> None:
    """The steps, until the document is deleted, cancelled or taken over. Raises RagError when it cannot be read or embedded."""
    report = Report(engine, document.id, attempt)
    pages = []
    for page, total in sandbox.parse(blobs.path(document.sha256), document.media_type):
        pages.append(page)
        if not report.parsing(len(pages), total):
            return
    language = detect_document_language(sample(pages))
    if not report.embedding(0.0):
        return
    pieces = [piece for page in pages for piece in cut(page, embedder, language)]
    if not pieces:
        raise Unreadable("The document holds no text; if it is a scan, run text recognition (OCR) on it first.")
    embedded: list[EmbeddedChunk] = []
    for start in range(0, len(pieces), BATCH):
        embedded += embed(pieces[start : start + BATCH], embedder)
        if not report.embedding(len(embedded) / len(pieces)):
            return
    commit(engine, document.id, attempt, pages=pages, chunks=embedded, language=language, embedder=embedder.stamp)
    documents.remove_dropped_blobs(engine, blobs)


class Report:
    """Notes in the catalog how far an attempt is. Each method returns False when nobody wants the document any more: then stop."""

    def __init__(self, engine: Engine, document_id: str, attempt: int) -> None:
        self._note = partial(documents.set_progress, engine, document_id, attempt)
        self._pages_read = 0
        self._last = time.monotonic()

    def parsing(self, read: int, total: int | None) -> bool:
        """`read` pages, of `total` where the format says so."""
        self._pages_read = read
        if time.monotonic() - self._last < REPORT_SECONDS:
            return True
        self._last = time.monotonic()
        share = EMBEDDING_STARTS_AT * read / total if total else 0.0
        return self._note(Status.PARSING, min(share, EMBEDDING_STARTS_AT), pages_read=read, pages_total=total)

    def embedding(self, share: float) -> bool:
        """All pages are read; `share` of the chunks is embedded."""
        progress = min(EMBEDDING_STARTS_AT + (1 - EMBEDDING_STARTS_AT) * share, 0.99)
        return self._note(Status.EMBEDDING, progress, pages_read=self._pages_read, pages_total=self._pages_read)


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
