"""The OpenAI API: any client of theirs asks `glossa`, which answers from the documents, or the bare language model by its name."""

import base64
import json
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

import numpy as np
from fastapi import APIRouter
from fastapi.responses import JSONResponse, StreamingResponse

from rag.catalog.keys import Key
from rag.chat import message_text
from rag.citations import MARKERS
from rag.errors import InvalidInput, NotFound
from rag.followup import asked_before
from rag.grounding import Answered, Asked
from rag.hazards import Refused, refusal
from rag.prompt import neutral_messages
from rag.question_language import detect_question_language
from rag.records import Action, Citation
from serving.api import events, http_errors
from serving.api.accept_language import AcceptedLanguage
from serving.api.access.auth import CurrentKey
from serving.api.access.key_first import KeyFirstRoute
from serving.api.answering import answering
from serving.api.http_errors import describe
from serving.api.openai.schemas import (
    CHUNK,
    EMBEDDER,
    GLOSSA,
    ChatCompletion,
    ChatCompletionRequest,
    EmbeddingList,
    EmbeddingRequest,
    ModelList,
)
from serving.api.openai.search_tool import answer_with_search, wants_search
from serving.api.questions import WRITTEN_K, checked_question, retrieve
from serving.api.schemas import Scope
from serving.api.services import CurrentServices, Services
from serving.models.generator import model_with
from serving.models.prompt_guard import require_harmless
from serving.retrieval.messages import Embedded

router = APIRouter(prefix="/v1", tags=["OpenAI API"], route_class=KeyFirstRoute)
SAMPLING_FIELDS = ("temperature", "top_p", "seed", "stop", "presence_penalty", "frequency_penalty", "response_format", "logit_bias")


@router.get("/models", response_model=ModelList, responses=http_errors.responses(401), summary="List models")
async def models(services: CurrentServices, key: CurrentKey) -> JSONResponse:
    """`glossa`, the language model if there is one, both also with each LoRA adapter, and the embedder."""
    generators = await services.generator.models() if services.generator else []
    grounded = [GLOSSA, *(f"{GLOSSA}:{model.partition(':')[2]}" for model in generators[1:])]
    names = [*grounded, *generators, EMBEDDER]
    return JSONResponse({"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "glossa"} for name in names]})


@router.post("/embeddings", response_model=EmbeddingList, responses=http_errors.responses(401, 404, 413, 422, 503), summary="Embed texts")
async def embeddings(body: EmbeddingRequest, services: CurrentServices, key: CurrentKey) -> JSONResponse:
    """Vectors of unit length from the embedder that retrieval uses, with its prompt for passages."""
    if body.model != EMBEDDER:
        raise NotFound(f"There is no embedder {body.model!r} here; it is called {EMBEDDER!r}.")
    texts = [body.input] if isinstance(body.input, str) else body.input
    longest = max(map(len, texts))
    if longest > services.settings.max_question_characters:
        raise InvalidInput(
            f"A text has {longest} characters; at most {services.settings.max_question_characters} are embedded. Shorten it."
        )
    embedded = await services.retrieval.embed(texts)
    services.audit.note(key, Action.EMBED, subject=f"{len(texts)} texts")
    return await services.pools.model(_embedding_list, embedded, body.encoding_format)


@router.post(
    "/chat/completions",
    response_model=ChatCompletion,
    responses={
        200: {
            "description": "A chat completion; with `stream` server-sent events that end with `[DONE]`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": f"data: {json.dumps(CHUNK)}\n\n"}},
        },
        **http_errors.responses(401, 404, 409, 413, 422, 503),
    },
    summary="Complete a chat",
)
async def chat_completions(
    body: ChatCompletionRequest, services: CurrentServices, key: CurrentKey, accepted: AcceptedLanguage
) -> JSONResponse | StreamingResponse:
    """`glossa` answers from the documents with citations; the language model's own name asks it without them. `:ADAPTER` adds a LoRA."""
    generator = services.generator
    name, _, adapter = body.model.partition(":")
    if name == GLOSSA:
        chunks = _grounded(body, await _asked(body, adapter or None, Scope(k=WRITTEN_K, language=accepted), services, key), services, key)
    elif generator is None or not generator.has(body.model):
        raise NotFound(f"There is no model {body.model!r} here; list them with GET /v1/models.")
    else:
        messages = await services.pools.model(neutral_messages, body.conversation, generator.counter)
        request = {**body.model_dump(exclude_unset=True), "messages": messages}
        answer = answer_with_search(request, services, key) if wants_search(request) else generator.chat(request)
        chunks = _bare(body, answer, accepted, services)
        services.audit.note(key, Action.CHAT, subject=body.model, text=last_question(body))
    if body.stream:
        first = await anext(chunks)  # an error before the first word still gets its status
        return events.stream(_events(first, chunks))
    async with aclosing(chunks):
        return JSONResponse(json.loads((await anext(chunks))[0]))


async def _events(first: list[str], chunks: AsyncGenerator[list[str], None]) -> AsyncGenerator[str, None]:
    """The stream on the wire; a failure in between ends it with an `error` object, which OpenAI's clients raise."""
    async with aclosing(chunks):
        try:
            yield _framed(first)
            async for together in chunks:
                yield _framed(together)
            yield "data: [DONE]\n\n"
        except Exception as error:  # the status line is out already
            status, detail = describe(error)
            yield f"data: {json.dumps({'error': {'message': detail, 'code': status}}, ensure_ascii=False)}\n\n"
            if status == 500:
                raise


