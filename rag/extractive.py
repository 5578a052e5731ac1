"""Answers without a language model: the sentences that answer best, in the documents' own words, or none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.embedder import Embedder
from rag.maxsim import MaxSim
from rag.records import Passage
from rag.sentences import sentence_spans

MOST_SENTENCES = 4
ANSWERS = 0.5  # a best passage below this answers less often than not (rag/fusion.py)
NEAR_BEST = 0.9  # further sentences must come this near to the best one
REPEATS = 0.85  # cosine of two sentences from which the second says nothing new
VECTOR_WEIGHT = 0.35  # beside 1.0 for MaxSim, as for windows in rag/fusion.py

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Extract:
    """One sentence of `passages[passage]`: characters [start, end) of its page, with text and score (0 to 1, as a passage's)."""

    passage: int
    start: int
    end: int
    text: str
    score: float


def extract(question: str, passages: Sequence[Passage], embedder: Embedder, language: str) -> list[Extract]:
    """The best one to four sentences, best first; none when no passage answers."""
    answering = [index for index, passage in enumerate(passages) if passage.score >= ANSWERS]
    if not answering:
        return []
    sentences = [sentence for index in answering for sentence in _sentences(index, passages[index])]
    vectors = embedder.encode_passages([sentence.text for sentence in sentences])
    scores = _scores(question, sentences, vectors, embedder)
    chosen: list[int] = []
    for index in np.argsort(-scores, kind="stable").tolist():
        if len(chosen) == MOST_SENTENCES or scores[index] < NEAR_BEST * scores.max():
            break
        if all(float(vectors[index] @ vectors[other]) < REPEATS for other in chosen):
            chosen.append(index)
    return [sentences[index] for index in chosen]


def _sentences(index: int, passage: Passage) -> list[Extract]:
    spans = sentence_spans(passage.text, passage.language)
    return [Extract(index, passage.start + a, passage.start + b, passage.text[a:b], passage.score) for a, b in spans]


def _scores(question: str, sentences: Sequence[Extract], vectors: Floats, embedder: Embedder) -> Floats:
    similarity = vectors @ embedder.encode_question(question)
    if embedder.token_vectors is None:
        return similarity
    maxsim = MaxSim(embedder.token_vectors)
    tokens = maxsim.score(embedder.tokenize(question).ids, [embedder.tokenize(sentence.text).ids for sentence in sentences])
    return (VECTOR_WEIGHT * similarity + tokens) / (VECTOR_WEIGHT + 1)
