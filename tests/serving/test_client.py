"""The client against the real service, and against addresses where there is none."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.records import Status
from serving.api.schemas import DOCUMENT
from serving.client import Glossa, connect
from serving.client.records import Answer, Document, SearchResult, ServiceError, read_record, write_record
from serving.client.sending import Outcome, look

STATE = {
    "pid": 1,
    "url": "http://127.0.0.1:8000",
    "dashboard": "http://127.0.0.1:8265",
    "key": "glossa_k",
    "ray_address": "127.0.0.1:6379",
    "started_at": "2026-11-20T09:00:00Z",
}


@pytest.fixture
def glossa(service: Any) -> Iterator[Glossa]:
    with Glossa(service.url, service.key) as client:
        yield client


@pytest.fixture
def nowhere() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GLOSSA_URL", raising=False)
    monkeypatch.delenv("GLOSSA_KEY", raising=False)


def upload_and_wait(glossa: Glossa, path: Path, collection: str) -> Outcome:
    upload = glossa.upload([path], collection=collection)[0]
    outcome = Outcome(upload.name, upload.status, upload.id, upload.version)
    while not outcome.settled:
        outcome = look(glossa, outcome)
    return outcome


def test_an_upload_is_found_answered_from_and_deleted(glossa: Glossa, tmp_path: Path) -> None:
    path = tmp_path / "ferry.txt"
    path.write_text("The ferry to Norderney leaves at 6:45 on weekdays.\n\nDogs travel free of charge.")
    uploaded = upload_and_wait(glossa, path, "client")
    assert (uploaded.name, uploaded.status, uploaded.language, uploaded.pages) == ("ferry.txt", Status.READY, "en", 1)
    found = glossa.search("When does the ferry to Norderney leave?", collections=["client"], k=1, min_version=uploaded.version)
    assert "6:45" in found.passages[0].text
    answer = glossa.ask("When does the ferry to Norderney leave?", collections=["client"])
    assert "6:45" in answer.answer
    assert answer.citations[0].name == "ferry.txt"
    assert [document.name for document in glossa.documents(collection="client", status=Status.READY)] == ["ferry.txt"]
    assert uploaded.id is not None
    version = glossa.delete(uploaded.id)
    assert glossa.search("When does the ferry leave?", collections=["client"], min_version=version).passages == []


def test_a_stream_gives_text_and_then_the_same_answer_whole(glossa: Glossa, tmp_path: Path) -> None:
    path = tmp_path / "oven.txt"
    path.write_text("The oven is preheated to 230 degrees for twenty minutes.")
    upload_and_wait(glossa, path, "client-stream")
    parts = list(glossa.stream("To how many degrees is the oven preheated?", collections=["client-stream"]))
    assert isinstance(parts[-1], Answer)
    assert "".join(part for part in parts if isinstance(part, str)) == parts[-1].answer
    assert "230" in parts[-1].answer


def test_a_refusal_of_the_service_is_its_sentence(glossa: Glossa) -> None:
    with pytest.raises(ServiceError) as refused:
        glossa.document("d_0000000000000000")
    assert refused.value.status == 404
    assert str(refused.value) == refused.value.detail
    assert refused.value.detail.endswith(".")


def test_a_refused_stream_is_its_sentence(glossa: Glossa) -> None:
    with pytest.raises(ServiceError) as refused:
        list(glossa.stream(""))
    assert refused.value.status == 422


def test_a_wrong_key_is_refused(service: Any) -> None:
    with Glossa(service.url, "glossa_wrong") as glossa, pytest.raises(ServiceError) as refused:
        glossa.status()
    assert refused.value.status == 401


def test_the_state_of_a_run_leads_to_its_service(service: Any) -> None:
    with connect(service.data) as glossa:
        assert glossa.ready()
        assert glossa.status().generator == "extractive"


def test_the_environment_leads_to_a_service(service: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GLOSSA_URL", service.url)
    monkeypatch.setenv("GLOSSA_KEY", service.key)
    with connect(tmp_path) as glossa:
        assert isinstance(glossa.collections(), list)


def test_a_folder_without_a_service_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="start one with `glossa up`"):
        connect(tmp_path)


def test_an_address_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GLOSSA_URL", "http://127.0.0.1:8000")
    with pytest.raises(ServiceError, match="GLOSSA_KEY is not"):
        connect(tmp_path)


def test_the_key_of_a_run_goes_to_no_other_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text(json.dumps(STATE))
    monkeypatch.setenv("GLOSSA_URL", "https://elsewhere.example")
    with pytest.raises(ServiceError, match="GLOSSA_KEY is not"):
        connect(tmp_path)


def test_a_damaged_state_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text('{"pid": 1')
    with pytest.raises(ServiceError, match="What was read is not a RunState"):
        connect(tmp_path)


def test_a_closed_port_is_one_sentence(nowhere: str) -> None:
    with Glossa(nowhere, "glossa_k") as glossa:
        assert not glossa.ready()
        with pytest.raises(ServiceError) as refused:
            glossa.status()
        assert refused.value.status is None
        assert str(refused.value) == f"Nothing answers at {nowhere}; start the service with `glossa up`."
        with pytest.raises(ServiceError, match="Nothing answers at"):
            next(glossa.stream("Wo?"))


def test_an_address_that_is_none_is_one_sentence() -> None:
    with pytest.raises(ServiceError, match="cannot be used"):
        Glossa("http://[::1", "glossa_k")


def test_fields_of_a_newer_service_are_passed_over() -> None:
    result = read_record(SearchResult, '{"passages": [], "language": "th", "timings_ms": {"total": 1.5}, "new": 1}')
    assert result == SearchResult([], "th", {"total": 1.5})


def test_a_missing_field_is_one_sentence() -> None:
    with pytest.raises(ServiceError, match=r"not a SearchResult \(language: Field required\)"):
        read_record(SearchResult, '{"passages": [], "timings_ms": {}}')


def test_a_record_is_written_as_the_service_sends_it() -> None:
    written = write_record(SearchResult([], "hi", {"total": 1.5}))
    assert json.loads(written) == {"passages": [], "language": "hi", "timings_ms": {"total": 1.5}}


@pytest.mark.parametrize(
    ("pages", "damaged", "notes", "told"),
    [
        (1, [], [{"text": "1 zero byte was left out.", "pages": [1]}], "1 zero byte was left out"),
        (
            9,
            [3, 4, 5],
            [{"text": "A picture holds no text.", "pages": [2, 7]}],
            "text layer damaged: pages 3-5; A picture holds no text (pages 2, 7)",
        ),
        (2, [], [], None),
    ],
)
def test_what_was_not_read_is_told_beside_the_status(pages: int, damaged: list[int], notes: list[dict[str, Any]], told: str | None) -> None:
    facts = {"status": "ready", "pages": pages, "damaged": damaged, "notes": notes}
    assert read_record(Document, json.dumps(DOCUMENT | facts)).note == told
