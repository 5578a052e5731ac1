"""Answers without a language model: the units of the documents that answer best, as quotes, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.answer_model import answer_model
from rag.embedder import Embedder
from rag.records import Extract, Passage
from rag.sentences import sentence_spans
from rag.unit_features import Candidate, candidates

MOST_UNITS = 3
# Confidence below which nothing is quoted. Of XQuAD dev questions, in three-fold cross-validation, 12% / 26% are refused here although
# answerable (same language / across), and 85% when their paragraph is taken away.
ANSWERS = 0.25
NEAR = 2.0  # further units must come so near to the best one's score; before refusing, one of three holds the answer for 87 / 83%
REPEATS = 0.85  # share of the shorter unit's words from which the other says nothing new


@dataclass(frozen=True, slots=True)
class Extraction:
    """Extracts, best unit first, and the probability that the first one answers. There are none if it is too low."""

    extracts: list[Extract]
    confidence: float


def extract(question: str, passages: Sequence[Passage], embedder: Embedder, language: str) -> Extraction:
    """The best one to three units, each with the sentence before it that it depends on; none if nothing answers.

    `language` is the question's.
    """
    found = candidates(question, language, passages, embedder)
    if not found:
        return Extraction([], 0.0)
    model = answer_model()
    features = np.stack([each.features for each in found])
    scores = model.scores(features)
    confidence = model.confidence(features, [each.passage for each in found])
    if confidence < ANSWERS:
        return Extraction([], round(confidence, 4))
    order = [at for at in np.argsort(-scores, kind="stable").tolist() if scores[at] >= scores.max() - NEAR]
    chosen: list[Extract] = []
    for at in order:
        made = _extract(found[at], passages[found[at].passage], confidence)
        if len(chosen) < MOST_UNITS and not any(_repeats(made, other) for other in chosen):
            chosen.append(made)
    return Extraction(chosen, round(confidence, 4))


def _extract(candidate: Candidate, passage: Passage, score: float) -> Extract:
    """The unit, with the sentence that it needs if that is directly before it."""
    unit = candidate.unit
    start = unit.start
    if unit.context is not None and not passage.text[unit.context[1] : unit.start].strip():
        start = unit.context[0]
    return Extract(candidate.passage, passage.start + start, passage.start + unit.end, passage.text[start : unit.end], round(score, 4))


def _repeats(extract: Extract, other: Extract) -> bool:
    """Whether two extracts overlap in their page or say the same words."""
    overlap = extract.passage == other.passage and extract.start < other.end and other.start < extract.end
    words, others = set(extract.text.lower().split()), set(other.text.lower().split())
    return overlap or len(words & others) >= REPEATS * min(len(words), len(others))


def support(statement: str, passage: Passage, embedder: Embedder) -> tuple[int, int]:
    """The span of the passage's sentence nearest to `statement`, in characters of its page; all of it when either is empty."""
    spans = sentence_spans(passage.text, passage.language)
    if not spans or not statement.strip():
        return passage.start, passage.end
    vectors = embedder.encode_passages([passage.text[start:end] for start, end in spans])
    similarities = vectors @ embedder.encode_passages([statement])[0]
    if embedder.maxsim is not None:
        tokens = [embedder.tokenize(passage.text[start:end]).ids for start, end in spans]
        similarities = similarities + embedder.maxsim.score(embedder.tokenize(statement).ids, tokens)
    start, end = spans[int(np.argmax(similarities))]
    return passage.start + start, passage.start + end
