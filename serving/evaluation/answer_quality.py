"""Ask a running service questions with gold answers, and measure its answers and its refusals, per pair of languages."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rag.errors import InvalidInput
from rag.records import Status
from serving.client import Glossa
from serving.evaluation.answer_measures import Judged, judge
from serving.evaluation.calibration import Reliability, reliability
from serving.evaluation.question_sets import Question, is_document
from serving.evaluation.search_quality import Mean, mean_of

FILTERED = 1000  # documents that the filter of a question may name
MEASURES = ("gold_inside", "gold_first", "f1", "right_document", "refused")


@dataclass(frozen=True, slots=True)
class AnswerQuality:
    """Means over `questions` answerable questions; one that was refused counts as 0 everywhere but in `refused`."""

    questions: int
    gold_inside: Mean
    gold_first: Mean
    f1: Mean
    right_document: Mean
    refused: Mean


@dataclass(frozen=True, slots=True)
class Refusals:
    """The share of questions without an answer that were refused, which is right."""

    questions: int
    refused: Mean


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """What was measured. `pairs` is by (question language, document language); a mean over no questions is None.

    `unanswerable` is by question language, with `all`. `taken_away` is by pair, like `en-th`, with `same` and `cross`.
    `missed` are ids of answerable questions whose gold answer was not given, `answered` those of others that were answered all the same.
    """

    pairs: dict[tuple[str, str], AnswerQuality]
    same: AnswerQuality | None
    cross: AnswerQuality | None
    unanswerable: dict[str, Refusals]
    taken_away: dict[str, Refusals]
    reliability: Reliability | None
    p50_ms: float | None
    missed: tuple[str, ...]
    answered: tuple[str, ...]

    def as_json(self) -> str:
        """The same as one JSON object; pairs are named like `en-th`."""
        record: dict[str, Any] = {name: getattr(self, name) for name in ("p50_ms", "missed", "answered")}
        record |= {name: (held := getattr(self, name)) and asdict(held) for name in ("same", "cross", "reliability")}
        for name in ("unanswerable", "taken_away"):
            record[name] = {group: asdict(refusals) for group, refusals in getattr(self, name).items()}
        record["pairs"] = {"-".join(pair): asdict(quality) for pair, quality in self.pairs.items()}
        return json.dumps(record, indent=1)


def evaluate_answers(
    service: Glossa,
    questions: Sequence[Question],
    *,
    collections: Sequence[str] | None = None,
    without_answers: bool = False,
    report: Callable[[], None] = lambda: None,
) -> AnswerReport:
    """Ask each question, and with `without_answers` each answerable one again while the documents that answer it are kept out.

    `report` is called after each question. Raises ServiceError, and InvalidInput when a question has no gold answer.
    """
    ungolden = [question.id for question in questions if question.relevant and not question.answers]
    if ungolden:
        raise InvalidInput(f"{len(ungolden)} questions have no gold answer, first {ungolden[0]}; --answers needs one for each.")
    judged: list[Judged] = []
    milliseconds = []
    others = _Others(service)
    for question in questions:
        among = collections if question.collection is None else [question.collection]
        start = time.perf_counter()
        answer = service.ask(question.question, collections=among, earlier=question.earlier)
        milliseconds.append((time.perf_counter() - start) * 1000)
        judged.append(judge(question, answer))
        if without_answers and question.relevant:
            rest = others.than(question, among)
            answer = service.ask(question.question, collections=among, earlier=question.earlier, document_ids=rest)
            judged.append(judge(question, answer, taken_away=True))
        report()
    return summary(judged, round(median(milliseconds), 2) if milliseconds else None)


class _Others:
    """The ids of all documents but those that answer a question; each collection is listed once."""

    def __init__(self, service: Glossa) -> None:
        self._service = service
        self._listed: dict[str | None, list[tuple[str, str]]] = {}

    def than(self, question: Question, collections: Sequence[str] | None) -> list[str]:
        """At most `FILTERED` ids, evenly from all of them. Raises InvalidInput when nothing else is there: no filter would mean all."""
        asked: Sequence[str | None] = collections or [None]
        documents = [document for collection in asked for document in self._of(collection)]
        rest = [id for id, name in documents if not any(is_document(name, right) for right in question.relevant)]
        if not rest:
            raise InvalidInput(f"Nothing but its answer is there for question {question.id}; --without-answers needs other documents.")
        return rest if len(rest) <= FILTERED else [rest[number * len(rest) // FILTERED] for number in range(FILTERED)]

    def _of(self, collection: str | None) -> list[tuple[str, str]]:
        if collection not in self._listed:
            ready = self._service.documents(collection=collection, status=Status.READY)
            self._listed[collection] = [(document.id, document.name) for document in ready]
        return self._listed[collection]


def summary(judged: Sequence[Judged], p50_ms: float | None = None) -> AnswerReport:
    """The means of what was judged. An answer is right, for its confidence, when it holds the gold answer."""
    answerable = [one for one in judged if one.answerable]
    same, cross = (
        [one for one in answerable if (one.question.question_language == one.question.document_language) is within]
        for within in (True, False)
    )
    sure = [(one.confidence, one.gold_inside) for one in judged if one.confidence is not None and not one.refused]
    return AnswerReport(
        pairs={pair: quality for pair, group in sorted(_grouped(answerable, _pair).items()) if (quality := _quality(group))},
        same=_quality(same),
        cross=_quality(cross),
        unanswerable=_refusals((one for one in judged if not one.question.relevant), lambda one: (one.question.question_language, "all")),
        taken_away=_refusals((one for one in judged if one.taken_away), _pair_and_kind),
        reliability=reliability(sure),
        p50_ms=p50_ms,
        missed=tuple(one.question.id for one in answerable if not one.gold_inside),
        answered=tuple(one.question.id for one in judged if not one.answerable and not one.refused),
    )


def _pair(one: Judged) -> tuple[str, str]:
    return one.question.question_language, one.question.document_language or "und"


def _pair_and_kind(one: Judged) -> tuple[str, str]:
    asked, written = _pair(one)
    return f"{asked}-{written}", "same" if asked == written else "cross"


def _grouped(judged: Iterable[Judged], name: Callable[[Judged], tuple[str, str]]) -> dict[tuple[str, str], list[Judged]]:
    groups: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for one in judged:
        groups[name(one)].append(one)
    return groups


def _quality(judged: Sequence[Judged]) -> AnswerQuality | None:
    if not judged:
        return None
    return AnswerQuality(len(judged), **{name: mean_of([float(getattr(one, name)) for one in judged]) for name in MEASURES})


def _refusals(judged: Iterable[Judged], groups: Callable[[Judged], tuple[str, str]]) -> dict[str, Refusals]:
    """By group, of which each question is in two: a small one, then (last) one that sums up."""
    refused: dict[tuple[int, str], list[float]] = defaultdict(list)
    for one in judged:
        for order, group in enumerate(groups(one)):
            refused[order, group].append(float(one.refused))
    return {group: Refusals(len(values), mean_of(values)) for (_, group), values in sorted(refused.items())}


def worse(report: AnswerReport, baseline: str, most: float) -> list[str]:
    """A sentence for each figure that is more than `most` worse than in an earlier report (its JSON). Raises InvalidInput."""
    try:
        before = dict(_figures(json.loads(baseline)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"The baseline is no report of eval --answers ({error!r}); make one with --answers --json.") from error
    now = dict(_figures(json.loads(report.as_json())))
    sentences = []
    for name, (was, sign) in before.items():
        if name not in now:
            sentences.append(f"{name} was not measured, before {was:.3f}.")
        elif round(sign * (was - now[name][0]), 4) > most:
            sentences.append(f"{name} is {now[name][0]:.3f}, before {was:.3f}.")
    return sentences


def _figures(record: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, int]]]:
    """Each figure of a report's JSON: its name, its value, and 1 when more of it is better, else -1."""
    groups = record["pairs"] | {name: record[name] for name in ("same", "cross") if record[name]}
    for group, quality in groups.items():
        for measure in MEASURES:
            yield f"{measure} of {group}", (float(quality[measure]["value"]), -1 if measure == "refused" else 1)
    for kind in ("unanswerable", "taken_away"):
        for group, refusals in record[kind].items():
            yield f"refused of {kind} {group}", (float(refusals["refused"]["value"]), 1)
    if record["reliability"]:
        yield "calibration error", (float(record["reliability"]["error"]), -1)
