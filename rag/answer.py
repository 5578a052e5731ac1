"""From extracts to an answer whose every statement is cited, or a plain sentence when nothing answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.records import Citation, Extract, Passage

NOTHING_FOUND = {
    "en": "I found nothing in the documents that answers this.",
    "de": "Ich habe in den Dokumenten nichts gefunden, was diese Frage beantwortet.",
    "fr": "Je n'ai rien trouvé dans les documents qui réponde à cette question.",
    "it": "Non ho trovato nulla nei documenti che risponda a questa domanda.",
    "pt": "Não encontrei nada nos documentos que responda a esta pergunta.",
    "hi": "मुझे दस्तावेज़ों में ऐसा कुछ नहीं मिला जो इस प्रश्न का उत्तर दे।",
    "es": "No he encontrado nada en los documentos que responda a esta pregunta.",
    "th": "ไม่พบข้อมูลในเอกสารที่ตอบคำถามนี้",
}
SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in pieces, as a stream sends them, with the proof of each."""

    pieces: tuple[str, ...]
    citations: tuple[Citation, ...]

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.pieces)


def nothing_found(language: str) -> Answer:
    """The sentence "nothing found" in the question's language, or in English if that is not one of the eight."""
    return Answer((NOTHING_FOUND.get(language, NOTHING_FOUND["en"]),), ())


def quote(extracts: Sequence[Extract], passages: Sequence[Passage], language: str) -> Answer:
    """The extractive answer: each unit in its document's own words, followed by its marker; before it, where several documents answer, the
    title of the document.

    Raises ValueError if an extract differs from its passage at that span: a citation must never be wrong.
    """
    if not extracts:
        return nothing_found(language)
    several = len({passages[extract.passage].document_id for extract in extracts}) > 1
    pieces: list[str] = []
    citations: list[Citation] = []
    for marker, extract in enumerate(extracts, start=1):
        passage = passages[extract.passage]
        if passage.text[extract.start - passage.start : extract.end - passage.start] != extract.text:
            raise ValueError(f"The extract at {extract.start}-{extract.end} differs from {passage.name}, page {passage.page}.")
        citations.append(Citation(marker, passage.document_id, passage.name, passage.page, extract.start, extract.end, extract.text))
        label = f"{title(passage)}: " if several else ""
        pieces.append(f"{' ' if pieces else ''}{label}{SPACES.sub(' ', extract.text)} [{marker}]")
    return Answer(tuple(pieces), tuple(citations))


def title(passage: Passage) -> str:
    """The title of the passage's document, or the file name if it has none. Column names of a table are not a title."""
    found = passage.context.partition(". ")[0]
    return found if found and ";" not in found else passage.name
