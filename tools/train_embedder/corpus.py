"""The training texts: groups of translations, and questions with the passages that answer them."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "de", "fr", "it", "pt", "hi", "es", "th")
MOST_QUESTION_CHARACTERS = 400
MOST_PASSAGE_CHARACTERS = 3000


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one language. Texts of the same `group` are translations."""

    source: str
    group: int
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A question or heading and a passage that answers it. Those of one `group` are translations of each other."""

    source: str
    group: int
    language: str
    question: str
    passage: str


def read_parallel(folder: Path) -> list[Text]:
    """All translations under `folder`/parallel, group after group."""
    rows = ((source, row) for source, row in _rows(folder / "parallel") if len(row) > 1)
    return [Text(source, group, language, text) for group, (source, row) in enumerate(rows) for language, text in row.items()]


def read_answered(folder: Path) -> list[Answered]:
    """All questions under `folder`/qa that have a passage."""
    groups: dict[Any, int] = {}
    answered = []
    for number, (source, row) in enumerate(_rows(folder / "qa")):
        question, passage = row["question"].strip(), row["passage"].strip()
        if question and passage:
            key = number if row.get("gid") is None else (source, row["gid"])  # without an id a row is a group of its own
            group = groups.setdefault(key, len(groups))
            answered.append(Answered(source, group, row["lang"], question[:MOST_QUESTION_CHARACTERS], passage[:MOST_PASSAGE_CHARACTERS]))
    return answered


def _rows(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                yield path.name.removesuffix(".jsonl.gz"), json.loads(line)
