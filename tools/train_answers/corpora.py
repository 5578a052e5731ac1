"""Documents as the product cuts and embeds them, and corpora of them in memory that are searched as the product searches."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.context import Headings
from ingest.formats import parse
from ingest.magic import sniff
from ingest.pipeline import cut, embed_all, sample
from rag.catalog.commit import EmbeddedChunk
from rag.catalog.feed import IndexedChunk
from rag.embedder import Embedder
from rag.languages import detect_document_language
from rag.question_language import detect_question_language
from rag.ranking import Question, Ranked, rank
from rag.records import Page, Passage
from rag.retriever import CANDIDATES
from rag.shard import Shard


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a corpus; `name` is unique there."""

    name: str
    chunks: tuple[EmbeddedChunk, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """A question as the indexes take it, and the ranked chunks of a corpus."""

    question: Question
    ranked: Ranked


@dataclass(frozen=True, slots=True)
class _Held:
    document: str
    chunk: EmbeddedChunk


class Corpus:
    """Documents in one shard a language."""

    def __init__(self, documents: Iterable[Document], embedder: Embedder) -> None:
        self._embedder = embedder
        chunks = [_Held(document.name, chunk) for document in documents for chunk in document.chunks]
        self._held = dict(enumerate(chunks, start=1))
        self._shards = self._indexed()

    def search(self, text: str) -> Search:
        """Rank the chunks for a question in whatever language it is detected to be."""
        vector, tokens = self._embedder.encode_question(text), self._embedder.tokenize(text).ids
        question = Question(text, detect_question_language(text), vector, tokens)
        embedder = self._embedder
        ranked = rank(question, self._shards, within=None, depth=CANDIDATES, maxsim=embedder.maxsim, likeness=embedder.likeness)
        return Search(question, ranked)

    def passages(self, search: Search, count: int, *, without: str | None = None) -> list[Passage]:
        """The best `count` passages, best first, as if document `without` were not there."""
        kept = [
            (at, self._held[chunk_id]) for at, chunk_id in enumerate(search.ranked.ids.tolist()) if self._held[chunk_id].document != without
        ]
        return [_passage(held, search.ranked, at) for at, held in kept[:count]]

    def _indexed(self) -> list[Shard]:
        by_language: dict[str, list[IndexedChunk]] = defaultdict(list)
        for chunk_id, held in self._held.items():
            chunk = held.chunk.chunk
            by_language[chunk.language].append(
                IndexedChunk(chunk_id, chunk.language, chunk.contextual, held.chunk.vector, held.chunk.tokens)
            )
        if self._embedder.token_vectors is None:
            raise ValueError("The embedder has no token vectors; use the encoder of the package or the static model.")
        shards = []
        for language, chunks in by_language.items():
            shard = Shard("training", language, self._embedder.dimension, len(self._embedder.token_vectors))
            shard.add_dense(chunks)
            shard.change_lexical(chunks, [])
            shards.append(shard)
        return shards


def document_of(name: str, pages: Sequence[Page], embedder: Embedder) -> Document:
    """Cut and embed pages as ingest does."""
    headings = Headings()
    pieces = [piece for page in pages for piece in cut(page, headings, embedder)]
    language = detect_document_language(sample(list(pages)))
    return Document(name, tuple(embed_all(pieces, language, embedder)))


def document_of_text(name: str, text: str, embedder: Embedder) -> Document:
    """A document of one page."""
    return document_of(name, [Page(1, text)], embedder)


def read_documents(folder: Path, embedder: Embedder) -> list[Document]:
    """Every file of a folder, parsed as uploaded."""
    return [document_of(path.name, list(parse(path, sniff(path, path.name))), embedder) for path in sorted(folder.iterdir())]


def _passage(held: _Held, ranked: Ranked, at: int) -> Passage:
    chunk = held.chunk.chunk
    scores = {name: float(values[at]) for name, values in ranked.parts.items()}
    return Passage(
        held.document, held.document, chunk.page, chunk.start, chunk.end, chunk.text, chunk.language, float(ranked.scores[at]), scores,
        chunk.context,
    )  # fmt: skip
