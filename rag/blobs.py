"""Original files on disk, each under the SHA-256 of its bytes. A file is staged while it arrives and adopted by one rename."""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import NotYet

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class StagedBlob:
    """A file that is still arriving. Nobody sees it until `BlobStore.adopt`; end it with that or with `discard`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size = 0
        self._descriptor = descriptor
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was written so far, in lower-case hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """Appends. Raises NotYet, after discarding everything, when the disk is full."""
        rest = memoryview(data)
        with self._clean_when_full():
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        self._hash.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Returns when the bytes would survive a loss of power. Raises NotYet, after discarding, when the disk is full."""
        with self._clean_when_full():
            os.fsync(self._descriptor)

    def discard(self) -> None:
        """Leaves nothing behind. May be called at any time and more than once; after `adopt` it does nothing to the adopted file."""
        if self._descriptor >= 0:
            self.path.unlink(missing_ok=True)
            self._close()

    def _move_to(self, target: Path) -> None:
        self.path.replace(target)
        self._close()

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1

    @contextmanager
    def _clean_when_full(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.discard()
            if error.errno in FULL:
                raise NotYet(
                    f"The disk that holds {self.path.parent.parent} is full after {self.size} bytes of this file ({error.strerror}); "
                    "nothing of it was kept: free space and upload it again."
                ) from error
            raise


class BlobStore:
    """A folder of blobs, `root/ab/abcd...`, with staged files in `root/staging`. Many threads and processes may share it on one machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._staging = root / "staging"
        self._staging.mkdir(parents=True, exist_ok=True)
        _sync_folder(root.parent)

    def stage(self) -> StagedBlob:
        """A new empty file to write into. It is locked while its writer lives, so that `clear_staging` knows it from a dead one's."""
        with self._lock(self._staging, fcntl.LOCK_SH):
            descriptor, name = tempfile.mkstemp(dir=self._staging)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        return StagedBlob(Path(name), descriptor)

    def adopt(self, staged: StagedBlob) -> None:
        """Makes a finished file visible under its hash, durably. Call it inside the transaction that refers to it.

        The same bytes adopted before are replaced by themselves, which readers do not notice. Raises NotYet when the disk is full.
        """
        target = self.path(staged.sha256)
        with staged._clean_when_full():
            if not target.parent.exists():
                target.parent.mkdir(exist_ok=True)
                _sync_folder(self.root)
            staged._move_to(target)
            _sync_folder(target.parent)

    def path(self, sha256: str) -> Path:
        """Where the blob is, or would be."""
        return self.root / sha256[:2] / sha256

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        """A file with the blob's bytes, to read as long as the context lasts."""
        yield self.path(sha256)

    def remove(self, sha256: str) -> None:
        """Removes the blob, durably; one that is not there is no error. Call it only inside a transaction that saw no reference to it."""
        path = self.path(sha256)
        path.unlink(missing_ok=True)
        if path.parent.exists():
            _sync_folder(path.parent)

    def require_free(self, size: int) -> None:
        """Raises NotYet when the disk has less than `size` bytes left."""
        free = shutil.disk_usage(self.root).free
        if free < size:
            raise NotYet(f"The disk has {free >> 20} MiB left, expected {size >> 20} or more for documents; free some and try again.")

    def clear_staging(self) -> int:
        """Removes what writers left that died, and returns how many files; files still arriving stay. Call it at start."""
        removed = 0
        with self._lock(self._staging, fcntl.LOCK_EX):
            for path in self._staging.iterdir():
                removed += self._remove_dead(path)
        return removed

    def _remove_dead(self, path: Path) -> bool:
        try:
            with self._lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
                path.unlink(missing_ok=True)
                return True
        except (BlockingIOError, FileNotFoundError):  # still being written; or adopted or discarded this moment
            return False

    @staticmethod
    @contextmanager
    def _lock(path: Path, mode: int) -> Iterator[None]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, mode)
            yield
        finally:
            os.close(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
