"""Question files in three formats, and with faults."""

import json
from pathlib import Path
from typing import Any

import pytest

from rag.errors import InvalidInput
from serving.evaluation.question_sets import Question, QuestionSet, is_document, read_question_set, sample

GERMAN = "Die Lampe kostet neunundvierzig Euro und leuchtet neun Stunden lang."
ENGLISH = "The lamp costs forty-nine euros and shines for nine hours."


def test_questions_are_read_and_unanswerable_ones_have_no_document(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    first = {"id": 1, "question": "ที่ไหน", "question_language": "th", "document": "a.pdf", "document_language": "de", "page": 3}
    second = {"id": 2, "question": "?", "question_language": "en", "document": None}
    path.write_text(f"{json.dumps(first)}\n\n{json.dumps(second)}\n")
    assert read_question_set([path]) == QuestionSet(
        [Question("1", "ที่ไหน", "th", {"a.pdf": 1}, "de"), Question("2", "?", "en", {}, None)], []
    )


def test_answers_of_json_lines_are_whole_units(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    row = {"id": 1, "question": "?", "question_language": "en", "document": "a.pdf", "document_language": "de", "answer": GERMAN}
    path.write_text(json.dumps(row))
    assert read_question_set([path]).questions == [Question("1", "?", "en", {"a.pdf": 1}, "de", answers=(GERMAN,), answers_are_units=True)]


def test_several_files_of_json_lines_are_read_together(tmp_path: Path) -> None:
    for id in (1, 2):
        (tmp_path / f"{id}.jsonl").write_text(f'{{"id": {id}, "question": "?", "question_language": "en", "document": null}}')
    assert [question.id for question in read_question_set([tmp_path / "1.jsonl", tmp_path / "2.jsonl"]).questions] == ["1", "2"]


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
        read_question_set([path])


def test_an_id_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(2 * '{"id": 1, "question": "?", "question_language": "en", "document": null}\n')
    with pytest.raises(InvalidInput, match="same id"):
        read_question_set([path])


def squad(path: Path, context: str, *questions: tuple[str, str]) -> Path:
    asked = [{"id": id, "question": question, "answers": []} for id, question in questions]
    path.write_text(json.dumps({"data": [{"title": "x", "paragraphs": [{"context": context, "qas": asked}]}]}))
    return path


def test_squad_files_with_the_same_questions_are_asked_across_languages(tmp_path: Path) -> None:
    german = squad(tmp_path / "de.json", GERMAN, ("q1", "Was kostet die Lampe?"))
    english = squad(tmp_path / "en.json", ENGLISH, ("q1", "What does the lamp cost?"), ("q2", "How long does it shine?"))
    read = read_question_set([german, english])
    assert [list(corpus.texts.values()) for corpus in read.corpora] == [[GERMAN], [ENGLISH]]
    assert {(q.id, q.question_language, q.document_language) for q in read.questions} == {
        ("q1/de-de", "de", "de"), ("q1/de-en", "de", "en"), ("q1/en-de", "en", "de"), ("q1/en-en", "en", "en"), ("q2/en-en", "en", "en"),
    }  # fmt: skip
    assert {q.collection for q in read.questions if q.document_language == "en"} == {read.corpora[1].collection}
    assert read_question_set([german]).corpora[0].collection == read.corpora[0].collection


def test_gold_answers_of_squad_are_those_of_the_corpus_that_is_asked(tmp_path: Path) -> None:
    for name, context, gold in (("de", GERMAN, "neun Stunden"), ("en", ENGLISH, "nine hours")):
        rows = [
            {"id": "q", "question": context, "answers": [{"text": gold}, {"text": gold}, {"text": "9"}]},
            {"id": "n", "question": context, "answers": [], "is_impossible": True},
        ]
        (tmp_path / f"{name}.json").write_text(json.dumps({"data": [{"paragraphs": [{"context": context, "qas": rows}]}]}))
    read = {question.id: question for question in read_question_set([tmp_path / "de.json", tmp_path / "en.json"]).questions}
    assert read["q/de-en"].answers == ("nine hours", "9")
    assert read["q/de-de"].answers == ("neun Stunden", "9")
    assert not read["q/de-de"].answers_are_units
    impossible = read["n/de-en"]
    assert (dict(impossible.relevant), impossible.document_language, impossible.answers) == ({}, None, ())
    assert impossible.collection == read["q/en-en"].collection


def asked(id: int, spoken: str, written: str | None) -> Question:
    return Question(str(id), "?", spoken, {"a": 1} if written else {}, written)


def test_a_sample_is_even_over_pairs_and_within_each_and_keeps_the_order() -> None:
    questions = [asked(number, ("en", "de")[number % 2], "en") for number in range(80)] + [
        asked(number, "en", None) for number in range(80, 120)
    ]
    chosen = sample(questions, 12)
    assert [question.id for question in chosen] == ["10", "11", "30", "31", "50", "51", "70", "71", "85", "95", "105", "115"]
    assert sample(questions, 12) == chosen
    assert sample(questions, 120) == sample(questions, 1000) == questions


def beir(folder: Path, judged: str) -> Path:
    def lines(*rows: Any) -> str:
        return "\n".join(map(json.dumps, rows))

    (folder / "qrels").mkdir()
    (folder / "corpus.jsonl").write_text(lines({"_id": "a/1", "title": "Lamp", "text": ENGLISH}, {"_id": "b", "text": "Bread."}))
    (folder / "queries.jsonl").write_text(lines({"_id": "q1", "text": "How long does the lamp shine?"}))
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")
    return folder


def test_a_beir_folder_gives_titles_grades_and_no_judgement_of_zero(tmp_path: Path) -> None:
    read = read_question_set([beir(tmp_path, "q1\ta/1\t2\nq1\tb\t0\n")])
    assert read.corpora[0].texts == {"a_1.txt": f"Lamp\n{ENGLISH}", "b.txt": "Bread."}
    question = Question("q1", "How long does the lamp shine?", "en", {"a_1.txt": 2}, "en", read.corpora[0].collection)
    assert read.questions == [question]


def test_a_beir_folder_with_a_broken_judgement_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not query, document and grade"):
        read_question_set([beir(tmp_path, "q1 a/1 2\n")])


def test_files_of_different_kinds_are_not_read_together(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="only when all are SQuAD files"):
        read_question_set([tmp_path / "a.jsonl", tmp_path / "b.json"])


def test_a_document_is_known_with_and_without_its_folder() -> None:
    assert is_document("documents/a.pdf", "a.pdf")
    assert is_document("a.pdf", "documents/a.pdf")
    assert not is_document("ba.pdf", "a.pdf")
