"""The OpenAI API with OpenAI's own client."""

import json
from collections.abc import Iterator

import numpy as np
import openai
import pytest

from tests.service import Service
from tests.tiny_llama import SAYS, WINDOW

QUESTION = {"role": "user", "content": "Wie lang ist der Urlaub im Jahr?"}


@pytest.fixture
def api(llm: Service) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{llm.url}/v1", api_key=llm.key, max_retries=0) as client:
        yield client


def test_the_models_are_listed(api: openai.OpenAI) -> None:
    assert [model.id for model in api.models.list()] == ["glossa", "tiny-llama", "glossa-embedder"]


def test_glossa_answers_from_the_documents_with_annotations(api: openai.OpenAI) -> None:
    completion = api.chat.completions.create(model="glossa", messages=[QUESTION])
    message = completion.choices[0].message
    assert message.content == SAYS
    assert message.annotations is not None
    (annotation,) = message.annotations
    cited = annotation.url_citation
    assert cited.title == "handbuch.md" and SAYS[cited.start_index : cited.end_index] == "[1]"
    assert completion.model_extra is not None
    assert completion.model_extra["glossa"]["citations"][0]["quote"] == "Der Urlaub beträgt dreißig Tage im Jahr."
    assert completion.usage is not None and completion.usage.prompt_tokens > 100


def test_glossa_streams(api: openai.OpenAI) -> None:
    chunks = list(api.chat.completions.create(model="glossa", messages=[QUESTION], stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == SAYS
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].choices[0].delta.model_extra["annotations"]  # type: ignore[index]


def test_the_bare_model_passes_through(api: openai.OpenAI) -> None:
    whole = api.chat.completions.create(model="tiny-llama", messages=[QUESTION], n=2, seed=1, stop=["Tage"])
    assert [choice.message.content for choice in whole.choices] == [SAYS.partition("Tage")[0]] * 2
    streamed = api.chat.completions.create(model="tiny-llama", messages=[QUESTION], stream=True, stream_options={"include_usage": True})
    chunks = list(streamed)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == SAYS
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens > 0


def test_structured_output_keeps_to_its_schema(api: openai.OpenAI) -> None:
    schema = {"type": "object", "properties": {"days": {"type": "integer", "maximum": 99}}, "required": ["days"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "leave", "schema": schema}}
    completion = api.chat.completions.create(
        model="tiny-llama",
        messages=[QUESTION],
        response_format=wanted,
        max_tokens=200,
        temperature=0,  # type: ignore[call-overload]
    )
    text = completion.choices[0].message.content
    assert text.lstrip().startswith("{")
    if completion.choices[0].finish_reason == "stop":
        assert set(json.loads(text)) == {"days"}


def test_a_tool_call_in_the_history_and_its_result_are_taken(api: openai.OpenAI) -> None:
    tool = {
        "type": "function",
        "function": {"name": "leave", "parameters": {"type": "object", "properties": {"year": {"type": "integer"}}}},
    }
    call = {"id": "c1", "type": "function", "function": {"name": "leave", "arguments": '{"year": 2026}'}}
    history = [
        QUESTION,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "30"},
    ]
    completion = api.chat.completions.create(model="tiny-llama", messages=history, tools=[tool])  # type: ignore[arg-type,list-item]
    assert completion.choices[0].message.content == SAYS


def calling(name: str, **parameters: str) -> dict[str, object]:
    """A response format that leaves a model nothing but Llama 3.1's form of a call: a tiny one would not think of it."""
    fixed = {key: {"type": "string", "enum": [value]} for key, value in parameters.items()}
    arguments = {"type": "object", "properties": fixed, "required": list(fixed), "additionalProperties": False}
    call = {"type": "object", "properties": {"name": {"type": "string", "enum": [name]}, "parameters": arguments}}
    schema = {**call, "required": ["name", "parameters"], "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "call", "schema": schema}}


def test_a_call_that_the_model_writes_reaches_the_client(api: openai.OpenAI) -> None:
    tool = {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
    }
    completion = api.chat.completions.create(
        model="tiny-llama",
        messages=[QUESTION],  # type: ignore[list-item]
        tools=[tool],  # type: ignore[list-item]
        response_format=calling("weather", city="Bonn"),  # type: ignore[arg-type]
        max_tokens=200,
    )
    (call,) = completion.choices[0].message.tool_calls or []
    assert completion.choices[0].finish_reason == "tool_calls"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Bonn"})  # type: ignore[union-attr]


def test_a_search_that_the_model_calls_is_run_and_its_passages_come_back(api: openai.OpenAI) -> None:
    asked = {"model": "tiny-llama", "messages": [QUESTION], "max_tokens": 200}
    plain = api.chat.completions.create(**asked)  # type: ignore[call-overload]
    tool = {"type": "function", "function": {"name": "search_documents"}}
    form = calling("search_documents", question="Urlaub im Jahr")
    searched = api.chat.completions.create(**asked, tools=[tool], response_format=form)  # type: ignore[call-overload]
    assert searched.choices[0].finish_reason == "stop", "after so many rounds it must answer"
    assert searched.usage.prompt_tokens > plain.usage.prompt_tokens + 400, "four searches with their passages stand in the prompt"


def test_document_search_is_offered_to_the_model_as_a_tool(api: openai.OpenAI) -> None:
    tool = {"type": "function", "function": {"name": "search_documents"}}
    completion = api.chat.completions.create(model="tiny-llama", messages=[QUESTION], tools=[tool])  # type: ignore[list-item]
    assert completion.choices[0].message.content == SAYS


def test_embeddings_are_those_of_retrieval(api: openai.OpenAI) -> None:
    floats = api.embeddings.create(model="glossa-embedder", input=["Urlaub", "holiday"], encoding_format="float")
    encoded = api.embeddings.create(model="glossa-embedder", input="Urlaub")  # base64 on the wire
    vectors = np.array([row.embedding for row in floats.data])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert np.allclose(encoded.data[0].embedding, vectors[0], atol=1e-6)


@pytest.mark.parametrize(("wrong", "status", "said"), [
    ({"model": "nobody"}, 404, "no model 'nobody'"),
    ({"model": "glossa", "n": 2}, 422, "one answer"),
    ({"max_tokens": 0}, 422, "at least 1"),
    ({"max_tokens": 140_000}, 422, str(WINDOW)),
    ({"temperature": 9}, 422, "temperature"),
    ({"messages": [{"role": "user", "content": "why " * 140_000}]}, 422, str(WINDOW)),
    ({"messages": []}, 422, "messages"),
    ({"tools": [{"type": "function", "function": {"name": 3}}]}, 422, "tools"),
])  # fmt: skip
def test_bad_requests_get_their_status_and_one_sentence(api: openai.OpenAI, wrong: dict[str, object], status: int, said: str) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        api.chat.completions.create(**{"model": "tiny-llama", "messages": [QUESTION], **wrong})  # type: ignore[call-overload]
    assert refused.value.status_code == status
    assert said in str(refused.value)
