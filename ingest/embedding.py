"""Embedding by a model that needs torch: actors hold it, on a GPU where one is left, and the workers that read documents send them batches.

So a worker has neither the model nor torch in its memory, a GPU is shared by all, and no question, whose embedder is in the retrieval
replicas, waits for a batch.
"""

import os
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import ray
from tokenizers import Tokenizer

from ingest.pipeline import NICENESS
from rag.embedder import PassageEmbedder, StaticEmbedder, Vectors
from rag.load_embedder import STATIC, load_embedder

Encoders = tuple[Any, ...]  # handles of actors, each an Encoder


class Encoder:
    """One loaded embedder."""

    def __init__(self, name_or_path: str) -> None:
        """Load it. Raises InvalidInput when it does not load."""
        os.nice(NICENESS)
        self.embedder = load_embedder(name_or_path)

    def described(self) -> dict[str, Any] | None:
        """What a `RemoteEmbedder` needs to know of it; None for a static model, which a worker rather loads itself."""
        embedder = self.embedder
        if isinstance(embedder, StaticEmbedder):
            return None
        prompts = {"query": embedder.question_prompt, "document": embedder.passage_prompt}
        return {
            "name": embedder.stamp.model,
            "dimension": embedder.dimension,
            "prompts": prompts,
            "tokenizer": embedder.tokenizer.to_str(),
        }

    def encode(self, texts: list[str]) -> Vectors:
        """As `Embedder.encode_passages`."""
        return self.embedder.encode_passages(texts)


class RemoteEmbedder(PassageEmbedder):
    """An embedder whose model is in encoders, which take turns; its tokenizer is here."""

    def __init__(self, encoders: Encoders, described: dict[str, Any]) -> None:
        tokenizer = Tokenizer.from_str(described["tokenizer"])
        super().__init__(described["name"], described["dimension"], described["prompts"], tokenizer)
        self._turns = cycle(encoders)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        vectors: Vectors = ray.get(next(self._turns).encode.remote(list(texts)))
        return vectors


def start_encoders(name_or_path: str | None, *, workers: int, gpu: bool, place: dict[str, Any]) -> Encoders:
    """One on a GPU, else one for each worker; none for the models of the package, which workers load themselves.

    They end with the process that starts them.
    """
    if name_or_path in (None, STATIC):
        return ()
    actor = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Encoder)  # a killed one comes back and does what it had to do
    places = [{"num_gpus": 1}] if gpu else [place] * workers
    return tuple(actor.options(**each).remote(name_or_path) for each in places)


def embedder_of(encoders: Encoders, name_or_path: str | None) -> PassageEmbedder:
    """What a worker embeds with."""
    described = ray.get(encoders[0].described.remote()) if encoders else None
    return RemoteEmbedder(encoders, described) if described else load_embedder(name_or_path)
