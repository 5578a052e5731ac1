"""Reports on answers, from literal judgements."""

import json
from dataclasses import replace

import pytest

from rag.errors import InvalidInput
from serving.evaluation.answer_measures import Judged
from serving.evaluation.answer_quality import AnswerReport, Refusals, summary, worse
from serving.evaluation.question_sets import Question
from serving.evaluation.search_quality import Mean

SAME = Question("same", "?", "en", {"a.txt": 1}, "en", answers=("x",))
CROSS = Question("cross", "?", "en", {"a.txt": 1}, "th", answers=("x",))
OTHER = Question("other", "?", "de", {"a.txt": 1}, "th", answers=("x",))
NOTHING = Question("nothing", "?", "hi", {}, None)

RIGHT = Judged(SAME, False, False, True, True, 0.5, True, 0.95)
SECOND = Judged(CROSS, False, False, True, False, 0.25, True, 0.85)
REFUSED = Judged(OTHER, False, True, confidence=0.1)
DECLINED = Judged(NOTHING, False, True)
INVENTED = Judged(replace(NOTHING, id="invented"), False, False, confidence=0.45)
TAKEN = Judged(CROSS, True, False, confidence=0.35)
ALL = [RIGHT, SECOND, REFUSED, DECLINED, INVENTED, TAKEN]


def test_each_measure_is_the_mean_over_its_questions() -> None:
    report = summary(ALL, 12.5)
    assert set(report.pairs) == {("de", "th"), ("en", "en"), ("en", "th")}
    assert report.same is not None
    assert report.cross is not None
    assert (report.same.questions, report.cross.questions) == (1, 2)
    figures = {name: getattr(report.cross, name).value for name in ("gold_inside", "gold_first", "f1", "right_document", "refused")}
    assert figures == {"gold_inside": 0.5, "gold_first": 0.0, "f1": 0.125, "right_document": 0.5, "refused": 0.5}
    assert report.same.f1 == Mean(0.5, 0.5, 0.5)
    assert (report.cross.gold_inside.low, report.cross.gold_inside.high) == (0.0, 1.0)
    assert report.missed == ("other",)
    assert report.answered == ("invented", "cross")
    assert report.p50_ms == 12.5


def test_refusals_are_counted_by_language_and_by_pair() -> None:
    report = summary([*ALL, replace(TAKEN, question=SAME, refused=True)])
    half, none, all_of_them = Mean(0.5, 0.0, 1.0), Mean(0.0, 0.0, 0.0), Mean(1.0, 1.0, 1.0)
    assert report.unanswerable == {"hi": Refusals(2, half), "all": Refusals(2, half)}
    assert report.taken_away == {
        "en-en": Refusals(1, all_of_them), "en-th": Refusals(1, none), "cross": Refusals(1, none), "same": Refusals(1, all_of_them),
    }  # fmt: skip


def test_confidence_is_compared_with_all_answers_given_and_no_refusal() -> None:
    found = summary(ALL).reliability
    assert found is not None
    assert [(one.low, one.answers, one.right) for one in found.bins] == [(0.3, 1, 0.0), (0.4, 1, 0.0), (0.8, 1, 1.0), (0.9, 1, 1.0)]
    assert found.error == 0.25  # (0.35 + 0.45 + 0.15 + 0.05) / 4
    assert summary([replace(RIGHT, confidence=None)]).reliability is None


def test_a_report_is_one_json_object() -> None:
    record = json.loads(summary(ALL).as_json())
    assert set(record) == {"pairs", "same", "cross", "unanswerable", "taken_away", "reliability", "p50_ms", "missed", "answered"}
    assert record["pairs"]["en-th"]["gold_inside"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert record["unanswerable"]["hi"]["questions"] == 2
    assert record["reliability"]["error"] == 0.25
    empty = json.loads(summary([]).as_json())
    assert (empty["same"], empty["reliability"], empty["unanswerable"], empty["pairs"]) == (None, None, {}, {})


def repeated(right: int, declined: int) -> AnswerReport:
    """Of a hundred questions so many are answered rightly, and of a hundred without an answer so many declined."""
    answers = [replace(RIGHT, gold_inside=number < right) for number in range(100)]
    return summary([*answers, *(replace(DECLINED, refused=number < declined) for number in range(100))])


def test_a_figure_that_is_more_than_two_points_worse_is_named() -> None:
    before = repeated(80, 60).as_json()
    assert worse(repeated(78, 58), before, 0.02) == []
    assert worse(repeated(90, 70), before, 0.02) == []
    assert worse(repeated(77, 57), before, 0.02) == [
        "gold_inside of en-en is 0.770, before 0.800.",
        "gold_inside of same is 0.770, before 0.800.",
        "refused of unanswerable hi is 0.570, before 0.600.",
        "refused of unanswerable all is 0.570, before 0.600.",
        "calibration error is 0.180, before 0.150.",
    ]


def test_refusing_what_has_an_answer_is_worse() -> None:
    before = summary([RIGHT]).as_json()
    sentences = worse(summary([replace(REFUSED, question=SAME)]), before, 0.02)
    assert "refused of en-en is 1.000, before 0.000." in sentences
    assert "calibration error was not measured, before 0.050." in sentences


def test_a_baseline_of_another_kind_is_refused() -> None:
    for baseline in ("[]", "{}", "nonsense", '{"pairs": {"en-en": {"ndcg10": {"value": 1}}}, "same": null, "cross": null}'):
        with pytest.raises(InvalidInput, match="no report of eval --answers"):
            worse(summary(ALL), baseline, 0.02)
