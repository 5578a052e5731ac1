"""Another OpenAI-compatible server as the language model: which model it has, how long its window is, and what a prompt costs there."""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpx

from rag.chat import Message, TokenCounter, Tool, load_chat_tokenizer, marker_pattern, neutralise
from rag.errors import InvalidInput
from rag.settings import Settings
from serving.models.generator import CONNECT_SECONDS, GeneratorFailed, ServerGenerator
from serving.models.profile import Server

ANSWER_SECONDS = 30.0  # for questions about the server itself


class ServerCounter:
    """Counts by asking the server."""

    def __init__(self, client: httpx.Client, model: str) -> None:
        self.client = client
        self.model = model
        self._markers = marker_pattern([])

    def neutral(self, text: str) -> str:
        """The text without invisible characters and without the role markers of common model families."""
        return neutralise(text, self._markers)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the server answers. Raises InvalidInput when it refuses the messages, GeneratorFailed when it does not answer."""
        try:
            response = self.client.post(path, json={"model": self.model, **body})
        except httpx.HTTPError as error:
            raise GeneratorFailed(
                f"The language model's server {self.client.base_url} does not answer ({type(error).__name__})."
            ) from error
        if response.status_code in (400, 422):
            raise InvalidInput(f"The language model's server does not take this conversation: {response.text[:200]}")
        if not response.is_success:
            raise GeneratorFailed(f"The language model's server answered {response.status_code} to {path}.")
        answer: dict[str, Any] = response.json()
        return answer


class VllmCounter(ServerCounter):
    """vLLM's `/tokenize` applies the chat template, with tools and all."""

    def count(self, messages: Sequence[Message], tools: Sequence[Tool] | None = None) -> int:
        """Tokens of the whole prompt."""
        body = {"messages": list(messages), "add_generation_prompt": True, **({"tools": list(tools)} if tools else {})}
        return int(self._post("/tokenize", body)["count"])

    def count_text(self, text: str) -> int:
        """Tokens of a text by itself."""
        return int(self._post("/tokenize", {"prompt": text, "add_special_tokens": False})["count"])


class LlamaCppCounter(ServerCounter):
    """llama.cpp's server has two steps (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md)."""

    def count(self, messages: Sequence[Message], tools: Sequence[Tool] | None = None) -> int:
        """Tokens of the whole prompt."""
        prompt = self._post("/apply-template", {"messages": list(messages), **({"tools": list(tools)} if tools else {})})["prompt"]
        return self._tokens(prompt, begins=True)

    def count_text(self, text: str) -> int:
        """Tokens of a text by itself."""
        return self._tokens(text, begins=False)

    def _tokens(self, text: str, *, begins: bool) -> int:
        return len(self._post("/tokenize", {"content": text, "add_special": begins, "parse_special": True})["tokens"])


def connect(server: Server, settings: Settings) -> ServerGenerator:
    """A generator for the server, which must run. A key is taken from $OPENAI_API_KEY.

    Raises InvalidInput when it does not answer, has several models, or there is no exact way to count its tokens or know its window.
    """
    key = os.environ.get("OPENAI_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    root = server.url.removesuffix("/v1")
    client = httpx.Client(base_url=root, headers=headers, timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS))
    model = _model(client, server)
    window = settings.window or model.get("max_model_len") or _llama_cpp_window(client)
    if not window:
        raise InvalidInput(f"The server {server.url} does not say how many tokens its window has; give it with --window.")
    counter = load_chat_tokenizer(settings.tokenizer) if settings.tokenizer else _its_counter(client, model["id"], server)
    return ServerGenerator(server.url, model["id"], int(window), counter, key)


def _model(client: httpx.Client, server: Server) -> dict[str, Any]:
    try:
        response = client.get(f"{server.url}/models")
        response.raise_for_status()
        models: list[dict[str, Any]] = response.json()["data"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"The server {server.url} does not list its models ({error}); is it an OpenAI-compatible API and running?"
        ) from error
    chosen = [model for model in models if server.model in (None, model["id"])]
    if len(chosen) != 1:
        there = ", ".join(model["id"] for model in models) or "none"
        raise InvalidInput(f"The server {server.url} has these models: {there}; name one of them, as in openai:{server.url}#MODEL.")
    return chosen[0]


def _its_counter(client: httpx.Client, model: str, server: Server) -> TokenCounter:
    for kind in (VllmCounter, LlamaCppCounter):
        counter: TokenCounter = kind(client, model)
        with suppress(GeneratorFailed, InvalidInput, ValueError, KeyError):  # it speaks the other dialect, or none: said below
            counter.count([{"role": "user", "content": "?"}])
            return counter
    raise InvalidInput(f"The server {server.url} cannot count the tokens of a chat; give its model's tokenizer with --tokenizer.")


def _llama_cpp_window(client: httpx.Client) -> int | None:
    """Tokens of one of llama.cpp's slots; None for another server."""
    try:
        return int(client.get("/props").json()["default_generation_settings"]["n_ctx"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None
