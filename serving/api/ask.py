"""The routes of questions: search for passages, ask for an answer."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from pydantic_core import to_json

from rag.catalog.keys import Key
from rag.catalog.surroundings import whole_document
from rag.chat import Message
from rag.errors import InvalidInput
from rag.followup import asked_before, language_in_context
from rag.grounding import Answered, Asked
from rag.records import Action
from rag.settings import Settings
from serving.api import events, http_errors
from serving.api.accept_language import AcceptedLanguage
from serving.api.access.auth import CurrentKey, allowed
from serving.api.access.key_first import KeyFirstRoute
from serving.api.answering import answering
from serving.api.http_errors import describe
from serving.api.questions import WRITTEN_K, checked_question, retrieve
from serving.api.schemas import AskRequest, AskResponse, Citation, Passage, Refusal, SearchRequest, SearchResponse
from serving.api.services import CurrentServices, Services
from serving.models.generator import model_with
from serving.retrieval.messages import Found, milliseconds

router = APIRouter(prefix="/v1", tags=["questions"], route_class=KeyFirstRoute)


def conversation(body: AskRequest, settings: Settings) -> tuple[str, list[Message], str]:
    """The question to answer now, the turns before it, and what system messages wish. Raises InvalidInput."""
    if (body.question is None) == (body.messages is None):
        raise InvalidInput("Send either a question or messages.")
    if body.messages is None:
        return checked_question(body.question, settings), [], ""
    if len(body.messages) > settings.max_messages:
        raise InvalidInput(f"The conversation has {len(body.messages)} messages; at most {settings.max_messages} are accepted.")
    if not body.messages or body.messages[-1].role != "user":
        raise InvalidInput("The last message must be the user's question.")
    earlier = [message.model_dump() for message in body.messages[:-1] if message.role != "system"]
    wishes = "\n".join(message.content for message in body.messages if message.role == "system")
    return checked_question(body.messages[-1].content, settings), earlier, wishes


@router.post(
    "/search", response_model=SearchResponse, responses=http_errors.responses(401, 404, 409, 413, 422, 503), summary="Find passages"
)
async def search(body: SearchRequest, services: CurrentServices, key: CurrentKey, accepted: AcceptedLanguage) -> Response:
    """Find the best passages for a question. Question and documents may be in different languages."""
    started = time.perf_counter()
    body.language = body.language or accepted
    found = await retrieve(checked_question(body.question, services.settings), body, services, key, (body.earlier or "").strip())
    shown = tuple(dict.fromkeys(passage.document_id for passage in found.passages))
    services.audit.note(key, Action.SEARCH, shown, text=body.question)
    timings = found.timings_ms | {"gateway": milliseconds(started)}
    # the records have the schema's shape already: validating them once more would cost more than the search
    whole = {"passages": found.passages, "language": found.language, "timings_ms": timings}
    return Response(to_json(whole), media_type="application/json")


async def understood(body: AskRequest, services: Services, key: CurrentKey) -> tuple[Asked, Found]:
    """The question with everything that its answer rests on."""
    question, history, wishes = conversation(body, services.settings)
    if body.whole_document:
        if len(body.filters.document_ids) != 1:
            raise InvalidInput("To answer from a whole document, name exactly one in filters.document_ids.")
        if services.generator is None:
            raise InvalidInput("Answering from a whole document needs a language model; start the service with --llm.")
        pages = await services.pools.reading(whole_document, services.engine, body.filters.document_ids[0], allowed(key, body.collections))
        language = await services.pools.model(language_in_context, question, asked_before(history), body.language)
        found = Found(pages, language, {})
    else:
        if services.generator is not None and "k" not in body.model_fields_set:
            body = body.model_copy(update={"k": WRITTEN_K})
        found = await retrieve(question, body, services, key, asked_before(history))
    answer_tokens = body.max_tokens if body.max_tokens is not None else services.settings.answer_tokens
    model_with(services.generator, body.adapter)
    return Asked(question, found.language, found.passages, answer_tokens, history, wishes, body.whole_document, body.adapter), found


def response(answered: Answered, found: Found, started: float) -> AskResponse:
    """The whole answer as JSON."""
    return AskResponse(
        answer=answered.text,
        language=found.language,
        citations=[Citation.model_validate(citation) for citation in answered.citations],
        generator=answered.generator,
        usage=dict(answered.usage) if answered.usage else None,
        notes=answered.notes,
        confidence=answered.confidence,
        refusal=Refusal(of=answered.refused.of, categories=list(answered.refused.categories)) if answered.refused else None,
        timings_ms={"retrieval": found.timings_ms.get("total", 0.0), "total": milliseconds(started)},
    )


def last_events(answered: Answered, found: Found, started: float) -> str:
    """What ends a stream; a refusal has had no words before."""
    whole = response(answered, found, started)
    refusal = events.event("delta", {"text": answered.text}) if answered.refused else ""
    citations = events.event("citations", {"citations": [citation.model_dump() for citation in whole.citations]})
    return refusal + citations + events.event("done", whole)


async def answer_events(asked: Asked, found: Found, started: float, services: Services, key: Key) -> AsyncIterator[str]:
    """The answer as events; a failure in between ends the stream with an `error` event."""
    try:
        passages = [Passage.model_validate(passage).model_dump() for passage in asked.passages]
        yield events.event("passages", {"passages": passages, "language": asked.language})
        async with aclosing(answering(asked, services, key)) as parts:
            async for part in parts:
                yield events.event("delta", {"text": part}) if isinstance(part, str) else last_events(part, found, started)
    except Exception as error:  # the status line has been sent: the error can only be reported inside the stream
        status, detail = describe(error)
        yield events.event("error", {"status": status, "detail": detail})
        if status == 500:
            raise


async def whole_answer(asked: Asked, services: Services, key: Key) -> Answered:
    """The answer when all of it is there."""
    async with aclosing(answering(asked, services, key)) as parts:
        async for part in parts:
            if isinstance(part, Answered):
                return part
    raise AssertionError("an answer has an end")


@router.post(
    "/ask",
    response_model=AskResponse,
    responses=events.responses(
        "The answer; with `stream` server-sent events `passages`, `delta`, `citations`, `done`, or `error`.",
        "delta",
        {"text": "Twenty-three days. [1]"},
    )
    | http_errors.responses(401, 404, 409, 413, 422, 503),
    summary="Answer a question",
)
async def ask(body: AskRequest, services: CurrentServices, key: CurrentKey, accepted: AcceptedLanguage) -> AskResponse | StreamingResponse:
    """Answer from the documents only, with every statement cited. If the documents contain no answer, the service says so."""
    started = time.perf_counter()
    body.language = body.language or accepted
    asked, found = await understood(body, services, key)
    if body.stream:
        return events.stream(answer_events(asked, found, started, services, key))
    return response(await whole_answer(asked, services, key), found, started)
