"""Records in order, of which only the last are held in memory: a document of 50 million characters would fill a gigabyte with them."""

import os
import pickle
import tempfile
import weakref
from collections.abc import Iterator
from typing import Generic, TypeVar

from rag.blobs import FULL
from rag.errors import NotYet

HELD = 1024  # records: some megabytes of pages or chunks, and all of a usual document

T = TypeVar("T")


class Spool(Generic[T]):
    """What was appended, to be gone through any number of times. What is not held goes to a file without a name, gone with this object."""

    def __init__(self) -> None:
        self._held: list[T] = []
        self._blocks = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as this object
        weakref.finalize(self, self._file.close)

    def append(self, record: T) -> None:
        """Add one at the end; not while going through them. Raises NotYet when the disk is full."""
        self._held.append(record)
        if len(self._held) == HELD:
            try:
                self._file.seek(0, os.SEEK_END)
                pickle.dump(self._held, self._file)
                self._file.flush()
            except OSError as error:
                if error.errno in FULL:
                    raise NotYet(f"The disk that holds {tempfile.gettempdir()} is full ({error.strerror}); free some space.") from error
                raise
            self._blocks += 1
            self._held = []

    def __len__(self) -> int:
        return HELD * self._blocks + len(self._held)

    def __iter__(self) -> Iterator[T]:
        self._file.seek(0)
        for _ in range(self._blocks):
            yield from pickle.load(self._file)  # what `append` wrote
        yield from self._held
