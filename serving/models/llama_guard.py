"""A generator behind Llama Guard: no question reaches it and no answer leaves it before the guard has read it."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Literal

from rag.chat import Message, message_text
from rag.hazards import Refused, hazards
from rag.prompt import neutral_messages
from serving.models.generator import Generator, GeneratorFailed
from serving.pools import Pool

VERDICT_TOKENS = 64  # "unsafe" and all fourteen codes


class Guarded:
    """See Generator. A stream is held back until its end, as the guard judges whole answers."""

    def __init__(self, generator: Generator, guard: Generator) -> None:
        """`guard` is a Llama Guard: its chat template turns a conversation into the question whether the last message is safe."""
        self.generator = generator
        self.guard = guard
        self.reading = Pool("guard", 2)
        self.model, self.window, self.counter = generator.model, generator.window, generator.counter

    async def models(self) -> list[str]:
        """See Generator."""
        return await self.generator.models()

    def has(self, model: str) -> bool:
        """See Generator."""
        return self.generator.has(model)

    async def chat(self, body: dict[str, Any]) -> AsyncGenerator[list[str], None]:
        """See Generator. Raises Refused."""
        asked = turns(body["messages"])
        if asked:
            await self._require_safe(asked, "question")
        async with aclosing(self.generator.chat(body)) as stream:
            held = [items async for items in stream]
        for answer in _answers(text for items in held for text in items):
            await self._require_safe(turns([*asked, {"role": "assistant", "content": answer}]), "answer")
        for items in held:
            yield items

    async def _require_safe(self, messages: list[Message], of: Literal["question", "answer"]) -> None:
        body = {"model": self.guard.model, "messages": await self.reading(neutral_messages, messages, self.guard.counter)}
        completion: dict[str, Any] = {}
        async for items in self.guard.chat({**body, "max_tokens": VERDICT_TOKENS, "temperature": 0}):
            completion = json.loads(items[0])
        try:
            found = hazards(completion["choices"][0]["message"]["content"])
        except ValueError as error:
            raise GeneratorFailed(f"{self.guard.model} gave no verdict: {error}.") from error
        if found:
            raise Refused(of, found)


def turns(messages: Sequence[Message]) -> list[Message]:
    """A conversation as Llama Guard's template wants it: user and assistant in turn, the user first. It judges the last after the others.

    What tools say counts as the user's. System messages are left out: they are the application's own, and hold the passages of documents.
    """
    made: list[Message] = []
    for message in messages:
        text = message_text(message).strip()
        if message["role"] in ("system", "developer") or not text:
            continue
        role = "assistant" if message["role"] == "assistant" and made else "user"
        if made and made[-1]["role"] == role:
            made[-1] = {"role": role, "content": f"{made[-1]['content']}\n\n{text}"}
        else:
            made.append({"role": role, "content": text})
    return made


def _answers(texts: Any) -> list[str]:
    """What each choice says, of a whole completion or of the chunks of a stream."""
    said: dict[int, str] = {}
    for text in texts:
        for choice in json.loads(text).get("choices", []):
            message = choice.get("message") or choice.get("delta") or {}
            arguments = "".join(call.get("function", {}).get("arguments") or "" for call in message.get("tool_calls") or [])
            said[choice["index"]] = said.get(choice["index"], "") + (message.get("content") or "") + arguments
    return [answer for answer in said.values() if answer.strip()]
