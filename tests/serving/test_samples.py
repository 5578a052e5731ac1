"""The samples, as a newcomer gets them: every format is read, and questions in eight languages find the right document."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rag.languages import detect_language
from tests.service import Service

SAMPLES = Path(__file__).parents[2] / "samples"
LANGUAGE_WORDS = {"en", "de", "fr", "it", "pt", "hi", "es", "th"}


def glossa(service: Service, *arguments: object) -> "subprocess.CompletedProcess[str]":
    environment = {"GLOSSA_URL": service.url, "GLOSSA_KEY": service.key, "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "serving.command.cli", *map(str, arguments)]
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
    least = ["--min-same", "0.95", "--min-cross", "0.97", "--baseline", SAMPLES / "quality.json"]
    report = glossa(service, "eval", SAMPLES / "questions.jsonl", "--collection", ingested, *least)
    assert report.returncode == 0, report.stdout + report.stderr


def test_the_right_sentence_is_quoted_within_a_language_and_across(service: Service, ingested: str) -> None:
    least = ["--min-same", "0.95", "--min-cross", "0.85"]
    report = glossa(service, "eval", "--answers", SAMPLES / "questions.jsonl", "--collection", ingested, *least)
    assert report.returncode == 0, report.stdout + report.stderr


@pytest.mark.parametrize(
    ("question", "document", "right"),
    [
        ("How many days of annual leave do employees in Chiang Mai get?", "rongngan-chiangmai.pdf", "สิบสองวัน"),
        ("Wie viele Urlaubstage habe ich in Freiburg?", "arbeitsordnung-freiburg.pdf", "30 Arbeitstage"),
        ("¿Cuánto cuesta el Lumo 3?", "price-list-2026.csv", "name: Lumo 3; "),
        ("Who won the world cup in 2018?", None, ""),
    ],
)
def test_what_a_newcomer_asks_first_is_answered_right(
    service: Service, ingested: str, question: str, document: str | None, right: str
) -> None:
    with service.client() as client:
        citations = client.post("/v1/ask", json={"question": question, "collections": [ingested]}).json()["citations"]
    if document is None:
        assert citations == []
    else:
        assert citations, "refused"
        assert citations[0]["name"] == document
        assert right in citations[0]["quote"]


def test_questions_in_free_wording_find_their_document(service: Service, ingested: str) -> None:
    least = ["--min-same", "0.9", "--min-cross", "0.9"]
    report = glossa(service, "eval", SAMPLES / "questions-paraphrased.jsonl", "--collection", ingested, *least)
    assert report.returncode == 0, report.stdout + report.stderr


def test_questions_as_people_type_them_find_their_document(service: Service, ingested: str) -> None:
    least = ["--min-same", "0.95", "--min-cross", "0.93"]
    report = glossa(service, "eval", SAMPLES / "questions-typed.jsonl", "--collection", ingested, *least)
    assert report.returncode == 0, report.stdout + report.stderr


def test_questions_that_go_on_from_the_one_before_find_their_document(service: Service, ingested: str) -> None:
    least = ["--min-same", "0.95", "--min-cross", "0.85"]
    report = glossa(service, "eval", SAMPLES / "questions-followup.jsonl", "--collection", ingested, *least)
    assert report.returncode == 0, report.stdout + report.stderr


def test_a_thousand_questions_that_nothing_answers_are_there_in_all_languages() -> None:
    rows = [json.loads(line) for line in (SAMPLES / "questions-unanswerable.jsonl").read_text().splitlines()]
    assert Counter(row["question_language"] for row in rows) == dict.fromkeys(LANGUAGE_WORDS, 130)
    assert Counter(row["kind"] for row in rows) == {"near": 520, "general": 520}
    assert len({row["id"] for row in rows}) == len({row["question"].casefold() for row in rows}) == len(rows) == 1040
    assert {row[name] for row in rows for name in ("document", "document_language", "answer", "page")} == {None}
    lengths = [len(row["question"].split()) for row in rows if row["question_language"] == "en"]
    assert (min(lengths), max(lengths)) == (2, 44)


def test_questions_that_nothing_answers_say_so_in_the_language_they_name() -> None:
    rows = [json.loads(line) for line in (SAMPLES / "questions-unanswerable.jsonl").read_text().splitlines()]
    long = [row for row in rows if len(row["question"]) >= 40]  # shorter ones are names and numbers as often as words
    wrong = [row["id"] for row in long if detect_language(row["question"]) not in (row["question_language"], "und")]
    assert wrong == []


def test_answers_are_measured_and_refused_when_their_document_is_kept_out(service: Service, tmp_path: Path) -> None:
    lamp, tent = "The Borealis lamp costs forty-nine euros in every shop.", "Tents are dried for two days before anyone folds them."
    asked = [("q1", "What does the Borealis lamp cost?", lamp, "forty-nine euros"), ("q2", "How long are tents dried?", tent, "two days")]
    paragraphs = [{"context": c, "qas": [{"id": id, "question": q, "answers": [{"text": gold}]}]} for id, q, c, gold in asked]
    (tmp_path / "squad.json").write_text(json.dumps({"data": [{"title": "x", "paragraphs": paragraphs}]}))
    output = ["--json", tmp_path / "out.json", "--picture", tmp_path / "out.svg"]
    done = glossa(service, "eval", "--answers", "--without-answers", tmp_path / "squad.json", *output)
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((tmp_path / "out.json").read_text())
    same = {name: record["same"][name] for name in ("questions", "gold_inside", "gold_first", "right_document", "refused")}
    sure, never = {"value": 1.0, "low": 1.0, "high": 1.0}, {"value": 0.0, "low": 0.0, "high": 0.0}
    assert same == {"questions": 2, "gold_inside": sure, "gold_first": sure, "right_document": sure, "refused": never}
    assert record["taken_away"]["en-en"] == {"questions": 2, "refused": sure}
    assert (tmp_path / "out.svg").read_text().startswith("<svg")
    again = glossa(service, "eval", "--answers", "--limit", 1, tmp_path / "squad.json", "--baseline", tmp_path / "out.json")
    assert again.returncode == 1
    assert "refused of taken_away en-en was not measured" in again.stderr


def test_follow_up_questions_are_answered_as_a_conversation(service: Service, ingested: str) -> None:
    least = ["--min-same", "0.6", "--min-cross", "0.4"]
    report = glossa(service, "eval", "--answers", SAMPLES / "questions-followup.jsonl", "--collection", ingested, *least)
    assert report.returncode == 0, report.stdout + report.stderr


def test_without_answers_needs_answers(service: Service) -> None:
    refused = glossa(service, "eval", "--without-answers", SAMPLES / "questions.jsonl")
    assert refused.returncode == 2
    assert refused.stderr == "--without-answers measures answers; give --answers too.\n"


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
