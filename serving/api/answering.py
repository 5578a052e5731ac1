"""From passages to an answer: written by the language model where one runs, else sentences quoted. Pieces first, the proof at the end."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from rag.answer import NOTHING_FOUND, nothing_found, quote
from rag.catalog.surroundings import widen
from rag.chat import Message
from rag.cited import MARKERS, MarkerFilter
from rag.errors import InvalidInput
from rag.followup import asked_before
from rag.hazards import Refused, refusal
from rag.languages import LANGUAGES, UNKNOWN, detect_language
from rag.prompt import Budget, Conversation, Prompt, assemble
from rag.records import Citation, Passage
from serving.api.services import Services
from serving.models.generator import Generator, GeneratorFailed
from serving.models.prompt_guard import harmless, require_harmless

log = logging.getLogger("ray.serve")
EXTRACTIVE, GUARD = "extractive", "guard"  # names of what answered, where it was no language model
ATTACKS = "Left out, as they look like an attack on the language model: {number} passages."
SEVERAL = "Several documents answer; before each quote stands the title of its own."
USAGE = ("prompt_tokens", "completion_tokens", "total_tokens")
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
    """The end of an answer. `notes` are sentences about it that the reader should know."""

    text: str
    citations: Sequence[Citation]
    generator: str
    notes: list[str] = field(default_factory=list)
    finish_reason: str = "stop"
    usage: Mapping[str, int] | None = None
    refused: Refused | None = None
    confidence: float | None = None


async def answering(asked: Asked, services: Services) -> AsyncGenerator[str | Answered, None]:
    """The answer in pieces, then Answered; a guard's refusal comes whole.

    Raises TooLarge when the question does not fit the model's window, GeneratorFailed when the model fails after its first word.
    """
    try:
        await require_harmless(asked.question, services.prompt_guard)
        passages = await harmless(asked.passages, services.prompt_guard)
        notes = [ATTACKS.format(number=attacks)] if (attacks := len(asked.passages) - len(passages)) else []
        async with aclosing(_answer(replace(asked, passages=passages), notes, services)) as parts:
            async for part in parts:
                yield part
    except Refused as refused:
        yield Answered(refusal(asked.language), (), GUARD, finish_reason="content_filter", refused=refused)


async def _answer(asked: Asked, notes: list[str], services: Services) -> AsyncGenerator[str | Answered, None]:
    """A language model that fails before its first word is replaced by quotations, and a note says so."""
    if services.generator is not None and asked.passages:
        began = False
        try:
            async with aclosing(_written(asked, notes, services, services.generator)) as parts:
                async for part in parts:
                    began = True
                    yield part
            return
        except GeneratorFailed as error:
            if began:
                raise
            log.error("the language model failed: %s", error)
            notes = [*notes, "The language model is not available; these are sentences quoted from the documents."]
    answer, confidence = nothing_found(asked.language), 0.0
    if asked.passages:
        extraction = await services.retrieval.extract.remote(asked.question, asked.passages, asked.language, asked_before(asked.history))
        answer, confidence = quote(extraction.extracts, asked.passages, asked.language), extraction.confidence
        if len({citation.document_id for citation in answer.citations}) > 1:
            notes = [*notes, SEVERAL]
    for piece in answer.pieces:
        yield piece
    yield Answered(answer.text, answer.citations, EXTRACTIVE, notes, confidence=confidence)


async def _written(asked: Asked, notes: list[str], services: Services, generator: Generator) -> AsyncGenerator[str | Answered, None]:
    budget = Budget(generator.window, asked.answer_tokens, generator.window if asked.whole else services.settings.prompt_passage_tokens)
    prompt = await asyncio.to_thread(ground, asked, budget, services, generator)
    model = model_with(generator, asked.adapter)
    body = {"model": model, "messages": prompt.messages, "max_tokens": asked.answer_tokens, "temperature": 0, **asked.sampling}
    body |= {"stream": True, "stream_options": {"include_usage": True}}
    shown = MarkerFilter(len(prompt.passages))
    pieces: list[str] = []
    reason, usage = "stop", None
    async with aclosing(generator.chat(body)) as stream:
        async for chunks in stream:
            events = [json.loads(chunk) for chunk in chunks]
            choices = [choice for event in events for choice in event["choices"]]
            usage = next((event["usage"] for event in events if event.get("usage")), usage)
            reason = next((choice["finish_reason"] for choice in choices if choice.get("finish_reason")), reason)
            if piece := shown.push("".join(choice["delta"].get("content") or "" for choice in choices)):
                pieces.append(piece)
                yield piece
    if rest := shown.end():
        pieces.append(rest)
        yield rest
    text = "".join(pieces)
    citations = await services.retrieval.cite.remote(text, prompt.passages)
    counted = {**{name: usage[name] for name in USAGE if name in usage}, "counted_tokens": prompt.tokens} if usage else None
    yield Answered(text, citations, model, [*notes, *_notes(asked, prompt, text, reason)], reason, counted)


def model_with(generator: Generator | None, adapter: str | None) -> str:
    """The name of the language model with an adapter. Raises InvalidInput when there are none."""
    model = generator.model if generator else ""
    if adapter is None:
        return model
    if generator is None or not generator.has(f"{model}:{adapter}"):
        raise InvalidInput("No LoRA adapters are offered here; start the service with --llm and --adapters.")
    return f"{model}:{adapter}"


def ground(asked: Asked, budget: Budget, services: Services, generator: Generator) -> Prompt:
    """The prompt for a question, in a thread: it counts tokens and reads the catalog."""
    conversation = Conversation(asked.question, asked.language, asked.history, asked.wishes)
    wider = [] if asked.whole else widen(services.engine, asked.passages[:WIDENED])
    return assemble(conversation, asked.passages, budget, generator.counter, wider=wider)


def _notes(asked: Asked, prompt: Prompt, text: str, reason: str) -> list[str]:
    notes = []
    if reason == "length":
        notes.append(f"The answer was cut at {asked.answer_tokens} tokens; allow more with max_tokens.")
    if prompt.turns_left_out:
        notes.append(f"The {prompt.turns_left_out} oldest turns of the conversation did not fit the model's window.")
    if asked.whole and (left := left_out(asked.passages, prompt.passages)):
        notes.append(f"The document does not fit the model's window whole; left out: {left}.")
    words = MARKERS.sub("", text).strip()
    language = detect_language(words)
    if UNKNOWN not in (language, asked.language) and language != asked.language:
        notes.append(f"The answer is in {LANGUAGES[language]}, the question in {LANGUAGES.get(asked.language, asked.language)}.")
    if words and words not in NOTHING_FOUND.values() and not MARKERS.search(text):
        notes.append("The answer cites no passage; check it against the documents.")
    return notes


def left_out(pages: Sequence[Passage], kept: Sequence[Passage]) -> str:
    """Which of a document's pages, in order, a prompt does not hold, like `the end of page 2, pages 3-7`; empty when it holds all."""
    missing = [page.page for page in pages[len(kept) :]]
    parts = []
    if kept and kept[-1].end < pages[len(kept) - 1].end:
        parts.append(f"the end of page {kept[-1].page}")
    if missing:
        parts.append(f"page {missing[0]}" if len(missing) == 1 else f"pages {missing[0]}-{missing[-1]}")
    return ", ".join(parts)
