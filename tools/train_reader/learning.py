"""Trains the reader's layers: cross-entropy of where the answer begins and ends, "nothing" being one of the places."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray

from rag.compiled_graph import batches
from tools.train_reader.examples import Example, Mark
from tools.train_reader.network import NEVER, Network
from tools.train_reader.states import States

WEIGHTS = {Mark.ANSWER: 2.0, Mark.SENTENCE: 1.0, Mark.SOMEWHERE: 0.5, Mark.NOTHING: 1.0}
BATCH_TOKENS = 6_144  # of questions and passages, padding included
SORTED_TOGETHER = 4_000  # examples, by length
LEARNING_RATE, WARM_UP, LEAST_RATE, DECAY, MOST_GRADIENT = 3e-4, 0.06, 0.02, 0.01, 1.0
STEPS_A_NOTE = 50

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Target:
    """An example with the places that are right, bool (1 + t,) each, "nothing" first."""

    example: Example
    begin: Flags
    end: Flags


def targets(examples: Sequence[Example], states: States, prompt: str) -> list[Target]:
    """Those examples whose answer stands among the tokens that are read."""
    found = (_target(example, states.spans(prompt, example.passage)) for example in examples)
    return [target for target in found if target is not None]


def _target(example: Example, spans: NDArray[np.int32]) -> Target | None:
    begin, end = np.zeros(len(spans) + 1, bool), np.zeros(len(spans) + 1, bool)
    if example.mark is Mark.NOTHING:
        begin[0] = end[0] = True
    elif example.mark is Mark.SOMEWHERE:
        begin[1:] = end[1:] = spans[:, 0] >= example.context
    for first, last in example.spans:
        tokens = np.flatnonzero((spans[:, 1] > first) & (spans[:, 0] < last)) + 1
        if len(tokens) and example.mark is Mark.ANSWER:
            begin[tokens[0]] = end[tokens[-1]] = True
        begin[tokens] |= example.mark is Mark.SENTENCE
        end[tokens] |= example.mark is Mark.SENTENCE
    return Target(example, begin, end) if begin.any() else None


def train(network: Network, data: Sequence[Target], states: States, prompts: tuple[str, str], *, epochs: float, rng: Random) -> None:
    """Change the network's weights in place; prints its loss every 50 steps."""
    decayed = [one for one in network.parameters() if one.ndim > 1]
    others = [one for one in network.parameters() if one.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE)
    lengths = [len(target.begin) + len(states.spans(prompts[0], target.example.question)) for target in data]
    steps = int(epochs * sum(1 for _ in _batches(lengths, Random(0))))
    started, losses, step = time.monotonic(), [], 0
    while step < steps:
        for batch in _batches(lengths, rng):
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * min(1, step / (WARM_UP * steps)) * max(LEAST_RATE, 1 - step / steps)
            loss = _loss(network, [data[at] for at in batch], states, prompts)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(network.parameters(), MOST_GRADIENT)
            optimizer.step()
            losses.append(float(loss.detach()))
            step += 1
            if step % STEPS_A_NOTE == 0:
                mean = np.mean(losses[-STEPS_A_NOTE:])
                print(f"step {step:,} of {steps:,}, loss {mean:.3f}, {time.monotonic() - started:.0f} s", flush=True)
            if step == steps:
                return


def _loss(network: Network, batch: Sequence[Target], states: States, prompts: tuple[str, str]) -> torch.Tensor:
    question, asked = states.batch(prompts[0], [target.example.question for target in batch])
    passage, there = states.batch(prompts[1], [target.example.passage for target in batch])
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(question, passage, asked, there)
    shares = logits.float().log_softmax(1)
    right = torch.zeros(*shares.shape, dtype=torch.bool)
    for row, target in enumerate(batch):
        right[row, : len(target.begin), 0] = torch.from_numpy(target.begin)
        right[row, : len(target.end), 1] = torch.from_numpy(target.end)
    weights = torch.tensor([WEIGHTS[target.example.mark] for target in batch])
    losses = -shares.masked_fill(~right, NEVER).logsumexp(1).mean(1)
    return (losses * weights).sum() / weights.sum()


def _batches(lengths: Sequence[int], rng: Random) -> Iterator[list[int]]:
    """Positions of examples of about the same length, in random order."""
    order = list(range(len(lengths)))
    rng.shuffle(order)
    for first in range(0, len(order), SORTED_TOGETHER):
        some = order[first : first + SORTED_TOGETHER]
        cut = list(batches([lengths[at] for at in some], BATCH_TOKENS))
        rng.shuffle(cut)
        for batch in cut:
            yield [some[at] for at in batch]