def _framed(chunks: list[str]) -> str:
    return "".join(f"data: {chunk}\n\n" for chunk in chunks)


async def _bare(
    body: ChatCompletionRequest, answer: AsyncGenerator[list[str], None], accepted: str | None, services: Services
) -> AsyncGenerator[list[str], None]:
    """The language model's own completion or chunks, or a guard's refusal in their place."""
    try:
        await require_harmless(body.conversation, services.prompt_guard)
        async with aclosing(answer):
            async for items in answer:
                yield items
    except Refused as refused:
        question = last_question(body)
        language = await services.pools.model(detect_question_language, question, accepted)
        words = {"role": "assistant", "content": None, "refusal": refusal(language)}
        choice = {"index": 0, "finish_reason": "content_filter", "logprobs": None, "delta" if body.stream else "message": words}
        kind = "chat.completion.chunk" if body.stream else "chat.completion"
        extension = {"refusal": {"of": refused.of, "categories": refused.categories}}
        yield [json.dumps({**_head(body.model), "object": kind, "choices": [choice], "glossa": extension}, ensure_ascii=False)]


def last_question(body: ChatCompletionRequest) -> str:
    """The text of the user's last message; empty when there is none."""
    return next((message_text(message) for message in reversed(body.conversation) if message["role"] == "user"), "")


def _head(model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}


async def _asked(body: ChatCompletionRequest, adapter: str | None, scope: Scope, services: Services, key: CurrentKey) -> Asked:
    """The user's last message is the question; what stands before it is history, and system messages are wishes."""
    spoken = [message for message in body.conversation if message["role"] != "system"]
    if not spoken or spoken[-1]["role"] != "user":
        raise InvalidInput("The last message must be the user's question.")
    question = checked_question(message_text(spoken[-1]), services.settings)
    answer_tokens = body.answer_tokens if body.answer_tokens is not None else services.settings.answer_tokens
    history = [{**message, "content": message_text(message)} for message in spoken[:-1]]
    found = await retrieve(question, scope, services, key, asked_before(history))
    wishes = "\n".join(message_text(message) for message in body.conversation if message["role"] == "system")
    sampling = {name: value for name, value in (body.model_extra or {}).items() if name in SAMPLING_FIELDS}
    model_with(services.generator, adapter)
    return Asked(question, found.language, found.passages, answer_tokens, history, wishes, adapter=adapter, sampling=sampling)


async def _grounded(body: ChatCompletionRequest, asked: Asked, services: Services, key: Key) -> AsyncGenerator[list[str], None]:
    """Chunks of a grounded answer, or the one completion."""
    if body.n != 1 or body.tools:
        raise InvalidInput(f"The model {GLOSSA} gives one answer (n=1) and calls no tools; use the language model's own name for that.")
    head = _head(body.model)
    chunk = {**head, "object": "chat.completion.chunk"}
    async with aclosing(answering(asked, services, key)) as parts:
        if body.stream:
            yield [json.dumps({**chunk, "choices": [_choice({"role": "assistant", "content": ""})]})]
        async for part in parts:
            if isinstance(part, Answered):
                annotations, extension = _annotations(part), {"glossa": _extension(part, asked)}
                if body.stream:
                    last = {"refusal": part.text} if part.refused else {"annotations": annotations}
                    yield [json.dumps({**chunk, "choices": [_choice(last, part.finish_reason)], **extension})]
                else:
                    said = {"content": None, "refusal": part.text} if part.refused else {"content": part.text}
                    message = {"role": "assistant", **said, "annotations": annotations}
                    choice = {"index": 0, "message": message, "finish_reason": part.finish_reason, "logprobs": None}
                    yield [json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": part.usage, **extension})]
            elif body.stream:
                yield [json.dumps({**chunk, "choices": [_choice({"content": part})]})]


def _choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}


def _annotations(answered: Answered) -> list[dict[str, Any]]:
    """Each marker in the text as OpenAI's `url_citation`."""
    by_number: dict[int, Citation] = {citation.marker: citation for citation in answered.citations}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": found.start(),
                "end_index": found.end(),
                "url": f"/v1/documents/{citation.document_id}/text?page={citation.page}",
                "title": citation.name,
            },
        }
        for found in MARKERS.finditer(answered.text)
        if (citation := by_number.get(int(found[1]))) is not None
    ]


def _extension(answered: Answered, asked: Asked) -> dict[str, Any]:
    citations = [asdict(citation) for citation in answered.citations]
    extension = {"citations": citations, "language": asked.language, "generator": answered.generator, "notes": answered.notes}
    refused = answered.refused
    return {**extension, "refusal": {"of": refused.of, "categories": refused.categories}} if refused else extension


def _embedding_list(embedded: Embedded, encoding: str) -> JSONResponse:
    """The response, made in a thread: a million numbers take a second."""
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector, encoding)} for index, vector in enumerate(embedded.vectors)
    ]
    usage = {"prompt_tokens": embedded.tokens, "total_tokens": embedded.tokens}
    return JSONResponse({"object": "list", "data": data, "model": EMBEDDER, "usage": usage})


def _encoded(vector: Sequence[float], encoding: str) -> list[float] | str:
    if encoding == "float":
        return [float(value) for value in vector]
    return base64.b64encode(np.asarray(vector, np.float32).tobytes()).decode()
