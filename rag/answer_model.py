"""The small model that chooses quotes and gives their confidence: two lists of weights over `rag.unit_features`.

Trained by `tools/train_answers`; the weights stand in `answer_model.json` beside this file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import InvalidInput
from rag.unit_features import FEATURES

WEIGHTS = Path(__file__).parent / "answer_model.json"
SHARES = ("share", "share_of_passage", "specifics_missing")  # what confidence knows besides the best unit's features
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AnswerModel:
    """`choose` (f,) scores a unit among others; `sure` (f + 3,) and `constant` are a logistic regression over the best one."""

    choose: Floats
    sure: Floats
    constant: float

    def scores(self, features: Floats) -> Floats:
        """How well each unit answers, (n,) from features (n, f). Comparable within one question only."""
        scores: Floats = (features @ self.choose).astype(np.float32)
        return scores

    def confidence(self, features: Floats, passages: Sequence[int]) -> float:
        """The probability that the best unit's passage answers; `passages` (n,) are those of the units, n > 0."""
        return float(1 / (1 + np.exp(-self.constant - float(self.sure @ self.known(features, passages)))))

    def known(self, features: Floats, passages: Sequence[int]) -> Floats:
        """The inputs of confidence, (f + 3,): the best unit's features, its and its passage's share of all scores (softmax), and whether a
        number, date or code of the question is missing in the passage."""
        scores = self.scores(features)
        best = int(scores.argmax())
        shares = np.exp(scores - scores[best])
        shares /= shares.sum()
        own = shares[np.array(passages) == passages[best]].sum()
        missing = min(float(features[best, FEATURES.index("missing")]), 1.0)
        known: Floats = np.concatenate([features[best], [shares[best], own, missing]]).astype(np.float32)
        return known


def model_of(weights: Mapping[str, Mapping[str, float]]) -> AnswerModel:
    """The model of two tables of weights by name; other features weigh 0. Raises InvalidInput for a name that is not a feature."""
    names = (*FEATURES, *SHARES)
    unknown = sorted({*weights["choose"], *weights["sure"]} - {*names, "constant"})
    if unknown:
        raise InvalidInput(f"The answer model weighs {unknown[0]!r}, which is not a feature; run `python -m tools.train_answers`.")
    choose = np.array([weights["choose"].get(name, 0.0) for name in FEATURES], np.float32)
    sure = np.array([weights["sure"].get(name, 0.0) for name in names], np.float32)
    return AnswerModel(choose, sure, weights["sure"]["constant"])


@cache
def answer_model() -> AnswerModel:
    """The bundled model."""
    return model_of(json.loads(WEIGHTS.read_text(encoding="utf-8")))
