"""Measures on literal results."""

import json
import math

import pytest

from rag.errors import InvalidInput
from rag.records import Passage
from serving.evaluation.question_sets import Question
from serving.evaluation.search_quality import Mean, Quality, Report, dropped, mean_of, score


def passage(name: str) -> Passage:
    return Passage("d_1", name, 1, 0, 1, "x", "en", 0.5)


def quality(value: float) -> Quality:
    return Quality(2, *[Mean(value, value, value)] * 5)


def test_first_fourth_and_missing_score_as_by_hand() -> None:
    questions = [Question(id, "?", "en", {"right.pdf": 1}, "de") for id in ("first", "fourth", "missing", "nothing")]
    wrong = [passage(f"wrong-{number}.pdf") for number in range(10)]
    found = {
        "first": [passage("right.pdf"), wrong[0]],
        "fourth": [
            wrong[0],
            wrong[0],
            wrong[1],
            wrong[2],
            passage("right.pdf"),
            passage("right.pdf"),
        ],  # documents are ranked, not passages
        "missing": wrong,
        "nothing": [],
    }
    scores = score(questions, found)
    assert scores["first"] == {"hit1": 1, "hit3": 1, "mrr10": 1, "ndcg10": 1, "recall10": 1}
    assert scores["fourth"] == {"hit1": 0, "hit3": 0, "mrr10": 0.25, "ndcg10": pytest.approx(1 / math.log2(5)), "recall10": 1}
    assert set(scores["missing"].values()) == set(scores["nothing"].values()) == {0.0}


def test_grades_count_in_ndcg_and_every_right_document_in_recall() -> None:
    question = Question("q", "?", "en", {"best.txt": 2, "good.txt": 1}, "en")
    scores = score([question], {"q": [passage("good.txt"), passage("wrong.txt")]})["q"]
    assert scores["recall10"] == 0.5
    assert scores["ndcg10"] == pytest.approx(1 / (2 + 1 / math.log2(3)))


def test_an_interval_holds_its_mean_and_narrows_with_more_questions() -> None:
    few, many = mean_of([0.0, 1.0] * 5), mean_of([0.0, 1.0] * 500)
    assert few.low < many.low < few.value == many.value == 0.5 < many.high < few.high
    assert mean_of([1.0]) == Mean(1.0, 1.0, 1.0)


def test_a_pair_that_lost_more_than_allowed_is_named() -> None:
    def report(**values: float) -> Report:
        pairs = {(pair[:2], pair[2:]): quality(value) for pair, value in values.items()}
        return Report(pairs, None, None, 0, None, None, ())

    before = report(enth=0.8, ende=0.9, dede=1.0).as_json()
    assert dropped(report(enth=0.79, ende=0.9, dede=1.0), before, 0.02) == []
    assert dropped(report(enth=0.77, ende=0.95), before, 0.02) == [
        "nDCG@10 of en-th is 0.770, before 0.800.",
        "nDCG@10 of de-de is 0.000, before 1.000.",
    ]
    with pytest.raises(InvalidInput, match="no report of this command"):
        dropped(report(), "[]", 0.02)


def test_a_report_is_one_json_object() -> None:
    record = json.loads(Report({("en", "th"): quality(0.75)}, None, quality(0.75), 1, 1.0, 3.25, ()).as_json())
    assert set(record) == {"unanswerable", "declined", "p50_ms", "missed", "same", "cross", "pairs"}
    assert record["same"] is None
    assert record["pairs"]["en-th"] == record["cross"]
    assert record["cross"]["ndcg10"] == {"value": 0.75, "low": 0.75, "high": 0.75}
