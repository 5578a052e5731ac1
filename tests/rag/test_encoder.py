import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag.encoder import MOST_TOKENS, PACKAGED, Encoder
from rag.errors import InvalidInput


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(streams=2)


def test_vectors_have_length_one_and_keep_the_order_of_the_texts(encoder: Encoder) -> None:
    texts = ["passage: " + "word " * count for count in (300, 1, 40, 7)]
    together = encoder.encode(texts)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(4), abs=1e-4)
    for text, vector in zip(texts, together, strict=True):
        assert float(encoder.encode([text])[0] @ vector) > 0.995  # padding changes the rounding only


def test_a_translation_is_nearer_than_another_sentence(encoder: Encoder) -> None:
    english, other = encoder.encode(["passage: The canteen closes at three.", "passage: The parliament votes on taxes."])
    translations = [
        "Die Kantine schließt um drei.",
        "La cantine ferme à trois heures.",
        "โรงอาหารปิดบ่ายสามโมง",
        "कैंटीन तीन बजे बंद होती है।",
        "Stołówka zamyka się o trzeciej.",
    ]
    for vector in encoder.encode(["passage: " + text for text in translations]):
        assert vector @ english > vector @ other


@pytest.mark.parametrize(
    "text", ["", " ", "x" * 100_000, "word " * 100_000, "😀" * 1000, "☃ ½ ∑", "a\x00b\x07", "\ud800", "ab กข कख 漢字 عربي"]
)
def test_any_text_has_a_finite_vector(encoder: Encoder, text: str) -> None:
    assert len(encoder.token_ids(text)) <= MOST_TOKENS
    assert np.isfinite(encoder.encode([text])).all()


def test_what_follows_the_last_position_of_the_model_is_not_read(encoder: Encoder) -> None:
    long = "Der Hund schläft. " * 400
    assert encoder.encode([long])[0] == pytest.approx(encoder.encode([long + "Das Parlament tagt."])[0], abs=1e-6)


def test_threads_get_the_same_vectors(encoder: Encoder) -> None:
    texts = [f"query: question {number}" for number in range(8)]
    expected = encoder.encode(texts)
    found: list[float] = []
    threads = [threading.Thread(target=lambda: found.append(float(np.abs(encoder.encode(texts) - expected).max()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert max(found) < 1e-3


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_format(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("word_embeddings.npy", cut),
        ("encoder.onnx", cut),
        ("sentencepiece.model", cut),
        ("config.json", cut),
        ("config.json", other_format),
        ("encoder.onnx", Path.unlink),
    ],
)
def test_a_damaged_model_is_refused_with_a_sentence(tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    folder = tmp_path / "model"
    shutil.copytree(PACKAGED, folder)
    damage(folder / name)
    with pytest.raises(InvalidInput, match=r"^The encoder in .+[.]$"):
        Encoder(folder)
