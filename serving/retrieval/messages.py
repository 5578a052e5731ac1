"""What goes between the gateway, retrieval and the reranker."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.records import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


@dataclass(frozen=True, slots=True)
class ToExtract:
    """Passages that may answer a question; `language` is the question's, `earlier` the question before it."""

    question: str
    passages: Sequence[Passage]
    language: str
    earlier: str = ""


@dataclass(frozen=True, slots=True)
class ToCite:
    """An answer that a language model wrote from these passages."""

    answer: str
    passages: Sequence[Passage]


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors of unit length, f32 (n, d), of n texts; and how many tokens these have."""

    vectors: "NDArray[np.float32]"
    tokens: int


@dataclass(frozen=True, slots=True)
class ToScore:
    """Texts that may answer a question, for the reranker."""

    question: str
    texts: Sequence[str]


def milliseconds(started: float) -> float:
    """Since `started` (time.perf_counter), to a hundredth."""
    return round((time.perf_counter() - started) * 1000, 2)
