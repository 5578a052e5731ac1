"""Ask a running service questions whose answers are known, and measure how well it finds them, per pair of languages."""

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import ir_measures
import numpy as np
from ir_measures import RR, Qrel, R, ScoredDoc, Success, nDCG
from scipy.stats import bootstrap

from rag.errors import InvalidInput
from rag.records import Passage, Status
from serving.client import Glossa
from serving.client.sending import LocalFile, Outcome, ingest
from serving.evaluation.question_sets import Corpus, Question, is_document

DEPTH = 30  # passages looked at: enough for ten documents in most collections
# MacAvaney et al., ECIR 2022: Success@k is the share of questions with a right document among the first k.
MEASURES = {"hit1": Success @ 1, "hit3": Success @ 3, "mrr10": RR @ 10, "ndcg10": nDCG @ 10, "recall10": R @ 10}
RESAMPLES = 1000
CONFIDENCE = 0.95
Scores = dict[str, float]  # of one question, by the names of MEASURES


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over questions, and its 95% interval by bootstrap over the questions (percentiles)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over `questions` questions."""

    questions: int
    hit1: Mean
    hit3: Mean
    mrr10: Mean
    ndcg10: Mean
    recall10: Mean


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
        return json.dumps(record, indent=1)


@contextmanager
def ingested(service: Glossa, corpora: Sequence[Corpus], report: Callable[[list[Outcome], str], None]) -> Iterator[None]:
    """Hold the corpora in collections of their own for as long as the `with` lasts. Raises InvalidInput when a document fails."""
    sent: list[Outcome] = []

    def both(now: list[Outcome], doing: str) -> None:
        report([*sent, *now], doing)

    try:
        for corpus in corpora:
            with tempfile.TemporaryDirectory() as folder:
                files = [LocalFile(Path(folder) / name, name) for name in corpus.texts]
                for file in files:
                    file.path.write_text(corpus.texts[file.name], encoding="utf-8")
                outcomes = ingest(service, files, corpus.collection, wait=True, report=both)
            sent += outcomes
            failed = [outcome for outcome in outcomes if outcome.status is not Status.READY]
            if failed:
                raise InvalidInput(f"{len(failed)} documents of the question set were not taken, first {failed[0].name}: {failed[0].note}")
        yield
    finally:
        for outcome in sent:
            if outcome.id:
                service.delete(outcome.id)


def evaluate(
    service: Glossa, questions: Sequence[Question], *, collections: Sequence[str] | None = None, report: Callable[[], None] = lambda: None
) -> Report:
    """Search for each answerable question and ask each unanswerable one; `report` is called after each. Raises ServiceError."""
    found: dict[str, list[Passage]] = {}
    milliseconds, declined = [], []
    for question in questions:
        among = collections if question.collection is None else [question.collection]
        if not question.relevant:
            declined.append(not service.ask(question.question, collections=among).citations)
        else:
            start = time.perf_counter()
            found[question.id] = service.search(question.question, collections=among, k=DEPTH, earlier=question.earlier).passages
            milliseconds.append((time.perf_counter() - start) * 1000)
        report()
    answerable = [question for question in questions if question.relevant]
    scores = score(answerable, found)
    return Report(
        pairs=_by_pair(answerable, scores),
        same=_mean([scores[q.id] for q in answerable if q.question_language == q.document_language]),
        cross=_mean([scores[q.id] for q in answerable if q.question_language != q.document_language]),
        unanswerable=len(declined),
        declined=fmean(declined) if declined else None,
        p50_ms=round(median(milliseconds), 2) if milliseconds else None,
        missed=tuple(question.id for question in answerable if scores[question.id]["hit3"] == 0),
    )


def score(questions: Sequence[Question], found: Mapping[str, list[Passage]]) -> dict[str, Scores]:
    """How well each question found its documents, by its id. Documents are ranked by their best passage."""
    judged: list[Qrel] = []
    run: list[ScoredDoc] = []
    for question in questions:
        judged += [Qrel(question.id, name, grade) for name, grade in question.relevant.items()]
        for rank, name in enumerate(dict.fromkeys(passage.name for passage in found[question.id]), 1):
            right = next((document for document in question.relevant if is_document(name, document)), f"other/{name}")
            run.append(ScoredDoc(question.id, right, 1 / rank))
    values: dict[str, Scores] = defaultdict(lambda: dict.fromkeys(MEASURES, 0.0))  # a question that found nothing counts as 0
    names = {measure: name for name, measure in MEASURES.items()}
    for metric in ir_measures.iter_calc(list(names), judged, run):
        values[metric.query_id][names[metric.measure]] = metric.value
    return {question.id: values[question.id] for question in questions}


def dropped(report: Report, baseline: str, most: float) -> list[str]:
    """A sentence for each pair whose nDCG@10 is more than `most` below that of an earlier report (its JSON). Raises InvalidInput."""
    try:
        before = {pair: float(quality["ndcg10"]["value"]) for pair, quality in json.loads(baseline)["pairs"].items()}
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"The baseline is no report of this command ({error!r}); make one with --json.") from error
    now = {"-".join(pair): quality.ndcg10.value for pair, quality in report.pairs.items()}
    lost = [pair for pair in before if pair not in now or before[pair] - now[pair] > most]
    return [f"nDCG@10 of {pair} is {now.get(pair, 0.0):.3f}, before {before[pair]:.3f}." for pair in lost]


def _by_pair(questions: Sequence[Question], scores: Mapping[str, Scores]) -> dict[tuple[str, str], Quality]:
    groups: dict[tuple[str, str], list[Scores]] = defaultdict(list)
    for question in questions:
        groups[question.question_language, question.document_language or "und"].append(scores[question.id])
    return {pair: mean for pair, group in sorted(groups.items()) if (mean := _mean(group)) is not None}


def _mean(scores: Sequence[Scores]) -> Quality | None:
    if not scores:
        return None
    return Quality(len(scores), **{name: mean_of([one[name] for one in scores]) for name in MEASURES})


def mean_of(values: Sequence[float]) -> Mean:
    """The mean with its interval; the same values give the same interval."""
    mean = fmean(values)
    low = high = mean
    if len(set(values)) > 1:
        drawn = bootstrap((np.array(values),), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, method="percentile", rng=0)
        low, high = drawn.confidence_interval
    return Mean(round(mean, 4), round(float(low), 4), round(float(high), 4))
