"""The retrieval deployment: embedder and indexes in one process, following the catalog's change feed."""

import asyncio
import ctypes
import logging
import os
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rag.analyzers import analyze
from rag.catalog.feed import current_version, pending
from rag.catalog.reembedding import switch
from rag.catalog.schema import open_catalog
from rag.errors import InvalidInput, NotYet
from rag.extractive import Extraction
from rag.followup import in_context, language_in_context, search_follow_up
from rag.languages import LANGUAGES, detect_language
from rag.load_embedder import load_embedder
from rag.question_language import detect_question_language
from rag.records import Citation, Passage
from rag.retriever import Retriever
from rag.sentences import sentence_spans
from rag.settings import Settings
from serving.pools import Pool
from serving.retrieval.clients import RerankerClient
from serving.retrieval.messages import Embedded, Found, Query, ToCite, ToExtract, ToScore, milliseconds

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

log = logging.getLogger("ray.serve")
VERSION_POLL_SECONDS = 0.05  # while a request waits for a version
RERANKED = 32  # passages that a reranker reads for a question
STREAMS = 2, 4  # least and most searches at the same time, and questions that the encoder reads; each takes a CPU for some milliseconds
RETRY_SECONDS = 1.0  # after a round of following that failed
CATCH_UP_SECONDS = 1.0  # a search waits at most so long for this replica to load what has just become ready


