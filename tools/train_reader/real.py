"""Questions that people asked of Wikipedia paragraphs (Thai, Portuguese), beside passages that only look as if they answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from rag.embedder import Embedder
from tools.train_answers.corpora import document_of_text
from tools.train_reader.examples import Example, Mark, after, places, rows

FILES = ("iapp-wiki-qa_train.jsonl.gz", "squad-pt_sample.jsonl.gz")
NEAREST, WRONG = 6, 2  # of the nearest passages without the answer, so many are taken
WITH_CONTEXT = 0.5  # of the examples: their passages begin with what their article begins with, as a title would
CONTEXT_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class _Passage:
    text: str
    context: str


def real_questions(folder: Path, embedder: Embedder, rng: Random) -> Iterator[Example]:
    """For each question the chunk that holds the answer, and two that do not."""
    for name in FILES:
        asked = [row for row in rows(folder / name) if row["answer"].strip() and row["answer"] in row["passage"]]
        articles = sorted({row["passage"] for row in asked})
        passages: list[_Passage] = []
        of: dict[str, list[int]] = {}
        vectors = []
        for article in articles:
            document = document_of_text("article", article, embedder)
            of[article] = list(range(len(passages), len(passages) + len(document.chunks)))
            opening = " ".join(article[:CONTEXT_CHARACTERS].split()[:8])
            for number, made in enumerate(document.chunks):
                passages.append(_Passage(made.chunk.text, opening if number else ""))
                vectors.append(made.vector)
        table = np.stack(vectors).astype(np.float32)
        for row in asked:
            similarity = table @ embedder.encode_question(row["question"])
            yield from _examples(row["question"], row["answer"], passages, of[row["passage"]], similarity, rng)


def _examples(
    question: str, answer: str, passages: list[_Passage], own: list[int], similarity: np.ndarray, rng: Random
) -> Iterator[Example]:
    holding = [at for at in own if answer in passages[at].text]
    if not holding:
        return  # the answer was cut in two
    right = max(holding, key=lambda at: similarity[at])
    near = [at for at in np.argsort(-similarity)[: NEAREST + len(own)].tolist() if answer not in passages[at].text][:NEAREST]
    with_context = rng.random() < WITH_CONTEXT
    for at in [right, *rng.sample(near, min(WRONG, len(near)))]:
        text, context = after(passages[at].context if with_context else "", passages[at].text)
        if at == right:
            yield Example(question, text, Mark.ANSWER, places(passages[at].text, answer, context), context)
        else:
            yield Example(question, text, Mark.NOTHING, (), context)
