"""What writes answers: a vLLM worker behind a Serve handle, or any OpenAI-compatible server. Both take and give OpenAI's JSON."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import httpx
from httpx_sse import aconnect_sse
from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle, DeploymentResponseGenerator

from rag.chat import Message, TokenCounter
from rag.errors import InvalidInput, RagError
from serving.pools import Pool

CONNECT_SECONDS = 5.0
LOOK_SECONDS = 2.0  # without a word before we look whether a worker runs at all
SILENCE_SECONDS = 120.0  # of another server before it counts as dead: a long prompt on a small machine takes its time


class GeneratorFailed(RagError):
    """The language model did not answer, or not to the end (HTTP 503)."""


class Busy(RagError):
    """More requests are open than the language model and its queue take (HTTP 503)."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """An OpenAI chat completion request. Ray Serve's prefix-aware router looks for `messages`."""

    body: dict[str, Any]

    @property
    def messages(self) -> list[Message]:
        """Those of the body."""
        messages: list[Message] = self.body["messages"]
        return messages


class Generator(Protocol):
    """A model that answers chats. `window` counts tokens of prompt and answer together."""

    model: str
    window: int
    counter: TokenCounter

    def has(self, model: str) -> bool:
        """Whether a request may name this model. One with an adapter is called MODEL:ADAPTER."""
        ...

    async def models(self) -> list[str]:
        """The model and those of its adapters that are there now."""
        ...

    def chat(self, body: dict[str, Any]) -> AsyncGenerator[list[str], None]:
        """The chunks of a stream (`stream` true) as JSON texts, those together that came together; or one completion.

        Closing the iterator ends the generation. Raises InvalidInput and GeneratorFailed.
        """
        ...


class WorkerGenerator:
    """vLLM workers of this application. `most` requests are open at a time: Ray Serve's prefix-aware router lets more than its queue in."""

    def __init__(
        self, handle: DeploymentHandle[Any], model: str, window: int, counter: TokenCounter, *, most: float, adapters: bool = False
    ) -> None:
        self.workers = handle
        self.handle = handle.options(stream=True, method_name="chat_json")
        self.model = model
        self.window = window
        self.counter = counter
        self.adapters = adapters
        self.most = most
        self.open = 0
        self.looking = Pool("workers", 1)

    def has(self, model: str) -> bool:
        """See Generator. Whether an adapter is there its worker knows."""
        return model == self.model or (self.adapters and model.startswith(f"{self.model}:"))

    async def models(self) -> list[str]:
        """See Generator."""
        return [self.model, *(await self.workers.adapters.remote() if self.adapters else [])]

    async def chat(self, body: dict[str, Any]) -> AsyncGenerator[list[str], None]:
        """See Generator."""
        if self.open >= self.most:
            raise Busy(f"Too many requests are waiting for {self.model}; try again in a moment.")
        # Ray Serve sends a request for an adapter to a replica that has it loaded, if one has
        handle = self.handle if body["model"] == self.model else self.handle.options(multiplexed_model_id=body["model"])
        response: DeploymentResponseGenerator[Any] = handle.remote(ChatRequest(body))  # type: ignore[assignment]
        ended = False
        self.open += 1
        try:
            while (items := await self._next(response)) is not None:
                yield items
            ended = True
        except (RayError, DeploymentUnavailableError) as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, RagError):
                raise cause from error
            raise GeneratorFailed(f"A worker of {self.model} ended while it answered ({type(cause or error).__name__}).") from error
        finally:
            self.open -= 1
            if not ended:
                response.cancel()  # type: ignore[no-untyped-call]  # else vLLM writes on for nobody

    async def _next(self, response: DeploymentResponseGenerator[Any]) -> list[str] | None:
        """The next items, None at the end; a handle itself would wait forever for a worker to start."""
        waiting = asyncio.ensure_future(anext(response, None))
        deadline = time.monotonic() + SILENCE_SECONDS
        try:
            while not (await asyncio.wait({waiting}, timeout=LOOK_SECONDS))[0]:
                if time.monotonic() > deadline:
                    raise GeneratorFailed(f"{self.model} was silent for {SILENCE_SECONDS:.0f} s.")
                if not await self.looking(any_runs, self.handle.deployment_name):
                    raise GeneratorFailed(f"No worker of {self.model} runs at the moment.")
            items: list[str] | None = waiting.result()
            return items
        finally:
            waiting.cancel()


