"""Fit the two parts of the answer model: a choice among units with signed weights, and a logistic confidence in the best one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from rag.answer_model import SHARES, AnswerModel
from rag.unit_features import FEATURES
from tools.train_answers.examples import Example

# Features that the choice may use: +1 can only speak for a unit, -1 only against it, 0 as it comes. The signs keep what is true of every
# document (a missing number never helps) from being turned round by an accident of the questions.
SIGNS = {
    "vector": 1,
    "tokens": 1,
    "tokens_in_passage": 1,
    "words": 1,
    "sounds": 1,
    "passage": 1,
    "passage_behind": -1,
    "same_language": 0,
    "kind_met": 1,
    "kind_unmet": -1,
    "number_met": 1,
    "time_met": 1,
    "repeats": -1,
    "row": 0,
    "label": 1,
    "list": 0,
}
CONFIDENCE = ("vector", "tokens", "words", "sounds", "passage", "same_language")  # of the best unit, besides SHARES
# Set, not fitted: few of the questions name a number, date or code. With 0, 0 and the fitted -2.0 "the RTX-5090" gets the watts of another
# card, "due on 12 March" any invoice of the page, and a question about v3.23.0 the words below another version's heading; on XQuAD the gold
# answer is quoted as often, and half a point fewer are rightly refused.
MISSING, MISSING_IN_UNIT, SPECIFICS_MISSING = -3.0, -2.0, -5.0
WEIGHTS = {"samples": 2.0, "samples-paraphrased": 2.0, "samples-typed": 2.0}  # of a set's examples, else 1: they are like users' documents
RIDGE = 2e-3  # on the squared weights of features of deviation 1
STEEPNESS = 3.0  # of the softplus that keeps a sign
INVERSE_RIDGE = 0.3  # scikit-learn's C, of the confidence
ITERATIONS, CONFIDENCE_ITERATIONS = 200, 2000
TINY, TINY_SCALE = 1e-6, 1e-3  # added to deviations: a constant feature has none

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Examples padded to the longest: features (e, n, f), `right` and `there` bool (e, n), weights (e,)."""

    features: torch.Tensor
    right: torch.Tensor
    there: torch.Tensor
    weights: torch.Tensor


def learn(examples: Sequence[Example]) -> AnswerModel:
    """Fit a model on the examples: some with a right unit, some without. Deterministic."""
    choose = _choice(examples)
    return _confident(AnswerModel(choose, np.zeros(len(FEATURES) + len(SHARES), np.float32), 0.0), examples)


def _choice(examples: Sequence[Example]) -> Floats:
    """Weights (f,) under which, by softmax over a question's units, the right ones together are most probable."""
    columns = [FEATURES.index(name) for name in SIGNS]
    signs = torch.tensor(list(SIGNS.values()))
    scale = np.concatenate([example.features[:, columns] for example in examples]).std(axis=0) + TINY_SCALE
    batch = _batch([example for example in examples if example.right.any()], columns, scale)
    free = torch.zeros(len(columns), requires_grad=True)

    def loss() -> torch.Tensor:
        weights = _signed(free, signs)
        scores = (batch.features @ weights).masked_fill(~batch.there, -1e9)
        losses = scores.logsumexp(1) - scores.masked_fill(~batch.right, -1e9).logsumexp(1)
        return (losses * batch.weights).sum() / batch.weights.sum() + RIDGE * (weights**2).sum()

    _minimise(loss, free)
    choose = np.zeros(len(FEATURES), np.float32)
    choose[columns] = _signed(free, signs).detach().numpy() / scale
    choose[FEATURES.index("missing")], choose[FEATURES.index("missing_in_unit")] = MISSING, MISSING_IN_UNIT
    return choose


def _signed(free: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
    """Weights of the signs given: free where that is 0, else a softplus, which is never negative, with the sign."""
    return torch.where(signs == 0, free, signs * torch.nn.functional.softplus(free * STEEPNESS) / STEEPNESS)


def _minimise(loss: Callable[[], torch.Tensor], parameters: torch.Tensor) -> None:
    optimizer = torch.optim.LBFGS([parameters], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimizer.zero_grad()
        value = loss()
        torch.autograd.backward(value)
        return float(value.detach())

    optimizer.step(closure)  # type: ignore[no-untyped-call]  # torch declares no types here


def _batch(examples: Sequence[Example], columns: Sequence[int], scale: NDArray[np.floating]) -> _Batch:
    longest = max(len(example.right) for example in examples)
    features = torch.zeros(len(examples), longest, len(columns))
    right, there = torch.zeros(2, len(examples), longest, dtype=torch.bool)
    for at, example in enumerate(examples):
        count = len(example.right)
        features[at, :count] = torch.from_numpy((example.features[:, columns] / scale).astype(np.float32))
        right[at, :count] = torch.from_numpy(example.right)
        there[at, :count] = True
    return _Batch(features, right, there, torch.tensor(_weights(examples)))


def _confident(model: AnswerModel, examples: Sequence[Example]) -> AnswerModel:
    """The model with a logistic regression of whether its best unit's passage holds a right unit."""
    names = (*FEATURES, *SHARES)
    columns = [names.index(name) for name in (*SHARES, *CONFIDENCE)]
    known = np.stack([model.known(example.features, example.passages) for example in examples])[:, columns].astype(np.float64)
    answered = [_in_best_passage(model, example) for example in examples]
    mean, scale = known.mean(axis=0), known.std(axis=0) + TINY
    regression = LogisticRegression(C=INVERSE_RIDGE, max_iter=CONFIDENCE_ITERATIONS)
    regression.fit((known - mean) / scale, answered, sample_weight=_weights(examples))
    weights = regression.coef_[0] / scale
    sure = np.zeros(len(names), np.float32)
    sure[columns] = weights
    sure[names.index("specifics_missing")] = SPECIFICS_MISSING
    return AnswerModel(model.choose, sure, float(regression.intercept_[0] - weights @ mean))


def _in_best_passage(model: AnswerModel, example: Example) -> bool:
    passages = np.array(example.passages)
    best = passages[model.scores(example.features).argmax()]
    return bool(example.right[passages == best].any())


def _weights(examples: Sequence[Example]) -> list[float]:
    return [WEIGHTS.get(example.set, 1.0) for example in examples]
