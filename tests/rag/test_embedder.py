import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from rag import encoder
from rag.embedder import Embedder, EncoderEmbedder, StaticEmbedder
from rag.errors import InvalidInput
from rag.load_embedder import STATIC, STATIC_MODEL, load_embedder


@pytest.mark.parametrize(("model", "dimension", "margin"), [("embedder", 384, 0.1), ("static", 256, 0.3)])
def test_a_model_of_the_package_brings_a_sentence_near_its_translation(
    model: str, dimension: int, margin: float, request: pytest.FixtureRequest
) -> None:
    embedder: Embedder = request.getfixturevalue(model)
    german, english, other = embedder.encode_passages(["Der Hund schläft.", "The dog is sleeping.", "The parliament votes on taxes."])
    assert german @ english > german @ other + margin
    assert (embedder.dimension, embedder.stamp.dimension, german.dtype) == (dimension, dimension, np.float32)


@pytest.mark.parametrize("model", ["embedder", "static"])
def test_vectors_have_length_one_and_a_text_without_tokens_has_none(model: str, request: pytest.FixtureRequest) -> None:
    embedder: Embedder = request.getfixturevalue(model)
    assert np.linalg.norm(embedder.encode_passages(["one", "", "zwei drei"]), axis=1) == pytest.approx([1, 0, 1], abs=1e-5)
    assert embedder.encode_passages([]).shape == (0, embedder.dimension)
    assert not embedder.encode_question("").any()


def test_the_encoder_is_the_default_is_prompted_and_has_the_tokens_of_the_static_model(embedder: Embedder, static: StaticEmbedder) -> None:
    assert isinstance(embedder, EncoderEmbedder)
    assert embedder.stamp.model == f"glossa-encoder@{encoder.digest()}"
    assert (embedder.stamp.question_prompt, embedder.stamp.passage_prompt) == ("query: ", "passage: ")
    assert embedder.encode_passages(["Hund"]) == pytest.approx(embedder.model.encode(["passage: Hund"]), abs=1e-5)
    assert embedder.encode_question("Hund") == pytest.approx(embedder.model.encode(["query: Hund"])[0], abs=1e-5)
    assert embedder.tokenize("GL-200 ช้าง").ids.tolist() == static.tokenize("GL-200 ช้าง").ids.tolist()
    assert embedder.token_vectors is not None
    assert embedder.token_vectors.shape == static.token_vectors.shape


def test_the_encoder_serves_several_threads(embedder: Embedder) -> None:
    texts = ["Der Hund schläft.", "พนักงานมีสิทธิลาพักร้อน", "Rain is expected tomorrow."]
    expected = [embedder.encode_passages([text])[0] for text in texts]
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda at: embedder.encode_passages([texts[at % 3]])[0], range(30)))
    assert all(np.allclose(vector, expected[at % 3], atol=1e-5) for at, vector in enumerate(found))


def test_a_static_model_encodes_as_sentence_transformers_does(static: Embedder) -> None:
    texts = ["Wie viele Tage Urlaub habe ich in Chiang Mai?", "พนักงานมีสิทธิลาพักร้อน", "वारंटी दो साल की है।"]
    library = SentenceTransformer(str(STATIC_MODEL), device="cpu").float().encode(texts, normalize_embeddings=True)
    assert np.allclose(static.encode_passages(texts), library, atol=1e-5)
    assert np.allclose([static.encode_question(text) for text in texts], library, atol=1e-5)


def test_a_static_model_given_by_its_folder_is_the_same(static: Embedder) -> None:
    given = load_embedder(str(STATIC_MODEL))
    assert isinstance(given, StaticEmbedder)
    assert static.stamp.model.startswith("glossa-static@")
    assert given.stamp.model.partition("@")[2] == static.stamp.model.partition("@")[2]
    assert np.allclose(given.encode_passages(["Der Hund schläft."]), static.encode_passages(["Der Hund schläft."]), atol=1e-6)


@pytest.mark.parametrize("name", [None, STATIC])
def test_a_service_with_a_model_of_the_package_never_loads_torch(name: str | None) -> None:
    """Torch would cost each process five seconds of its start and half a gigabyte."""
    imports = "import sys, serving.instance.app; from rag.load_embedder import load_embedder"
    code = f"{imports}; load_embedder({name!r}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_tokens_say_which_characters_they_stand_for(embedder: Embedder) -> None:
    tokens = embedder.tokenize("  GL-200 ช้าง")
    assert len(tokens.ids) == len(tokens.offsets)
    assert tokens.ids.dtype == np.int32
    covered = {at for start, end in tokens.offsets for at in range(start, end)}
    assert covered >= set(range(2, 8)) | set(range(9, 13))


def test_a_transformer_takes_its_prompts_has_no_token_vectors_and_tokenizes_beyond_its_limit(transformer: Embedder) -> None:
    assert (transformer.stamp.question_prompt, transformer.stamp.passage_prompt, transformer.stamp.dimension) == (
        "query: ",
        "passage: ",
        16,
    )
    assert (transformer.token_vectors, transformer.maxsim) == (None, None)
    assert len(transformer.tokenize("a" * 100).ids) == 100
    assert transformer.tokenize("ab c").offsets == [(0, 1), (1, 2), (3, 4)]
    assert np.abs(transformer.encode_question("abc") - transformer.encode_passages(["abc"])[0]).max() > 1e-3


def test_a_transformer_serves_several_threads(transformer: Embedder) -> None:
    expected = transformer.encode_question("abc")

    def ask(_: int) -> None:
        for _ in range(5):
            assert transformer.encode_question("abc") == pytest.approx(expected, abs=1e-5)
            transformer.encode_passages(["a", "bcd " * 20])

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(4))) == [None] * 4


def test_the_stamp_of_a_folder_names_it_and_changes_with_its_weights(
    transformer: Embedder, transformer_folder: Path, tmp_path: Path
) -> None:
    assert transformer.stamp.model.startswith("tiny-bert@")
    copy = tmp_path / "tiny-bert"
    for path in transformer_folder.rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(transformer_folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    assert load_embedder(str(copy)).stamp == transformer.stamp
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert load_embedder(str(copy)).stamp.model != transformer.stamp.model


def test_a_name_that_is_neither_folder_nor_hub_name_is_refused_without_asking_the_network(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"No embedder '\./nowhere/at/all' was found"):
        load_embedder("./nowhere/at/all")
    with pytest.raises(InvalidInput, match="cannot be loaded"):
        load_embedder(str(tmp_path))
