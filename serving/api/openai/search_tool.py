"""Document search as a tool that the language model calls: the gateway runs it and gives the passages back, for a few rounds at most."""

import json
from collections.abc import AsyncGenerator
from typing import Any

from rag.errors import InvalidInput
from rag.languages import LANGUAGES
from rag.prompt import neutral_messages
from rag.records import Action
from serving.api.access.auth import CurrentKey
from serving.api.questions import checked_question, retrieve
from serving.api.schemas import Scope
from serving.api.services import Services
from serving.models.generator import Generator, GeneratorFailed
from serving.models.prompt_guard import harmless

SEARCH = "search_documents"
MOST_ROUNDS = 4  # then the model must answer with what it has
PASSAGES = 5
TOOL = {
    "type": "function",
    "function": {
        "name": SEARCH,
        "description": "Searches the team's own documents, in any of eight languages, and returns the passages that fit best.",
        "parameters": {
            "type": "object",
            "properties": {"question": {"type": "string", "description": "What to look for, as a question or a few words."}},
            "required": ["question"],
        },
    },
}


def wants_search(request: dict[str, Any]) -> bool:
    """Whether a request offers the model a tool of this name, which is then ours to run."""
    return any(tool["function"]["name"] == SEARCH for tool in request.get("tools") or [])


async def answer_with_search(request: dict[str, Any], services: Services, key: CurrentKey) -> AsyncGenerator[list[str], None]:
    """The model's completion after its searches, as one completion or a stream of one chunk. Calls of other tools go to the client."""
    generator = services.generator
    if generator is None:
        raise GeneratorFailed("There is no language model.")
    streamed = request.get("stream", False)
    others = [tool for tool in request["tools"] if tool["function"]["name"] != SEARCH]
    request = {**request, "stream": False, "tools": [*others, TOOL], "messages": list(request["messages"])}
    request.pop("stream_options", None)
    for _ in range(MOST_ROUNDS):
        completion = await _complete(request, generator)
        message, calls = _calls(completion)
        if not calls or any(call["function"]["name"] != SEARCH for call in calls):
            break
        results = [{"role": "tool", "tool_call_id": call["id"], "content": await _search(call, services, key)} for call in calls]
        asked = {"role": "assistant", "content": message.get("content") or "", "tool_calls": calls}
        request["messages"] += await services.pools.model(neutral_messages, [asked, *results], generator.counter)
    else:
        completion = await _complete({name: value for name, value in request.items() if name not in ("tools", "tool_choice")}, generator)
    yield [json.dumps(_as_chunk(completion) if streamed else completion, ensure_ascii=False)]


async def _complete(request: dict[str, Any], generator: Generator) -> dict[str, Any]:
    completion: dict[str, Any] = {}
    async for texts in generator.chat(request):
        completion = json.loads(texts[0])
    return completion


def _calls(completion: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The model's message and its calls of tools. Raises GeneratorFailed where a call has no id or no function."""
    try:
        message = completion["choices"][0]["message"]
        calls = message.get("tool_calls") or []
        for call in calls:
            _ = call["id"], call["function"]["name"], call["function"].get("arguments")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise GeneratorFailed(
            f"The language model called a tool in a way that is not OpenAI's ({type(error).__name__}: {error})."
        ) from error
    return message, calls


async def _search(call: dict[str, Any], services: Services, key: CurrentKey) -> str:
    """The passages as the model reads them; a call that cannot be run gets a sentence that says why, so that the model can fix it."""
    try:
        arguments = json.loads(call["function"]["arguments"])
        question = checked_question(arguments["question"], services.settings)
    except (ValueError, KeyError, TypeError, InvalidInput) as error:
        return f"The call could not be run: {error!s}. Call {SEARCH} with a question."
    found = await retrieve(question, Scope(k=PASSAGES), services, key)
    shown = tuple(dict.fromkeys(passage.document_id for passage in found.passages))
    services.audit.note(key, Action.SEARCH, shown, subject=SEARCH, text=question)
    passages = [
        {"document": passage.name, "page": passage.page, "language": LANGUAGES.get(passage.language, "unknown"), "text": passage.text}
        for passage in await harmless(found.passages, services.prompt_guard)
    ]
    return json.dumps({"passages": passages}, ensure_ascii=False)


def _as_chunk(completion: dict[str, Any]) -> dict[str, Any]:
    choices = [
        {"index": choice["index"], "delta": choice["message"], "finish_reason": choice["finish_reason"]} for choice in completion["choices"]
    ]
    return {**completion, "object": "chat.completion.chunk", "choices": choices}
