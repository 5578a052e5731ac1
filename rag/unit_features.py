"""Features of each unit of the passages for a question, from which the answer model chooses and computes its confidence."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.analyzers import analyze
from rag.embedder import Embedder
from rag.quantities import missing_specifics
from rag.question_kind import Kind, holds, kinds_asked
from rag.records import Passage
from rag.sounds import sounds
from rag.units import CONTEXT_KINDS, Unit, UnitKind, units

MOST_UNITS = 16  # that are looked at, of the best passages: the encoder reads them in 10 to 15 ms each on one core; 10 miss answers
THAI = "th"
_LABEL_END = re.compile("[:：]")
_HEADING_MARKS = "#=-*:： \n\t"  # around a heading in plain text and Markdown
LONGEST_UNIT = 600  # characters that the encoder reads of a unit
Floats = NDArray[np.float32]

FEATURES = (
    "vector",  # cosine of the question and the unit alone, after its context
    "tokens",  # late interaction with the unit
    "tokens_in_passage",  # the same less the mean over the units of its passage
    "words",  # share of the question's terms that the unit holds, rare ones counting more; in one language
    "sounds",  # the same by sounds, in any
    "passage",  # log-odds of the passage's score
    "passage_behind",  # how far that is behind the best passage's
    "same_language",
    "missing",  # numbers, dates and codes of the question that the passage lacks
    "missing_in_unit",
    "kind_met",  # the question asks for a kind of thing and the unit holds one
    "kind_unmet",
    "number_met",
    "time_met",
    "repeats",  # share of the unit's terms that stand in the question: it says nothing new
    "row",
    "label",  # of a labelled line: how well the words of its label are met by the question's
    "list",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit of `passages[passage]`, with offsets in that passage's text, and its features f32 (len(FEATURES),)."""

    passage: int
    unit: Unit
    features: Floats


def candidates(question: str, language: str, passages: Sequence[Passage], embedder: Embedder) -> list[Candidate]:
    """The units of the passages, best passages first, 16 at most, with their features.

    Headings, questions and repetitions of an earlier unit are no candidates: two equal units would halve each other's share.
    """
    found: list[tuple[int, Unit]] = []
    said: set[str] = set()
    for index, passage in enumerate(passages):
        new = [unit for unit in _new_units(passage, said) if unit.kind not in CONTEXT_KINDS]
        own = [unit for unit in new if _says_something(unit, passage)] or new  # a document of one line is its own title
        if found and len(found) + len(own) > MOST_UNITS:
            break
        found += [(index, unit) for unit in own[: MOST_UNITS - len(found)]]
    if not found:
        return []
    table = _Table(question, language, passages, found, embedder).features()
    return [Candidate(passage, unit, row) for (passage, unit), row in zip(found, table, strict=True)]


def _new_units(passage: Passage, said: set[str]) -> list[Unit]:
    """The units of the passage whose words, with the same title and heading, are not in `said`; they are added to it."""
    new = []
    for unit in units(passage.text, passage.language):
        needed = slice(*unit.context) if unit.context else slice(0)
        words = " ".join(f"{passage.context}\n{passage.text[needed]}\n{passage.text[unit.start : unit.end]}".casefold().split())
        if words not in said:
            said.add(words)
            new.append(unit)
    return new


def _says_something(unit: Unit, passage: Passage) -> bool:
    """Whether a unit can be an answer. Headings, questions, the title and single words cannot."""
    if unit.kind not in (UnitKind.SENTENCE, UnitKind.LABEL):
        return unit.kind not in CONTEXT_KINDS
    text = " ".join(passage.text[unit.start : unit.end].strip(_HEADING_MARKS).casefold().split())
    one_word = passage.language != THAI and " " not in text  # Thai has no spaces between words
    return not one_word and text not in passage.context.casefold()


