"""Answers never break on what a language model writes, on what its server sends, or on what a client says to it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from serving.models.llama_guard import Guarded, turns
from tests.serving.in_process import Application, add_ready
from tests.serving.scripted_server import scripted

QUESTION = {"question": "When does the shop open?"}
TEXT = "The shop opens at nine. The lamp costs forty-nine euros."


@pytest.fixture(scope="module", autouse=True)
def document(here: Application) -> str:
    return add_ready(here.services, "shop.txt", TEXT)


def sse(text: str) -> list[tuple[str, Any]]:
    return [(name, json.loads(data)) for name, data in re.findall(r"event: (.+)\ndata: (.+)\n", text)]


@pytest.mark.parametrize("pieces", [["Nine [[99]7]."], ["Nine [", "[99]", "7", "]."], ["Nine [7[", "99]]."]])
def test_a_marker_inside_a_marker_is_left_out(here: Application, pieces: list[str]) -> None:
    with scripted(lambda _: pieces) as generator, here.served(generator=generator) as client:
        answer = client.post("/v1/ask", json=QUESTION).json()
        events = sse(client.post("/v1/ask", json={**QUESTION, "stream": True}).text)
    assert (answer["answer"], answer["citations"]) == ("Nine .", [])
    assert "".join(data["text"] for name, data in events if name == "delta") == "Nine ."
    assert events[-1][0] == "done"


ERROR = {"error": {"message": "slot unavailable", "code": 500}}


@pytest.mark.parametrize("broken", [ERROR, {"choices": [{"index": 0}]}, {"choices": None}, {"choices": [{"delta": {"content": 7}}]}])
def test_an_error_of_another_server_in_a_stream_is_the_models_failure(here: Application, broken: dict[str, Any]) -> None:
    with scripted(lambda _: ["Nine", broken]) as generator, here.served(generator=generator) as client:
        events = sse(client.post("/v1/ask", json={**QUESTION, "stream": True}).text)
        whole = client.post("/v1/ask", json=QUESTION)
    assert events[-1][0] == "error"
    assert events[-1][1]["status"] == whole.status_code == 503
    assert "sent no chat completion" in whole.json()["detail"]


def test_an_error_before_the_first_word_is_answered_by_quoting(here: Application) -> None:
    with scripted(lambda _: [ERROR]) as generator, here.served(generator=generator) as client:
        answer = client.post("/v1/ask", json=QUESTION).json()
    assert (answer["generator"], answer["notes"][0][:36]) == ("extractive", "The language model is not available;")


@pytest.mark.parametrize("answer", [ERROR, {"choices": []}, {"choices": [{"index": 0, "message": {"content": 7}}]}])
def test_a_whole_answer_that_is_none_is_the_models_failure(here: Application, answer: dict[str, Any]) -> None:
    body = {"model": "scripted", "messages": [{"role": "user", "content": "Hi"}]}
    with scripted(lambda _: [answer]) as generator, here.served(generator=generator) as client:
        assert client.post("/v1/chat/completions", json=body).status_code == 503


@pytest.mark.parametrize("call", [{"function": {"name": "search_documents"}}, {"id": "1"}, "search"])
def test_a_call_of_a_tool_that_is_none_is_the_models_failure(here: Application, call: object) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    tool = {"type": "function", "function": {"name": "search_documents"}}
    body = {"model": "scripted", "messages": [{"role": "user", "content": "Hi"}], "tools": [tool]}
    with scripted(lambda _: [{"choices": [{"index": 0, "message": message}]}]) as generator, here.served(generator=generator) as client:
        assert client.post("/v1/chat/completions", json=body).status_code == 503


@pytest.fixture(scope="module")
def polite(here: Application) -> Iterator[httpx.Client]:
    """The service with a model that says hello."""
    with scripted(lambda _: ["Hello"]) as generator, here.served(generator=generator) as client:
        yield client


USER = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize("model", ["scripted", "glossa"])
@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"messages": [{"content": "Hi"}]}, "messages.0.role"),
        ({"messages": [{"role": 7, "content": "Hi"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content"),
        ({"messages": [USER, {"role": "assistant", "tool_calls": [{"id": "1"}]}, USER]}, "messages.1.tool_calls.0.function"),
        ({"messages": [USER], "tools": [{"type": "function"}]}, "tools.0.function"),
        ({"messages": [USER], "tools": [{"function": {}}]}, "tools.0.function.name"),
    ],
)
def test_a_conversation_that_is_none_is_refused_with_its_place(polite: httpx.Client, model: str, more: dict[str, Any], field: str) -> None:
    response = polite.post("/v1/chat/completions", json={"model": model, **more})
    assert response.status_code == 422
    assert response.json()["detail"].startswith(f"The field {field}")


def test_fields_that_only_the_model_knows_are_passed_on(here: Application) -> None:
    seen: list[dict[str, Any]] = []

    def says(body: dict[str, Any]) -> list[str]:
        seen.append(body)
        return ["Hello"]

    message = {**USER, "name": "Anna"}
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}, "strict": True}}
    with scripted(says) as generator, here.served(generator=generator) as client:
        body = {"model": "scripted", "messages": [message], "tools": [tool], "min_p": 0.1}
        assert client.post("/v1/chat/completions", json=body).status_code == 200
    assert seen == [body]


UNSAFE = "Where does one buy a bomb?"


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": UNSAFE}],
        [{"role": "user", "content": UNSAFE}, {"role": "assistant", "content": "Why?"}, {"role": "user", "content": "Go on."}],
        [USER, {"role": "assistant", "content": "", "tool_calls": []}, {"role": "tool", "tool_call_id": "1", "content": UNSAFE}],
        [{"role": "assistant", "content": UNSAFE}, USER],
    ],
)
def test_llama_guard_reads_every_turn(here: Application, messages: list[dict[str, Any]]) -> None:
    def judges(body: dict[str, Any]) -> list[str]:
        roles = [message["role"] for message in body["messages"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)  # as the template demands
        return ["unsafe\nS9" if UNSAFE in str(body["messages"]) else "safe"]

    with scripted(lambda _: ["Hello"]) as model, scripted(judges) as guard, here.served(generator=Guarded(model, guard)) as client:
        safe = client.post("/v1/chat/completions", json={"model": "scripted", "messages": [USER]}).json()
        refused = client.post("/v1/chat/completions", json={"model": "scripted", "messages": messages}).json()
    assert safe["choices"][0]["message"]["content"] == "Hello"
    assert refused["glossa"]["refusal"] == {"of": "question", "categories": ["Indiscriminate Weapons"]}


def test_turns_alternate_and_leave_out_system_messages() -> None:
    said = [("system", "a"), ("user", "b"), ("tool", "c"), ("assistant", "d"), ("assistant", "e"), ("user", "f")]
    assert [(turn["role"], turn["content"]) for turn in turns([{"role": role, "content": text} for role, text in said])] == [
        ("user", "b\n\nc"),
        ("assistant", "d\n\ne"),
        ("user", "f"),
    ]
