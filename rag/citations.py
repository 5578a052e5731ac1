"""Checks what a language model wrote against its passages: each marker must name one of them, and gets the words that prove it."""

import re
from collections.abc import Sequence

from rag.embedder import Embedder
from rag.extractive import support
from rag.records import Citation, Passage

MARKERS = re.compile(r"\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]")
_TOKENS = re.compile(r"\[|\]|[\d,;\s]+|[^\[\]\d,;\s]+")
_NUMBERS = re.compile(r"[\d,;\s]+")


class MarkerFilter:
    """Lets a stream of text through without the markers that name no passage; `[1, 2]` becomes `[1][2]`.

    What it lets through holds no other marker: where one that was left out stood inside another, as in `[[99]7]`, that is judged too.
    Takes time in proportion to the text, however it is cut.
    """

    def __init__(self, passages: int) -> None:
        self._passages = passages
        self._open: list[str] = []  # `[` with the numbers after it, each inside the one before: may become markers when more comes

    def push(self, text: str) -> str:
        """What may be shown after this piece."""
        return "".join(map(self._take, _TOKENS.findall(text)))

    def end(self) -> str:
        """What was held back, when nothing more comes."""
        held, self._open = "".join(self._open), []
        return held

    def _take(self, token: str) -> str:
        """What may be shown after one more token."""
        if token == "[":
            self._open.append(token)
            return ""
        if self._open and _NUMBERS.fullmatch(token):
            self._open[-1] += token
            return ""
        if token == "]" and self._open and (found := MARKERS.fullmatch(self._open[-1] + token)):
            self._open.pop()
            valid = self._valid(found)
            return self.end() + valid if valid else ""
        return self.end() + token

    def _valid(self, found: "re.Match[str]") -> str:
        numbers = (int(number) for number in re.split(r"[,;]", found[1]))
        return "".join(f"[{number}]" for number in numbers if 1 <= number <= self._passages)


def statements(answer: str) -> dict[int, str]:
    """What each marker of an answer stands behind: all the text between it and the markers before it, by number."""
    behind: dict[int, list[str]] = {}
    start, statement = 0, ""
    for found in MARKERS.finditer(answer):
        statement = answer[start : found.start()].strip(" \n.,;:") or statement  # of [1][2] both stand behind the same
        start = found.end()
        for number in re.split(r"[,;]", found[1]):
            behind.setdefault(int(number), []).append(statement)
    return {number: " ".join(texts) for number, texts in behind.items()}


def cite(answer: str, passages: Sequence[Passage], embedder: Embedder) -> list[Citation]:
    """A citation for each marker of the answer: of the passage that it names, the sentence nearest to what it stands behind."""
    citations = []
    for number, statement in statements(answer).items():
        passage = passages[number - 1]
        start, end = support(statement, passage, embedder)
        quote = passage.text[start - passage.start : end - passage.start]
        citations.append(Citation(number, passage.document_id, passage.name, passage.page, start, end, quote))
    return citations
