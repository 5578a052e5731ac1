"""Writes a model as the file that `rag.answer_model` reads."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.answer_model import SHARES, AnswerModel, model_of
from rag.unit_features import FEATURES

DECIMALS = 4
NEGLIGIBLE = 5e-4  # a weight of the choice below this is left out: the softplus that keeps a sign never reaches zero


def write(model: AnswerModel, path: Path) -> AnswerModel:
    """Write the weights by name, rounded, and return the model as the product will load it."""
    choose = {name: weight for name, weight in _named(FEATURES, model.choose).items() if abs(weight) > NEGLIGIBLE}
    sure = {name: weight for name, weight in _named((*FEATURES, *SHARES), model.sure).items() if weight}
    tables = {"choose": choose, "sure": {"constant": round(model.constant, DECIMALS), **sure}}
    path.write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")
    return model_of(tables)


def _named(names: Sequence[str], weights: NDArray[np.float32]) -> dict[str, float]:
    return {name: round(float(weight), DECIMALS) for name, weight in sorted(zip(names, weights, strict=True))}
