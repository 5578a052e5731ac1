"""Which embedder a name means, and how it is loaded: the two models of the package, a folder, or a model of the hub.

Only the last two import torch: without it a process starts in a second instead of six.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from rag import encoder
from rag.embedder import Embedder, EncoderEmbedder, StaticEmbedder
from rag.model_sources import Source, find_model

STATIC = "static"  # the name by which the static model of the package is asked for
STATIC_MODEL = Path(__file__).parent / "embedder_model"
STATIC_NAME, ENCODER_NAME = "glossa-static", "glossa-encoder"
WEIGHTS = ("*.safetensors", "*.bin")
DIGEST_CHARACTERS = 8  # of SHA-256: enough to tell models of one name apart


def load_embedder(name_or_path: str | None = None, *, streams: int = 1) -> Embedder:
    """Load a model: None is the encoder in the package, 'static' the static model there, else sentence-transformers loads a folder or a hub
    name ('owner/model'). `streams` threads of the encoder compute at the same time.

    Only a hub name reaches for the network. A folder is stamped with its name and a digest of its weights, so that vectors of two models
    never meet. Raises InvalidInput when there is no such model or it cannot be had from here.
    """
    if name_or_path is None:
        static = _load_static(STATIC_MODEL, STATIC_NAME)
        return EncoderEmbedder(encoder.Encoder(streams=streams), encoder_name(), static)
    if name_or_path == STATIC:
        return _load_static(STATIC_MODEL, static_name())
    source = located(name_or_path)
    from rag.transformer_embedder import load  # imports torch

    return load(source)


def located(name_or_path: str) -> Source:
    """Where the model is; `name` goes into its stamp. Raises InvalidInput for what is neither a folder nor a hub name."""
    source = find_model(name_or_path, "embedder", "a sentence-transformers folder")
    folder = Path(source.path)
    return replace(source, name=f"{folder.resolve().name}@{_digest(folder)}") if source.local else source


def encoder_name() -> str:
    """The name in the stamps of the encoder in the package."""
    return f"{ENCODER_NAME}@{encoder.digest()}"


def static_name() -> str:
    """The name in the stamps of the static model in the package, and in those of earlier releases, which had no other."""
    return f"{STATIC_NAME}@{_digest(STATIC_MODEL)}"


def _load_static(folder: Path, name: str) -> StaticEmbedder:
    """A StaticEmbedding in the files that sentence-transformers writes."""
    prompts = json.loads((folder / "config_sentence_transformers.json").read_text(encoding="utf-8"))["prompts"]
    weights = load_file(folder / "model.safetensors")["embedding.weight"]
    return StaticEmbedder(name, weights.astype(np.float32), prompts, Tokenizer.from_file(str(folder / "tokenizer.json")))


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for pattern in WEIGHTS for path in folder.rglob(pattern)):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:DIGEST_CHARACTERS]
