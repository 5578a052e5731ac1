"""Whether the confidence of answers is honest: of those given with 0.8, eight in ten should be right."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence is at least `low` and below `high` (1 belongs to the last): how many, how sure, how often right."""

    low: float
    high: float
    answers: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins that hold answers, and the expected calibration error: the mean of |confidence - right| over answers, 0 at best.

    Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """

    answers: int
    error: float
    bins: tuple[Bin, ...]


def reliability(answers: Sequence[tuple[float, bool]]) -> Reliability | None:
    """Bin answers, given as their confidence (0 to 1) and whether they are right; None when there are none."""
    if not answers:
        return None
    bins = []
    for number in range(BINS):
        held = [(confidence, right) for confidence, right in answers if min(int(confidence * BINS), BINS - 1) == number]
        if held:
            sure, right = fmean(confidence for confidence, _ in held), fmean(right for _, right in held)
            bins.append(Bin(number / BINS, (number + 1) / BINS, len(held), round(sure, 4), round(right, 4)))
    error = sum(one.answers * abs(one.confidence - one.right) for one in bins) / len(answers)
    return Reliability(len(answers), round(error, 4), tuple(bins))
