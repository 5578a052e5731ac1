"""The same model in fp32 for sentence-transformers: to compare with, to run on a GPU, or to train further."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from tools.build_encoder.packed import PackedModel
from tools.build_encoder.vocabulary import BEGIN, END, MASK, PAD, UNKNOWN

LINEAR = {  # the name of a matrix in the packed file, and in BertModel
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
STRIP = {"type": "Strip", "strip_left": True, "strip_right": True}  # SentencePiece does; without it a last space is a token
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def export(model: PackedModel, tokenizer_json: bytes, projection: NDArray[np.float32], prompts: Mapping[str, str], folder: Path) -> None:
    """Write a folder for `SentenceTransformer(folder)` and `glossa up --embedder FOLDER`.

    It holds the whole vocabulary of `tokenizer_json`, and the 4-bit weights multiplied out. `projection` is f32 (h, d).
    """
    with tempfile.TemporaryDirectory() as base:
        _bert(model).save_pretrained(base)
        _tokenizer(tokenizer_json, model.sizes.positions, Path(base)).save_pretrained(base)
        transformer = Transformer(base, max_seq_length=model.sizes.positions)
    hidden, dimension = projection.shape
    dense = Dense(hidden, dimension, bias=False, activation_function=torch.nn.Identity(), init_weight=torch.tensor(projection.T.copy()))
    modules = [transformer, Pooling(hidden, "mean"), dense, Normalize()]
    SentenceTransformer(modules=modules, prompts=dict(prompts), device="cpu").save(str(folder), create_model_card=False)


def _bert(model: PackedModel) -> BertModel:
    sizes = model.sizes
    configuration = BertConfig(
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.feed_forward,
        max_position_embeddings=sizes.positions,
        layer_norm_eps=sizes.epsilon,
        pad_token_id=1,
    )
    bert = BertModel(configuration)
    weights = bert.state_dict()
    loaded = {name: torch.from_numpy(values.reshape(weights[name].shape)) for name, values in _weights(model)}
    bert.load_state_dict(loaded)
    return bert


def _weights(model: PackedModel) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Every weight by its name in BertModel."""
    yield "embeddings.word_embeddings.weight", model.matrices["emb.word"].dequantized()
    yield "embeddings.position_embeddings.weight", model.vectors["emb.pos"].copy()
    yield "embeddings.token_type_embeddings.weight", model.vectors["emb.type"].copy()
    yield "pooler.dense.weight", np.zeros((model.sizes.hidden, model.sizes.hidden), np.float32)  # not used, but BertModel asks for it
    yield "pooler.dense.bias", np.zeros(model.sizes.hidden, np.float32)
    norms = [("emb.ln", "embeddings.LayerNorm")]
    for layer in range(model.sizes.layers):
        norms += [(f"l{layer}.{part}", f"encoder.layer.{layer}.{name}") for part, name in NORMS.items()]
        for part, name in LINEAR.items():
            yield f"encoder.layer.{layer}.{name}.weight", model.matrices[f"l{layer}.{part}.w"].dequantized()
            yield f"encoder.layer.{layer}.{name}.bias", model.vectors[f"l{layer}.{part}.b"].copy()
    for part, name in norms:
        yield f"{name}.weight", model.vectors[f"{part}.w"].copy()
        yield f"{name}.bias", model.vectors[f"{part}.b"].copy()


def _tokenizer(tokenizer_json: bytes, most_tokens: int, folder: Path) -> PreTrainedTokenizerFast:
    tokenizer = json.loads(tokenizer_json)
    tokenizer["normalizer"]["normalizers"].append(STRIP)
    file = folder / "original.json"
    file.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    special = {"bos_token": BEGIN, "cls_token": BEGIN, "eos_token": END, "sep_token": END}
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers does not annotate it
        tokenizer_file=str(file), model_max_length=most_tokens, pad_token=PAD, unk_token=UNKNOWN, mask_token=MASK, **special
    )
