"""How often the quotes contain the answer and how often refusals are right, on passages that the model was not fitted on."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rag.answer_model import AnswerModel
from rag.extractive import ANSWERS, MOST_UNITS, NEAR
from tools.train_answers.examples import Example

FOLDS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the product would do with an example: gold answer in the first unit, in any quoted unit, and whether it refuses."""

    example: Example
    first: bool
    inside: bool
    refused: bool


def cross_validated(examples: Sequence[Example], learn: Callable[[Sequence[Example]], AnswerModel]) -> list[Outcome]:
    """The outcome of every example under a model of the folds that it is not in."""
    outcomes = []
    for fold in range(FOLDS):
        model = learn([example for example in examples if example.group % FOLDS != fold])
        outcomes += [outcome(model, example) for example in examples if example.group % FOLDS == fold]
    return outcomes


def outcome(model: AnswerModel, example: Example) -> Outcome:
    """As `rag.extractive` quotes, except that it also leaves out a unit that says the same as a better one."""
    scores = model.scores(example.features)
    order = np.argsort(-scores, kind="stable")[:MOST_UNITS]
    near = order[scores[order] >= scores.max() - NEAR]
    refused = model.confidence(example.features, example.passages) < ANSWERS
    return Outcome(
        example,
        first=bool(example.right[order[0]]) and not refused,
        inside=bool(example.right[near].any()) and not refused,
        refused=refused,
    )


def report(outcomes: Sequence[Outcome]) -> str:
    """A table of percentages: a row for each set and for questions in and across the language of the document."""
    rows: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for each in outcomes:
        rows[each.example.set, _kind(each.example)].append(each)
    head = f"{'set':20} {'questions':12} {'count':>6} {'inside':>7} {'first':>6} {'refused':>8}"
    lines = [f"{name:20} {kind:12} {len(group):6} {_figures(group, kind)}" for (name, kind), group in rows.items()]
    return "\n".join([f"Percent at a confidence of {ANSWERS}; refusing is right for 'unanswered'", head, *lines, *_lowest(outcomes)])


def _kind(example: Example) -> str:
    if not example.answerable:
        return "unanswered"
    return "same" if example.question_language == example.document_language else "across"


def _figures(group: Sequence[Outcome], kind: str) -> str:
    refused = f"{_percent(each.refused for each in group):8}"
    if kind == "unanswered":
        return f"{'':7} {'':6} {refused}"
    return f"{_percent(each.inside for each in group):7} {_percent(each.first for each in group):6} {refused}"


def _lowest(outcomes: Sequence[Outcome]) -> list[str]:
    """The pair of languages of XQuAD with the fewest answers inside the quotes."""
    pairs: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for each in outcomes:
        if each.example.set == "xquad" and each.example.answerable:
            pairs[each.example.question_language, str(each.example.document_language)].append(each.inside)
    if not pairs:
        return []
    asked, written = min(pairs, key=lambda pair: _percent(pairs[pair]))
    return [f"lowest pair of xquad: {asked} to {written}, {_percent(pairs[asked, written])} inside"]


def _percent(flags: Iterable[bool]) -> int:
    values = list(flags)
    return round(100 * sum(values) / len(values))
