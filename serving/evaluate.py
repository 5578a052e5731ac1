"""Ask a running service questions whose answers are known, and measure how well it finds them, per pair of languages."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import ir_measures
from ir_measures import RR, Qrel, ScoredDoc, Success

from rag.errors import InvalidInput
from rag.records import Passage
from serving.client import Glossa

DEPTH = 30  # passages looked at: enough for ten documents in most collections
HIT_1, HIT_3, MRR = Success @ 1, Success @ 3, RR @ 10


@dataclass(frozen=True, slots=True)
class Question:
    """A question and where its answer stands; `document` is None when no document answers it."""

    id: str
    question: str
    question_language: str
    document: str | None
    document_language: str | None


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over `questions` questions: share with the right document first and among the first three documents; reciprocal rank."""

    questions: int
    hit1: float
    hit3: float
    mrr10: float


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured. `pairs` is by (question language, document language); a mean over no questions is None."""

    pairs: dict[tuple[str, str], Quality]
    same: Quality | None
    cross: Quality | None
    unanswerable: int
    declined: float | None
    p50_ms: float | None
    missed: tuple[str, ...]

    def as_json(self) -> str:
        """The same as one JSON object; pairs are named like `en-th`."""
        record: dict[str, Any] = {name: getattr(self, name) for name in ("unanswerable", "declined", "p50_ms", "missed")}
        record |= {"same": self.same and asdict(self.same), "cross": self.cross and asdict(self.cross)}
        record["pairs"] = {"-".join(pair): asdict(quality) for pair, quality in self.pairs.items()}
        return json.dumps(record, indent=2)


def read_questions(path: Path) -> list[Question]:
    """The questions of a JSON-lines file. Raises InvalidInput with the line's number when one cannot be used."""
    questions = []
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            document = row["document"]
            language = row["document_language"] if document is not None else None
            questions.append(Question(str(row["id"]), row["question"], row["question_language"], document, language))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(
                f"Line {number} of {path} is no question ({error!r}); give one JSON object a line with "
                "id, question, question_language, document (null when nothing answers) and document_language."
            ) from error
    if not questions:
        raise InvalidInput(f"{path} holds no question; give one JSON object a line.")
    if len({question.id for question in questions}) < len(questions):
        raise InvalidInput(f"Two questions of {path} have the same id; give each its own.")
    return questions


def _lines(path: Path) -> Iterable[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read as UTF-8 text ({error}); name a file of questions.") from error


def evaluate(
    service: Glossa, questions: Sequence[Question], *, collections: Sequence[str] | None = None, report: Callable[[], None] = lambda: None
) -> Report:
    """Search for each answerable question and ask each unanswerable one; `report` is called after each. Raises ServiceError."""
    found: dict[str, list[Passage]] = {}
    milliseconds, declined = [], []
    for question in questions:
        if question.document is None:
            declined.append(not service.ask(question.question, collections=collections).citations)
        else:
            start = time.perf_counter()
            found[question.id] = service.search(question.question, collections=collections, k=DEPTH).passages
            milliseconds.append((time.perf_counter() - start) * 1000)
        report()
    answerable = [question for question in questions if question.document is not None]
    scores = score(answerable, found)
    return Report(
        pairs=_by_pair(answerable, scores),
        same=_mean([scores[q.id] for q in answerable if q.question_language == q.document_language]),
        cross=_mean([scores[q.id] for q in answerable if q.question_language != q.document_language]),
        unanswerable=len(declined),
        declined=fmean(declined) if declined else None,
        p50_ms=round(median(milliseconds), 2) if milliseconds else None,
        missed=tuple(question.id for question in answerable if scores[question.id].hit3 == 0),
    )


def score(questions: Sequence[Question], found: dict[str, list[Passage]]) -> dict[str, Quality]:
    """How well each question found its document, by its id. Documents are ranked by their best passage.

    Measures: ir_measures (Success@1, Success@3, RR@10; MacAvaney et al., ECIR 2022).
    """
    judged: list[Qrel] = []
    run: list[ScoredDoc] = []
    for question in questions:
        judged.append(Qrel(question.id, "none", 1))  # so that a question that finds nothing counts as 0 rather than not at all
        for rank, name in enumerate(dict.fromkeys(passage.name for passage in found[question.id]), 1):
            run.append(ScoredDoc(question.id, name, 1 / rank))
            judged.append(Qrel(question.id, name, int(is_document(name, question.document or ""))))
    values: dict[str, dict[Any, float]] = defaultdict(dict)
    for metric in ir_measures.iter_calc([HIT_1, HIT_3, MRR], judged, run):
        values[metric.query_id][metric.measure] = metric.value
    return {q.id: Quality(1, *(values[q.id].get(measure, 0.0) for measure in (HIT_1, HIT_3, MRR))) for q in questions}


def is_document(name: str, document: str) -> bool:
    """Whether a document called `name` is the file `document`, which may have been uploaded with or without its folder."""
    return name == document or name.endswith(f"/{document}") or document.endswith(f"/{name}")


def _by_pair(questions: Sequence[Question], scores: dict[str, Quality]) -> dict[tuple[str, str], Quality]:
    groups: dict[tuple[str, str], list[Quality]] = defaultdict(list)
    for question in questions:
        groups[question.question_language, question.document_language or "und"].append(scores[question.id])
    return {pair: mean for pair, group in sorted(groups.items()) if (mean := _mean(group)) is not None}


def _mean(scores: Sequence[Quality]) -> Quality | None:
    if not scores:
        return None
    means = (round(fmean(getattr(one, name) for one in scores), 4) for name in ("hit1", "hit3", "mrr10"))
    return Quality(len(scores), *means)
