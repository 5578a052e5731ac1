"""Answers without a language model: the sentences that answer best, in the documents' own words, or none."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rag.embedder import Embedder
from rag.records import Extract, Passage
from rag.sentences import sentence_spans

MOST_SENTENCES = 4
# A passage below this does not answer; across languages scores are lower. Dev questions over 80 paragraphs in five languages: 95% of the
# questions within a language and 60% of those across are answered, 99% and 84% of them from the right paragraph; with their paragraph
# taken away 21% still are.
ANSWERS_SAME_LANGUAGE = 0.4
ANSWERS_ACROSS = 0.25
NEAR_BEST = 0.75  # of the best sentence's score: further sentences must come so near
REPEATS = 0.85  # cosine of two sentences from which the second says nothing new
FULL_LENGTH = 8  # tokens: what is shorter, a heading most often, names the subject and says nothing about it
VECTOR_WEIGHT = 0.35  # of a sentence's own vector, beside 1.0 for late interaction

Floats = NDArray[np.float32]


def extract(question: str, passages: Sequence[Passage], embedder: Embedder, language: str) -> list[Extract]:
    """The best one to four sentences, best first, none repeating another; none at all when no passage answers.

    `language` is the question's. Similarities are compared within a passage only, where the language is one: its best sentence takes the
    passage's score, and the others their share of it.
    """
    answering = [index for index, passage in enumerate(passages) if _answers(passage, language)]
    scored = [sentence for index in answering for sentence in _score(question, index, passages[index], embedder)]
    if not scored:
        return []
    scored.sort(key=lambda sentence: -sentence.score)
    candidates = [sentence for sentence in scored if sentence.score >= NEAR_BEST * scored[0].score]
    vectors = embedder.encode_passages([sentence.text for sentence in candidates])
    chosen: list[int] = []
    for index in range(len(candidates)):
        if len(chosen) < MOST_SENTENCES and all(float(vectors[index] @ vectors[other]) < REPEATS for other in chosen):
            chosen.append(index)
    return [candidates[index] for index in chosen]


def support(statement: str, passage: Passage, embedder: Embedder) -> tuple[int, int]:
    """The span of the passage's sentence nearest to `statement`, in characters of its page; the whole passage when none is near."""
    scored = _score(statement, 0, passage, embedder)
    if not scored:
        return passage.start, passage.end
    best = max(scored, key=lambda sentence: sentence.score)
    return best.start, best.end


def _answers(passage: Passage, language: str) -> bool:
    return passage.score >= (ANSWERS_SAME_LANGUAGE if passage.language == language else ANSWERS_ACROSS)


def _score(question: str, index: int, passage: Passage, embedder: Embedder) -> list[Extract]:
    spans = sentence_spans(passage.text, passage.language)
    sentences = [Extract(index, passage.start + start, passage.start + end, passage.text[start:end], 0.0) for start, end in spans]
    similarities = _similarities(question, [sentence.text for sentence in sentences], embedder)
    best = float(similarities.max(initial=0.0))
    if best <= 0:
        return []
    return [
        replace(sentence, score=round(passage.score * float(similarity) / best, 4))
        for sentence, similarity in zip(sentences, similarities, strict=True)
    ]


def _similarities(question: str, sentences: list[str], embedder: Embedder) -> Floats:
    vectors = embedder.encode_passages(sentences) @ embedder.encode_question(question)
    if embedder.maxsim is None:
        return vectors
    tokens = [embedder.tokenize(sentence).ids for sentence in sentences]
    late = embedder.maxsim.score(embedder.tokenize(question).ids, tokens)
    whole = np.minimum(1.0, np.array([len(ids) for ids in tokens], np.float32) / FULL_LENGTH)
    similarities: Floats = (VECTOR_WEIGHT * vectors + late) / (VECTOR_WEIGHT + 1) * whole
    return similarities
