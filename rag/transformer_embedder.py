"""Embedders that sentence-transformers runs, on a GPU where there is one."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer

from rag.embedder import Embedder, StaticEmbedder, Vectors, normalised
from rag.errors import InvalidInput
from rag.likeness import measured
from rag.model_sources import Source, loading

BATCH = 256


class TransformerEmbedder(Embedder):
    """A model whose vectors depend on the context."""

    def __init__(self, model: SentenceTransformer, name: str, dimension: int, tokenizer: Tokenizer) -> None:
        super().__init__(name, dimension, model.prompts, tokenizer)
        self.model = model
        self._turn = threading.Lock()  # its tokenizer fails when two threads set its truncation at once
        self.likeness = measured(self.encode_question, self.encode_passages)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(list(texts), self.passage_prompt) if texts else np.empty((0, self.dimension), np.float32)

    def encode_question(self, question: str) -> Vectors:
        vector: Vectors = self._encode([question], self.question_prompt)[0]
        return vector

    def _encode(self, texts: list[str], prefix: str) -> Vectors:
        with self._turn:
            tensor = self.model.encode(texts, prompt=prefix, batch_size=BATCH, convert_to_tensor=True, show_progress_bar=False)
        return normalised(np.nan_to_num(tensor.float().cpu().numpy(), copy=False))


def load(source: Source) -> Embedder:
    """Load a folder or a model of the hub.

    Transformers run in bfloat16 on a GPU and on a CPU with AMX (4 times float32 there), else, and static models always, in float32.
    Raises InvalidInput when it cannot be loaded, or lacks what Glossa needs.
    """
    torch.set_num_threads(1)  # replicas and workers run side by side: one thread each is faster than many that wait for one another
    model, name = open_model(source.path, local=source.local), source.name
    tokenizer = getattr(model.tokenizer, "backend_tokenizer", model.tokenizer)
    if not isinstance(tokenizer, Tokenizer):
        raise InvalidInput(f"The embedder {name} has no fast tokenizer, which is needed for exact offsets; use a model that has one.")
    tokenizer = Tokenizer.from_str(tokenizer.to_str())  # the model's own goes on cutting
    if len(model) == 1 and isinstance(model[0], StaticEmbedding):
        return StaticEmbedder(name, model[0].embedding.weight.detach().float().cpu().numpy(), model.prompts, tokenizer)
    dimension = model.get_embedding_dimension()
    if dimension is None:
        raise InvalidInput(f"The embedder {name} does not say how long its vectors are; use a sentence-transformers text model.")
    return TransformerEmbedder(model.to(_fastest_type(model.device.type, Path("/proc/cpuinfo"))).eval(), name, dimension, tokenizer)


def open_model(path: str, *, local: bool, device: str | None = None) -> SentenceTransformer:
    """The model as its files say, in the type of its weights; on a GPU where there is one, unless `device` says otherwise.

    Raises InvalidInput when it cannot be loaded.
    """
    with loading(f"The embedder {path!r}"):
        return SentenceTransformer(path, local_files_only=local, device=device)


def _fastest_type(device: str, cpuinfo: Path) -> torch.dtype:
    amx = device == "cpu" and cpuinfo.exists() and " amx_bf16" in cpuinfo.read_text(encoding="utf-8")
    return torch.bfloat16 if amx or device == "cuda" else torch.float32
