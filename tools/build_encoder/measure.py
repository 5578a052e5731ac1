"""python -m tools.build_encoder.measure: MRR@10 of the encoder alone, by the language of the question and that of the paragraph.

Reads translations of one question set in the format of SQuAD, one file a language (`xquad.de.json`). Two tables. In the first all
paragraphs are in one language. In the second each paragraph is in one of the languages and all are searched together; turn by turn every
paragraph is in every language. There a question finds paragraphs in its own language too easily, and those in other languages too late.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.encoder import PACKAGED, Encoder

FIRST = 10

Floats = NDArray[np.float32]
Table = dict[tuple[str, str], float]  # MRR@10 x 100 of (language of the question, language of the paragraph)


@dataclass(frozen=True, slots=True)
class Vectors:
    """By language: questions (q, d) and paragraphs (p, d) in the same order; `gold` i64 (q,) is the paragraph that answers a question."""

    questions: dict[str, Floats]
    paragraphs: dict[str, Floats]
    gold: NDArray[np.int64]


def main() -> None:
    """Measure one model."""
    parser = argparse.ArgumentParser(prog="python -m tools.build_encoder.measure", description=__doc__.partition("\n")[0])
    parser.add_argument("--questions", type=Path, required=True, help="folder of NAME.LANGUAGE.json files")
    parser.add_argument("--model", type=Path, default=PACKAGED)
    asked = parser.parse_args()
    vectors = encode(asked.questions, Encoder(asked.model))
    for name, table in (("one language", separate(vectors)), ("mixed collection", mixed(vectors))):
        print(f"{name}\n{shown(table)}\n{summary(table)}\n", flush=True)


def encode(folder: Path, model: Encoder) -> Vectors:
    """Encode all questions and paragraphs of a folder."""
    questions, paragraphs = {}, {}
    for path in sorted(folder.glob("*.*.json")):
        read = [paragraph for article in json.loads(path.read_text(encoding="utf-8"))["data"] for paragraph in article["paragraphs"]]
        language = path.name.split(".")[-2]
        gold = [number for number, paragraph in enumerate(read) for _ in paragraph["qas"]]
        questions[language] = model.encode([model.prompts["query"] + each["question"] for paragraph in read for each in paragraph["qas"]])
        paragraphs[language] = model.encode([model.prompts["document"] + paragraph["context"] for paragraph in read])
    return Vectors(questions, paragraphs, np.array(gold))


def separate(vectors: Vectors) -> Table:
    """A collection of one language at a time."""
    return {
        (asked, found): 100 * float(reciprocal_ranks(vectors.questions[asked] @ vectors.paragraphs[found].T, vectors.gold).mean())
        for asked in vectors.questions
        for found in vectors.paragraphs
    }


def mixed(vectors: Vectors) -> Table:
    """A collection of all languages, each paragraph in one."""
    languages = list(vectors.questions)
    ranks: dict[tuple[str, str], list[float]] = {}
    for turn in range(len(languages)):
        of = [languages[(number + turn) % len(languages)] for number in range(len(vectors.paragraphs[languages[0]]))]
        paragraphs = np.stack([vectors.paragraphs[language][number] for number, language in enumerate(of)])
        for asked in languages:
            found = reciprocal_ranks(vectors.questions[asked] @ paragraphs.T, vectors.gold)
            for gold, rank in zip(vectors.gold, found, strict=True):
                ranks.setdefault((asked, of[gold]), []).append(rank)
    return {pair: 100 * float(np.mean(each)) for pair, each in ranks.items()}


def reciprocal_ranks(scores: Floats, gold: NDArray[np.int64]) -> Floats:
    """1 / rank f32 (q,) of the right paragraph, 0 when it is not among the first ten; scores (q, p)."""
    right = scores[np.arange(len(gold)), gold][:, None]
    ranks = (scores > right).sum(axis=1) + 1
    return np.where(ranks <= FIRST, 1 / ranks, 0).astype(np.float32)


def summary(table: Table) -> str:
    """Means of the pairs of one language and of the pairs of two, and the lowest pair."""
    same = np.mean([score for (asked, found), score in table.items() if asked == found])
    across = np.mean([score for (asked, found), score in table.items() if asked != found])
    return f"same {same:.1f}, across {across:.1f}, lowest {min(table.values()):.1f}"


def shown(table: Mapping[tuple[str, str], float]) -> str:
    """A table in Markdown: a row for each language of questions."""
    languages = list(dict.fromkeys(asked for asked, _ in table))
    head = ["question \\ paragraph", *languages]
    rows = [[asked, *(f"{table[asked, found]:.1f}" for found in languages)] for asked in languages]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


if __name__ == "__main__":
    main()
