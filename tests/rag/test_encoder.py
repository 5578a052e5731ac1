"""The encoder of the package: what a vector is, what no text may do, and what is said of a damaged folder."""

import json
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.encoder import MOST_TOKENS, PACKAGED, Encoder, digest
from rag.errors import InvalidInput

TEXTS = [
    "passage: Der Hund schläft.",
    "passage: " + "The museum is closed on Mondays, and its café opens at nine. " * 12,
    "passage: พนักงานมีสิทธิลาพักร้อนสิบวันต่อปี",
    "passage: वारंटी दो साल की है।",
    "query: GL-200",
    "passage: " + "Les billets coûtent douze euros. " * 40,
    "query: ¿Cuánto cuesta el envío?",
]


@pytest.fixture(scope="module")
def model() -> Encoder:
    return Encoder()


def test_vectors_have_length_one(model: Encoder) -> None:
    vectors = model.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((7, 384), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(7), abs=1e-5)
    assert model.encode([]).shape == (0, 384)


def test_a_text_in_a_batch_has_the_vector_that_it_has_alone_and_keeps_its_place(model: Encoder) -> None:
    """Texts are sorted by length and padded; 600 of them are more than are tokenized at once."""
    alone = np.concatenate([model.encode([text]) for text in TEXTS])
    assert (model.encode(TEXTS) * alone).sum(axis=1) == pytest.approx(np.ones(7), abs=1e-3)
    assert (model.encode(TEXTS[::-1])[::-1] * alone).sum(axis=1) == pytest.approx(np.ones(7), abs=1e-3)
    short = [f"query: {number}" for number in range(600)]
    many = model.encode(short)
    for number in (0, 7, 511, 512, 599):
        assert many[number] @ model.encode([short[number]])[0] == pytest.approx(1, abs=1e-3)


def test_what_comes_after_512_tokens_is_not_read(model: Encoder) -> None:
    ids = model.token_ids("passage: " + "word " * 2_000)
    assert len(ids) == MOST_TOKENS
    assert (ids[0], ids[-1]) == (0, 2)
    beginning = "passage: " + "The pump is blue. " * 300
    assert model.encode([beginning + "Bananas are yellow."])[0] == pytest.approx(model.encode([beginning + "Taxes rise."])[0], abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n\t", id="white space"),
        pytest.param("😀🎉👩‍👩‍👧", id="emoji"),
        pytest.param("Hallo สวัสดี नमस्ते 你好 مرحبا வணக்கம் გამარჯობა", id="mixed scripts"),
        pytest.param("word " * 100_000, id="100,000 tokens"),
        pytest.param("a" * 100_000, id="one word of 100,000 characters"),
        pytest.param("ก" * 100_000, id="100,000 Thai characters"),
        pytest.param("\u093f" * 100_000, id="100,000 marks"),
        pytest.param("a\ud800b\udfff", id="lone surrogates"),
        pytest.param("a\x00b\x01\x1b[0m\x7f\ufeff\u200b\ue000\U0010ffff", id="control characters"),
    ],
)
def test_any_text_has_a_finite_vector(model: Encoder, text: str) -> None:
    for prompt in ("", "query: "):
        vectors = model.encode([prompt + text])
        assert np.isfinite(vectors).all()
        assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-5)


def test_translations_are_nearer_than_other_sentences(model: Encoder) -> None:
    said = {
        "en": ("The dog is sleeping.", "Parliament votes on taxes.", "The train leaves at noon."),
        "de": ("Der Hund schläft.", "Das Parlament stimmt über Steuern ab.", "Der Zug fährt mittags ab."),
        "fr": ("Le chien dort.", "Le parlement vote les impôts.", "Le train part à midi."),
        "it": ("Il cane dorme.", "Il parlamento vota sulle tasse.", "Il treno parte a mezzogiorno."),
        "pt": ("O cão está a dormir.", "O parlamento vota os impostos.", "O comboio parte ao meio-dia."),
        "hi": ("कुत्ता सो रहा है।", "संसद करों पर मतदान करती है।", "ट्रेन दोपहर को चलती है।"),
        "es": ("El perro duerme.", "El parlamento vota los impuestos.", "El tren sale a mediodía."),
        "th": ("สุนัขกำลังนอนหลับ", "รัฐสภาลงมติเรื่องภาษี", "รถไฟออกตอนเที่ยงวัน"),
    }
    vectors = {language: model.encode([f"passage: {text}" for text in texts]) for language, texts in said.items()}
    for asked in said:
        for found in said:
            assert (vectors[asked] @ vectors[found].T).argmax(axis=1).tolist() == [0, 1, 2], (asked, found)


