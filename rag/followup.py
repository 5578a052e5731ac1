"""Follow-up questions: "And until when?" names nothing by which an answer could be found."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.chat import Message
from rag.question_language import detect_question_language
from rag.records import Passage

# What a passage's score is made of: the question alone, and after the one before it, where it stands twice, so that it counts double.
# Of the first 36 of samples/questions-followup.jsonl, by which this was chosen, 81% find their sentence in the first three passages among
# 5,000 chunks, alone 61%; of the other 20, all across languages, 75%, alone 35%; of 120 that change the subject 77%, alone 78%.
ALONE, TOGETHER = 1.0, 3.0
POOL = 40  # passages that each of the two brings
EARLIER_CHARACTERS = 500  # of the question before; a text that was pasted with it must not outweigh this one

Search = Callable[[str, int], list[Passage]]


def asked_before(history: Sequence[Message]) -> str:
    """The user's question before this one; empty when this is the first."""
    return next((str(message["content"] or "") for message in reversed(history) if message["role"] == "user"), "").strip()


def in_context(question: str, earlier: str) -> str:
    """The question, preceded by the one before it, if there is one."""
    return f"{earlier[:EARLIER_CHARACTERS]}\n{question}".strip()


def language_in_context(question: str, earlier: str, hint: str | None = None) -> str:
    """The question's language, or 'und'. If it is unsure, the previous question decides, then `hint`, the client's language."""
    return detect_question_language(question, detect_question_language(earlier, hint) if earlier else hint)


def search_follow_up(search: Search, question: str, earlier: str, k: int) -> list[Passage]:
    """The k best passages, best first, for a question that may be a follow-up to `earlier`. `search` takes a text and a number."""
    pool = max(k, POOL)
    together = f"{in_context(question, earlier)}\n{question}"
    found: dict[tuple[str, int, int], Passage] = {}
    scores: dict[tuple[str, int, int], float] = {}
    for text, weight in ((question, ALONE), (together, TOGETHER)):
        for passage in search(text, pool):
            place = passage.document_id, passage.page, passage.start
            found[place] = passage
            scores[place] = scores.get(place, 0.0) + weight * passage.score
    best = sorted(scores, key=lambda place: -scores[place])[:k]
    return [replace(found[place], score=round(scores[place] / (ALONE + TOGETHER), 4)) for place in best]