class Retrieval:
    """A replica: holds the whole index, loaded from the catalog at start and kept fresh by a thread."""

    def __init__(self, settings: Settings, reranker: "DeploymentHandle[Any] | None" = None) -> None:
        """Load the embedder and the index; the replica takes requests only when both are there."""
        self.settings = settings
        self.reranker = RerankerClient(reranker) if reranker is not None else None
        self.engine = open_catalog(settings.catalog_url)
        embedder = load_embedder(settings.embedder, streams=streams(settings))
        # answers are chosen by the encoder of the package, for which their model was fitted, whatever finds the passages
        self.encoder = embedder if settings.embedder is None else load_embedder(streams=streams(settings))
        for name in switch(self.engine, embedder.stamp):
            log.warning("collection %s has the vectors of %s now", name, embedder.stamp.model)
        self.retriever = Retriever(self.engine, embedder)
        self.retriever.follow()  # loads the whole catalog
        warm_up(self.retriever)
        give_back_memory()
        # a search holds the interpreter's lock for most of its time: more at once would only take it from one another
        self.searching = Pool("search", streams(settings))
        self.reading, self.model = Pool("reading", settings.reading_threads), Pool("model", settings.model_threads)
        self.wanted, self.reached = threading.Event(), threading.Condition()
        self.follower = threading.Thread(target=self.keep_following, name="follow", daemon=True)
        self.follower.start()

    def keep_following(self) -> None:
        """Apply the catalog's changes as they come, at once when a search asks for it."""
        while True:
            self.wanted.wait(self.settings.follow_seconds)
            self.wanted.clear()
            try:
                self.retriever.follow()
            except NotYet as error:  # the catalog is away: it is followed again when it is back
                log.warning("following the change feed waits: %s", error)
                time.sleep(RETRY_SECONDS)
            except Exception:  # a fault of one round must not end the thread: the replica would never see a change again
                log.exception("following the change feed failed; trying again")
                time.sleep(RETRY_SECONDS)
            with self.reached:
                self.reached.notify_all()

    def catch_up(self) -> None:
        """Wait for what is committed by now, but not for long."""
        latest = current_version(self.engine)
        if self.retriever.version < latest:
            self.wanted.set()
            with self.reached:
                self.reached.wait_for(lambda: self.retriever.version >= latest, CATCH_UP_SECONDS)

    async def search(self, query: Query) -> Found:
        """The best passages for a question. Raises NotYet when `min_version` is not reached in time, EmbedderMismatch, InvalidInput."""
        if query.min_version is not None:
            await self.wait_for(query.min_version, query.visible)
        started = time.perf_counter()
        passages, language = await self.searching(self.find, query)
        timings = {"retrieval": milliseconds(started)}
        if self.reranker is not None and passages:
            from rag.reranker import rerank

            reranking = time.perf_counter()
            texts = [passage.text for passage in passages]
            scores = await self.reranker.score(ToScore(in_context(query.question, query.earlier), texts))
            passages = rerank(passages, scores)[: query.k]
            timings["reranking"] = milliseconds(reranking)
        return Found(passages, language, {**timings, "total": milliseconds(started)})

    def find(self, query: Query) -> tuple[list[Passage], str]:
        """Search, in a thread: as many passages as are asked for, or as the reranker reads; and the question's language."""
        self.catch_up()
        k = query.k if self.reranker is None else max(query.k, RERANKED)
        language = language_in_context(query.question, query.earlier, query.language)

        def search(text: str, count: int) -> list[Passage]:
            return self.retriever.search(
                text, k=count, visible=query.visible, languages=query.languages, document_ids=query.document_ids, language=language
            )

        return search_follow_up(search, query.question, query.earlier, k) if query.earlier else search(query.question, k), language

    async def wait_for(self, version: int, visible: frozenset[str] | None) -> None:
        """Wait until every upload and delete up to `version` is ready or failed, and this replica has seen it."""
        deadline = time.monotonic() + self.settings.version_wait_seconds
        while await self.reading(pending, self.engine, version, visible):
            if time.monotonic() > deadline:
                raise NotYet(
                    f"Version {version} is still being ingested after {self.settings.version_wait_seconds:.0f} s; try again later."
                )
            await asyncio.sleep(VERSION_POLL_SECONDS)
        latest = await self.reading(current_version, self.engine)
        if version > latest:
            raise InvalidInput(f"There is no version {version} yet, the latest is {latest}; use one that an upload or a delete returned.")
        await self.reading(self.retriever.follow)

    async def extract(self, request: ToExtract) -> Extraction:
        """What of the passages answers the question, by itself or after the one before it, whichever is surer."""
        from rag.extractive import extract

        alone = await self.model(extract, request.question, request.passages, self.encoder, request.language)
        if not request.earlier:
            return alone
        question = in_context(request.question, request.earlier)
        after = await self.model(extract, question, request.passages, self.encoder, request.language)
        return max(alone, after, key=lambda made: made.confidence)

    async def cite(self, request: ToCite) -> list[Citation]:
        """The proof of an answer that a language model wrote."""
        from rag.citations import cite

        return await self.model(cite, request.answer, request.passages, self.retriever.embedder)

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """The vectors of texts as passages."""
        embedder = self.retriever.embedder

        def compute() -> Embedded:
            return Embedded(embedder.encode_passages(texts), sum(len(embedder.tokenize(text).ids) for text in texts))

        return await self.model(compute)

    async def version(self) -> int:
        """The version of the catalog that this replica has seen."""
        return self.retriever.version

    async def unsearchable(self) -> list[str]:
        """A sentence for each collection that is not searched, as it holds the vectors of another embedder."""
        ours, option = self.retriever.embedder.stamp.model, f" --embedder {self.settings.embedder}" if self.settings.embedder else ""
        return [
            f"Collection {name!r} is not searched: it holds vectors of {stamp.model!r}, and {ours!r} is in use. "
            f"Start with the former, or run `glossa reembed{option}`."
            for name, stamp in sorted(self.retriever.foreign.items())
        ]

    def check_health(self) -> None:
        """Ray Serve replaces the replica when this raises."""
        if not self.follower.is_alive():
            raise RuntimeError("the follower thread has ended")


def streams(settings: Settings) -> int:
    """Searches that a replica makes, and questions that its encoder reads, at the same time: one for each CPU that is the replica's.

    On a cluster that is the one that it asks for (`serving.instance.app.ON_CPU_NODE`); on one machine the replicas share all CPUs.
    """
    cpus = 1 if settings.ray else len(os.sched_getaffinity(0)) // settings.replicas
    return min(max(cpus, STREAMS[0]), STREAMS[1])


def give_back_memory() -> None:
    """Return to the system what was needed only to load: glibc keeps it, half of what a replica of 20,000 chunks holds.

    https://man7.org/linux/man-pages/man3/malloc_trim.3.html
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # other C libraries have none
        trim(0)


def warm_up(retriever: Retriever) -> None:
    """Load dictionaries and models now: they would cost the first question most of a second."""
    for language in LANGUAGES:
        analyze("warm up 12 l, GL-200", language)
        sentence_spans("warm up", language)
    detect_language("warm up")
    detect_question_language("warm up")
    retriever.embedder.encode_question("warm up")
