"""Makes model folders around a BERT of random weights: everything of a real model but its knowledge."""

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

LETTERS = "abcdefghijklmnopqrstuvwxyz"


VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ":", *LETTERS, *("##" + letter for letter in LETTERS)]
SIZE = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 32}


def save_tiny_transformer(folder: Path) -> Path:
    """16 dimensions, letters as tokens, at most 32 of them, prompts as E5 has them."""
    base = folder.with_name(folder.name + "-base")
    save_tokenizer(base)
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=len(VOCABULARY), **SIZE)).save_pretrained(base)
    transformer = Transformer(str(base))
    prompts = {"query": "query: ", "passage": "passage: "}
    SentenceTransformer(modules=[transformer, Pooling(16, "mean")], prompts=prompts, device="cpu").save(str(folder))
    return folder


def tiny_cross_encoder(folder: Path, labels: int = 1) -> Path:
    """The same, made to give `labels` numbers for a pair of texts."""
    save_tokenizer(folder)
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(VOCABULARY), num_labels=labels, initializer_range=1.0, **SIZE)
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def save_tokenizer(folder: Path) -> None:
    """Letters as tokens."""
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=32).save_pretrained(folder)
