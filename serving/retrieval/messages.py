"""What goes between the gateway and retrieval."""

import time
from dataclasses import dataclass

from rag.records import Passage


@dataclass(frozen=True, slots=True)
class Query:
    """One question to retrieval, and the one before it. `visible` are the collections that may answer; None is all of them.

    `language` is the client's: it decides where the question's own is unsure.
    """

    question: str
    visible: frozenset[str] | None
    k: int
    languages: tuple[str, ...] = ()
    document_ids: tuple[str, ...] = ()
    min_version: int | None = None
    earlier: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, best first; the question's language; milliseconds by step."""

    passages: list[Passage]
    language: str
    timings_ms: dict[str, float]


def milliseconds(started: float) -> float:
    """Since `started` (time.perf_counter), to a hundredth."""
    return round((time.perf_counter() - started) * 1000, 2)
