"""The small model that chooses what to quote and knows how sure it is: two layers of numbers over `rag.unit_features`.

Trained by `tools/train_answers`; its weights stand in `answer_model.npz` beside this file.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import InvalidInput
from rag.unit_features import FEATURES

WEIGHTS = Path(__file__).parent / "answer_model.npz"
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AnswerModel:
    """`mean` and `scale` (f,) standardise the features; `hidden` (f, h) with `bias` (h,) and `choose` (h,) score a unit among others.

    `sure` (3 + f,) is a logistic regression: a constant, the best unit's score, its share of all scores (softmax), and its features.
    """

    mean: Floats
    scale: Floats
    hidden: Floats
    bias: Floats
    choose: Floats
    sure: Floats

    def scores(self, features: Floats) -> Floats:
        """How well each unit answers, (n,) from features (n, f): to be compared with each other, and between questions."""
        states = np.tanh(((features - self.mean) / self.scale) @ self.hidden + self.bias)
        scores: Floats = (states @ self.choose).astype(np.float32)
        return scores

    def confidence(self, scores: Floats, features: Floats) -> float:
        """The probability that the best unit's passage answers, from the scores (n,) and features (n, f) of all units, n > 0."""
        best = int(scores.argmax())
        share = 1 / np.exp(scores - scores[best]).sum()
        known = np.concatenate([[1.0, scores[best], share], (features[best] - self.mean) / self.scale])
        return float(1 / (1 + np.exp(-float(self.sure @ known))))


@cache
def answer_model() -> AnswerModel:
    """The model of the package. Raises InvalidInput when it was trained on other features."""
    with np.load(WEIGHTS) as stored:
        if tuple(stored["features"].tolist()) != FEATURES:
            raise InvalidInput(f"{WEIGHTS} was trained on other features than rag.unit_features has; run `python -m tools.train_answers`.")
        return AnswerModel(**{name: stored[name] for name in ("mean", "scale", "hidden", "bias", "choose", "sure")})
