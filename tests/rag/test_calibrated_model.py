"""The folder of a calibrated model: it loads as any other, and is the same model but for the directions that were removed."""

import os
import re
import stat
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize

from rag.calibrated_model import new_folder, write_calibrated
from rag.calibrating import Calibration
from rag.embedder import Embedder, normalised
from rag.errors import InvalidInput
from rag.load_embedder import load_embedder, located
from tests.rag.test_large_embedders import INSTRUCTION, roberta, tiny
from tests.rag.tiny_transformer import save_tiny_transformer

TEXTS = ["abc", "a b c d e f", "xyz", "the letters of a longer text"]
REMOVED = np.linalg.qr(np.random.default_rng(0).normal(size=(16, 3)))[0].T.astype(np.float32)  # three directions, f32 (3, 16)


def calibrated(model: Path, folder: Path, removed: np.ndarray = REMOVED) -> Embedder:
    """The model without these directions, written and loaded again."""
    source, stamp = located(str(model)), load_embedder(str(model)).stamp
    projection = np.eye(removed.shape[1], dtype=np.float32) - removed.T @ removed
    with new_folder(folder, source) as path:
        write_calibrated(source, stamp, Calibration(projection, 0.25, 0.5), path)
    return load_embedder(str(folder))


def check(before: Embedder, after: Embedder, removed: np.ndarray = REMOVED) -> None:
    """All that must hold of a calibrated model."""
    assert after.dimension == before.dimension
    assert (after.question_prompt, after.passage_prompt) == (before.question_prompt, before.passage_prompt)
    assert after.stamp.model != before.stamp.model
    assert after.tokenize(TEXTS[3]).offsets == before.tokenize(TEXTS[3]).offsets
    vectors = after.encode_passages(TEXTS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert np.abs(vectors @ removed.T).max() < 0.02
    assert np.abs(before.encode_passages(TEXTS) @ removed.T).max() > 0.1
    expected = before.encode_passages(TEXTS) - before.encode_passages(TEXTS) @ removed.T @ removed
    assert vectors == pytest.approx(normalised(expected), abs=0.02)
    question = before.encode_question("abc")
    assert after.encode_question("abc") == pytest.approx(normalised((question - removed.T @ (removed @ question))[None])[0], abs=0.02)


def test_a_calibrated_model_is_the_same_without_the_directions(transformer_folder: Path, transformer: Embedder, tmp_path: Path) -> None:
    after = calibrated(transformer_folder, tmp_path / "calibrated")
    check(transformer, after)
    assert after.stamp.model.startswith("calibrated@")
    assert (after.question_prompt, after.passage_prompt) == ("query: ", "passage: ")


def test_prompts_that_are_known_by_the_models_name_only_are_written(tmp_path: Path) -> None:
    before = tiny(tmp_path / "multilingual-e5-tiny", roberta(), "mean")
    after = calibrated(tmp_path / "multilingual-e5-tiny", tmp_path / "of-another-name")
    check(before, after)
    assert (after.question_prompt, after.passage_prompt) == ("query: ", "passage: ")


def test_an_instruction_for_questions_alone_stays_so(tmp_path: Path) -> None:
    before = tiny(tmp_path / "model", roberta(), "lasttoken", "left", {"query": INSTRUCTION, "document": ""})
    after = calibrated(tmp_path / "model", tmp_path / "calibrated")
    check(before, after)
    assert (after.question_prompt, after.passage_prompt) == (INSTRUCTION, "")


def test_the_layer_goes_before_the_one_that_gives_unit_length(tmp_path: Path) -> None:
    base = SentenceTransformer(str(save_tiny_transformer(tmp_path / "base")), device="cpu")
    SentenceTransformer(modules=[*base, Normalize()], device="cpu").save(str(tmp_path / "model"))
    check(load_embedder(str(tmp_path / "model")), calibrated(tmp_path / "model", tmp_path / "calibrated"))
    layers = SentenceTransformer(str(tmp_path / "calibrated"), device="cpu")
    assert [type(layer).__name__ for layer in layers] == ["Transformer", "Pooling", "Dense", "Normalize"]
    assert np.linalg.norm(layers.encode("abc")) == pytest.approx(1, abs=1e-5)


def test_a_model_that_cuts_its_vectors_short_goes_on_to_do_so(tmp_path: Path) -> None:
    model = SentenceTransformer(str(save_tiny_transformer(tmp_path / "base")), device="cpu", truncate_dim=8)
    model.save(str(tmp_path / "model"))
    before, removed = load_embedder(str(tmp_path / "model")), np.eye(1, 8, 2, dtype=np.float32)
    assert before.dimension == 8
    check(before, calibrated(tmp_path / "model", tmp_path / "calibrated", removed), removed)


def test_weights_keep_their_type(tmp_path: Path) -> None:
    model = SentenceTransformer(str(save_tiny_transformer(tmp_path / "base")), device="cpu")
    model.to(torch.bfloat16).save(str(tmp_path / "model"))
    calibrated(tmp_path / "model", tmp_path / "calibrated")
    assert {weights.dtype for weights in SentenceTransformer(str(tmp_path / "calibrated"), device="cpu").parameters()} == {torch.bfloat16}


def test_a_card_names_the_model_and_the_figures(transformer_folder: Path, transformer: Embedder, tmp_path: Path) -> None:
    calibrated(transformer_folder, tmp_path / "calibrated")
    card = (tmp_path / "calibrated" / "README.md").read_text()
    assert card.startswith(f"# {transformer.stamp.model}, calibrated\n")
    assert "in 50.0% of\nthe cases, without the layer in 25.0% (32 sentences" in card


def test_a_folder_is_there_whole_or_not_at_all(transformer_folder: Path, tmp_path: Path) -> None:
    source = located(str(transformer_folder))
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "new", source) as path:
        path.mkdir()
        (path / "half").write_text("a half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").mkdir()
    with new_folder(tmp_path / "empty", source) as path:
        path.mkdir()
        (path / "whole").write_text("a whole")
    assert [each.name for each in tmp_path.rglob("*")] == ["empty", "whole"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "empty").stat().st_mode) == 0o777 & ~umask


def test_a_folder_that_is_not_to_be_written_is_refused(transformer_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("x")
    refused = {
        tmp_path / "used": f"The folder {tmp_path}/used is not empty; give a new one, or remove it first.",
        tmp_path / "used" / "file": f"{tmp_path}/used/file is a file; give a new folder.",
        tmp_path / "no" / "new": f"There is no folder {tmp_path}/no to make new in; make it first, or give another one.",
        transformer_folder: f"The folder {transformer_folder} is within that of the model; give another one.",
        transformer_folder / "new": f"The folder {transformer_folder}/new is within that of the model; give another one.",
        Path("/proc/new"): "The folder /proc/new cannot be made (No such file or directory); give another one.",
    }
    for folder, sentence in refused.items():
        with pytest.raises(InvalidInput, match=f"^{re.escape(sentence)}$"), new_folder(folder, located(str(transformer_folder))):
            pass
