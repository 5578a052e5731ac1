"""One score from four: a chunk's vector, late interaction over tokens, BM25 over words and over sounds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """What each kind of evidence counts; `bonus` is added to all."""

    passage: float
    tokens: float
    lexical: float
    sounds: float
    bonus: float


SAME_LANGUAGE = Weights(passage=8, tokens=4, lexical=4, sounds=2, bonus=-4)
ACROSS_LANGUAGES = Weights(passage=8, tokens=4, lexical=0.5, sounds=2, bonus=-4)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of n candidates for one question: f32 (n,) each; `tokens` is None when the embedder has no token vectors."""

    passage: Floats
    tokens: Floats | None
    lexical: Floats
    sounds: Floats
    same_language: NDArray[np.bool_]


def fuse(evidence: Evidence) -> Floats:
    """The probability that each candidate answers, f32 (n,), to be compared between questions and pairs of languages.

    The scale holds for the encoder of the package; with another embedder the order is meaningful, the scale less so. Without token vectors
    the vector takes over their weight.
    """
    raw = np.where(evidence.same_language, _raw(evidence, SAME_LANGUAGE), _raw(evidence, ACROSS_LANGUAGES))
    scores: Floats = (1 / (1 + np.exp(-raw))).astype(np.float32)
    return scores


def _raw(evidence: Evidence, weights: Weights) -> Floats:
    if evidence.tokens is None:
        similarity = (weights.passage + weights.tokens) * evidence.passage
    else:
        similarity = weights.passage * evidence.passage + weights.tokens * evidence.tokens
    raw: Floats = (similarity + weights.lexical * evidence.lexical + weights.sounds * evidence.sounds + weights.bonus).astype(np.float32)
    return raw
