"""The command `glossa eval` measures the running service on questions with known answers. Heavy packages are imported where used."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import InvalidInput
from serving.command.console import fail
from serving.command.options import DEFAULTS, Data

if TYPE_CHECKING:
    from serving.evaluation.answer_quality import AnswerReport
    from serving.evaluation.search_quality import Report

Among = Annotated[list[str] | None, typer.Option("--collection", help="Search only this collection; may be repeated.", show_default="all")]


def evaluate(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Questions: JSON lines as in samples/, SQuAD files (several: the same questions by language) or a BEIR folder.",
        ),
    ],
    *,
    answers: Annotated[
        bool, typer.Option("--answers", help="Measure answers instead of search: compare them with the gold answers.")
    ] = False,
    without_answers: Annotated[
        bool, typer.Option("--without-answers", help="With --answers: ask each question again with its own document excluded.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Ask only N questions, sampled evenly from every pair of languages.", show_default="all")
    ] = None,
    collection: Among = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures as JSON to this file.", show_default=False)] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Write the matrix as SVG to this file, with --answers also the reliability of confidence.", show_default=False),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="File of an earlier --json: fail if a pair has become worse.", show_default=False)
    ] = None,
    most_lost: Annotated[
        float,
        typer.Option(min=0, max=1, help="Largest allowed loss of a pair against the baseline: in nDCG@10, with --answers in any figure."),
    ] = 0.02,
    min_same: Annotated[
        float, typer.Option(min=0, max=1, help="Fail if hit@3 (with --answers: gold inside) within a language is below this.")
    ] = 0.0,
    min_cross: Annotated[float, typer.Option(min=0, max=1, help="Fail if the same figure across languages is below this.")] = 0.0,
    data: Data = DEFAULTS.data,
) -> None:
    """Measure the running service on questions with known answers, per pair of languages.

    By default it measures search. With --answers it measures answers: whether the gold answer is inside, whether it comes first, whether
    the right document is cited, and how many questions are refused, with and without an answer in the documents. The documents of SQuAD and
    BEIR sets are ingested into their own collections and deleted at the end.

    Example:  glossa eval samples/questions.jsonl --json quality.json --picture quality.svg

    Example:  glossa eval --answers samples/questions.jsonl samples/questions-unanswerable.jsonl
    """
    if without_answers and not answers:
        raise InvalidInput("--without-answers needs --answers; give both.")
    report = _measured(files, limit, collection, data, answers=answers, without_answers=without_answers)
    if json:
        json.write_text(report.as_json() + "\n", encoding="utf-8")
    _show(report, picture)
    _guard(report, min_same, min_cross)
    if baseline and (lost := _lost(report, baseline.read_text(encoding="utf-8"), most_lost)):
        fail(" ".join(lost))


def _measured(
    files: list[Path], limit: int | None, collection: list[str] | None, data: Path, *, answers: bool, without_answers: bool
) -> "Report | AnswerReport":
    """Ask the running service every question, or `limit` of them."""
    from serving.client import connect
    from serving.command.progress import counting, following
    from serving.evaluation.answer_quality import evaluate_answers
    from serving.evaluation.question_sets import read_question_set, sample
    from serving.evaluation.search_quality import evaluate as evaluate_search
    from serving.evaluation.search_quality import ingested

    asked = read_question_set(files)
    questions = asked.questions if limit is None else sample(asked.questions, limit)
    documents = sum(len(corpus.texts) for corpus in asked.corpora)
    with connect(data) as client, ExitStack() as until_then:
        with following(documents) as follow:
            until_then.enter_context(ingested(client, asked.corpora, follow))
        with counting("Asking", len(questions)) as tick:
            if answers:
                return evaluate_answers(client, questions, collections=collection, without_answers=without_answers, report=tick)
            return evaluate_search(client, questions, collections=collection, report=tick)


def _show(report: "Report | AnswerReport", picture: Path | None) -> None:
    from serving.command.answer_table import save_answers_picture, show_answers
    from serving.command.quality_table import save_picture, show_report
    from serving.evaluation.search_quality import Report

    if isinstance(report, Report):
        show_report(report)
        if picture:
            save_picture(report, picture)
    else:
        show_answers(report)
        if picture:
            save_answers_picture(report, picture)


def _guard(report: "Report | AnswerReport", min_same: float, min_cross: float) -> None:
    """Fail when the first figure is too low, within a language or across languages."""
    from serving.evaluation.search_quality import Quality

    for where, quality, least in (("within a language", report.same, min_same), ("across languages", report.cross, min_cross)):
        if quality is not None:
            name, mean = ("hit@3", quality.hit3) if isinstance(quality, Quality) else ("Gold inside", quality.gold_inside)
            if mean.value < least:
                fail(f"{name} {where} is {mean.value:.3f}, below {least}.")


def _lost(report: "Report | AnswerReport", baseline: str, most: float) -> list[str]:
    from serving.evaluation.answer_quality import worse
    from serving.evaluation.search_quality import Report, dropped

    return dropped(report, baseline, most) if isinstance(report, Report) else worse(report, baseline, most)