class _Table:
    """All units of a question, side by side: many features compare a unit with the others."""

    def __init__(
        self, question: str, language: str, passages: Sequence[Passage], found: Sequence[tuple[int, Unit]], embedder: Embedder
    ) -> None:
        self.question, self.language, self.passages, self.found, self.embedder = question, language, passages, found, embedder
        self.texts = [passages[index].text[unit.start : unit.end] for index, unit in found]
        self.of = np.array([index for index, _ in found])
        self.same = np.array([passages[index].language == language for index in self.of], np.float32)

    def features(self) -> Floats:
        vector, tokens = self._vectors(), self._tokens()
        words, repeats = self._shared(lambda text, language: analyze(text, language, written_in=self.language))
        words, repeats = words * self.same, repeats * self.same
        heard, _ = self._shared(lambda text, language: sounds(text, self.language))
        odds = np.array([_log_odds(passage.score) for passage in self.passages], np.float32)
        columns = {
            "vector": vector,
            "tokens": tokens,
            "tokens_in_passage": tokens - self._mean(tokens),
            "words": words,
            "sounds": heard,
            "passage": odds[self.of],
            "passage_behind": odds.max() - odds[self.of],
            "same_language": self.same,
            "repeats": repeats,
            **self._missing(),
            **self._kinds(),
            **self._forms(),
        }
        return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32)

    def _mean(self, values: Floats) -> Floats:
        sums = np.bincount(self.of, values, len(self.passages)) / np.maximum(np.bincount(self.of, minlength=len(self.passages)), 1)
        means: Floats = sums[self.of].astype(np.float32)
        return means

    def _vectors(self) -> Floats:
        """The vector of each unit, embedded after its passage's title and section and the heading or sentence that it needs."""
        shown = []
        for (index, unit), text in zip(self.found, self.texts, strict=True):
            passage = self.passages[index]
            needed = passage.text[slice(*unit.context)] if unit.context else ""
            shown.append(". ".join(part for part in (passage.context, needed, text[:LONGEST_UNIT]) if part))
        vectors: Floats = self.embedder.encode_passages(shown) @ self.embedder.encode_question(self.question)
        return vectors

    def _tokens(self) -> Floats:
        if self.embedder.maxsim is None:
            return np.zeros(len(self.texts), np.float32)
        ids = [self.embedder.tokenize(text).ids for text in self.texts]
        scores: Floats = self.embedder.maxsim.score(self.embedder.tokenize(self.question).ids, ids)
        return scores

    def _shared(self, terms_of: Callable[[str, str], list[str]]) -> tuple[Floats, Floats]:
        """For each unit: the share of the question's terms in it, and the share of its terms in the question."""
        held = [set(terms_of(text, self.passages[index].language)) for text, index in zip(self.texts, self.of, strict=True)]
        asked = [set(terms_of(self.question, language)) for language in (self.passages[index].language for index in self.of)]
        frequency = Counter(term for terms in held for term in terms)
        share, repeats = [], []
        for own, wanted in zip(held, asked, strict=True):
            weights = {term: math.log(1 + (len(held) + 1) / (frequency[term] + 0.5)) for term in wanted}
            share.append(sum(weight for term, weight in weights.items() if term in own) / max(sum(weights.values()), 1e-6))
            repeats.append(len(own & wanted) / max(len(own), 1))
        return np.array(share, np.float32), np.array(repeats, np.float32)

    def _missing(self) -> dict[str, Floats]:
        def missing(text: str, language: str) -> int:
            return len(missing_specifics(self.question, text, question_language=self.language, passage_language=language))

        whole = [missing(f"{passage.context}\n{passage.text}", passage.language) for passage in self.passages]
        own = [missing(text, self.passages[index].language) for text, index in zip(self.texts, self.of, strict=True)]
        return {"missing": np.array(whole, np.float32)[self.of], "missing_in_unit": np.array(own, np.float32)}

    def _kinds(self) -> dict[str, Floats]:
        asked = kinds_asked(self.question)
        met = {kind: np.zeros(len(self.texts), np.float32) for kind in Kind}
        for kind in asked:
            met[kind] = np.array(
                [holds(kind, text, self.passages[at].language) for text, at in zip(self.texts, self.of, strict=True)], np.float32
            )
        most = np.max([met[kind] for kind in Kind], axis=0)
        return {
            "kind_met": most,
            "kind_unmet": (1 - most) * bool(asked),
            "number_met": met[Kind.NUMBER],
            "time_met": met[Kind.TIME],
        }

    def _forms(self) -> dict[str, Floats]:
        kinds = [unit.kind for _, unit in self.found]

        def flag(*wanted: UnitKind) -> Floats:
            return np.array([kind in wanted for kind in kinds], np.float32)

        return {
            "row": flag(UnitKind.ROW, UnitKind.RECORD),
            "label": self._labels(flag(UnitKind.LABEL)),
            "list": flag(UnitKind.LIST, UnitKind.ITEM),
        }

    def _labels(self, labelled: Floats) -> Floats:
        """Late interaction of each label with the question: "IBAN" is met by "What is the IBAN?", "Community" is not."""
        met = np.zeros(len(self.texts), np.float32)
        if self.embedder.maxsim is not None:
            question = [self.embedder.tokenize(self.question).ids]
            for at in np.flatnonzero(labelled).tolist():
                label = self.embedder.tokenize(_LABEL_END.split(self.texts[at], maxsplit=1)[0]).ids
                met[at] = self.embedder.maxsim.score(label, question)[0]
        return met


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
