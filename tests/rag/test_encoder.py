"""The encoder of the package, as its files are; that the product uses it is in test_embedder.py."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.embedder import EncoderEmbedder
from rag.encoder import BATCH_TOKENS, MOST_TOKENS, PACKAGED, Encoder, digest
from rag.errors import InvalidInput


@pytest.fixture(scope="module")
def encoder(embedder: EncoderEmbedder) -> Encoder:
    return embedder.model


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACKAGED, tmp_path / "encoder"))


def test_vectors_are_in_the_order_of_the_texts_whatever_is_batched_with_them(encoder: Encoder) -> None:
    texts = ["query: " + "Der Hund schläft. " * (1 + number * 7 % 40) for number in range(40)]
    assert sum(len(encoder.token_ids(text)) for text in texts) > 2 * BATCH_TOKENS
    together = encoder.encode(texts)
    alone = np.stack([encoder.encode([text])[0] for text in texts])
    assert np.linalg.norm(together, axis=1) == pytest.approx([1] * 40, abs=1e-4)
    assert (together * alone).sum(axis=1).min() > 0.999  # activations are rounded, by batch


def test_what_follows_the_last_position_of_the_model_is_not_read(encoder: Encoder) -> None:
    long = "Der Hund schläft. " * 400
    assert len(encoder.token_ids(long)) == MOST_TOKENS
    assert encoder.encode([long])[0] == pytest.approx(encoder.encode([long + "Das Parlament tagt."])[0], abs=1e-6)


def test_no_text_has_no_vector(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimension) == (0, 384)


def test_the_digest_changes_with_any_file_that_decides_a_vector_and_with_no_other(copy: Path) -> None:
    before = digest(copy)
    assert before == digest(PACKAGED)
    (copy / "README.md").write_text("changed")
    assert digest(copy) == before
    weights = copy / "type_embedding.npy"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert digest(copy) != before


@pytest.mark.parametrize("name", ["encoder.onnx", "word_embeddings.npy", "sentencepiece.model", "config.json"])
def test_a_damaged_folder_is_refused_with_a_sentence(name: str, copy: Path) -> None:
    (copy / name).write_bytes(b"damaged")
    with pytest.raises(InvalidInput, match=r"The encoder in .* cannot be loaded \(.*\); install the package anew"):
        Encoder(copy)


def test_a_folder_of_another_format_is_refused_with_a_sentence(copy: Path) -> None:
    configuration = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(configuration | {"format": 2}))
    with pytest.raises(InvalidInput, match="has format 2; this release reads format 1"):
        Encoder(copy)