def any_runs(deployment: str) -> bool:
    """Whether a replica of this deployment runs in any application here."""
    applications = serve.status().applications.values()
    found = [application.deployments[deployment] for application in applications if deployment in application.deployments]
    return any(state == "RUNNING" and count > 0 for each in found for state, count in each.replica_states.items())


class ServerGenerator:
    """Another server's API."""

    def __init__(self, url: str, model: str, window: int, counter: TokenCounter, key: str | None = None) -> None:
        self.model = model
        self.window = window
        self.counter = counter
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.client = httpx.AsyncClient(base_url=url, headers=headers, timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS))

    def has(self, model: str) -> bool:
        """See Generator."""
        return model == self.model

    async def models(self) -> list[str]:
        """See Generator."""
        return [self.model]

    async def chat(self, body: dict[str, Any]) -> AsyncGenerator[list[str], None]:
        """See Generator."""
        try:
            async with aclosing(self._chunks(body) if body.get("stream") else self._whole(body)) as texts:
                async for text in texts:
                    yield [text]
        except httpx.HTTPError as error:
            place = self.client.base_url
            raise GeneratorFailed(f"The language model's server {place} does not answer ({type(error).__name__}).") from error

    async def _chunks(self, body: dict[str, Any]) -> AsyncGenerator[str, None]:
        async with aconnect_sse(self.client, "POST", "chat/completions", json=body) as source:
            await _require_success(source.response)
            async for event in source.aiter_sse():
                if event.data == "[DONE]":
                    return
                yield self._checked(event.data, "delta")

    async def _whole(self, body: dict[str, Any]) -> AsyncGenerator[str, None]:
        response = await self.client.post("chat/completions", json=body)
        await _require_success(response)
        yield self._checked(response.text, "message")

    def _checked(self, text: str, said: Literal["delta", "message"]) -> str:
        """The text, which has choices. Raises GeneratorFailed for anything else: servers report failures also inside a stream."""
        if _is_completion(text, said):
            return text
        raise GeneratorFailed(f"The language model's server {self.client.base_url} sent no chat completion, but: {text[:200]}")


def _is_completion(text: str, said: Literal["delta", "message"]) -> bool:
    """Whether it is a chat completion, or a chunk of one."""
    try:
        answer = json.loads(text)
        choices = answer["choices"]
        whole = all(isinstance(choice[said].get("content"), str | None) for choice in choices)
        return whole and not answer.get("error") and (bool(choices) or said == "delta")
    except (ValueError, KeyError, TypeError, AttributeError):  # no JSON, or another form: the caller reports its text
        return False


async def _require_success(response: httpx.Response) -> None:
    if response.is_success:
        return
    text = (await response.aread()).decode(errors="replace")
    try:
        said = json.loads(text)
        detail = (said.get("error") or said)["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        detail = text[:200]
    if response.status_code in (400, 404, 413, 422):
        raise InvalidInput(f"The language model refused the request: {detail}")
    raise GeneratorFailed(f"The language model's server answered {response.status_code}: {detail}")


def model_with(generator: Generator | None, adapter: str | None) -> str:
    """The name of the language model with an adapter. Raises InvalidInput when there are none."""
    model = generator.model if generator else ""
    if adapter is None:
        return model
    if generator is None or not generator.has(f"{model}:{adapter}"):
        raise InvalidInput("No LoRA adapters are offered here; start the service with --llm and --adapters.")
    return f"{model}:{adapter}"
