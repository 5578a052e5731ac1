"""The encoder's states of every text of the examples, computed once and kept in a file: the layers that give them are not trained."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rag.compiled_graph import CompiledGraph, batches
from rag.encoder import BATCH_TOKENS, Encoder

TEXTS_AT_ONCE = 2_048


@dataclass(frozen=True, slots=True)
class _Held:
    first: int
    spans: NDArray[np.int32]


class States:
    """States f16 of texts with a prompt before them, in a file."""

    def __init__(self, encoder: Encoder, layer_output: str, path: Path, hidden: int) -> None:
        self._encoder, self._output, self._path = encoder, layer_output, path
        self._graph = CompiledGraph(encoder.folder / "encoder.onnx", encoder.streams, output=layer_output)
        self._held: dict[tuple[str, str], _Held] = {}
        self._hidden = hidden
        self._tokens = 0

    def add(self, prompt: str, texts: Iterable[str], most: int) -> Iterator[int]:
        """Compute those that are not held yet, `most` tokens of each; yields how many tokens are held, from time to time."""
        new = [text for text in dict.fromkeys(texts) if (prompt, text) not in self._held]
        with self._path.open("ab") as file, ThreadPoolExecutor(self._encoder.streams) as pool:
            for first in range(0, len(new), TEXTS_AT_ONCE):
                some = new[first : first + TEXTS_AT_ONCE]
                tokens = [self._encoder.tokens(prompt + text, most) for text in some]
                for text, (_, spans), states in zip(some, tokens, self._states([ids for ids, _ in tokens], pool), strict=True):
                    self._held[prompt, text] = _Held(self._tokens, spans - len(prompt))
                    file.write(states.tobytes())
                    self._tokens += len(states)
                yield self._tokens

    def spans(self, prompt: str, text: str) -> NDArray[np.int32]:
        """The characters of the text that each token stands for, i32 (t, 2)."""
        return self._held[prompt, text].spans

    def batch(self, prompt: str, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """States f32 (b, t, h) and mask bool (b, t)."""
        table = np.memmap(self._path, np.float16, "r").reshape(-1, self._hidden)
        held = [self._held[prompt, text] for text in texts]
        longest = max(len(one.spans) for one in held)
        states, there = torch.zeros(len(held), longest, self._hidden), torch.zeros(len(held), longest, dtype=torch.bool)
        for row, one in enumerate(held):
            count = len(one.spans)
            states[row, :count] = torch.from_numpy(table[one.first : one.first + count].astype(np.float32))
            there[row, :count] = True
        return states, there

    def _states(self, texts: Sequence[list[int]], pool: ThreadPoolExecutor) -> list[NDArray[np.float16]]:
        found: list[NDArray[np.float16]] = [np.empty((0, self._hidden), np.float16)] * len(texts)

        def compute(batch: list[int]) -> None:
            states = self._graph.run(self._encoder.inputs([texts[at] for at in batch]), self._output)
            for at, row in zip(batch, states, strict=True):
                found[at] = row[: len(texts[at])].astype(np.float16)

        list(pool.map(compute, batches([len(text) for text in texts], BATCH_TOKENS)))
        return found


@contextmanager
def open_states(encoder: Encoder, layer_output: str, hidden: int) -> Iterator[States]:
    """States in a file that is gone afterwards; about 3 GB."""
    with tempfile.TemporaryDirectory() as folder:
        yield States(encoder, layer_output, Path(folder) / "states.f16", hidden)
