"""Headings of guides as questions, the section below them in another language as the passage that answers."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from rag.embedder import Embedder
from tools.train_answers.corpora import document_of_text
from tools.train_reader.examples import Example, Mark, rows

FILES = ("ms-for-beginners_heading.jsonl.gz", "python-docs_heading.jsonl.gz")
SECTIONS = 5_000
SHORTEST_HEADING, SHORTEST_SECTION = 9, 80  # characters
FIRST_CHUNKS = 2  # of a section: later ones may be on other matters


def headings(folder: Path, embedder: Embedder, rng: Random) -> Iterator[Example]:
    """For each heading a chunk of its own section, and one of another."""
    sections: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name in FILES:
        for row in rows(folder / name):
            if row.get("gid") and len(row["question"]) >= SHORTEST_HEADING and len(row["passage"]) > SHORTEST_SECTION:
                sections[row["gid"]].append(row)
    names = sorted(name for name, own in sections.items() if len(own) > 1)
    rng.shuffle(names)
    for name in names[:SECTIONS]:
        asked, own = rng.choice(sections[name]), rng.choice(sections[name])
        other = rng.choice(sections[rng.choice([one for one in rng.sample(names, 2) if one != name])])
        yield Example(asked["question"], rng.choice(_chunks(own["passage"], embedder)[:FIRST_CHUNKS]), Mark.SOMEWHERE)
        yield Example(asked["question"], rng.choice(_chunks(other["passage"], embedder)), Mark.NOTHING)


def _chunks(text: str, embedder: Embedder) -> list[str]:
    return [made.chunk.text for made in document_of_text("section", text, embedder).chunks]
