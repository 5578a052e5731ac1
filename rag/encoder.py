"""The bundled multilingual encoder: multilingual-e5-small in 4 bits, run by OpenVINO on any number of threads.

Paper: https://arxiv.org/abs/2402.05672. How the files are made: `tools/build_encoder`. The table of word embeddings is mapped, so that the
processes of a machine share it; OpenVINO multiplies by the packed weights as they are, with activations in int8 or bfloat16 where the CPU
has such instructions.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import InvalidInput

PACKAGED = Path(__file__).parent / "encoder_model"
FORMAT = 1
MOST_TOKENS = 512  # the model has no more positions; what follows is not read
BATCH_TOKENS = 2048  # padding included: more gains nothing on a CPU, and holds more memory
LEAST_TOKENS = 256  # of a batch where several streams share the texts of one call
TEXTS_AT_ONCE = 512  # tokenized together and sorted by length
DIGEST_CHARACTERS = 8
BLOCK = 32  # weights that share a scale, https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h (Q4_0)

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


class Encoder:
    """A loaded model. Thread safe; `streams` threads compute at the same time."""

    def __init__(self, folder: Path = PACKAGED, *, streams: int = 1) -> None:
        """Load the model in about half a second. Raises InvalidInput if the folder is not such a model or a file is damaged."""
        import sentencepiece

        try:
            configuration = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            if configuration["format"] != FORMAT:
                raise InvalidInput(f"The encoder in {folder} has format {configuration['format']}; this release reads format {FORMAT}.")
            self.prompts: dict[str, str] = dict(configuration["prompts"])
            self._begin, self._pad, self._end = (int(configuration[name]) for name in ("begin", "pad", "end"))
            self._table = np.load(folder / "word_embeddings.npy", mmap_mode="r")
            self._type = np.load(folder / "type_embedding.npy")
            self._pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.model"))
            model = _compiled(folder / "encoder.onnx", streams)
            self.dimension = int(model.output("pooled").partial_shape[1].get_length())
        except (OSError, EOFError, LookupError, TypeError, ValueError, RuntimeError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[-1]  # of OpenVINO's lines the last says what is wrong
            raise InvalidInput(f"The encoder in {folder} cannot be loaded ({reason}); reinstall the package.") from error
        self._check(folder, model.input("embeddings").partial_shape[2].get_length())
        self._streams = streams
        self._pool = ThreadPoolExecutor(streams, thread_name_prefix="encoder")
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(streams):
            self._requests.put(model.create_infer_request())
        # Two threads whose first inferences meet wait for each other forever (OpenVINO 2026.4 prepares its NumPy arrays under a C++ lock,
        # and gives up the GIL meanwhile): one inference now, before there are others.
        self._run([[self._begin, self._end]])

    def _check(self, folder: Path, width: int) -> None:
        """Raises InvalidInput when the files are not those of one model, whose embeddings are `width` numbers."""
        rows = (self._pieces.get_piece_size(), 2 * width // BLOCK + width // 2)
        for name, values, shape, kind in (("word", self._table, rows, np.uint8), ("type", self._type, (width,), np.float32)):
            if (values.shape, values.dtype) != (shape, kind):
                found, expected = f"{values.dtype} {values.shape}", f"{np.dtype(kind)} {shape}"
                raise InvalidInput(
                    f"The encoder in {folder} holds {name} embeddings of {found}, not of {expected} as its other files; "
                    "reinstall the package."
                )
        if not 0 <= min(self._begin, self._pad, self._end) <= max(self._begin, self._pad, self._end) < rows[0]:
            raise InvalidInput(f"The encoder in {folder} has special tokens beyond its {rows[0]} pieces; reinstall the package.")

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors of unit length, f32 (n, d). Text after 512 tokens is ignored."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        rest = iter(enumerate(texts))
        while some := list(islice(rest, TEXTS_AT_ONCE)):
            ids = [self.token_ids(text) for _, text in some]
            lengths = [len(each) for each in ids]
            batches = list(_batches(lengths, min(BATCH_TOKENS, max(LEAST_TOKENS, sum(lengths) // self._streams))))
            for batch, pooled in zip(batches, self._pool.map(self._run, ([ids[at] for at in batch] for batch in batches)), strict=True):
                vectors[[some[at][0] for at in batch]] = pooled
        return vectors

    def token_ids(self, text: str) -> list[int]:
        """The token ids of a text, with the special tokens at its begin and end; at most 512."""
        pieces = self._pieces.encode(text.encode(errors="replace"))  # a lone surrogate becomes a question mark
        return [self._begin, *pieces[: MOST_TOKENS - 2], self._end]

    def _run(self, texts: Sequence[list[int]]) -> Floats:
        longest = max(map(len, texts))
        ids = np.array([text + [self._pad] * (longest - len(text)) for text in texts])
        mask = np.array([[1] * len(text) + [0] * (longest - len(text)) for text in texts], np.int32)
        request = self._requests.get()
        try:
            pooled: Floats = request.infer({"embeddings": self._looked_up(ids), "mask": mask})["pooled"].copy()
        finally:
            self._requests.put(request)
        return pooled

    def _looked_up(self, ids: Ids) -> Floats:
        """The embeddings of tokens, f32 (b, t, h), from their packed rows: scales f16, then two codes in a byte."""
        rows = self._table[ids]
        width = len(self._type)
        scales = np.ascontiguousarray(rows[..., : 2 * width // BLOCK]).view(np.float16).astype(np.float32)
        packed = rows[..., 2 * width // BLOCK :]
        codes = np.stack([packed & 15, packed >> 4], axis=-1).reshape(*ids.shape, width).astype(np.float32)
        embedded: Floats = (codes - 8) * np.repeat(scales, BLOCK, axis=-1) + self._type
        return embedded


def digest(folder: Path = PACKAGED) -> str:
    """Identifies a model: the first characters of the SHA-256 of everything that decides a vector."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in (".onnx", ".npy", ".model", ".json")):
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:DIGEST_CHARACTERS]


def _compiled(graph: Path, streams: int) -> Any:
    """OpenVINO's model. Raises RuntimeError when it cannot read the graph."""
    import openvino

    # one thread a stream: processes run side by side, and one thread each is faster than many that wait for one another
    options = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": streams,
        "ENABLE_CPU_PINNING": False,
    }
    return openvino.Core().compile_model(str(graph), "CPU", options)


def _batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Batches of positions of texts of similar length, to save padding, with a limit of tokens per batch."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[at] * (len(batch) + 1) > most:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch
