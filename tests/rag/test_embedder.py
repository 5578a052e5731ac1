import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from rag.embedder import PACKAGED, Embedder, StaticEmbedder, load_embedder
from rag.errors import InvalidInput


def test_the_model_of_the_package_brings_a_sentence_near_its_translation(embedder: Embedder) -> None:
    german, english, other = embedder.encode_passages(["Der Hund schläft.", "The dog is sleeping.", "The parliament votes on taxes."])
    assert german @ english > german @ other + 0.3
    assert (embedder.dimension, german.dtype) == (256, np.float32)


def test_vectors_have_length_one_and_a_text_without_tokens_has_none(embedder: Embedder) -> None:
    assert np.linalg.norm(embedder.encode_passages(["one", "", "zwei drei"]), axis=1) == pytest.approx([1, 0, 1])
    assert embedder.encode_passages([]).shape == (0, 256)
    assert not embedder.encode_question("").any()


def test_a_static_model_encodes_as_sentence_transformers_does(embedder: Embedder) -> None:
    texts = ["Wie viele Tage Urlaub habe ich in Chiang Mai?", "พนักงานมีสิทธิลาพักร้อน", "वारंटी दो साल की है।"]
    library = SentenceTransformer(str(PACKAGED), device="cpu").float().encode(texts, normalize_embeddings=True)
    assert np.allclose(embedder.encode_passages(texts), library, atol=1e-5)
    assert np.allclose([embedder.encode_question(text) for text in texts], library, atol=1e-5)


def test_a_static_model_given_by_its_folder_is_the_same(embedder: Embedder) -> None:
    given = load_embedder(str(PACKAGED))
    assert isinstance(given, StaticEmbedder)
    assert given.stamp.model.partition("@")[2] == embedder.stamp.model.partition("@")[2]
    assert np.allclose(given.encode_passages(["Der Hund schläft."]), embedder.encode_passages(["Der Hund schläft."]), atol=1e-6)


def test_a_service_with_the_model_of_the_package_never_loads_torch() -> None:
    """Torch would cost each process five seconds of its start and half a gigabyte."""
    code = "import sys, serving.app; from rag.embedder import load_embedder; load_embedder(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_static_model_encodes_pieces_of_a_text_from_its_tokens_as_it_does_their_texts(embedder: StaticEmbedder) -> None:
    pieces = ["Der Hund schläft. ", "พนักงานมีสิทธิลาพักร้อน ", "", "वारंटी दो साल की है। ", "GL-200"]
    tokens = [embedder.tokenize(piece).ids for piece in pieces]
    firsts = [0, *np.cumsum([len(ids) for ids in tokens])[:-1].tolist()]
    assert np.allclose(embedder.encode_tokens(np.concatenate(tokens), firsts), embedder.encode_passages(pieces), atol=1e-5)


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
    expected, errors = transformer.encode_question("abc"), []

    def ask() -> None:
        try:
            for _ in range(5):
                assert transformer.encode_question("abc") == pytest.approx(expected, abs=1e-5)
                transformer.encode_passages(["a", "bcd " * 20])
        except (AssertionError, RuntimeError) as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


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
