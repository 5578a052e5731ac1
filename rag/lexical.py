"""BM25 over the chunks of one language in one collection, held in memory by tantivy: over words, which come from that language's own
analyzer, and over sounds, by which names and numbers are found from any language."""

import math
from collections.abc import Sequence
from typing import Any

import tantivy

from rag.analyzers import analyze
from rag.catalog.feed import IndexedChunk
from rag.sounds import sounds

WRITER_BYTES = 15_000_000  # tantivy's least for a thread; the writer lives for one batch only
WORDS, SOUNDS = "words", "sounds"
BM25_K1 = 1.2  # tantivy's own constant: with it a term's score stays below idf * (k1 + 1)


class LexicalIndex:
    """Searches see the last finished `change` and may run during the next; changes must come one at a time.

    What was removed is never found, but counts in the frequency of terms until tantivy merges its segment away: two indexes of the same
    chunks with different pasts find the same chunks at slightly different shares.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        schema = tantivy.SchemaBuilder()
        schema.add_unsigned_field("chunk", stored=True, indexed=True, fast=True)
        for name in (WORDS, SOUNDS):
            schema.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
        self._schema = schema.build()
        self._index = tantivy.Index(self._schema)
        self._index.register_tokenizer("whitespace", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())

    def change(self, add: Sequence[IndexedChunk], remove: Sequence[int]) -> None:
        """Remove chunks by id, then add others, in one commit."""
        writer = self._index.writer(WRITER_BYTES, 1)
        if remove:  # by query: a deleted integer term is taken as signed, and then finds nothing in an unsigned field
            writer.delete_documents_by_query(self._among(remove))
        for chunk in add:
            writer.add_document(self._document(chunk))
        writer.commit()
        writer.wait_merging_threads()  # else each batch leaves a small segment behind
        self._index.reload()

    def search(self, question: str, k: int, within: Sequence[int] | None = None, *, written_in: str | None = None) -> dict[int, float]:
        """The k best chunks by id, with the share (0 to 1) that their BM25 is of what a text made of the question's terms could reach.

        Terms that no chunk holds count in that reach as those that one chunk holds, so a share can be compared between questions, and
        between small collections and large ones. `within` holds the ids that may be found; None is all.
        `written_in` is the question's language (None: the index's), by which its 03/12/2025 is read.
        """
        return self._search(WORDS, set(analyze(question, self.language, written_in=written_in)), k, within)

    def search_sounds(
        self, question: str, k: int, within: Sequence[int] | None = None, *, written_in: str | None = None
    ) -> dict[int, float]:
        """The same by sounds, for a question in any language."""
        return self._search(SOUNDS, set(sounds(question, written_in or self.language)), k, within)

    def _search(self, field: str, terms: set[str], k: int, within: Sequence[int] | None) -> dict[int, float]:
        searcher = self._index.searcher()
        documents = searcher.num_docs
        if documents == 0 or not terms:
            return {}
        frequencies = {term: searcher.doc_freq(field, term) for term in terms}
        documents = max(documents, *frequencies.values())  # they count what was removed until tantivy merges its segment away
        reach = sum(_inverse_frequency(max(df, 1), documents) for df in frequencies.values()) * (BM25_K1 + 1)
        query = self._query(field, [term for term, df in frequencies.items() if df], within)
        hits: list[tuple[Any, tantivy.DocAddress]] = searcher.search(query, limit=k, count=False).hits
        ids: list[Any] = searcher.fast_field_values("chunk", [address for _, address in hits]) if hits else []
        return {int(chunk): min(float(score) / reach, 1.0) for chunk, (score, _) in zip(ids, hits, strict=True)}

    def _document(self, chunk: IndexedChunk) -> tantivy.Document:
        document = tantivy.Document()
        document.add_unsigned("chunk", chunk.id)
        document.add_text(WORDS, " ".join(analyze(chunk.text, self.language)))
        document.add_text(SOUNDS, " ".join(sounds(chunk.text, self.language)))
        return document

    def _query(self, field: str, terms: Sequence[str], within: Sequence[int] | None) -> tantivy.Query:
        wanted = tantivy.Query.boolean_query(
            [(tantivy.Occur.Should, tantivy.Query.term_query(self._schema, field, term, "freq")) for term in terms]
        )
        if within is None:
            return wanted
        allowed = tantivy.Query.const_score_query(self._among(within), 0.0)
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, wanted), (tantivy.Occur.Must, allowed)])

    def _among(self, chunk_ids: Sequence[int]) -> tantivy.Query:
        return tantivy.Query.term_set_query(self._schema, "chunk", list(chunk_ids))


def _inverse_frequency(chunks_with_it: int, chunks: int) -> float:
    """BM25's weight of a term, as tantivy and Lucene compute it: ln(1 + (N - n + 0.5) / (n + 0.5))."""
    return math.log(1 + (chunks - chunks_with_it + 0.5) / (chunks_with_it + 0.5))
