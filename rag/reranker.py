"""A cross-encoder that reads question and passage together: slower and better than any score of vectors."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder

from rag.errors import InvalidInput
from rag.model_sources import find_model, loading
from rag.records import Passage

BATCH = 32
SCORE_DIGITS = 4

Floats = NDArray[np.float32]


class Reranker:
    """A loaded cross-encoder, for any number of threads."""

    def __init__(self, model: CrossEncoder, name: str) -> None:
        """Wrap `model`. Raises InvalidInput when it gives more than one number for a pair."""
        if model.num_labels != 1:
            raise InvalidInput(f"The reranker {name} gives {model.num_labels} numbers for a passage, not one; use a model made to rank.")
        self.model = model
        self._turn = threading.Lock()  # tokenizers fail when two threads set their truncation at once

    def score(self, question: str, texts: Sequence[str]) -> Floats:
        """How well each text answers, f32 (n,), 0 to 1 (the logistic function of the model's logit). What is too long is cut at its end."""
        if not texts:
            return np.empty(0, np.float32)
        pairs = [(question, text) for text in texts]
        with self._turn, torch.inference_mode():
            scores = self.model.predict(pairs, batch_size=BATCH, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False)
        return np.asarray(scores, np.float32).reshape(-1)


def load_reranker(name_or_path: str) -> Reranker:
    """Load a cross-encoder: a folder, or a hub name ('BAAI/bge-reranker-v2-m3'), which alone reaches for the network.

    In bfloat16 on a GPU, float32 elsewhere. Raises InvalidInput when there is no such model or it cannot be had from here.
    """
    source = find_model(name_or_path, "reranker", "a folder with a cross-encoder")
    kind = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    with loading(f"The reranker {name_or_path!r}"):
        model = CrossEncoder(source.path, local_files_only=source.local, model_kwargs={"dtype": kind})
    return Reranker(model, name_or_path)


def rerank(passages: Sequence[Passage], scores: Sequence[float]) -> list[Passage]:
    """The passages by these scores, best first, which become theirs; the order of equal ones stays."""
    rounded = [round(float(score), SCORE_DIGITS) for score in scores]
    scored = [replace(p, score=score, scores={**p.scores, "reranker": score}) for p, score in zip(passages, rounded, strict=True)]
    return sorted(scored, key=lambda passage: -passage.score)
