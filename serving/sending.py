"""Files from disk to the service: find them, send them in bounded requests, follow each until it is ready or has failed."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import InvalidInput
from rag.records import Status
from serving.client import Glossa
from serving.client_records import Document, ServiceError

BATCH_FILES = 16  # a few files a request: what was sent is safe when a later request fails
BATCH_BYTES = 64 * 1024 * 1024  # and large files go alone
WATCHED = 16  # documents asked about in one round; documents are worked on oldest first, so the rest has hardly moved
POLL_SECONDS = 0.3
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


def find_files(paths: Iterable[Path]) -> list[LocalFile]:
    """All files under `paths`, sorted, hidden ones left out. Raises InvalidInput when one is missing, none is there or two share a name."""
    found: dict[str, LocalFile] = {}
    for path in paths:
        if not path.exists():
            raise InvalidInput(f"There is no file or folder {path}; check the path.")
        for file in _inside(path):
            other = found.setdefault(file.name, file)
            if other.path.resolve() != file.path.resolve():
                raise InvalidInput(
                    f"{other.path} and {file.path} would both be called {file.name} and the later would replace the earlier; "
                    "name a folder that holds both, or send them to different collections."
                )
    if not found:
        raise InvalidInput("What was named holds no file (hidden ones are left out); name files, or a folder that holds some.")
    return list(found.values())


def _inside(path: Path) -> Iterator[LocalFile]:
    if not path.is_dir():
        yield LocalFile(path, path.name)
        return
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield LocalFile(file, inside.as_posix())


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
        sent = send(service, batch, collection)
        outcomes += [look(service, one) if one.status is Status.READY else one for one in sent]  # known bytes are ready at once
        if wait:
            _look_at_oldest(service, outcomes)
    while wait and any(not outcome.settled for outcome in outcomes):
        time.sleep(POLL_SECONDS)
        _look_at_oldest(service, outcomes)
        report(outcomes, next((_activity(outcome) for outcome in outcomes if not outcome.settled), ""))
    report(outcomes, "")
    return outcomes


def _activity(outcome: Outcome) -> str:
    return f"{outcome.status} {outcome.name}" + (f", {outcome.note}" if outcome.note else "")


def _look_at_oldest(service: Glossa, outcomes: list[Outcome]) -> None:
    waiting = [index for index, outcome in enumerate(outcomes) if not outcome.settled]
    for index in waiting[:WATCHED]:
        outcomes[index] = look(service, outcomes[index])
