"""Measures on literal results, and question files with faults."""

import json
from pathlib import Path

import pytest

from rag.errors import InvalidInput
from rag.records import Passage
from serving.evaluate import Quality, Question, Report, is_document, read_questions, score


def passage(name: str) -> Passage:
    return Passage("d_1", name, 1, 0, 1, "x", "en", 0.5)


def test_first_fourth_and_missing_score_as_by_hand() -> None:
    questions = [Question(id, "?", "en", "right.pdf", "de") for id in ("first", "fourth", "missing", "nothing")]
    wrong = [passage(f"wrong-{number}.pdf") for number in range(10)]
    found = {
        "first": [passage("right.pdf"), wrong[0]],
        "fourth": [
            wrong[0],
            wrong[0],
            wrong[1],
            wrong[2],
            passage("right.pdf"),
            passage("right.pdf"),
        ],  # documents are ranked, not passages
        "missing": wrong,
        "nothing": [],
    }
    assert score(questions, found) == {
        "first": Quality(1, 1.0, 1.0, 1.0),
        "fourth": Quality(1, 0.0, 0.0, 0.25),
        "missing": Quality(1, 0.0, 0.0, 0.0),
        "nothing": Quality(1, 0.0, 0.0, 0.0),
    }


def test_a_document_is_known_with_and_without_its_folder() -> None:
    assert is_document("documents/a.pdf", "a.pdf")
    assert is_document("a.pdf", "documents/a.pdf")
    assert not is_document("ba.pdf", "a.pdf")


def test_questions_are_read_and_unanswerable_ones_have_no_document(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    first = {"id": 1, "question": "ที่ไหน", "question_language": "th", "document": "a.pdf", "document_language": "de", "page": 3}
    second = {"id": 2, "question": "?", "question_language": "en", "document": None}
    path.write_text(f"{json.dumps(first)}\n\n{json.dumps(second)}\n")
    assert read_questions(path) == [Question("1", "ที่ไหน", "th", "a.pdf", "de"), Question("2", "?", "en", None, None)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "holds no question"),
        ('{"id": 1, "question": "?"}', "Line 1 of .* is no question"),
        ('\n["id"]', "Line 2 of .* is no question"),
        ("nonsense", "Line 1 of .* is no question"),
    ],
)
def test_a_question_file_with_a_fault_is_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(content)
    with pytest.raises(InvalidInput, match=sentence):
        read_questions(path)


def test_an_id_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(2 * '{"id": 1, "question": "?", "question_language": "en", "document": null}\n')
    with pytest.raises(InvalidInput, match="same id"):
        read_questions(path)


def test_a_report_is_one_json_object() -> None:
    quality = Quality(2, 0.5, 1.0, 0.75)
    report = Report({("en", "th"): quality}, None, quality, 1, 1.0, 3.25, ())
    assert json.loads(report.as_json()) == {
        "unanswerable": 1,
        "declined": 1.0,
        "p50_ms": 3.25,
        "missed": [],
        "same": None,
        "cross": {"questions": 2, "hit1": 0.5, "hit3": 1.0, "mrr10": 0.75},
        "pairs": {"en-th": {"questions": 2, "hit1": 0.5, "hit3": 1.0, "mrr10": 0.75}},
    }
