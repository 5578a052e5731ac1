"""What the reader learns from: a question, a passage, and where the passage answers."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from random import Random
from typing import Any

LANGUAGES = ("en", "de", "fr", "it", "pt", "hi", "es", "th")

Span = tuple[int, int]


class Mark(Enum):
    """What is known of a passage for a question."""

    ANSWER = "the words of the answer"
    SENTENCE = "a sentence, line or row that answers: the answer is somewhere in it"
    SOMEWHERE = "the passage answers, it is not known where"
    NOTHING = "the passage does not answer"


@dataclass(frozen=True, slots=True)
class Example:
    """`spans` are in characters of the passage; the first `context` characters of it are title and heading, which hold no answer."""

    question: str
    passage: str
    mark: Mark
    spans: tuple[Span, ...] = ()
    context: int = 0


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines, gzipped."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def after(context: str, text: str) -> tuple[str, int]:
    """A passage as the product shows it to the reader, and how many characters of it are context."""
    return (f"{context}. {text}", len(context) + 2) if context else (text, 0)


def places(text: str, part: str, shift: int = 0) -> tuple[Span, ...]:
    """Everywhere that `part` stands in `text`, moved by `shift`."""
    found, at = [], text.find(part)
    while at >= 0:
        found.append((at + shift, at + shift + len(part)))
        at = text.find(part, at + 1)
    return tuple(found)


def two_languages(among: list[str], rng: Random, alike: float) -> tuple[str, str]:
    """The languages of a question and a passage, the same with probability `alike` and by chance.

    Hindi and Thai, in which there is little, come three times as often.
    """
    weights = [3 if language in ("hi", "th") else 1 for language in among]
    passage = rng.choices(among, weights)[0]
    return (passage if rng.random() < alike else rng.choices(among, weights)[0]), passage
