"""The samples, as a newcomer gets them: every format is read, and questions in eight languages find the right document."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service import Service

SAMPLES = Path(__file__).parents[2] / "samples"
LANGUAGE_WORDS = {"en", "de", "fr", "it", "pt", "hi", "es", "th"}


def glossa(service: Service, *arguments: object) -> "subprocess.CompletedProcess[str]":
    environment = {"GLOSSA_URL": service.url, "GLOSSA_KEY": service.key, "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "serving.cli", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False, cwd=SAMPLES.parent)


@pytest.fixture(scope="module")
def ingested(service: Service) -> str:
    """A collection that holds the samples."""
    done = glossa(service, "ingest", SAMPLES / "documents", "--collection", "samples")
    assert done.returncode == 0, done.stdout + done.stderr
    return "samples"


def test_every_sample_is_ready_in_its_format_and_language(service: Service, ingested: str) -> None:
    with service.client() as client:
        documents = client.get("/v1/documents", params={"collection": ingested, "limit": 200}).json()["documents"]
    assert {document["status"] for document in documents} == {"ready"}
    assert {Path(document["name"]).suffix for document in documents} == {
        ".pdf", ".docx", ".pptx", ".xlsx", ".html", ".md", ".txt", ".csv", ".epub",
    }  # fmt: skip
    expected = {}
    for line in (SAMPLES / "questions.jsonl").read_text().splitlines():
        question = json.loads(line)
        if question["document"]:
            expected[question["document"]] = question["document_language"]
    assert {document["name"]: document["language"] for document in documents if document["name"] in expected} == expected
    assert set(expected.values()) == LANGUAGE_WORDS


def test_questions_find_their_document_within_a_language_and_across_and_no_pair_has_lost(service: Service, ingested: str) -> None:
    least = ["--min-same", "0.95", "--min-cross", "0.9", "--baseline", SAMPLES / "quality.json"]
    report = glossa(service, "eval", SAMPLES / "questions.jsonl", "--collection", ingested, *least)
    assert report.returncode == 0, report.stdout + report.stderr


def test_questions_as_people_type_them_find_their_document(service: Service, ingested: str) -> None:
    least = ["--min-same", "0.95", "--min-cross", "0.82"]
    report = glossa(service, "eval", SAMPLES / "questions-typed.jsonl", "--collection", ingested, *least)
    assert report.returncode == 0, report.stdout + report.stderr


def test_questions_that_go_on_from_the_one_before_find_their_document(service: Service, ingested: str) -> None:
    least = ["--min-same", "0.95", "--min-cross", "0.85"]
    report = glossa(service, "eval", SAMPLES / "questions-followup.jsonl", "--collection", ingested, *least)
    assert report.returncode == 0, report.stdout + report.stderr


def test_a_conversation_is_answered_from_what_it_is_about(service: Service, ingested: str) -> None:
    talk = [
        {"role": "user", "content": "When is the salary paid in Recife?"},
        {"role": "assistant", "content": "On the fifth working day of the month."},
        {"role": "user", "content": "And the thirteenth one?"},
    ]
    with service.client() as client:
        answer = client.post("/v1/ask", json={"messages": talk, "collections": [ingested]}).json()
        alone = client.post("/v1/ask", json={"messages": talk[-1:], "collections": [ingested]}).json()
        chat = client.post("/v1/chat/completions", json={"model": "glossa", "messages": talk}).json()
    assert answer["citations"][0]["name"] == "manual-recife.docx"
    assert "manual-recife.docx" not in [citation["name"] for citation in alone["citations"]]
    assert "décimo terceiro" in chat["choices"][0]["message"]["content"]


def test_a_question_set_that_brings_its_documents_leaves_nothing_behind(service: Service, tmp_path: Path) -> None:
    asked = [{"id": "q1", "question": "What does the Borealis lamp cost?"}]
    article = {"title": "x", "paragraphs": [{"context": "The Borealis lamp costs forty-nine euros in every shop.", "qas": asked}]}
    (tmp_path / "squad.json").write_text(json.dumps({"data": [article]}))
    done = glossa(service, "eval", tmp_path / "squad.json", "--json", tmp_path / "out.json", "--picture", tmp_path / "out.svg")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "out.json").read_text())["pairs"]["en-en"]["hit1"]["value"] == 1.0
    assert (tmp_path / "out.svg").read_text().startswith("<svg")
    with service.client() as client:
        names = [row["name"] for row in client.get("/v1/collections").json()["collections"] if row["documents"]]
    assert not [name for name in names if name.startswith("eval-")]
