"""Makes a sentence-transformers folder around a BERT of random weights: everything of a real model but its knowledge."""

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizerFast

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def save_tiny_transformer(folder: Path) -> Path:
    """16 dimensions, letters as tokens, at most 32 of them, prompts as E5 has them."""
    base = folder.with_name(folder.name + "-base")
    base.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ":", *LETTERS, *("##" + letter for letter in LETTERS)]
    (base / "vocab.txt").write_text("\n".join(vocabulary))
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 32}
    BertModel(BertConfig(vocab_size=len(vocabulary), **size)).save_pretrained(base)
    BertTokenizerFast(vocab=str(base / "vocab.txt"), model_max_length=32).save_pretrained(base)
    transformer = Transformer(str(base))
    prompts = {"query": "query: ", "passage": "passage: "}
    SentenceTransformer(modules=[transformer, Pooling(16, "mean")], prompts=prompts, device="cpu").save(str(folder))
    return folder
