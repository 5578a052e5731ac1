"""From passages to an answer: written by the language model where one runs, else sentences quoted. Pieces first, the proof at the end."""

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from rag.catalog.keys import Key
from rag.chat import Message
from rag.citations import MarkerFilter
from rag.followup import asked_before
from rag.grounding import GUARD, Answered, Asked, notes_on, prompt_for, quoted
from rag.hazards import Refused, refusal
from rag.prompt import Budget
from rag.records import Action
from serving.api.services import Services
from serving.models.generator import Generator, GeneratorFailed, model_with
from serving.models.prompt_guard import harmless, require_harmless
from serving.retrieval.messages import ToCite, ToExtract

log = logging.getLogger("ray.serve")
ATTACKS = "Left out, as they look like an attack on the language model: {number} passages."
USAGE = ("prompt_tokens", "completion_tokens", "total_tokens")


async def answering(asked: Asked, services: Services, key: Key) -> AsyncGenerator[str | Answered, None]:
    """The answer in pieces, then Answered; a guard's refusal comes whole. The audit log has it then, also one that was broken off.

    Raises TooLarge when the question does not fit the model's window, GeneratorFailed when the model fails after its first word.
    """
    cited: tuple[str, ...] = ()
    try:
        await require_harmless(_conversation(asked), services.prompt_guard)
        passages = await harmless(asked.passages, services.prompt_guard)
        notes = [ATTACKS.format(number=attacks)] if (attacks := len(asked.passages) - len(passages)) else []
        async with aclosing(_answer(replace(asked, passages=passages), notes, services)) as parts:
            async for part in parts:
                if isinstance(part, Answered):
                    cited = tuple(dict.fromkeys(citation.document_id for citation in part.citations))
                yield part
    except Refused as refused:
        yield Answered(refusal(asked.language), (), GUARD, finish_reason="content_filter", refused=refused)
    finally:
        services.audit.note(key, Action.ASK, cited, text=asked.question)


def _conversation(asked: Asked) -> list[Message]:
    """All that was said, for a guard."""
    return [{"role": "system", "content": asked.wishes}, *asked.history, {"role": "user", "content": asked.question}]


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
    extraction = None
    if asked.passages:
        request = ToExtract(asked.question, asked.passages, asked.language, asked_before(asked.history))
        extraction = await services.retrieval.extract(request)
    pieces, answered = quoted(asked, extraction, notes)
    for piece in pieces:
        yield piece
    yield answered


async def _written(asked: Asked, notes: list[str], services: Services, generator: Generator) -> AsyncGenerator[str | Answered, None]:
    budget = Budget(generator.window, asked.answer_tokens, generator.window if asked.whole else services.settings.prompt_passage_tokens)
    prompt = await services.pools.model(prompt_for, asked, budget, services.engine, generator.counter)
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
    citations = await services.retrieval.cite(ToCite(text, prompt.passages))
    counted = {**{name: usage[name] for name in USAGE if name in usage}, "counted_tokens": prompt.tokens} if usage else None
    notes = [*notes, *await services.pools.model(notes_on, asked, prompt, text, reason)]
    yield Answered(text, citations, model, notes, reason, counted)
