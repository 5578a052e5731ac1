"""python -m tools.train_answers: from the questions to the answer model's weights, in one go."""

import argparse
import time
from pathlib import Path
from random import Random

import torch

from rag.answer_model import WEIGHTS
from rag.load_embedder import load_embedder
from tools.train_answers.examples import Example, examples_of
from tools.train_answers.learning import learn
from tools.train_answers.questions import question_sets
from tools.train_answers.remembering import Remembering
from tools.train_answers.report import cross_validated, report
from tools.train_answers.weights import write

SAMPLES = Path(__file__).parents[2] / "samples"


def main() -> None:
    """Collect, fit, write and, if asked, report."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_answers", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds dev/xquad, dev/piaf, dev/faquad and dev/miracl-topics")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="file to write (default: %(default)s)")
    parser.add_argument("--report", action="store_true", help="also print figures by cross-validation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    started = time.monotonic()
    examples = _collect(asked.data, asked.seed, asked.threads, started)
    write(learn(examples), asked.out)
    print(f"{asked.out} written from {len(examples):,} examples after {time.monotonic() - started:.0f} s", flush=True)
    if asked.report:
        print(report(cross_validated(examples, learn)))


def _collect(data: Path, seed: int, threads: int, started: float) -> list[Example]:
    """The examples of every set; a line is printed for each."""
    embedder = Remembering(load_embedder(streams=threads))
    examples: list[Example] = []
    for questions in question_sets(data / "dev", SAMPLES, embedder, Random(seed)):
        examples += examples_of(questions, embedder)
        print(f"{questions.name:20} {len(examples):6,} examples after {time.monotonic() - started:4.0f} s", flush=True)
    return examples


if __name__ == "__main__":
    main()