def test_threads_share_an_encoder_of_two_streams(model: Encoder) -> None:
    shared, expected = Encoder(streams=2), model.encode(TEXTS)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: shared.encode(TEXTS), range(12)))
    for vectors in found:
        assert (vectors * expected).sum(axis=1) == pytest.approx(np.ones(7), abs=1e-3)


def test_the_table_of_word_embeddings_is_mapped_so_that_processes_share_it(model: Encoder) -> None:
    assert isinstance(model._table, np.memmap)
    assert (model._table.shape, model._table.dtype) == ((211_544, 216), np.uint8)
    assert "word_embeddings.npy" in Path("/proc/self/maps").read_text(encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACKAGED, tmp_path / "model"))


@pytest.mark.parametrize("left", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("name", ["word_embeddings.npy", "type_embedding.npy", "encoder.onnx", "sentencepiece.model"])
def test_a_file_that_was_cut_is_refused_with_one_sentence(copy: Path, name: str, left: float) -> None:
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[: int(len(data) * left)])
    assert_refused(copy, r"The encoder in \S+ cannot be loaded \(.+\); install the package anew\.")


@pytest.mark.parametrize("name", ["config.json", "word_embeddings.npy", "type_embedding.npy", "encoder.onnx", "sentencepiece.model"])
def test_a_file_that_is_missing_is_refused_with_one_sentence(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert_refused(copy, rf"The encoder in \S+ cannot be loaded \(.*{name}.*\); install the package anew\.")


def test_a_missing_folder_is_refused_with_one_sentence(tmp_path: Path) -> None:
    assert_refused(tmp_path / "none", r"The encoder in \S+ cannot be loaded \(.*No such file.*\); install the package anew\.")


def changed(**values: object) -> Callable[[Path], None]:
    """A configuration with other values; None takes one away."""

    def change(folder: Path) -> None:
        configuration = json.loads((folder / "config.json").read_text(encoding="utf-8")) | values
        configuration = {name: value for name, value in configuration.items() if value is not None}
        (folder / "config.json").write_text(json.dumps(configuration), encoding="utf-8")

    return change


def replaced(name: str, values: np.ndarray) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / name, values)


CANNOT = r"The encoder in \S+ cannot be loaded \(.+\); install the package anew\."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (changed(format=2), r"The encoder in \S+ has format 2; this release reads format 1\."),
        (changed(format=None), CANNOT),
        (changed(prompts=None), CANNOT),
        (changed(begin=None), CANNOT),
        (changed(pad="x"), CANNOT),
        (changed(end=211_544), r"The encoder in \S+ names special tokens beyond its 211544 pieces; .*"),
        (changed(begin=-1), r"The encoder in \S+ names special tokens beyond its 211544 pieces; .*"),
        (lambda folder: (folder / "config.json").write_text("[]", encoding="utf-8"), CANNOT),
        (
            replaced("word_embeddings.npy", np.zeros((10, 216), np.uint8)),
            r".* holds word embeddings of uint8 \(10, 216\), not of uint8 \(211544, 216\) as its other files; .*",
        ),
        (
            replaced("word_embeddings.npy", np.zeros((211_544, 10), np.float32)),
            r".* holds word embeddings of float32 \(211544, 10\), not of uint8 \(211544, 216\) as its other files; .*",
        ),
        (
            replaced("type_embedding.npy", np.zeros(100, np.float32)),
            r".* holds type embeddings of float32 \(100,\), not of float32 \(384,\) as its other files; .*",
        ),
    ],
)
def test_files_of_another_format_or_another_model_are_refused_when_loaded(
    copy: Path, change: Callable[[Path], None], sentence: str
) -> None:
    change(copy)
    assert_refused(copy, sentence)


def assert_refused(folder: Path, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Encoder(folder)
    message = str(refusal.value)
    assert "\n" not in message
    assert re.fullmatch(sentence, message), message


def test_the_digest_changes_with_whatever_decides_a_vector(copy: Path) -> None:
    assert digest(copy) == digest()
    (copy / "README.md").write_text("another card", encoding="utf-8")
    assert digest(copy) == digest()
    changed(prompts={"query": "", "document": ""})(copy)
    assert digest(copy) != digest()
