"""Turns unfinished documents of the catalog into Ray tasks. The catalog is the queue: what a crash interrupts is found there again."""

import logging
import os
import threading
import time
from collections import Counter, deque
from functools import lru_cache
from typing import Any

import ray
from sqlalchemy import Engine

from ingest.embedding import Encoders, embedder_of, start_encoders
from ingest.pipeline import NICENESS, ingest
from ingest.sandbox import Sandbox
from rag.blobs import BlobStore
from rag.bucket import open_blobs
from rag.catalog import documents
from rag.catalog.documents import Document
from rag.catalog.schema import open_catalog
from rag.embedder import PassageEmbedder
from rag.errors import NotFound, NotYet
from rag.settings import Settings

log = logging.getLogger(__name__)
POLL_SECONDS = 0.1  # between two looks for documents; one that must wait, as a disk is full, is tried again as often
LOOK_AHEAD = 64  # documents beside those in work that one look finds: with 10,000 queued it takes 5 ms, as the database sorts them
RETRY_SECONDS = 1.0  # after a round that failed
MAX_DEATHS = 3  # of workers: a file that takes three down does so by itself


@lru_cache(maxsize=1)
def parts(settings: Settings, encoders: Encoders) -> tuple[Engine, BlobStore, PassageEmbedder, Sandbox]:
    """What a worker process needs; made by its first task and kept for the next ones."""
    os.nice(NICENESS)
    embedder = embedder_of(encoders, settings.embedder)
    return open_catalog(settings.catalog_url), open_blobs(settings), embedder, Sandbox(settings.parsing)


@ray.remote(max_retries=0)  # the dispatcher decides on another try: it knows the attempts of all earlier runs
def ingest_document(settings: Settings, encoders: Encoders, document_id: str) -> None:
    """Ingest one document in a Ray worker."""
    engine, blobs, embedder, sandbox = parts(settings, encoders)
    try:
        document = documents.get(engine, document_id, None)
    except NotFound:
        return  # deleted while it waited
    ingest(document, engine=engine, blobs=blobs, embedder=embedder, sandbox=sandbox)


@ray.remote(max_retries=0)
def warm_up(settings: Settings, encoders: Encoders) -> None:
    """Load what a worker needs before the first upload comes."""
    parts(settings, encoders)


class Dispatcher:
    """Keeps up to `ingest_workers` documents in the works, oldest first. There is one a service."""

    def __init__(self, settings: Settings, *, gpu: bool) -> None:
        """Open the catalog and begin with what an earlier run left unfinished; `gpu`: there is one left to embed on."""
        self.settings = settings
        self.engine = open_catalog(settings.catalog_url)
        self.waiting: deque[Document] = deque()  # the first of those unfinished when they were last looked for
        self.looked = 0.0
        self.running: dict[ray.ObjectRef[None], Document] = {}
        self.deaths: Counter[str] = Counter()
        # a cluster keeps ingest off the nodes with GPUs (cluster.yaml)
        self.place: dict[str, Any] = {"resources": {"glossa_cpu": 0.001}} if settings.ray else {}
        self.encoders = start_encoders(settings.embedder, workers=settings.ingest_workers, gpu=gpu, place=self.place)
        self.warm = [warm_up.options(**self.place).remote(settings, self.encoders) for _ in range(settings.ingest_workers)]
        self.thread = threading.Thread(target=self.run, name="dispatch", daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Collect and start, for ever."""
        while True:
            try:
                self.collect()
                self.start()
            except NotYet as error:  # documents stay queued in the catalog until it is back
                log.warning("dispatch waits: %s", error)
                time.sleep(RETRY_SECONDS)
            except Exception:  # a fault of one round must not end the thread, on which all ingest depends
                log.exception("dispatch failed; trying again")
                time.sleep(RETRY_SECONDS)

    def collect(self) -> None:
        """Take a finished task off the list as soon as there is one; a worker that died costs its document one attempt."""
        if not self.running:
            time.sleep(POLL_SECONDS)
            return
        done, _ = ray.wait(list(self.running), timeout=POLL_SECONDS)
        for task in done:
            document = self.running.pop(task)
            try:
                ray.get(task)
            except ray.exceptions.RayError as error:
                if not is_outage(error):  # it is found again, and tried again, as it is still unfinished
                    self.count_death(document, error)

    def count_death(self, document: Document, error: ray.exceptions.RayError) -> None:
        """The document fails when it has taken too many workers down."""
        log.warning("the worker of document %s died: %s", document.id, error)
        self.deaths[document.id] += 1
        if self.deaths[document.id] >= MAX_DEATHS:
            attempt = documents.start_attempt(self.engine, document.id) or 0
            reason = "The ingest ended its worker process repeatedly; it may need too much memory."
            documents.fail(self.engine, document.id, attempt, reason, retry_helps=True)

    def start(self) -> None:
        """Start tasks for the oldest unfinished documents; the same bytes in one collection never twice at a time."""
        if not self.waiting and time.monotonic() - self.looked > POLL_SECONDS:
            self.looked = time.monotonic()
            self.waiting.extend(documents.unfinished(self.engine, self.settings.ingest_workers + LOOK_AHEAD))
        busy = {key(document) for document in self.running.values()}
        while self.waiting and len(self.running) < self.settings.ingest_workers:
            document = self.waiting.popleft()
            if key(document) not in busy:
                task = ingest_document.options(**self.place).remote(self.settings, self.encoders, document.id)
                self.running[task] = document
                busy.add(key(document))


def is_outage(error: ray.exceptions.RayError) -> bool:
    """The worker lives and has said that the catalog, the files or the disk are not available now."""
    return isinstance(error, ray.exceptions.RayTaskError) and isinstance(error.cause, NotYet)


def key(document: Document) -> tuple[str, str, str]:
    """What makes two documents share one embedding."""
    return document.collection, document.sha256, document.media_type
