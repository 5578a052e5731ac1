"""The whole way of one document into the catalog: parse, detect the language, chunk, embed, commit."""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from ingest.context import Headings
from ingest.outage import when_available
from ingest.recognition import NoRecognition
from ingest.sandbox import ParserDied, Sandbox
from ingest.spool import Spool
from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.commit import EmbeddedChunk, commit
from rag.catalog.documents import Document
from rag.chunker import chunk_page
from rag.embedder import PassageEmbedder
from rag.errors import EmbedderMismatch, NotYet, RagError, Unreadable
from rag.languages import LANGUAGES, UNKNOWN, detect_document_language, detect_language, detect_page_language
from rag.records import Chunk, Page, Status
from rag.sentences import sentence_spans

log = logging.getLogger(__name__)
NICENESS = 5  # of processes that embed documents: questions go before them where they share a core
BATCH = 64  # chunks embedded at once: some seconds of the encoder, so that progress is shown and a cancelled document stops
SAMPLE_CHARACTERS = 20_000  # langdetect needs far less to be sure
EMBEDDING_STARTS_AT = 0.5  # of the progress shown: a transformer takes longer to embed than to parse, the static model no time
WAIT_SECONDS = 1.0  # before a document that waits for the disk is read once more
REPORT_SECONDS = 0.3  # between notes of progress: a person sees it as smooth, and the catalog has other things to write


def ingest(document: Document, *, engine: Engine, blobs: BlobStore, embedder: PassageEmbedder, sandbox: Sandbox) -> None:
    """Bring one document to `ready`, or to `failed` with a sentence. Never raises for what the document contains."""
    attempt = when_available(partial(documents.start_attempt, engine, document.id))
    if attempt is None:
        return  # deleted or finished meanwhile
    failed = partial(documents.fail, engine, document.id, attempt)
    try:
        run(document, attempt, engine=engine, blobs=blobs, embedder=embedder, sandbox=sandbox)
    except NotYet:
        log.warning("ingest of %s waits: what it needs is not available", document.id, exc_info=True)  # still queued: tried again
        time.sleep(WAIT_SECONDS)
    except RagError as error:
        retry_helps = isinstance(error, EmbedderMismatch | ParserDied | NoRecognition)
        when_available(partial(failed, str(error), retry_helps=retry_helps))
    except Exception as error:  # a parser's bug on one file must not leave it 'parsing' for ever; the log keeps the trace
        log.exception("ingest of %s failed unexpectedly", document.id)
        reason = f"Reading the file failed unexpectedly ({type(error).__name__}); try again, and report it with the file if it stays so."
        when_available(partial(failed, reason, retry_helps=True))


def run(document: Document, attempt: int, *, engine: Engine, blobs: BlobStore, embedder: PassageEmbedder, sandbox: Sandbox) -> None:
    """The steps, until the document is deleted, cancelled or taken over. Raises RagError when it cannot be read or embedded."""
    report = Report(engine, document.id, attempt)
    headings = Headings()
    pages, pieces, embedded = Spool[Page](), Spool[Piece](), Spool[EmbeddedChunk]()
    with ExitStack() as file:
        path = when_available(lambda: file.enter_context(blobs.local(document.sha256)))
        for page, total in sandbox.parse(path, document.media_type):
            pages.append(page)
            for piece in cut(page, headings, embedder):  # while the parser reads the next page
                pieces.append(piece)
            if not report.parsing(len(pages), total):
                return
    language = detect_document_language(sample(pages))
    if not report.embedding(0.0):
        return
    if not len(pieces):
        raise Unreadable("The document holds no text; if it is a scan, run text recognition (OCR) on it first.")
    for chunk in embed_all(pieces, language, embedder):
        embedded.append(chunk)
        if not report.embedding(len(embedded) / len(pieces)):
            return
    store = partial(commit, engine, document.id, attempt, pages=pages, chunks=embedded, language=language, embedder=embedder.stamp)
    when_available(store)
    documents.remove_dropped_blobs(engine, blobs)


class Report:
    """Notes in the catalog how far an attempt is, now and then. A note returns False when nobody wants the document any more: then stop.

    While the catalog is away notes are left out: the parser, which has so many seconds for a page, must not wait for them.
    """

    def __init__(self, engine: Engine, document_id: str, attempt: int) -> None:
        self._write = partial(documents.set_progress, engine, document_id, attempt)
        self._pages_read = 0
        self._last = time.monotonic()

    def parsing(self, read: int, total: int | None) -> bool:
        """`read` pages, of `total` where the format says so."""
        self._pages_read = read
        share = EMBEDDING_STARTS_AT * read / total if total else 0.0
        return self._note(Status.PARSING, min(share, EMBEDDING_STARTS_AT), total)

    def embedding(self, share: float) -> bool:
        """All pages are read; `share` of the chunks is embedded."""
        progress = min(EMBEDDING_STARTS_AT + (1 - EMBEDDING_STARTS_AT) * share, 0.99)
        return self._note(Status.EMBEDDING, progress, self._pages_read)

    def _note(self, status: Status, progress: float, total: int | None) -> bool:
        if time.monotonic() - self._last < REPORT_SECONDS:
            return True
        self._last = time.monotonic()
        try:
            return self._write(status, progress, pages_read=self._pages_read, pages_total=total)
        except NotYet:
            log.warning("the progress of a document cannot be noted now", exc_info=True)
            return True


def sample(pages: Spool[Page] | list[Page]) -> str:
    """Text from the first pages, and from the middle where covers and forewords are over, to tell the document's language by."""
    return "\n".join(beginning(islice(pages, start, None), SAMPLE_CHARACTERS // 2) for start in {0, len(pages) // 2})


def beginning(pages: Iterable[Page], characters: int) -> str:
    """The first characters of pages; no more of them is read than it takes."""
    texts: list[str] = []
    length = 0
    for page in pages:
        texts.append(page.text)
        length += len(page.text)
        if length >= characters:
            break
    return "\n".join(texts)[:characters]


class Piece(NamedTuple):
    """A chunk and its token ids i32 (t,)."""

    chunk: Chunk
    tokens: NDArray[np.int32]


def cut(page: Page, headings: Headings, embedder: PassageEmbedder) -> Iterator[Piece]:
    """The chunks of one page, by tokens of the embedder's own tokenizer, which runs over the page once. Each has a language of its own.

    `headings` has seen the pages before this one.
    """
    tokens = embedder.tokenize(page.text)
    sentences = sentence_spans(page.text, detect_page_language(page.text))
    headings.page(page, sentences)
    for span in chunk_page(page.text, tokens.offsets, sentences):
        text = page.text[span.start : span.end]
        chunk = Chunk(page.number, span.start, span.end, text, detect_language(text), headings.context(span.start))
        yield Piece(chunk, tokens.ids[span.first_token : span.last_token])


def embed_all(pieces: Iterable[Piece], language: str, embedder: PassageEmbedder) -> Iterator[EmbeddedChunk]:
    """The pieces of a document in that language with their vectors, batch by batch."""
    rest = iter(pieces)
    while batch := list(islice(rest, BATCH)):
        if language not in (*LANGUAGES, UNKNOWN):  # its chunks were taken for one of the eight
            batch = [piece._replace(chunk=replace(piece.chunk, language=language)) for piece in batch]
        vectors = embedder.encode_passages([piece.chunk.contextual for piece in batch]).astype(np.float16)
        yield from (EmbeddedChunk(piece.chunk, vector, piece.tokens) for piece, vector in zip(batch, vectors, strict=True))
