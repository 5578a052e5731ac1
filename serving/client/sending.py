"""Files from disk to the service: find them, send them in bounded requests, follow each until it is ready or has failed."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from rag.bucket import SCHEME, reached
from rag.errors import InvalidInput
from rag.records import Status
from serving.client.glossa import Glossa
from serving.client.records import Document, ServiceError

BATCH_FILES = 16  # a few files a request: what was sent is safe when a later request fails
BATCH_BYTES = 64 * 1024 * 1024  # and large files go alone
WATCHED = 16  # documents asked about in one round; documents are worked on oldest first, so the rest has hardly moved
POLL_SECONDS = 0.3
QUEUE_FULL = 429
QUEUE_SECONDS = 2.0  # before another try; what the service's Retry-After says
GONE = "deleted or replaced meanwhile"


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file to send and what its document will be called: its path inside the folder that was named, else its own name."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    name: str
    status: Status
    id: str | None = None
    version: int | None = None
    pages: int | None = None
    language: str | None = None
    note: str | None = None

    @property
    def settled(self) -> bool:
        """Nothing more will happen to it."""
        return self.status in (Status.READY, Status.FAILED) or self.note == GONE


def source(path: str) -> Path:
    """A file or folder, here or in a bucket (s3://...). Raises InvalidInput when nothing here reads buckets, NotYet when it fails."""
    if not path.startswith(SCHEME):
        return Path(path)
    try:
        import s3fs  # noqa: F401  # universal_pathlib needs it for such an address
        from upath import UPath
    except ModuleNotFoundError as error:
        raise InvalidInput(f"{path} is a bucket, but what reads those is not here; pip install 'glossa[s3]'.") from error
    found = UPath(path)
    with reached(path):
        found.exists()
    return found  # type: ignore[return-value]  # it has a Path's methods


def find_files(
    paths: Iterable[Path], include: Sequence[str] = (), exclude: Sequence[str] = (), *, none_is_fine: bool = False
) -> list[LocalFile]:
    """All files under `paths` that are `wanted`, sorted.

    Raises InvalidInput when a path is missing, when two files share a name, and when there is no file, unless that is fine.
    """
    found: dict[str, LocalFile] = {}
    for path in paths:
        if not path.exists():
            raise InvalidInput(f"There is no file or folder {path}; check the path.")
        for file in _inside(path):
            if not wanted(file, include, exclude):
                continue
            other = found.setdefault(file.name, file)
            if other.path.resolve() != file.path.resolve():
                raise InvalidInput(
                    f"{other.path} and {file.path} would both be called {file.name} and the later would replace the earlier; "
                    "name a folder that holds both, or send them to different collections."
                )
    if not found and not none_is_fine:
        raise InvalidInput("What was named holds no file to send (hidden ones are left out); name files, or a folder that holds some.")
    return list(found.values())


def wanted(file: LocalFile, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether it matches a pattern of `include` (all do when there is none) and none of `exclude`, by its own name or with its folders."""

    def matches(patterns: Sequence[str]) -> bool:
        return any(fnmatch(file.name, pattern) or fnmatch(file.path.name, pattern) for pattern in patterns)

    return (not include or matches(include)) and not matches(exclude)


def _inside(path: Path) -> Iterator[LocalFile]:
    if not path.is_dir():
        yield LocalFile(path, path.name)
        return
    for file in sorted(path.rglob("*")):
        if (found := inside(path, file)) is not None:
            yield found


def inside(folder: Path, file: Path) -> LocalFile | None:
    """A file of a folder that was named, called by its path in there; None for what is hidden, or no file."""
    name = file.relative_to(folder)
    return LocalFile(file, name.as_posix()) if file.is_file() and not any(part.startswith(".") for part in name.parts) else None


def batches(files: Iterable[LocalFile]) -> Iterator[list[LocalFile]]:
    """`files` in groups of at most BATCH_FILES and about BATCH_BYTES; a larger file goes alone."""
    batch: list[LocalFile] = []
    size = 0
    for file in files:
        bytes_here = file.path.stat().st_size if file.path.exists() else 0
        if batch and (len(batch) == BATCH_FILES or size + bytes_here > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += bytes_here
    if batch:
        yield batch


def send(service: Glossa, files: list[LocalFile], collection: str) -> list[Outcome]:
    """Send one batch; an Outcome for each file, in order. A file that cannot be read fails alone. Raises ServiceError."""
    readable = [(file, _unreadable(file)) for file in files]
    sent = [file for file, reason in readable if reason is None]
    uploads = iter(service.upload([f.path for f in sent], names=[f.name for f in sent], collection=collection) if sent else [])
    outcomes = []
    for file, reason in readable:
        if reason is not None:
            outcomes.append(Outcome(file.name, Status.FAILED, note=reason))
            continue
        upload = next(uploads)
        outcomes.append(Outcome(file.name, upload.status, id=upload.id, version=upload.version, note=upload.error))
    return outcomes


def _unreadable(file: LocalFile) -> str | None:
    try:
        with file.path.open("rb"):
            return None
    except OSError as error:
        return f"The file cannot be read ({error.strerror}); check its permissions."


def look(service: Glossa, outcome: Outcome) -> Outcome:
    """The outcome as it stands now. Raises ServiceError."""
    assert outcome.id is not None  # a refused file is settled, and settled ones are not asked about
    try:
        document: Document = service.document(outcome.id)
    except ServiceError as error:
        if error.status != 404:
            raise
        return Outcome(outcome.name, outcome.status, outcome.id, outcome.version, note=GONE)
    return Outcome(outcome.name, document.status, document.id, outcome.version, document.pages, document.language, document.note)


def ingest(
    service: Glossa, files: list[LocalFile], collection: str, *, wait: bool, report: Callable[[list[Outcome], str], None]
) -> list[Outcome]:
    """Send all files and, if `wait`, follow them to their end. `report` gets the outcomes so far and what goes on. Raises ServiceError."""
    outcomes: list[Outcome] = []
    for batch in batches(files):
        report(outcomes, f"sending {batch[0].name}")
        while (sent := _send_if_room(service, batch, collection)) is None:
            report(outcomes, "waiting: the service has a long queue")
            time.sleep(QUEUE_SECONDS)
            _look_at_oldest(service, outcomes)
        outcomes += [look(service, one) if one.status is Status.READY else one for one in sent]  # known bytes are ready at once
        if wait:
            _look_at_oldest(service, outcomes)
    while wait and any(not outcome.settled for outcome in outcomes):
        time.sleep(POLL_SECONDS)
        _look_at_oldest(service, outcomes)
        report(outcomes, next((_activity(outcome) for outcome in outcomes if not outcome.settled), ""))
    report(outcomes, "")
    return outcomes


def _send_if_room(service: Glossa, batch: list[LocalFile], collection: str) -> list[Outcome] | None:
    """As `send`; None when too many documents wait for their ingest."""
    try:
        return send(service, batch, collection)
    except ServiceError as error:
        if error.status != QUEUE_FULL:
            raise
        return None


def _activity(outcome: Outcome) -> str:
    return f"{outcome.status} {outcome.name}" + (f", {outcome.note}" if outcome.note else "")


def _look_at_oldest(service: Glossa, outcomes: list[Outcome]) -> None:
    waiting = [index for index, outcome in enumerate(outcomes) if not outcome.settled]
    for index in waiting[:WATCHED]:
        outcomes[index] = look(service, outcomes[index])
