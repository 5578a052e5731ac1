"""Whether one answer holds the gold answer: pure functions of a question, its gold answers and what the service said."""

import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from rag.records import Citation
from rag.thai import thai_words
from serving.client.records import Answer
from serving.evaluation.question_sets import Question, is_document

THAI = regex.compile(r"\p{Thai}")
ARTICLES = frozenset({"a", "an", "the"})  # taken out of English only: in the other languages these letters are other words


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one question. `refused` means that nothing was cited; then all that follows is False or 0.

    `taken_away` means that the documents which answer it were kept out, so that refusing is right.
    """

    question: Question
    taken_away: bool
    refused: bool
    gold_inside: bool = False
    gold_first: bool = False
    f1: float = 0.0
    right_document: bool = False
    confidence: float | None = None

    @property
    def answerable(self) -> bool:
        """Whether something that may be found answers the question."""
        return bool(self.question.relevant) and not self.taken_away


def judge(question: Question, answer: Answer, *, taken_away: bool = False) -> Judged:
    """Compare an answer with the gold answers of its question."""
    if not answer.citations or taken_away or not question.relevant:
        return Judged(question, taken_away, refused=not answer.citations, confidence=answer.confidence)
    said = without_markers(answer)
    if question.answers_are_units:
        inside = any(_quotes_gold(citation, question) for citation in answer.citations)
        first = _quotes_gold(answer.citations[0], question)
    else:
        inside = any(contains(said, gold) for gold in question.answers)
        first = any(contains(answer.citations[0].quote, gold) for gold in question.answers)
    return Judged(
        question,
        taken_away,
        refused=False,
        gold_inside=inside,
        gold_first=first,
        f1=token_f1(said, question.answers, question.document_language or "und"),
        right_document=any(_in_right_document(citation, question) for citation in answer.citations),
        confidence=answer.confidence,
    )


def _quotes_gold(citation: Citation, question: Question) -> bool:
    return _in_right_document(citation, question) and any(overlaps(citation.quote, gold) for gold in question.answers)


def _in_right_document(citation: Citation, question: Question) -> bool:
    return any(is_document(citation.name, document) for document in question.relevant)


def without_markers(answer: Answer) -> str:
    """The answer's text without the markers of its citations; other numbers in brackets are the document's own and stay."""
    markers = "|".join(str(citation.marker) for citation in answer.citations)
    return regex.sub(rf"\s*\[(?:{markers})\]", "", answer.answer) if markers else answer.answer


def normalised(text: str) -> str:
    """`text` in Unicode NFKC, without capitals, with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def contains(text: str, gold: str) -> bool:
    """Whether the gold answer stands in the text, both normalised. It may be a part of a word: 12 is found in 2012."""
    return normalised(gold) in normalised(text)


def overlaps(quote: str, unit: str) -> bool:
    """Whether a quote and a whole sentence or cell are one inside the other, all white space aside: Thai wraps without spaces."""
    ours, gold = (normalised(text).replace(" ", "") for text in (quote, unit))
    return bool(ours) and bool(gold) and (ours in gold or gold in ours)


def token_f1(text: str, golds: Sequence[str], language: str) -> float:
    """F1 of the words of `text` with those of the gold answer that it is nearest to.

    By SQuAD's definition (Rajpurkar et al., EMNLP 2016; `compute_f1` in evaluate-v2.0.py of https://rajpurkar.github.io/SQuAD-explorer),
    but for what other languages need: punctuation of any script is taken out, English articles of English only, and Thai is cut into words.
    """
    said = words(text, language)
    return max((_f1(said, words(gold, language)) for gold in golds), default=0.0)


def words(text: str, language: str) -> list[str]:
    """The words of `text` as SQuAD compares them: without capitals, punctuation and English articles."""
    letters = (c for c in normalised(text) if c not in string.punctuation and not unicodedata.category(c).startswith("P"))
    pieces = (piece for word in "".join(letters).split() for piece in (thai_words(word) if THAI.search(word) else [word]))
    return [piece for piece in pieces if not (language == "en" and piece in ARTICLES)]


def _f1(said: Sequence[str], gold: Sequence[str]) -> float:
    if not said or not gold:
        return float(said == gold)
    shared = (Counter(said) & Counter(gold)).total()
    return 2 * shared / (len(said) + len(gold))
