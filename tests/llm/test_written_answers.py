"""Answers that a real vLLM worker writes: grounded, cited, streamed, and what happens when it is gone."""

import json
import time
from typing import Any

import httpx
import psutil
import pytest
from httpx_sse import connect_sse

from serving.client import Glossa
from tests.service import Service, add
from tests.tiny_llama import SAYS, WINDOW

QUESTION = "Wie lang ist der Urlaub im Jahr?"


def ask(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/v1/ask", json={"question": QUESTION, **body})


def test_an_answer_is_written_and_its_marker_proved_by_a_sentence_of_the_document(asking: httpx.Client) -> None:
    answer = ask(asking).json()
    assert (answer["answer"], answer["generator"], answer["notes"]) == (SAYS, "tiny-llama", [])
    (citation,) = answer["citations"]
    assert (citation["marker"], citation["name"]) == (1, "handbuch.md")
    page = asking.get(f"/v1/documents/{citation['document_id']}/text", params={"page": citation["page"]}).json()["text"]
    assert page[citation["start"] : citation["end"]] == citation["quote"] == "Der Urlaub beträgt dreißig Tage im Jahr."


def test_a_stream_brings_pieces_then_the_whole(llm: Service) -> None:
    with Glossa(llm.url, llm.key) as glossa:
        *pieces, answer = glossa.stream(QUESTION)
    assert "".join(map(str, pieces)) == SAYS and len(pieces) >= 2
    assert not isinstance(answer, str) and answer.answer == SAYS and answer.citations


def test_an_answer_in_another_language_than_the_question_says_so(asking: httpx.Client) -> None:
    assert asking.post("/v1/ask", json={"question": "How many days of leave are there in a year?"}).json()["notes"] == [
        "The answer is in German, the question in English."
    ]


def test_an_answer_that_was_cut_says_so(asking: httpx.Client) -> None:
    answer = ask(asking, max_tokens=3).json()
    assert SAYS.startswith(answer["answer"]) and "cut at 3 tokens" in answer["notes"][0]


def test_a_whole_document_is_read(asking: httpx.Client) -> None:
    document = asking.get("/v1/documents").json()["documents"][0]
    answer = ask(asking, whole_document=True, filters={"document_ids": [document["id"]]}).json()
    assert answer["generator"] == "tiny-llama" and answer["citations"][0]["document_id"] == document["id"]
    assert ask(asking, whole_document=True).status_code == 422


def test_a_long_conversation_is_trimmed(asking: httpx.Client) -> None:
    turns = [{"role": role, "content": f"Nummer {turn}, und danke. " * 40} for turn in range(499) for role in ("user", "assistant")]
    answer = asking.post("/v1/ask", json={"messages": [*turns, {"role": "user", "content": QUESTION}]}).json()
    assert answer["answer"] == SAYS
    assert any("oldest turns" in note for note in answer["notes"])


def test_a_prompt_of_128k_tokens_is_read_whole_and_counted_as_vllm_counts(llm: Service, asking: httpx.Client) -> None:
    pages = [f"Kapitel {number}. " + f"Im Absatz {number} steht nichts über Ferien. " * 60 for number in range(170)]
    document = add(asking, "buch.txt", "\n\n".join(pages).encode(), "books")
    whole = {"whole_document": True, "filters": {"document_ids": [document["id"]]}, "collections": ["books"], "max_tokens": 64}
    answer = ask(asking, **whole).json()
    assert answer["answer"] == SAYS, answer
    assert answer["usage"]["prompt_tokens"] > 0.95 * (WINDOW - 64)
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["counted_tokens"] <= WINDOW - 64
    assert any("left out: the end of page" in note for note in answer["notes"]), answer["notes"]


@pytest.mark.parametrize(("body", "status", "said"), [
    ({"max_tokens": 0}, 422, "it needs at least 1"),
    ({"max_tokens": -1}, 422, "it needs at least 1"),
    ({"max_tokens": WINDOW}, 422, f"whole window is {WINDOW}"),
    ({"max_tokens": WINDOW - 100}, 413, f"leaves 100 beside the {WINDOW - 100}"),
])  # fmt: skip
def test_an_answer_that_cannot_fit_is_refused_with_the_numbers(asking: httpx.Client, body: dict[str, int], status: int, said: str) -> None:
    refused = ask(asking, **body)
    assert refused.status_code == status
    assert said in refused.json()["detail"]


def test_an_unanswerable_collection_is_not_asked_of_the_model(asking: httpx.Client) -> None:
    answer = ask(asking, filters={"languages": ["th"]}).json()
    assert answer["citations"] == [] and answer["generator"] == "extractive"


@pytest.mark.timeout(240)
def test_a_worker_that_dies_is_replaced_and_meanwhile_sentences_are_quoted(llm: Service, asking: httpx.Client) -> None:
    engines = [
        child
        for child in psutil.Process(llm.process.pid).children(recursive=True)
        if "ServeReplica:glossa:Worker" in " ".join(child.cmdline())
    ]
    assert engines
    for engine in engines:
        engine.kill()
    answer = ask(asking).json()
    assert answer["generator"] == "extractive" and answer["citations"], answer
    assert "language model is not available" in answer["notes"][0]
    deadline = time.monotonic() + 200
    while ask(asking).json()["generator"] == "extractive":
        assert time.monotonic() < deadline, "no new worker came up"
        time.sleep(2)


def test_events_of_a_stream_have_their_order(asking: httpx.Client) -> None:
    with connect_sse(asking, "POST", "/v1/ask", json={"question": QUESTION, "stream": True}) as source:
        events = [(event.event, json.loads(event.data)) for event in source.iter_sse()]
    names = [name for name, _ in events]
    assert names[0] == "passages" and names[-2:] == ["citations", "done"] and set(names[1:-2]) == {"delta"}
