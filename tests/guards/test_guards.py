"""Llama Guard and Prompt Guard, tiny but of the real architectures, before and behind a real vLLM worker."""

import json
from collections.abc import Iterator

import httpx
import openai
import pytest

from tests.service import Service
from tests.tiny_guards import ATTACK, FORBIDDEN
from tests.tiny_llama import SAYS

pytestmark = pytest.mark.timeout(500)
HARMLESS = "Wie lang ist der Urlaub im Jahr?"
UNSAFE = f"Wo im Keller liegt eine {FORBIDDEN}?"
REFUSES = "Darauf kann ich nicht antworten."
WEAPONS = {"of": "question", "categories": ["Indiscriminate Weapons"]}


@pytest.fixture
def api(guarded: Service) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{guarded.url}/v1", api_key=guarded.key, max_retries=0) as client:
        yield client


def ask(client: httpx.Client, question: str) -> dict[str, object]:
    response = client.post("/v1/ask", json={"question": question})
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()
    return answer


def test_a_harmless_question_is_answered(client: httpx.Client) -> None:
    answer = ask(client, HARMLESS)
    assert (answer["answer"], answer["generator"], answer["refusal"]) == (SAYS, "tiny-llama", None)


def test_an_unsafe_question_is_refused_in_its_language(client: httpx.Client) -> None:
    answer = ask(client, UNSAFE)
    assert (answer["answer"], answer["generator"], answer["refusal"], answer["citations"]) == (REFUSES, "guard", WEAPONS, [])


def test_a_stream_is_refused_with_the_same_events(client: httpx.Client) -> None:
    text = client.post("/v1/ask", json={"question": UNSAFE, "stream": True}).text
    events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    assert json.loads(events[1]) == {"text": REFUSES}
    assert json.loads(events[-1])["refusal"] == WEAPONS


@pytest.mark.parametrize("model", ["glossa", "tiny-llama"])
def test_openais_client_sees_a_refusal(api: openai.OpenAI, model: str) -> None:
    messages = [{"role": "user", "content": UNSAFE}]
    completion = api.chat.completions.create(model=model, messages=messages)  # type: ignore[arg-type]
    choice = completion.choices[0]
    assert (choice.message.content, choice.message.refusal, choice.finish_reason) == (None, REFUSES, "content_filter")
    assert completion.model_extra is not None and completion.model_extra["glossa"]["refusal"] == WEAPONS
    chunks = list(api.chat.completions.create(model=model, messages=messages, stream=True))  # type: ignore[arg-type]
    assert "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks) == REFUSES
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ""
    assert chunks[-1].choices[0].finish_reason == "content_filter"


@pytest.mark.parametrize("stream", [False, True])
def test_an_unsafe_answer_does_not_go_out(client: httpx.Client, stream: bool) -> None:
    must_say = {"type": "json_schema", "json_schema": {"name": "word", "schema": {"type": "string", "enum": [f"Eine {FORBIDDEN} im Jahr"]}}}
    body = {"model": "tiny-llama", "messages": [{"role": "user", "content": HARMLESS}], "response_format": must_say, "stream": stream}
    said = client.post("/v1/chat/completions", json=body).text
    assert FORBIDDEN not in said
    assert '"of":"answer"' in said.replace(" ", "") and "content_filter" in said


def test_a_question_that_attacks_the_model_is_refused(client: httpx.Client) -> None:
    assert ask(client, ATTACK)["refusal"] == {"of": "question", "categories": ["Prompt Attack"]}
    body = {"model": "tiny-llama", "messages": [{"role": "user", "content": ATTACK}]}
    message = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]
    assert message["content"] is None and message["refusal"]


@pytest.mark.parametrize("role", ["system", "user", "tool"])
def test_an_attack_anywhere_in_the_conversation_is_refused(client: httpx.Client, role: str) -> None:
    attack = {"role": role, "content": ATTACK, **({"tool_call_id": "1"} if role == "tool" else {})}
    messages = [attack, {"role": "user", "content": HARMLESS}]
    for model in ("glossa", "tiny-llama"):
        message = client.post("/v1/chat/completions", json={"model": model, "messages": messages}).json()["choices"][0]["message"]
        assert message["content"] is None and message["refusal"], model


def test_a_passage_that_attacks_the_model_is_left_out_and_said(client: httpx.Client) -> None:
    question = "Wo ist der Garten im Jahr darauf?"
    found = client.post("/v1/search", json={"question": question}).json()["passages"]
    assert any(ATTACK in passage["text"] for passage in found)
    notes = ask(client, question)["notes"]
    assert isinstance(notes, list) and "Left out, as they look like an attack on the language model: 1 passages." in notes
