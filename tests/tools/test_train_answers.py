"""The trainer of the answer model: its made-up pages, the fit on a made-up table of features, and the file that the product loads."""

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from rag.answer_model import SHARES, AnswerModel, model_of
from rag.errors import InvalidInput
from rag.load_embedder import load_embedder
from rag.unit_features import FEATURES
from tools.train_answers.corpora import Corpus, document_of_text
from tools.train_answers.examples import Example, examples_of
from tools.train_answers.learning import CONFIDENCE, MISSING, MISSING_IN_UNIT, SIGNS, learn
from tools.train_answers.questions import Asked, QuestionSet
from tools.train_answers.remembering import Remembering
from tools.train_answers.report import cross_validated, outcome, report
from tools.train_answers.structured import LANGUAGES, structured
from tools.train_answers.weights import write

UNITS = 6


def made(count: int, seed: int = 0) -> list[Example]:
    """The right unit has the highest `words`, and the most `repeats`, which is never allowed to speak for it; the rest is noise."""
    rng = np.random.default_rng(seed)
    examples = []
    for number in range(count):
        answerable = number % 2 == 0
        features = rng.standard_normal((UNITS, len(FEATURES))).astype(np.float32)
        features[:, [FEATURES.index("missing"), FEATURES.index("missing_in_unit")]] = 0  # their weights are set
        features[:, FEATURES.index("words")] = rng.uniform(0, 0.5, UNITS)
        right = np.zeros(UNITS, bool)
        if answerable:
            right[rng.integers(UNITS)] = True
            features[right, FEATURES.index("words")] = rng.uniform(0.6, 1)
            features[right, FEATURES.index("repeats")] = 2
        examples.append(Example("made", "en", "en", answerable, features, right, tuple(range(UNITS)), number))
    return examples


@pytest.fixture(scope="module")
def model() -> AnswerModel:
    return learn(made(300))


@pytest.mark.parametrize("language", LANGUAGES)
def test_structured_pages_are_the_same_for_the_same_seed(language: str) -> None:
    assert structured(language, Random(3)) == structured(language, Random(3))
    assert structured(language, Random(3)) != structured(language, Random(4))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_line_that_answers_stands_in_its_page_and_what_is_asked_in_vain_stands_in_none(language: str) -> None:
    pages = structured(language, Random(3))
    lines = {page.name: page.text.split("\n") for page in pages.pages}
    answered = [question for question in pages.questions if question.page]
    assert all(question.line in lines[str(question.page)] for question in answered)
    unanswered = [question for question in pages.questions if not question.page]
    assert [question.line for question in unanswered] == [None] * len(unanswered)
    assert {question.language for question in answered} == {question.language for question in unanswered} == set(LANGUAGES)


def test_every_name_that_learning_uses_is_a_feature() -> None:
    assert {*SIGNS, *CONFIDENCE} <= set(FEATURES)


def test_the_choice_rests_on_the_informative_feature_and_keeps_the_signs(model: AnswerModel) -> None:
    weights = dict(zip(FEATURES, model.choose.tolist(), strict=True))
    assert max(weights, key=lambda name: abs(weights[name])) == "words"
    assert all(weights[name] * sign >= 0 for name, sign in SIGNS.items())
    assert abs(weights["repeats"]) < 0.01  # the data wants it for a unit, the sign forbids it
    assert {name: weights[name] for name in FEATURES if name not in SIGNS and weights[name]} == {
        "missing": MISSING,
        "missing_in_unit": MISSING_IN_UNIT,
    }


def test_units_that_answer_are_chosen_and_the_others_refused_on_questions_not_learned_from(model: AnswerModel) -> None:
    outcomes = [outcome(model, example) for example in made(200, seed=1)]
    assert np.mean([each.first for each in outcomes if each.example.answerable]) > 0.9
    assert np.mean([each.refused for each in outcomes if not each.example.answerable]) > 0.9


def test_learning_twice_gives_the_same_weights(model: AnswerModel) -> None:
    assert np.array_equal(learn(made(300)).choose, model.choose)


def test_the_written_file_loads_as_the_model_that_was_written(model: AnswerModel, tmp_path: Path) -> None:
    path = tmp_path / "answer_model.json"
    write(model, path)
    tables = json.loads(path.read_text(encoding="utf-8"))
    loaded = model_of(tables)
    np.testing.assert_allclose(loaded.choose, model.choose, atol=6e-4)
    np.testing.assert_allclose(loaded.sure, model.sure, atol=6e-5)
    assert loaded.constant == pytest.approx(model.constant, abs=6e-5)
    assert list(tables["choose"]) == sorted(tables["choose"])
    assert list(tables["sure"]) == ["constant", *sorted(set(tables["sure"]) - {"constant"})]
    assert set(tables["sure"]) <= {"constant", *CONFIDENCE, *SHARES}


def test_a_name_that_is_no_feature_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'colour', which is not a feature"):
        model_of({"choose": {"colour": 1.0}, "sure": {"constant": 0.0}})


def test_the_report_has_a_row_for_each_set_and_kind_of_question() -> None:
    lines = report(cross_validated(made(300), learn)).splitlines()
    assert [line.split()[:3] for line in lines[2:]] == [["made", "same", "150"], ["made", "unanswered", "150"]]


def test_a_question_is_asked_with_its_document_and_without() -> None:
    embedder = Remembering(load_embedder("static"))
    texts = {"lamp": "The lamp is made of brass.\nIt costs 40 euros.", "chair": "The chair is made of oak.\nIt was built in 1950."}
    corpus = Corpus([document_of_text(name, text, embedder) for name, text in texts.items()], embedder)
    asked = Asked("What is the lamp made of?", "en", "lamp", "en", ("brass",))
    whole, taken_away = examples_of(QuestionSet("made", corpus, (asked,)), embedder)
    assert (whole.answerable, int(whole.right.sum())) == (True, 1)
    assert (taken_away.answerable, taken_away.right.any()) == (False, False)
    assert len(taken_away.right) < len(whole.right)
