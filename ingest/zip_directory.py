"""The end record of a ZIP archive, which says how large its directory is before the directory is read (PKWARE's APPNOTE 6.3.10, 4.3)."""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from rag.errors import TooLarge

MAX_ENTRIES = 50_000  # an XLSX or EPUB of thousands of pictures has a few thousand parts
MAX_DIRECTORY_BYTES = 8 << 20  # zipfile reads that many, whatever the number of entries says: 50,000 entries of 167 bytes
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LONGEST_COMMENT = 0xFFFF
_IN_ZIP64 = (0xFFFF, 0xFFFFFFFF)  # entries and size that stand in a record of ZIP64 instead


class Directory(NamedTuple):
    """What an end record says of the archive's directory: the number of its entries and its size in bytes."""

    entries: int
    size: int


def check_directory(file: BinaryIO) -> None:
    """Raise TooLarge when the archive's directory is too large to be read. A file without an end record passes: zipfile refuses it."""
    said = list(_directories(file))
    entries = max((directory.entries for directory in said), default=0)
    size = max((directory.size for directory in said), default=0)
    if entries > MAX_ENTRIES:
        raise too_many(entries)
    if size > MAX_DIRECTORY_BYTES:
        raise TooLarge(
            f"The file's table of contents has {size:,} bytes and at most {MAX_DIRECTORY_BYTES:,} are read; "
            "it looks like a decompression bomb."
        )


def too_many(entries: int) -> TooLarge:
    """The refusal of an archive with that many entries."""
    return TooLarge(f"The file packs {entries:,} parts and at most {MAX_ENTRIES:,} are read; it looks like a decompression bomb.")


def _directories(file: BinaryIO) -> Iterator[Directory]:
    """Yield what the end record says and, for a large archive (ZIP64), what the records before it say."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _LONGEST_COMMENT - _END.size)
    tail = _read(file, start, _LONGEST_COMMENT + _END.size)
    at = tail.rfind(b"PK\5\6", 0, len(tail) - _END.size + 4)
    if at < 0:
        return
    large = list(_large_directories(file, start + at, size))
    yield from large
    _, _, _, _, entries, length, _, _ = _END.unpack_from(tail, at)
    yield Directory(0 if large and entries == _IN_ZIP64[0] else entries, 0 if large and length == _IN_ZIP64[1] else length)


def _large_directories(file: BinaryIO, end: int, size: int) -> Iterator[Directory]:
    """Yield what ZIP64's records say: that which the locator in front of the end record names, and that in front of the locator.

    A sound archive has one in both places. zipfile takes the latter, whatever the locator says.
    """
    place = end - _LOCATOR.size
    locator = _read(file, place, _LOCATOR.size) if place >= 0 else b""
    if not locator.startswith(b"PK\6\7"):
        return
    for named in (_LOCATOR.unpack(locator)[2], place - _END64.size):
        record = _read(file, named, _END64.size) if 0 <= named < size else b""
        if record.startswith(b"PK\6\6") and len(record) == _END64.size:
            yield Directory(*_END64.unpack(record)[7:9])


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)
