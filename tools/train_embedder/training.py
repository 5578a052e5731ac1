"""The training loop: contrastive learning of one vector a piece, a text being the normalised sum of its pieces' vectors."""

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from tools.train_embedder.sampling import Batches, Side

BATCH = 2048  # pairs; each is a negative for all others
ANSWERS_BATCH = 1024  # passages are longer
ANSWERS_SHARE = 0.15  # of batches; a quarter served translations less, and questions no better
# The inverse temperature of InfoNCE (van den Oord et al. 2018, https://arxiv.org/abs/1807.03748). It decides most: MRR@10 across languages
# after 1,500 steps was 64.3 at 30, 68.4 at 20, 71.7 at 13 and 71.9 at 8, sentence matching 86.0, 90.1, 92.4 and 91.1.
SCALE = 12.0
RATE = 0.01  # falls linearly to nothing
WARM_UP = 100  # steps
MOMENTUM, SQUARES, TINY = 0.9, 0.999, 1e-8  # Adam's, kept for each piece that a batch holds (https://arxiv.org/abs/1412.6980)

Floats = NDArray[np.float32]


def train(first: Floats, batches: Batches, steps: int, report: Callable[[int, float], None]) -> Floats:
    """Train `first` f32 (vocabulary, d) for `steps` steps; `report` is called with each step's number and its running loss."""
    vectors = torch.from_numpy(first.copy())
    means, squares, seen = torch.zeros_like(vectors), torch.zeros_like(vectors), torch.zeros(len(vectors), 1)
    running = 0.0
    for step in range(steps):
        size, draw = (ANSWERS_BATCH, batches.answers) if batches.rng.random() < ANSWERS_SHARE else (BATCH, batches.translations)
        left, right = draw(size)
        pieces, where = np.unique(np.concatenate([left.tokens, right.tokens]), return_inverse=True)
        rows = torch.from_numpy(pieces.astype(np.int64))
        held = vectors[rows].requires_grad_()
        loss = info_nce(_texts(held, where, left, right, size), size)
        torch.autograd.backward(loss)
        gradient = held.grad
        assert gradient is not None  # for the type checker: the loss reaches every row
        rate = RATE * min(1.0, (step + 1) / WARM_UP) * (1 - step / steps)
        seen[rows] += 1
        mean = means[rows].mul_(MOMENTUM).add_(gradient, alpha=1 - MOMENTUM)
        square = squares[rows].mul_(SQUARES).addcmul_(gradient, gradient, value=1 - SQUARES)
        means[rows], squares[rows] = mean, square
        unbiased = mean / (1 - MOMENTUM ** seen[rows]), square / (1 - SQUARES ** seen[rows])
        vectors[rows] -= rate * unbiased[0] / (unbiased[1].sqrt() + TINY)
        running += (loss.item() - running) / min(step + 1, 50)
        report(step + 1, running)
    return np.asarray(vectors.numpy(), np.float32)


def info_nce(texts: torch.Tensor, size: int) -> torch.Tensor:
    """The mean cross entropy of finding each left text's right one among all, and the other way round; `texts` is (2 size, d)."""
    similarity = (texts[:size].bfloat16() @ texts[size:].bfloat16().T).float() * SCALE
    own = torch.arange(size)
    return (functional.cross_entropy(similarity, own) + functional.cross_entropy(similarity.T, own)) / 2


def _texts(held: torch.Tensor, where: NDArray[np.int64], left: Side, right: Side, size: int) -> torch.Tensor:
    rows = np.concatenate([left.rows, right.rows + size])
    offsets = torch.from_numpy(np.searchsorted(rows, np.arange(2 * size)))
    return functional.normalize(functional.embedding_bag(torch.from_numpy(where), held, offsets, mode="sum"), dim=1)


class Progress:
    """Prints the loss, the rate and the time left every few seconds."""

    def __init__(self, steps: int, every_seconds: float = 15.0) -> None:
        self.steps, self.every_seconds = steps, every_seconds
        self.started = self.printed = time.monotonic()

    def __call__(self, step: int, loss: float) -> None:
        """Record a step."""
        now = time.monotonic()
        if now - self.printed >= self.every_seconds or step == self.steps:
            self.printed = now
            rate = step / (now - self.started)
            print(
                f"step {step}/{self.steps}  loss {loss:.3f}  {rate:.1f} steps/s  {(self.steps - step) / rate / 60:.0f} min left", flush=True
            )
