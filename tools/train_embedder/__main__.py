"""python -m tools.train_embedder: train the model and write its folder."""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer

from tools.train_embedder.corpus import read_answered, read_parallel
from tools.train_embedder.sampling import SPECIAL_IDS, Batches
from tools.train_embedder.teacher import first_vectors, teacher_folder
from tools.train_embedder.tokenizer import train_tokenizer
from tools.train_embedder.training import Progress, train

DIMENSION = 256


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_embedder", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds parallel/*.jsonl.gz and qa/*.jsonl.gz")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the model into")
    parser.add_argument("--steps", type=int, default=21_000, help="about 10 a second on a core (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    teacher_folder()  # missing? say so now rather than in three minutes
    torch.set_num_threads(asked.threads)
    started = time.monotonic()
    parallel, answered = read_parallel(asked.data), read_answered(asked.data)
    print(f"{len(parallel):,} texts with translations and {len(answered):,} questions with passages", flush=True)
    tokenizer = train_tokenizer(parallel, answered, asked.seed)
    print(f"tokenizer of {tokenizer.get_vocab_size():,} pieces after {time.monotonic() - started:.0f} s", flush=True)
    batches = Batches(tokenizer, parallel, answered, asked.seed)
    first = first_vectors(tokenizer, batches.counts(tokenizer.get_vocab_size()), DIMENSION, asked.seed)
    print(f"first vectors after {time.monotonic() - started:.0f} s", flush=True)
    save(tokenizer, train(first, batches, asked.steps, Progress(asked.steps)), asked.out)
    print(f"{asked.out} written after {(time.monotonic() - started) / 60:.0f} min")


def save(tokenizer: Tokenizer, vectors: NDArray[np.float32], folder: Path) -> None:
    """Write a sentence-transformers folder with fp16 vectors; padding and unknown pieces have none."""
    vectors[:SPECIAL_IDS] = 0
    module = StaticEmbedding(tokenizer, embedding_weights=vectors)
    model = SentenceTransformer(modules=[module]).half()
    model.save(str(folder), create_model_card=False, safe_serialization=True)


if __name__ == "__main__":
    main()
