"""From a question to passages: indexes that follow the catalog, candidates from all of them, exact scores, fusion, hydration.

Nothing here decides what may be shown: text comes from the catalog when the answer is made, so that what is deleted or forbidden by then
drops out, and the next candidates move up.
"""

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from rag.catalog.collections import embedder_stamps
from rag.catalog.feed import IndexedChunk, changes_since, current_version, live_contents, load_contents, sizes
from rag.catalog.hydrate import Hydrated, hydrate
from rag.catalog.schema import snapshot
from rag.embedder import Embedder
from rag.errors import EmbedderMismatch
from rag.question_language import detect_question_language
from rag.ranking import Question, Ranked, rank
from rag.records import EmbedderStamp, Passage
from rag.scope import contents_of
from rag.shard import Shard
from rag.shared_lock import SharedLock

CANDIDATES = 100  # scored exactly for a question
DEEPER = 4  # when languages with few chunks left their share of the candidates unused and too few were found
HYDRATED_AT_ONCE = 2  # times k
SCORE_DIGITS = 4
BATCH_CHUNKS = 10_000  # indexed between two commits of BM25: each costs 40 ms a language, and so many chunks 30 MB more at the peak

Key = tuple[str, str]  # collection, language


@dataclass(slots=True)
class Batch:
    """Changes to apply together, by shard."""

    add: dict[Key, list[IndexedChunk]] = field(default_factory=lambda: defaultdict(list))
    remove: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    contents: dict[int, dict[Key, list[int]]] = field(default_factory=dict)  # that are added: their chunk ids by shard
    size: int = 0

    def take(self, collection: str, content_id: int, chunks: Sequence[IndexedChunk]) -> None:
        """Put the chunks of a content into the shards of their languages."""
        held: dict[Key, list[int]] = defaultdict(list)
        for chunk in chunks:
            self.add[collection, chunk.language].append(chunk)
            held[collection, chunk.language].append(chunk.id)
        self.size += len(chunks)
        self.contents[content_id] = dict(held)


