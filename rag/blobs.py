"""Original files on disk, each under the SHA-256 of its bytes. A file is staged while it arrives and adopted by one rename."""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.errors import NotYet, Unavailable

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What a disk of another machine answers while that machine is away, and a broken one.
AWAY = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.EREMOTEIO, errno.ENXIO}


class StagedBlob:
    """A file that is still arriving. Nobody sees it until `BlobStore.adopt`; end it with that or with `discard`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size = 0
        self._descriptor = descriptor
        self._turn = threading.RLock()
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was written so far, in lower-case hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """Appends. Raises NotYet, after discarding everything, when the disk is full, and Unavailable when it is away."""
        rest = memoryview(data)
        with self._clean_when_full(), self._using():
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        self._hash.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Returns when the bytes would survive a loss of power. Raises as `write` does."""
        with self._clean_when_full(), self._using():
            os.fsync(self._descriptor)

    def discard(self) -> None:
        """Leaves nothing behind. May be called at any time, more than once, and from another thread, which waits for a write to end.

        After `adopt` it does nothing to the adopted file.
        """
        with self._turn:
            if self._descriptor >= 0:
                self._close()
                self.path.unlink(missing_ok=True)

    def _move_to(self, target: Path) -> None:
        with self._using():
            self.path.replace(target)
            self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)

    @contextmanager
    def _using(self) -> Iterator[None]:
        """The descriptor is this file's within the block: closed, its number may be another's at once."""
        with self._turn:
            if self._descriptor < 0:
                raise NotYet("The upload was given up while it arrived; send the file again.")
            yield

    @contextmanager
    def _clean_when_full(self) -> Iterator[None]:
        try:
            with folder_reached(self.path.parent):
                yield
        except Unavailable:
            with suppress(OSError):  # what cannot be removed now goes at the next start
                self.discard()
            raise
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
        self.unsure: set[str] = set()  # hashes that this process may have adopted for a transaction that failed
        self._staging = root / "staging"
        with folder_reached(root.parent):
            self._staging.mkdir(parents=True, exist_ok=True)
            _sync_folder(root.parent)

    def stage(self) -> StagedBlob:
        """A new empty file to write into. It is locked while its writer lives, so that `clear_staging` knows it from a dead one's."""
        with folder_reached(self._staging), self._lock(self._staging, fcntl.LOCK_SH):
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
        """A file with the blob's bytes, to read as long as the context lasts. Raises Unavailable when the disk is away."""
        with folder_reached(self._staging):
            self.path(sha256).stat()
            yield self.path(sha256)

    def remove(self, sha256: str) -> None:
        """Removes the blob, durably; one that is not there is no error. Call it only inside a transaction that saw no reference to it."""
        path = self.path(sha256)
        with folder_reached(self._staging):
            path.unlink(missing_ok=True)
            if path.parent.exists():
                _sync_folder(path.parent)

    def require_free(self, size: int) -> None:
        """Raises NotYet when the disk has less than `size` bytes left."""
        with folder_reached(self._staging):
            free = shutil.disk_usage(self.root).free
        if free < size:
            raise NotYet(f"The disk has {free >> 20} MiB left, expected {size >> 20} or more for documents; free some and try again.")

    def clear_staging(self) -> int:
        """Removes what writers left that died, and returns how many files; files still arriving stay. Call it at start."""
        removed = 0
        with folder_reached(self._staging), self._lock(self._staging, fcntl.LOCK_EX):
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


@contextmanager
def folder_reached(folder: Path) -> Iterator[None]:
    """Raises Unavailable when an operation below `folder`, which must be there, fails because its disk is away."""
    try:
        yield
    except OSError as error:
        if error.errno not in AWAY and os.path.isdir(folder):  # noqa: PTH112  # Path.is_dir raises what a lost disk answers
            raise
        reason = error.strerror or type(error).__name__
        raise Unavailable(f"The folder of the original files cannot be used now ({reason}); try again later.") from error


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
