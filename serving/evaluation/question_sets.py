"""Questions with known answers, from our own JSON lines, SQuAD files or a BEIR folder, and the documents that the last two bring along."""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rag.errors import InvalidInput
from rag.languages import detect_document_language
from rag.question_language import detect_question_language

SHAPES = (
    "JSON lines (id, question, question_language, document or null, document_language, answer, earlier), "
    "SQuAD files (.json), or a BEIR folder (corpus.jsonl, queries.jsonl, qrels)"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the documents that answer it, by name, with their grade (1 or more); none when nothing answers.

    `collection` None means those that the caller names. `earlier` is the question before it, in a conversation. `answers` are the gold
    answers, any of which is right: spans of the document (SQuAD), or, when `answers_are_units`, whole sentences or cells of it, which may
    be longer than what an answer quotes.
    """

    id: str
    question: str
    question_language: str
    relevant: Mapping[str, int]
    document_language: str | None
    collection: str | None = None
    earlier: str | None = None
    answers: tuple[str, ...] = ()
    answers_are_units: bool = False


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents to be ingested for the questions: text by name, for a collection of their own."""

    collection: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions, and the documents that they bring along."""

    questions: list[Question]
    corpora: list[Corpus]


@dataclass(frozen=True, slots=True)
class _Right:
    """What answers a SQuAD question: a paragraph, its language and the gold answers; nothing by default."""

    relevant: Mapping[str, int] = field(default_factory=dict)
    language: str | None = None
    answers: tuple[str, ...] = ()


def read_question_set(paths: Sequence[Path]) -> QuestionSet:
    """Read one file or folder, several files of JSON lines, or several SQuAD files.

    Each SQuAD file is a corpus of paragraphs in one language. When several hold the same questions in different languages (XQuAD, MLQA),
    each question is asked in all its languages over each corpus that has it. Questions marked `is_impossible` (SQuAD 2) are those that
    nothing answers. Raises InvalidInput.
    """
    if len(paths) == 1 and paths[0].is_dir():
        read = _read_beir(paths[0])
    elif all(path.suffix == ".json" for path in paths):
        read = _read_squad(paths)
    elif all(path.suffix != ".json" for path in paths):
        read = QuestionSet([question for path in paths for question in _read_lines(path)], [])
    else:
        raise InvalidInput(f"Several files can be read together only when all are SQuAD files (.json) or none is; give {SHAPES}.")
    if not read.questions:
        raise InvalidInput(f"{paths[0]} holds no question; give {SHAPES}.")
    names = [question.id for question in read.questions]
    if len(set(names)) < len(names):
        raise InvalidInput(f"Two questions of {', '.join(map(str, paths))} have the same id; give each its own.")
    return read


def sample(questions: Sequence[Question], count: int) -> list[Question]:
    """`count` of the questions, the same at every call, in their order: each pair of languages keeps its share, spread evenly over its own.

    All of them when there are no more.
    """
    if len(questions) <= count:
        return list(questions)
    by_pair = sorted(questions, key=lambda question: (question.question_language, question.document_language or ""))
    chosen = {by_pair[(2 * number + 1) * len(questions) // (2 * count)].id for number in range(count)}
    return [question for question in questions if question.id in chosen]


def is_document(name: str, document: str) -> bool:
    """Whether a document called `name` is the file `document`, which may have been uploaded with or without its folder."""
    return name == document or name.endswith(f"/{document}") or document.endswith(f"/{name}")


def _read_lines(path: Path) -> list[Question]:
    questions = []
    for number, row in _rows(path):
        try:
            document = row["document"]
            relevant = {} if document is None else {document: 1}
            language = None if document is None else row["document_language"]
            spoken, earlier = row["question_language"], row.get("earlier")
            answers = () if document is None or row.get("answer") is None else (str(row["answer"]),)
            question = Question(str(row["id"]), row["question"], spoken, relevant, language, earlier=earlier, answers=answers)
            questions.append(replace(question, answers_are_units=bool(answers)))
        except (KeyError, TypeError) as error:
            raise InvalidInput(f"Line {number} of {path} is no question ({error!r}); give {SHAPES}.") from error
    return questions


def _read_squad(paths: Sequence[Path]) -> QuestionSet:
    asked: list[tuple[str, dict[str, str]]] = []  # of each file: its language, and its questions by id
    found: list[dict[str, _Right]] = []  # of each file: what is right, by question id
    corpora = []
    for path in paths:
        paragraphs = _paragraphs(path)
        texts = {f"paragraph-{number:05}.txt": paragraph["context"] for number, paragraph in enumerate(paragraphs)}
        rows = [(row, name) for name, paragraph in zip(texts, paragraphs, strict=True) for row in paragraph["qas"]]
        language = detect_document_language("\n".join(texts.values()))
        corpora.append(_corpus(texts))
        asked.append((language, {str(row["id"]): row["question"] for row, _ in rows}))
        found.append({str(row["id"]): _right(row, name, language) for row, name in rows})
    questions = [
        Question(
            f"{id}/{spoken}-{written}",
            text,
            spoken,
            right[id].relevant,
            right[id].language,
            corpus.collection,
            answers=right[id].answers,
        )
        for spoken, texts_by_id in asked
        for (written, _), right, corpus in zip(asked, found, corpora, strict=True)
        for id, text in texts_by_id.items()
        if id in right
    ]
    return QuestionSet(questions, corpora)


def _right(row: Mapping[str, Any], name: str, language: str) -> _Right:
    return _Right() if row.get("is_impossible") else _Right({name: 1}, language, _gold(row))


def _gold(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The different answers of a SQuAD question, in their order; several people may have marked the same words."""
    return tuple(dict.fromkeys(answer["text"] for answer in row.get("answers", ()) if answer["text"].strip()))


def _paragraphs(path: Path) -> list[dict[str, Any]]:
    try:
        articles = json.loads(_text(path))["data"]
        paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
        for paragraph in paragraphs:
            _ = paragraph["context"], [(row["id"], row["question"], _gold(row)) for row in paragraph["qas"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{path} is no SQuAD file ({error!r}); give {SHAPES}.") from error
    return paragraphs


def _read_beir(folder: Path) -> QuestionSet:
    try:
        rows = {str(row["_id"]): f"{row.get('title') or ''}\n{row['text']}".strip() for _, row in _rows(folder / "corpus.jsonl")}
        queries = {str(row["_id"]): str(row["text"]) for _, row in _rows(folder / "queries.jsonl")}
    except KeyError as error:
        raise InvalidInput(f"{folder} is no BEIR folder: a line lacks {error}; give {SHAPES}.") from error
    corpus = _corpus({_file_name(id): text for id, text in rows.items()})
    relevant: dict[str, dict[str, int]] = {}
    for query, document, grade in _judgements(folder):
        if grade > 0 and query in queries and document in rows:
            relevant.setdefault(query, {})[_file_name(document)] = grade
    written = detect_document_language("\n".join(list(rows.values())[:100]))
    questions = [
        Question(id, queries[id], detect_question_language(queries[id]), names, written, corpus.collection)
        for id, names in relevant.items()
    ]
    return QuestionSet(questions, [corpus])


def _judgements(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Query id, document id and grade, from qrels/test.tsv or the only file there is."""
    files = sorted(folder.glob("qrels/*.tsv"))
    chosen = [path for path in files if path.name == "test.tsv"] or files
    if len(chosen) != 1:
        raise InvalidInput(f"{folder}/qrels holds {len(files)} files and no test.tsv; leave one of them.")
    for row in csv.reader(_text(chosen[0]).splitlines()[1:], delimiter="\t"):
        try:
            yield row[0], row[1], int(row[2])
        except (IndexError, ValueError) as error:
            raise InvalidInput(f"{chosen[0]} has a line that is not query, document and grade: {row}.") from error


def _corpus(texts: Mapping[str, str]) -> Corpus:
    digest = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()
    return Corpus(f"eval-{digest[:12]}", texts)


def _file_name(id: str) -> str:
    return f"{''.join(letter if letter.isalnum() or letter in '-_.' else '_' for letter in id)}.txt"


def _rows(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise InvalidInput(f"Line {number} of {path} is no question ({error}); give {SHAPES}.") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read as UTF-8 text ({error}); name a file of questions.") from error
