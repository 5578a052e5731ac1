"""The training questions, corpus by corpus: Wikipedia in one language and in five mixed, the samples, structured pages."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from rag.embedder import Embedder
from tools.train_answers.corpora import Corpus, Document, document_of_text, read_documents
from tools.train_answers.structured import LANGUAGES, structured

XQUAD = ("en", "de", "es", "hi", "th")
TOPICS = ("en", "es", "fr", "hi", "th")
OF_PAIR, OF_OWN_LANGUAGE = 30, 60  # questions of a pair of languages of XQuAD
OF_MIXED = 16  # of a language, in each of five mixed corpora
OF_NATIVE = 280  # of PIAF, and of FaQuAD
OF_UNANSWERABLE = 400
OF_TOPICS = 60  # of a language
STRUCTURED_PAIRS, OF_STRUCTURED = 2, 70  # pairs of pages of a language, and questions about a pair

UNANSWERABLE, MIRACL, STRUCTURED = "unanswerable", "miracl", "structured"
SAMPLE_FILES = ("questions", "questions-paraphrased", "questions-typed")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in `language`, for which any of `answers` in `document` is right; no document: nothing answers it.

    `taken_away`: it is also asked with the document removed, when it must be refused.
    """

    text: str
    language: str
    document: str | None = None
    document_language: str | None = None
    answers: tuple[str, ...] = ()
    taken_away: bool = True


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions to one corpus. `loosely`: an answer may be reworded by spaces, or reach over several units."""

    name: str
    corpus: Corpus
    asked: tuple[Asked, ...]
    loosely: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    """A question of a SQuAD file: the number of its paragraph, and the answers that annotators marked."""

    text: str
    paragraph: int
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Squad:
    paragraphs: tuple[str, ...]
    questions: tuple[_Question, ...]


def question_sets(dev: Path, samples: Path, embedder: Embedder, rng: Random) -> Iterator[QuestionSet]:
    """All sets, one after the other, so that only one corpus is held; `dev` holds xquad/, piaf/, faquad/ and miracl-topics/."""
    yield from _xquad(dev / "xquad", embedder, rng)
    yield _native("piaf", "fr", dev / "piaf" / "piaf-first-half.json", embedder, rng)
    yield _native("faquad", "pt", dev / "faquad" / "train.json", embedder, rng)
    documents = read_documents(samples / "documents", embedder)
    corpus = Corpus(documents, embedder)
    yield from _samples(samples, corpus)
    rows = rng.sample(_rows(samples / "questions-unanswerable.jsonl"), OF_UNANSWERABLE)
    yield QuestionSet(UNANSWERABLE, corpus, tuple(Asked(row["question"], row["question_language"]) for row in rows))
    yield _topics(dev / "miracl-topics", corpus, rng)
    yield from structured_sets(documents, embedder, rng)


def structured_sets(documents: Sequence[Document], embedder: Embedder, rng: Random) -> Iterator[QuestionSet]:
    """Pairs of structured pages of each language, each pair among `documents`."""
    for language in LANGUAGES:
        for _ in range(STRUCTURED_PAIRS):
            made = structured(language, rng)
            own = [document_of_text(page.name, page.text, embedder) for page in made.pages]
            asked = tuple(
                Asked(each.text, each.language, each.page, language, (each.line,) if each.line else (), taken_away=False)
                for each in rng.sample(made.questions, OF_STRUCTURED)
            )
            yield QuestionSet(STRUCTURED, Corpus([*documents, *own], embedder), asked)


def _xquad(folder: Path, embedder: Embedder, rng: Random) -> Iterator[QuestionSet]:
    """Corpora of one language, then five in which the paragraphs are in the five languages in turn; questions in all five."""
    files = {language: _squad(folder / f"xquad.{language}.json") for language in XQUAD}
    documents = {language: _paragraphs(file, embedder) for language, file in files.items()}
    numbers = range(len(files["en"].questions))

    def asked(language: str, document_language: str, number: int) -> Asked:
        question, answers = files[language].questions[number], files[document_language].questions[number].answers
        return Asked(question.text, language, str(question.paragraph), document_language, answers)

    for written in XQUAD:
        drawn = [
            asked(language, written, number)
            for language in XQUAD
            for number in rng.sample(numbers, OF_OWN_LANGUAGE if language == written else OF_PAIR)
        ]
        yield QuestionSet("xquad", Corpus(documents[written], embedder), tuple(drawn))
    for turn in range(len(XQUAD)):
        written_in = [XQUAD[(paragraph + turn) % len(XQUAD)] for paragraph in range(len(files["en"].paragraphs))]
        corpus = Corpus([documents[language][at] for at, language in enumerate(written_in)], embedder)
        drawn = [
            asked(language, written_in[files["en"].questions[number].paragraph], number)
            for language in XQUAD
            for number in rng.sample(numbers, OF_MIXED)
        ]
        yield QuestionSet("mixed", corpus, tuple(drawn))


def _native(name: str, language: str, path: Path, embedder: Embedder, rng: Random) -> QuestionSet:
    """Questions that were asked in the language of their paragraphs, not translated."""
    file = _squad(path)
    corpus = Corpus(_paragraphs(file, embedder), embedder)
    drawn = rng.sample(file.questions, OF_NATIVE)
    asked = [Asked(each.text, language, str(each.paragraph), language, each.answers) for each in drawn]
    return QuestionSet(name, corpus, tuple(asked))


def _samples(folder: Path, corpus: Corpus) -> Iterator[QuestionSet]:
    unanswered = []
    for file in SAMPLE_FILES:
        rows = _rows(folder / f"{file}.jsonl")
        asked = [
            Asked(row["question"], row["question_language"], row["document"], row["document_language"], (row["answer"],))
            for row in rows
            if row["document"]
        ]
        unanswered += [Asked(row["question"], row["question_language"]) for row in rows if not row["document"]]
        yield QuestionSet(file.replace("questions", "samples"), corpus, tuple(asked), loosely=True)
    yield QuestionSet("samples-none", corpus, tuple(unanswered))


def _topics(folder: Path, corpus: Corpus, rng: Random) -> QuestionSet:
    """What people ask of Wikipedia (MIRACL), asked of the samples, which answer none of it."""
    asked = []
    for language in TOPICS:
        lines = (folder / f"{language}.tsv").read_text(encoding="utf-8").splitlines()
        asked += [Asked(line.rpartition("\t")[2], language) for line in rng.sample(lines, OF_TOPICS)]
    return QuestionSet(MIRACL, corpus, tuple(asked))


def _paragraphs(file: _Squad, embedder: Embedder) -> list[Document]:
    return [document_of_text(str(number), text, embedder) for number, text in enumerate(file.paragraphs)]


def _squad(path: Path) -> _Squad:
    """The paragraphs and questions of a file in SQuAD's form, but for questions without an answer."""
    paragraphs: list[str] = []
    questions: list[_Question] = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for row in paragraph["qas"]:
                if not row.get("is_impossible") and row.get("answers"):
                    answers = tuple(answer["text"] for answer in row["answers"])
                    questions.append(_Question(row["question"], len(paragraphs), answers))
            paragraphs.append(paragraph["context"])
    return _Squad(tuple(paragraphs), tuple(questions))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
