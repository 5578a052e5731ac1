"""The routes of questions: search for passages, ask for an answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

from fastapi import APIRouter
from fastapi.responses import JSONResponse, StreamingResponse

from rag.answer import Answer, nothing_found, quote
from rag.catalog.collections import list_collections
from rag.errors import InvalidInput, NotFound
from rag.settings import Settings
from serving import events, http_errors
from serving.auth import CurrentKey, allowed
from serving.http_errors import describe
from serving.messages import Found, Query, milliseconds
from serving.schemas import AskRequest, AskResponse, Citation, Passage, Scope, SearchRequest, SearchResponse
from serving.services import CurrentServices, Services

router = APIRouter(prefix="/v1", tags=["questions"])
GENERATOR = "extractive"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that passed every check, with its passages."""

    question: str
    found: Found
    started: float


def checked_question(question: str | None, settings: Settings) -> str:
    """The question without white space around it. Raises InvalidInput when it is empty or too long."""
    text = (question or "").strip()
    if not text:
        raise InvalidInput("The question is empty; write one.")
    if len(text) > settings.max_question_characters:
        raise InvalidInput(
            f"The question has {len(text)} characters; at most {settings.max_question_characters} are taken, please shorten it."
        )
    return text


def last_question(body: AskRequest, settings: Settings) -> str:
    """The question to answer now: `question`, or the user's last message of the conversation."""
    if (body.question is None) == (body.messages is None):
        raise InvalidInput("Send either a question or messages.")
    if body.messages is None:
        return checked_question(body.question, settings)
    if len(body.messages) > settings.max_messages:
        raise InvalidInput(f"The conversation has {len(body.messages)} messages; at most {settings.max_messages} are taken.")
    if not body.messages or body.messages[-1].role != "user":
        raise InvalidInput("The last message must be the user's question.")
    return checked_question(body.messages[-1].content, settings)


def require_collections(services: Services, names: list[str]) -> None:
    """Raise NotFound for a collection that does not exist; a key that may see one that is still empty simply finds nothing."""
    missing = sorted(set(names) - {collection.name for collection in list_collections(services.engine, frozenset(names))})
    if missing:
        raise NotFound(f"There is no collection {missing[0]!r}; list them with GET /v1/collections.")


async def retrieve(question: str, scope: Scope, services: Services, key: CurrentKey) -> Found:
    """Passages for a question from where the key may look."""
    if scope.k > services.settings.max_passages:
        raise InvalidInput(f"k is {scope.k}; at most {services.settings.max_passages} passages are given.")
    if scope.collections:
        await asyncio.to_thread(require_collections, services, scope.collections)
    query = Query(
        question=question,
        visible=allowed(key, scope.collections),
        k=scope.k,
        languages=tuple(scope.filters.languages),
        document_ids=tuple(scope.filters.document_ids),
        min_version=scope.min_version,
    )
    found: Found = await services.retrieval.search.remote(query)
    return found


@router.post(
    "/search", response_model=SearchResponse, responses=http_errors.responses(401, 404, 409, 411, 413, 422, 503), summary="Find passages"
)
async def search(body: SearchRequest, services: CurrentServices, key: CurrentKey) -> JSONResponse:
    """The best passages for a question in any language from documents in any language."""
    started = time.perf_counter()
    found = await retrieve(checked_question(body.question, services.settings), body, services, key)
    timings = found.timings_ms | {"gateway": milliseconds(started)}
    # the records have the schema's shape already: validating them once more would cost more than the search
    return JSONResponse({"passages": [asdict(passage) for passage in found.passages], "language": found.language, "timings_ms": timings})


async def generate(asked: Asked, services: Services) -> Answer:
    """The answer from the passages; says so when they hold none."""
    if not asked.found.passages:
        return nothing_found(asked.found.language)
    extracts = await services.retrieval.extract.remote(asked.question, asked.found.passages, asked.found.language)
    return quote(extracts, asked.found.passages, asked.found.language)


def response(asked: Asked, answer: Answer) -> AskResponse:
    """The whole answer as JSON."""
    total = milliseconds(asked.started)
    retrieval = asked.found.timings_ms.get("total", 0.0)
    return AskResponse(
        answer=answer.text,
        language=asked.found.language,
        citations=[Citation.model_validate(citation) for citation in answer.citations],
        generator=GENERATOR,
        timings_ms={"retrieval": retrieval, "total": total},
    )


async def answer_events(asked: Asked, services: Services) -> AsyncIterator[str]:
    """The answer as events; a failure in between ends the stream with an `error` event."""
    try:
        passages = [Passage.model_validate(passage).model_dump() for passage in asked.found.passages]
        yield events.event("passages", {"passages": passages, "language": asked.found.language})
        answer = await generate(asked, services)
        for piece in answer.pieces:
            yield events.event("delta", {"text": piece})
        whole = response(asked, answer)
        yield events.event("citations", {"citations": [citation.model_dump() for citation in whole.citations]})
        yield events.event("done", whole)
    except Exception as error:  # the status line is out already: the error can only be told inside the stream
        status, detail = describe(error)
        yield events.event("error", {"status": status, "detail": detail})
        if status == 500:
            raise


@router.post(
    "/ask",
    response_model=AskResponse,
    responses={
        200: {
            "description": "The answer; with `stream` server-sent events `passages`, `delta`, `citations`, `done`, or `error`.",
            "content": {
                "text/event-stream": {"schema": {"type": "string"}, "example": events.event("delta", {"text": "Twenty-three days. [1]"})}
            },
        },
        **http_errors.responses(401, 404, 409, 411, 413, 422, 503),
    },
    summary="Answer a question",
)
async def ask(body: AskRequest, services: CurrentServices, key: CurrentKey) -> AskResponse | StreamingResponse:
    """Answer from the documents only, every statement cited; say so plainly when they hold no answer."""
    started = time.perf_counter()
    question = last_question(body, services.settings)
    asked = Asked(question, await retrieve(question, body, services, key), started)
    if body.stream:
        return events.stream(answer_events(asked, services))
    return response(asked, await generate(asked, services))
