"""Training examples: the units of a question's best passages, with their features, and which of them answer."""

import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.embedder import Embedder
from rag.records import Passage
from rag.unit_features import Candidate, candidates
from tools.train_answers.questions import STRUCTURED, Asked, QuestionSet

PASSAGES = 5  # that units are taken from
GROUP_CHARACTERS = 40  # of the best passage's first unit: the passage is known by them


@dataclass(frozen=True, slots=True)
class Example:
    """One question's units: features f32 (n, f), `right` bool (n,), and the passage of each unit, (n,); n > 0.

    `answerable`: its document was among those searched, though its answer need not be among the units. Examples of one `group` rest on the
    same passage and go into the same fold.
    """

    set: str
    question_language: str
    document_language: str | None
    answerable: bool
    features: NDArray[np.float32]
    right: NDArray[np.bool_]
    passages: tuple[int, ...]
    group: int


def examples_of(questions: QuestionSet, embedder: Embedder) -> Iterator[Example]:
    """Each question with its document, and where it is to be, without; a question for which nothing is found is left out."""
    for asked in questions.asked:
        search = questions.corpus.search(asked.text)
        for without in [None, asked.document] if asked.document and asked.taken_away else [None]:
            passages = questions.corpus.passages(search, PASSAGES, without=without)
            found = candidates(asked.text, search.question.language, passages, embedder)
            if found:
                answerable = asked.document is not None and without is None
                yield _example(questions, asked, passages, found, answerable=answerable)


def _example(questions: QuestionSet, asked: Asked, passages: Sequence[Passage], found: Sequence[Candidate], *, answerable: bool) -> Example:
    texts = [passages[each.passage].text[each.unit.start : each.unit.end] for each in found]
    right = [
        answerable
        and passages[each.passage].name == asked.document
        and any(_holds(text, answer, loosely=questions.loosely) for answer in asked.answers)
        for each, text in zip(found, texts, strict=True)
    ]
    group = f"{STRUCTURED} {asked.document_language}" if questions.name == STRUCTURED else texts[0][:GROUP_CHARACTERS]
    return Example(
        set=questions.name,
        question_language=asked.language,
        document_language=asked.document_language,
        answerable=answerable,
        features=np.stack([each.features for each in found]),
        right=np.array(right),
        passages=tuple(each.passage for each in found),
        group=zlib.crc32(group.encode()),
    )


def _holds(unit: str, answer: str, *, loosely: bool) -> bool:
    """Whether the unit contains the answer; loosely: spaces are ignored and the answer may contain the unit."""
    if _folded(answer, " ") in _folded(unit, " "):
        return True
    unit, answer = _folded(unit, ""), _folded(answer, "")
    return loosely and (answer in unit or unit in answer)


def _folded(text: str, space: str) -> str:
    return space.join(unicodedata.normalize("NFKC", text).casefold().split())
