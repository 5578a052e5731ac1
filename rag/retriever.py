"""From a question to passages: indexes that follow the catalog, candidates from all of them, exact scores, fusion, hydration.

Nothing here decides what may be shown: text comes from the catalog when the answer is made, so that what is deleted or forbidden by then
drops out, and the next candidates move up.
"""

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from rag.catalog.collections import embedder_stamps
from rag.catalog.feed import IndexedChunk, changes_since, current_version, live_contents, load_content
from rag.catalog.hydrate import Hydrated, hydrate
from rag.embedder import Embedder
from rag.errors import EmbedderMismatch
from rag.languages import detect_language
from rag.ranking import Question, Ranked, rank
from rag.records import EmbedderStamp, Passage
from rag.scope import contents_of
from rag.shard import Shard
from rag.shared_lock import SharedLock

CANDIDATES = 100  # scored exactly for a question
DEEPER = 4  # when so many candidates were gone from the catalog that too few are left
HYDRATED_AT_ONCE = 2  # times k
SCORE_DIGITS = 4
BATCH_CHUNKS = 2000  # indexed between two commits of BM25; bounds the memory of a start

Key = tuple[str, str]  # collection, language


@dataclass(slots=True)
class Batch:
    """Changes to apply together, by shard."""

    add: dict[Key, list[IndexedChunk]] = field(default_factory=lambda: defaultdict(list))
    remove: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    size: int = 0


class Retriever:
    """Searches and `follow` may be called from any thread; empty until the first `follow`, which loads the whole catalog."""

    def __init__(self, engine: Engine, embedder: Embedder) -> None:
        self.engine = engine
        self.embedder = embedder
        self.version = -1  # the catalog's version that every search sees
        self._vocabulary = 0 if embedder.token_vectors is None else len(embedder.token_vectors)
        self._shards: dict[Key, Shard] = {}
        self._contents: dict[int, dict[Key, list[int]]] = {}  # content id -> chunk ids by shard
        self._foreign: dict[str, EmbedderStamp] = {}  # collections of another embedder
        self._changing = threading.Lock()
        self._faiss = SharedLock()

    def follow(self) -> None:
        """Apply what the catalog changed since the last call; returns when this retriever has seen at least the version of now."""
        with self._changing:
            latest = current_version(self.engine)
            if latest == self.version:
                return
            if self.version < 0:
                changed = live_contents(self.engine)
            else:
                changed = [(change.collection, change.content_id) for change in changes_since(self.engine, self.version)]
            stamps = embedder_stamps(self.engine)
            self._foreign = {name: stamp for name, stamp in stamps.items() if stamp != self.embedder.stamp}
            self._apply(dict.fromkeys(changed))
            self.version = latest

    def search(
        self,
        question: str,
        *,
        visible: frozenset[str] | None,
        k: int = 5,
        languages: Collection[str] = (),
        document_ids: Collection[str] = (),
    ) -> list[Passage]:
        """The k best passages, best first; fewer only when no more exist in the visible collections (None: all) under the filters.

        Empty filters let everything through. Raises EmbedderMismatch when a collection that was asked for by name, or all there are, hold
        the vectors of another embedder.
        """
        shards = self._shards_for(visible, languages)
        within = self._chunks_of(document_ids, visible) if document_ids else None
        asked = self._ask(question)
        available = sum(map(len, shards)) if within is None else len(within)
        depth = max(CANDIDATES, k)
        while True:
            ranked = rank(asked, shards, within=within, depth=depth, maxsim=self.embedder.maxsim, faiss=self._faiss)
            passages = self._hydrate(ranked, k, visible, languages, document_ids)
            if len(passages) >= k or depth >= available:
                return passages[:k]
            depth *= DEEPER

    def _apply(self, changed: Iterable[tuple[str, int]]) -> None:
        batch = Batch()
        for collection, content_id in changed:
            for key, chunk_ids in self._contents.pop(content_id, {}).items():
                batch.remove[key] += chunk_ids
            chunks = [] if collection in self._foreign else load_content(self.engine, content_id)
            held: dict[Key, list[int]] = defaultdict(list)
            for chunk in chunks:
                batch.add[collection, chunk.language].append(chunk)
                held[collection, chunk.language].append(chunk.id)
            if held:
                self._contents[content_id] = dict(held)
            batch.size += len(chunks)
            if batch.size >= BATCH_CHUNKS:
                self._change(batch)
                batch = Batch()
        self._change(batch)

    def _change(self, batch: Batch) -> None:
        """FAISS is changed while no search reads it; BM25 beside the searches, which see it after its commit."""
        for key in dict.fromkeys([*batch.remove, *batch.add]):
            add, remove = batch.add.get(key, []), batch.remove.get(key, [])
            shard = self._shards.get(key) or Shard(*key, self.embedder.dimension, self._vocabulary)
            with self._faiss.alone():
                shard.change_dense(add, remove)
            shard.change_lexical(add, remove)
            # Replaced, not changed: a search that walks over the shards keeps the ones it has.
            others = {other: held for other, held in self._shards.items() if other != key}
            self._shards = {**others, key: shard} if len(shard) else others

    def _shards_for(self, visible: frozenset[str] | None, languages: Collection[str]) -> list[Shard]:
        held = [shard for shard in self._shards.values() if visible is None or shard.collection in visible]
        foreign = sorted(name for name in self._foreign if visible is None or name in visible)
        if foreign and (visible is not None or not held):
            raise EmbedderMismatch(
                f"Collection {foreign[0]!r} holds vectors of {self._foreign[foreign[0]].model!r}, "
                f"but {self.embedder.stamp.model!r} is in use: start the service with that embedder, or search other collections."
            )
        return [shard for shard in held if not languages or shard.language in languages]

    def _chunks_of(self, document_ids: Collection[str], visible: frozenset[str] | None) -> NDArray[np.int64]:
        contents = contents_of(self.engine, document_ids, visible)
        held = [self._contents.get(content_id, {}) for content_id in contents]
        return np.array([chunk_id for shards in held for chunk_ids in shards.values() for chunk_id in chunk_ids], np.int64)

    def _ask(self, text: str) -> Question:
        return Question(text, detect_language(text), self.embedder.encode_question(text), self.embedder.tokenize(text).ids)

    def _hydrate(
        self, ranked: Ranked, k: int, visible: frozenset[str] | None, languages: Collection[str], document_ids: Collection[str]
    ) -> list[Passage]:
        passages: list[Passage] = []
        step = max(HYDRATED_AT_ONCE * k, 1)
        for start in range(0, len(ranked.ids), step):
            ids = ranked.ids[start : start + step].tolist()
            shown = hydrate(self.engine, ids, visible=visible, languages=languages or None, document_ids=document_ids or None)
            passages += [_passage(shown[chunk_id], ranked, start + at) for at, chunk_id in enumerate(ids) if chunk_id in shown]
            if len(passages) >= k:
                break
        return passages


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
    )
