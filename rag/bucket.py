"""Original files in an S3 bucket, or in whatever speaks its protocol, so that machines need no folder that all of them share."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from rag.blobs import BlobStore, StagedBlob
from rag.errors import InvalidInput, NotYet, Unavailable, first_line
from rag.settings import Settings

log = logging.getLogger(__name__)
SCHEME = "s3://"
CONNECT_SECONDS, READ_SECONDS = 5, 10  # of one try
TRIES = 2  # together less than other writers of the catalog wait (BUSY_SECONDS)


def open_blobs(settings: Settings) -> BlobStore:
    """Where the original files of an instance are: a folder, or a bucket. Raises InvalidInput when s3fs is not installed."""
    if settings.files is not None and settings.files.startswith(SCHEME):
        return Bucket(settings.files, settings.data / "blobs")
    return BlobStore(Path(settings.files) if settings.files else settings.data / "blobs")


@contextmanager
def reached(address: str) -> Iterator[None]:
    """Raises Unavailable with the reason when the bucket refuses or does not answer; a missing object stays FileNotFoundError."""
    from aiohttp import ClientError
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except (BotoCoreError, ClientError, HTTPException, OSError) as error:  # the last three when it ends in the middle of an answer
        if isinstance(error, FileNotFoundError) and "bucket" not in str(error):
            raise
        raise Unavailable(f"The bucket {address} cannot be used now ({first_line(error)}); try again later.") from error


class _StagedObject(StagedBlob):
    """It goes to the bucket when it is finished, under a name of its own: in the catalog's transaction it is only copied there."""

    def __init__(self, staged: StagedBlob, bucket: "Bucket") -> None:
        super().__init__(staged.path, staged._descriptor)
        self._bucket = bucket
        self.key = f"{bucket.address}/staging/{staged.path.name}"
        self.sent = False

    def finish(self) -> None:
        """As for a file; also raises Unavailable, after discarding, when the bucket cannot be reached."""
        super().finish()
        try:
            with self._using(), reached(self._bucket.address):
                self.sent = True
                self._bucket.objects.put_file(str(self.path), self.key)
        except NotYet:
            self.discard()
            raise

    def discard(self) -> None:
        """As for a file. What cannot be removed from the bucket now goes at the next start."""
        super().discard()
        if self.sent:
            self.sent = False
            self._bucket.forget(self.key)


class Bucket(BlobStore):
    """Blobs as objects `ADDRESS/ab/abcd...`. While they arrive they are staged in a local folder, `root`; they are read from unnamed files.

    Credentials and a server other than Amazon's come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL) or
    from the machine's role. Every method raises Unavailable when the bucket cannot be reached.
    """

    def __init__(self, address: str, root: Path) -> None:
        """`address`: s3://BUCKET/FOLDER. Raises InvalidInput when s3fs is not installed."""
        super().__init__(root)
        try:
            from botocore.handlers import add_expect_header
            from s3fs import S3FileSystem
        except ModuleNotFoundError as error:
            raise InvalidInput("The files are to be in a bucket, but s3fs is not here; pip install 'glossa[s3]'.") from error
        self.address = address.rstrip("/")
        one_try = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS, "retries": {"total_max_attempts": 1}}
        self.objects = S3FileSystem(config_kwargs=one_try, use_listings_cache=False, skip_instance_cache=True)
        self.objects.retries = TRIES
        # a server that shall say "100 Continue" before it is sent a file is waited for without any limit
        self.objects.s3.meta.events.unregister("before-call.s3", add_expect_header)

    def stage(self) -> StagedBlob:
        """A new empty local file to write into."""
        return _StagedObject(super().stage(), self)

    def adopt(self, staged: StagedBlob) -> None:
        """Makes a finished file visible under its hash. Call it inside the transaction that refers to it."""
        assert isinstance(staged, _StagedObject)
        with reached(self.address):
            self.objects.cp_file(staged.key, self._key(staged.sha256))
        staged.discard()

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        """A local file with the blob's bytes. It has no name in any folder, so that nothing stays of it however its reader ends."""
        with tempfile.TemporaryFile() as file:
            path = Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")
            with reached(self.address):
                self.objects.get_file(self._key(sha256), str(path))
            yield path

    def remove(self, sha256: str) -> None:
        """Removes the blob; one that is not there is no error. Call it only inside a transaction that saw no reference to it.

        Not covered: a server that carries it out long after it was given up, when the same bytes have been uploaded anew.
        """
        with reached(self.address):
            self.objects.rm_file(self._key(sha256))

    def clear_staging(self) -> int:
        """Removes what writers left that died, here and in the bucket, and returns how many. Call it before anybody writes."""
        with reached(self.address):
            left = self.objects.find(f"{self.address}/staging")
            for key in left:
                self.objects.rm_file(key)
        return super().clear_staging() + len(left)

    def forget(self, key: str) -> None:
        """Remove a staged object, if the bucket can be reached."""
        try:
            with reached(self.address):
                self.objects.rm_file(key)
        except NotYet:
            log.warning("the staged object %s stays until the next start", key, exc_info=True)

    def _key(self, sha256: str) -> str:
        return f"{self.address}/{sha256[:2]}/{sha256}"
