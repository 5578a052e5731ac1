"""A question with its passages, the prompt or the quotes that answer it, and notes for the reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from rag.answer import NOTHING_FOUND, nothing_found, quote
from rag.catalog.surroundings import widen
from rag.chat import Message, TokenCounter
from rag.citations import MARKERS
from rag.extractive import Extraction
from rag.hazards import Refused
from rag.languages import LANGUAGES, UNKNOWN, detect_language
from rag.prompt import Budget, Conversation, Prompt, assemble
from rag.records import Citation, Passage

EXTRACTIVE, GUARD = "extractive", "guard"  # names of what answered, where it was no language model
SEVERAL = "Several documents answer; each quote names its document."
WIDENED = 4  # passages, the best, that get their neighbours where the prompt has room


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that passed every check, with its passages. `whole` is set when these are all pages of one document, in order."""

    question: str
    language: str
    passages: Sequence[Passage]
    answer_tokens: int
    history: Sequence[Message] = ()
    wishes: str = ""
    whole: bool = False
    adapter: str | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """The end of an answer. `notes` are sentences for the reader about it."""

    text: str
    citations: Sequence[Citation]
    generator: str
    notes: list[str] = field(default_factory=list)
    finish_reason: str = "stop"
    usage: Mapping[str, int] | None = None
    refused: Refused | None = None
    confidence: float | None = None


def quoted(asked: Asked, extraction: Extraction | None, notes: Sequence[str] = ()) -> tuple[tuple[str, ...], Answered]:
    """The answer that quotes the passages, in pieces and whole; without an extraction it says that nothing was found."""
    answer, confidence = nothing_found(asked.language), 0.0
    if extraction is not None:
        answer, confidence = quote(extraction.extracts, asked.passages, asked.language), extraction.confidence
    if len({citation.document_id for citation in answer.citations}) > 1:
        notes = [*notes, SEVERAL]
    return answer.pieces, Answered(answer.text, answer.citations, EXTRACTIVE, list(notes), confidence=confidence)


def prompt_for(asked: Asked, budget: Budget, engine: Engine, counter: TokenCounter) -> Prompt:
    """The prompt for a question and its passages; the best get their neighbours from the catalog where the budget has room.

    Raises TooLarge when the question does not fit the model's window.
    """
    conversation = Conversation(asked.question, asked.language, asked.history, asked.wishes)
    wider = [] if asked.whole else widen(engine, asked.passages[:WIDENED])
    return assemble(conversation, asked.passages, budget, counter, wider=wider)


def notes_on(asked: Asked, prompt: Prompt, text: str, reason: str) -> list[str]:
    """Notes for the reader of a written answer. `reason` is why the model stopped, in OpenAI's terms."""
    notes = []
    if reason == "length":
        notes.append(f"The answer was cut at {asked.answer_tokens} tokens; allow more with max_tokens.")
    if prompt.turns_left_out:
        notes.append(f"The {prompt.turns_left_out} oldest turns of the conversation did not fit the model's window and were left out.")
    if asked.whole and (left := left_out(asked.passages, prompt.passages)):
        notes.append(f"The whole document does not fit the model's window; left out: {left}.")
    words = MARKERS.sub("", text).strip()
    language = detect_language(words)
    if UNKNOWN not in (language, asked.language) and language != asked.language:
        notes.append(f"The answer is in {LANGUAGES[language]}, the question in {LANGUAGES.get(asked.language, asked.language)}.")
    if words and words not in NOTHING_FOUND.values() and not MARKERS.search(text):
        notes.append("The answer cites no passage; check it against the documents.")
    return notes


def left_out(pages: Sequence[Passage], kept: Sequence[Passage]) -> str:
    """The pages of a document that a prompt leaves out, such as `the end of page 2, pages 3-7`; empty if it has all."""
    missing = [page.page for page in pages[len(kept) :]]
    parts = []
    if kept and kept[-1].end < pages[len(kept) - 1].end:
        parts.append(f"the end of page {kept[-1].page}")
    if missing:
        parts.append(f"page {missing[0]}" if len(missing) == 1 else f"pages {missing[0]}-{missing[-1]}")
    return ", ".join(parts)
