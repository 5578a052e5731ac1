"""Writes the files that `rag.encoder` reads."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from rag.encoder import FORMAT
from tools.build_encoder.graph import build
from tools.build_encoder.packed import PackedMatrix, PackedModel
from tools.build_encoder.vocabulary import Vocabulary

HERE = Path(__file__).parent
PROJECTION = HERE / "projection.npy"
PROMPTS = {"query": "query: ", "document": "passage: "}
CONFIGURATION = {"format": FORMAT, "prompts": PROMPTS, "begin": 0, "pad": 1, "end": 2}


def write(model: PackedModel, vocabulary: Vocabulary, projection: NDArray[np.float32], out: Path) -> None:
    """The whole folder, the card included. `projection` f32 (h, d) is what pooled vectors are multiplied by."""
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(build(model, projection), out / "encoder.onnx")
    np.save(out / "word_embeddings.npy", _table(model.matrices["emb.word"], vocabulary))
    np.save(out / "type_embedding.npy", model.vectors["emb.type"][: model.sizes.hidden])
    (out / "sentencepiece.model").write_bytes(vocabulary.model)
    (out / "config.json").write_text(json.dumps(CONFIGURATION, indent=1) + "\n", encoding="utf-8")
    for name in ("LICENSE", "README.md"):
        shutil.copyfile(HERE / "card" / name, out / name)


def _table(matrix: PackedMatrix, vocabulary: Vocabulary) -> NDArray[np.uint8]:
    """One row a piece, u8 (n, 24 + 192): its scales as f16, then its codes, two in a byte: column i low, column i + 1 high."""
    scales = np.ascontiguousarray(matrix.scales[vocabulary.ids]).view(np.uint8)
    codes = matrix.codes[vocabulary.ids]
    return np.concatenate([scales, codes[:, 0::2] | (codes[:, 1::2] << 4)], axis=1)