class Retriever:
    """Searches and `follow` may be called from any thread; empty until the first `follow`, which loads the whole catalog."""

    def __init__(self, engine: Engine, embedder: Embedder) -> None:
        self.engine = engine
        self.embedder = embedder
        self.version = -1  # the catalog's version that every search sees
        self._vocabulary = 0 if embedder.token_vectors is None else len(embedder.token_vectors)
        self._shards: dict[Key, Shard] = {}
        self._contents: dict[int, dict[Key, list[int]]] = {}  # content id -> chunk ids by shard
        self.foreign: dict[str, EmbedderStamp] = {}  # collections of another embedder
        self._changing = threading.Lock()
        self._faiss = SharedLock()

    def follow(self) -> None:
        """Apply what the catalog changed since the last call; returns when this retriever has seen at least the version of now.

        What came is added before what went is removed: a document that was replaced must never be missing in both versions. All is read as
        it was at one moment, so what others commit meanwhile waits for the next call.
        """
        with self._changing:
            if current_version(self.engine) == self.version:
                return
            with snapshot(self.engine) as connection:
                latest = current_version(connection)
                self._remove(self._add(connection, self._changed(connection)))
            self.version = latest

    def _changed(self, connection: Connection) -> dict[int, str]:
        """The contents to look at, each with its collection."""
        if self.version < 0:
            return {content_id: collection for collection, content_id in live_contents(connection)}
        return {change.content_id: change.collection for change in changes_since(connection, self.version)}

    def search(
        self,
        question: str,
        *,
        visible: frozenset[str] | None,
        k: int = 5,
        languages: Collection[str] = (),
        document_ids: Collection[str] = (),
        language: str | None = None,
    ) -> list[Passage]:
        """The k best passages, best first; fewer only when no more exist in the visible collections (None: all) under the filters.

        Empty filters let everything through; `language` is the question's, None detects it. Raises EmbedderMismatch when a collection
        that was asked for by name, or all there are, hold the vectors of another embedder.
        """
        asked = self._ask(question, language or detect_question_language(question))
        depth = max(CANDIDATES, k)
        while True:
            seen = self.version
            within = self._chunks_of(document_ids, visible) if document_ids else None
            with self._faiss.shared():
                shards = self._shards_for(visible, languages)
                available = sum(map(len, shards)) if within is None else len(within)
                ranked = rank(asked, shards, within=within, depth=depth, maxsim=self.embedder.maxsim, likeness=self.embedder.likeness)
            passages, gone = self._hydrate(ranked, k, visible, languages, document_ids)
            if gone:  # from the catalog and not yet from this index, which then lacks what replaced it too
                self.follow()
                if self.version != seen:
                    continue
            if len(passages) >= k or depth >= available:
                return passages[:k]
            depth *= DEEPER

    def _add(self, connection: Connection, changed: Mapping[int, str]) -> list[int]:
        """Index the contents that are not held yet; returns those that are gone from the catalog, or not for this embedder."""
        stamps = embedder_stamps(connection)
        self.foreign = {name: stamp for name, stamp in stamps.items() if stamp != self.embedder.stamp}
        found = sizes(connection, [content_id for content_id, collection in changed.items() if collection not in self.foreign])
        new = {content_id: size for content_id, size in found.items() if content_id not in self._contents}  # a content never changes
        batch = Batch()
        for content_id, chunks in load_contents(connection, new):
            batch.take(changed[content_id], content_id, chunks)
            if batch.size >= BATCH_CHUNKS:
                self._change(batch)
                batch = Batch()
        self._change(batch)
        return [content_id for content_id in changed if content_id not in found]

    def _remove(self, contents: Iterable[int]) -> None:
        batch = Batch()
        for content_id in contents:
            for key, chunk_ids in self._contents.pop(content_id, {}).items():
                batch.remove[key] += chunk_ids
        self._change(batch)

    def _change(self, batch: Batch) -> None:
        """FAISS is changed while no search reads it; BM25 beside the searches, which see it after its commit.

        Only then are the contents held: when the catalog goes away before, the next call reads them again.
        """
        for key, add in batch.add.items():
            with self._faiss.alone():
                self._shard(key).add_dense(add)
        for key, remove in batch.remove.items():
            with self._faiss.alone():
                self._shard(key).remove_dense(remove)
        for key in dict.fromkeys([*batch.add, *batch.remove]):
            shard = self._shard(key)
            shard.change_lexical(batch.add.get(key, []), batch.remove.get(key, []))
            if not len(shard):
                with self._faiss.alone():
                    del self._shards[key]
        self._contents.update(batch.contents)

    def _shard(self, key: Key) -> Shard:
        if key not in self._shards:
            self._shards[key] = Shard(*key, self.embedder.dimension, self._vocabulary)
        return self._shards[key]

    def _shards_for(self, visible: frozenset[str] | None, languages: Collection[str]) -> list[Shard]:
        held = [shard for shard in self._shards.values() if visible is None or shard.collection in visible]
        foreign = sorted(name for name in self.foreign if visible is None or name in visible)
        if foreign and (visible is not None or not held):
            raise EmbedderMismatch(
                f"Collection {foreign[0]!r} holds vectors of {self.foreign[foreign[0]].model!r}, "
                f"but {self.embedder.stamp.model!r} is in use: start the service with that embedder, or run `glossa reembed`."
            )
        return [shard for shard in held if not languages or shard.language in languages]

    def _chunks_of(self, document_ids: Collection[str], visible: frozenset[str] | None) -> NDArray[np.int64]:
        contents = contents_of(self.engine, document_ids, visible)
        held = [self._contents.get(content_id, {}) for content_id in contents]
        return np.array([chunk_id for shards in held for chunk_ids in shards.values() for chunk_id in chunk_ids], np.int64)

    def _ask(self, text: str, language: str) -> Question:
        return Question(text, language, self.embedder.encode_question(text), self.embedder.tokenize(text).ids)

    def _hydrate(
        self, ranked: Ranked, k: int, visible: frozenset[str] | None, languages: Collection[str], document_ids: Collection[str]
    ) -> tuple[list[Passage], bool]:
        """The first k passages or a few more, and whether any candidate before the last of them is gone from the catalog."""
        passages: list[Passage] = []
        looked_at = 0
        while len(passages) < k and looked_at < len(ranked.ids):
            ids = ranked.ids[looked_at : looked_at + HYDRATED_AT_ONCE * k].tolist()
            shown = hydrate(self.engine, ids, visible=visible, languages=languages or None, document_ids=document_ids or None)
            passages += [_passage(shown[chunk_id], ranked, looked_at + at) for at, chunk_id in enumerate(ids) if chunk_id in shown]
            looked_at += len(ids)
        return passages, looked_at > len(passages)


def _passage(shown: Hydrated, ranked: Ranked, at: int) -> Passage:
    return Passage(
        document_id=shown.document_id,
        name=shown.name,
        page=shown.page,
        start=shown.start,
        end=shown.end,
        text=shown.text,
        language=shown.language,
        score=round(float(ranked.scores[at]), SCORE_DIGITS),
        scores={name: round(float(values[at]), SCORE_DIGITS) for name, values in ranked.parts.items()},
        context=shown.context,
    )
