"""No route blocks the event loop: SQL, files and tokens are worked on in threads. Says nothing about time, so no machine is too slow."""

import asyncio
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from rag.chat import Message, TokenCounter, Tool
from tests.serving.in_process import Application, add_ready
from tests.serving.scripted_server import scripted

QUESTION = {"question": "When does the shop open?"}
CHAT = {"messages": [{"role": "user", "content": "When does the shop open?"}]}
SOURCES = (".py", ".pyc", ".so")  # a first import


class Watch:
    """What happened on an event loop that should have been in a thread."""

    def __init__(self) -> None:
        self.watching, self.seen = False, list[str]()

    def note(self, what: str) -> None:
        if self.watching and asyncio._get_running_loop() is not None:
            ours = [frame for frame in traceback.extract_stack() if "/serving/" in frame.filename and "/tests/" not in frame.filename]
            self.seen += [f"{what}, from {ours[-1].filename}:{ours[-1].lineno}"] if ours else []

    def audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "open" and not str(arguments[0]).endswith(SOURCES):
            self.note(f"opened {arguments[0]}")


class WatchedCounter:
    """A counter whose calls are noted."""

    def __init__(self, counter: TokenCounter, watch: Watch) -> None:
        self.counter, self.watch = counter, watch

    def count(self, messages: list[Message], tools: list[Tool] | None = None) -> int:
        self.watch.note("counted a prompt")
        return self.counter.count(messages, tools)

    def count_text(self, text: str) -> int:
        self.watch.note("counted a text")
        return self.counter.count_text(text)

    def neutral(self, text: str) -> str:
        self.watch.note("neutralised a text")
        return self.counter.neutral(text)


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()

    def executes(*_: Any) -> None:
        watch.note("executed SQL")

    event.listen(Engine, "before_cursor_execute", executes)
    sys.addaudithook(watch.audit)  # cannot be removed; notes nothing afterwards
    watch.watching = True
    yield watch
    watch.watching = False
    event.remove(Engine, "before_cursor_execute", executes)


def test_no_route_works_on_sql_files_or_tokens_on_the_event_loop(here: Application, watch: Watch) -> None:
    document = add_ready(here.services, "shop.txt", "The shop opens at nine. The lamp costs forty-nine euros.")
    with scripted(lambda _: ["At nine [1]."]) as generator:
        generator.counter = WatchedCounter(generator.counter, watch)
        with here.served(generator=generator) as client:
            paths = ["/readyz", "/v1/collections", "/v1/status", "/metrics", "/v1/documents", "/v1/models", "/openapi.json"]
            paths += [f"/v1/documents/{document}{more}" for more in ("", "/text", "/content", "/events")]
            answers = [client.get(path) for path in paths]
            answers += [client.post("/v1/search", json={**QUESTION, "min_version": 1}), client.post("/v1/ask", json=QUESTION)]
            answers += [client.post("/v1/ask", json={**QUESTION, "stream": True, "collections": ["default"]})]
            answers += [client.post("/v1/ask", json={**QUESTION, "whole_document": True, "filters": {"document_ids": [document]}})]
            answers += [client.post("/v1/chat/completions", json={"model": name, **CHAT}) for name in ("glossa", "scripted")]
            answers += [client.post("/v1/embeddings", json={"model": "glossa-embedder", "input": ["The shop."]})]
            uploaded = client.post("/v1/documents", files=[("files", ("door.txt", b"The door is blue."))])
            new = uploaded.json()["documents"][0]["id"]
            answers += [uploaded, client.post(f"/v1/documents/{new}/cancel"), client.post(f"/v1/documents/{new}/retry")]
            answers += [client.delete(f"/v1/documents/{new}")]
        with here.served() as client:
            answers += [client.post("/v1/ask", json=QUESTION)]
    assert [(answer.url.path, answer.status_code) for answer in answers if not answer.is_success] == []
    assert sorted(set(watch.seen)) == []
