"""The reader in the package: reads a question and a passage together and marks where the passage answers, or that it does not.

The first layers are the encoder's and read question and passages one by one; the reader's own layers read both together (DeFormer,
https://arxiv.org/abs/2005.00697). A mark is the probability, over the tokens of a passage and "nothing", that the answer begins or ends
there (https://arxiv.org/abs/1806.03822). How it is trained: `tools/train_reader`.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.compiled_graph import CompiledGraph, batches
from rag.encoder import Encoder
from rag.errors import InvalidInput

PACKAGED = Path(__file__).parent / "reader_model"
FORMAT = 1
MOST_QUESTION_TOKENS, MOST_PASSAGE_TOKENS = 96, 320  # what follows is not read
BATCH_TOKENS = 640  # padding included: some passages at once for each thread
BEGIN, END, NOTHING_BEGIN, NOTHING_END = range(4)  # columns of the graph's output

Floats = NDArray[np.float32]
Spans = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of one passage: `nothing`, the probability that it does not answer, and of each token the probability that the
    answer begins or ends there, f32 (t,), with the characters that it stands for, i32 (t, 2)."""

    nothing: float
    marks: Floats
    spans: Spans

    def between(self, start: int, end: int) -> float:
        """The probability that the answer is within these characters of the passage."""
        return float(self.marks[(self.spans[:, 0] < end) & (self.spans[:, 1] > start)].sum())


class Reader:
    """A loaded model on top of an encoder; for any number of threads, of which the encoder's `streams` compute at the same time."""

    def __init__(self, encoder: Encoder, folder: Path = PACKAGED) -> None:
        """Load it, in a quarter of a second. Raises InvalidInput when the folder is not such a model, or a file of it is damaged."""
        try:
            configuration = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            if configuration["format"] != FORMAT:
                raise InvalidInput(f"The reader in {folder} has format {configuration['format']}; this release reads format {FORMAT}.")
            self._states = str(configuration["states"])  # the value of the encoder's graph that this one reads
            self._segments: Floats = np.load(folder / "segments.npy")  # (2, h), added to the question's states and to the passage's
            self._lower = CompiledGraph(encoder.folder / "encoder.onnx", encoder.streams, output=self._states)
            self._upper = CompiledGraph(folder / "reader.onnx", encoder.streams)
        except (OSError, EOFError, LookupError, TypeError, ValueError, RuntimeError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[-1]  # of OpenVINO's lines the last says what is wrong
            raise InvalidInput(f"The reader in {folder} cannot be loaded ({reason}); install the package anew.") from error
        self._encoder = encoder
        self._pool = ThreadPoolExecutor(encoder.streams, thread_name_prefix="reader")

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        """Read the question with each passage."""
        asked, _ = self._encoder.tokens(self._encoder.prompts["query"] + question, MOST_QUESTION_TOKENS)
        prompt = self._encoder.prompts["document"]
        texts = [self._encoder.tokens(prompt + passage, MOST_PASSAGE_TOKENS) for passage in passages]
        ids = [ids for ids, _ in texts]
        states = self._lower_states([asked])[0]
        readings: list[Reading | None] = [None] * len(passages)

        def together(batch: list[int]) -> None:
            logits = self._logits(states, self._lower_states([ids[at] for at in batch]))
            for at, row in zip(batch, logits, strict=True):
                readings[at] = _reading(row[: len(asked) + len(ids[at])], len(asked), texts[at][1] - len(prompt))

        list(self._pool.map(together, batches([len(each) for each in ids], BATCH_TOKENS)))
        return [reading for reading in readings if reading is not None]

    def _lower_states(self, texts: Sequence[list[int]]) -> list[Floats]:
        """The encoder's states of texts of token ids, f32 (t, h) each."""
        states = self._lower.run(self._encoder.inputs(texts), self._states)
        return [row[: len(text)] for row, text in zip(states, texts, strict=True)]

    def _logits(self, question: Floats, passages: Sequence[Floats]) -> Floats:
        """The graph's output f32 (b, t, 4) over the tokens of the question and then those of a passage."""
        longest = len(question) + max(map(len, passages))
        states = np.zeros((len(passages), longest, question.shape[1]), np.float32)
        mask = np.zeros((len(passages), longest), np.int32)
        states[:, : len(question)] = question + self._segments[0]
        for row, passage in enumerate(passages):
            end = len(question) + len(passage)
            states[row, len(question) : end] = passage + self._segments[1]
            mask[row, :end] = 1
        inputs: dict[str, NDArray[Any]] = {"states": states, "mask": mask}
        return self._upper.run(inputs, "logits")


def _reading(logits: Floats, asked: int, spans: Spans) -> Reading:
    """From logits f32 (t, 4), of which the first `asked` tokens are the question's, and the spans of the passage's, i32 (p, 2)."""
    shares = np.mean(
        [
            _softmax(np.append(logits[0, nothing], logits[asked:, column]))
            for nothing, column in ((NOTHING_BEGIN, BEGIN), (NOTHING_END, END))
        ],
        axis=0,
    )
    return Reading(float(shares[0]), shares[1:].astype(np.float32), spans)


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max())
    shares: Floats = powers / powers.sum()
    return shares
