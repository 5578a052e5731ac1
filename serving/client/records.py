"""Responses of the HTTP API as records for the client. Passages and citations are those of rag.records."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from rag.records import Citation, Passage, Role, Status

R = TypeVar("R")


class ServiceError(Exception):
    """The service refused a request or cannot be reached. Its text is one sentence for the user; `status` is None if nothing answered."""

    def __init__(self, status: int | None, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def spans(numbers: Sequence[int]) -> str:
    """Ascending numbers as ranges: 3-7, 9."""
    starts = [number for number in numbers if number - 1 not in numbers]
    ends = [number for number in numbers if number + 1 not in numbers]
    return ", ".join(str(start) if start == end else f"{start}-{end}" for start, end in zip(starts, ends, strict=True))


def pages_of(numbers: Sequence[int]) -> str:
    """Rising page numbers as a phrase: page 4, or pages 3-7, 9."""
    return f"{'page' if len(numbers) == 1 else 'pages'} {spans(numbers)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about content that was not read, or not as shown, and the numbers of its pages."""

    text: str
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One uploaded file and its status; `progress` is from 0 to 1."""

    id: str
    collection: str
    name: str
    media_type: str
    size: int
    sha256: str
    status: Status
    progress: float
    pages_read: int
    pages: int | None
    damaged: tuple[int, ...]
    notes: tuple[Note, ...]
    language: str | None
    error: str | None
    retry_helps: bool | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def note(self) -> str | None:
        """A remark beside the status: why the document failed, how far it is, or what was not read."""
        if self.status is Status.PARSING and self.pages_read:
            return f"page {self.pages_read} of {self.pages}" if self.pages else f"page {self.pages_read}"
        unread = [f"{note.text.rstrip('.')}{f' ({pages_of(note.pages)})' if (self.pages or 0) > 1 else ''}" for note in self.notes]
        if self.damaged:
            unread.insert(0, f"text layer damaged: {pages_of(self.damaged)}")
        return "; ".join(unread) or self.error


@dataclass(frozen=True, slots=True)
class Upload:
    """The result for one file of an upload; a refused one has an error and no id. Send `version` as `min_version` to see the upload."""

    id: str | None
    name: str
    status: Status
    version: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Passages, best first, and the question's language ('und' when unsure)."""

    passages: list[Passage]
    language: str
    timings_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """A grounded answer: its markers [1], [2] refer to the citations. Without citations it says that nothing was found.

    `confidence`, from 0 to 1, is the service's own estimate; None if there is none.
    """

    answer: str
    language: str
    citations: list[Citation]
    generator: str
    timings_ms: dict[str, float]
    notes: list[str] = field(default_factory=list)
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection of documents with one embedder; `languages` counts its documents by language."""

    name: str
    documents: int
    ready: int
    chunks: int
    languages: dict[str, int]
    embedder: str | None
    unfinished: int = 0  # documents that wait or are worked on


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key to the service; `collections` are the names it may see, None for all. `key` is the secret, only in answer to its making."""

    id: str
    name: str
    role: Role
    collections: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys, oldest first."""

    keys: list[KeyInfo]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that was done with a key; `documents` are ids."""

    number: int
    at: datetime
    key_id: str
    key_name: str
    action: str
    documents: list[str]
    subject: str | None
    text: str | None
    hash: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the audit log, newest first; `next` is the number to go on before, None on the last page."""

    entries: list[AuditEntry]
    next: int | None


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """Whether the audit log's chain is whole: `fault` is a sentence, None when it is. `head` is the last entry's hash."""

    entries: int
    first: int | None
    last: int
    head: str
    fault: str | None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """Status of the service: version of the catalog, documents by status, models."""

    version: int
    documents: dict[str, int]
    embedder: str
    generator: str
    replicas: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """A delete, and the version from which it is in effect on every replica."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One page of a listing."""

    documents: list[Document]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Uploads:
    """One row per file of an upload, in order."""

    documents: list[Upload]


@dataclass(frozen=True, slots=True)
class Collections:
    """The collections that a key may see."""

    collections: list[Collection]


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An error of the service (RFC 9457)."""

    detail: str
    status: int | None = None


class _Adapters(dict[type[Any], TypeAdapter[Any]]):
    """One parser per record, made at first use: making one takes a millisecond, using it microseconds."""

    def __missing__(self, record: type[Any]) -> TypeAdapter[Any]:
        return self.setdefault(record, TypeAdapter(record))


_ADAPTERS = _Adapters()


def read_record(record: type[R], json: bytes | str) -> R:
    """Parse a record from `json`. Unknown fields are ignored, for compatibility with newer services. Raises ServiceError."""
    try:
        parsed: R = _ADAPTERS[record].validate_json(json)
        return parsed
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the whole"
        found = f"What was read is not a {record.__name__} ({place}: {fault['msg']})"
        raise ServiceError(None, f"{found}; check that client and service have the same version.") from error


def write_record(record: Any) -> str:
    """A record of this module as indented JSON, as the service sent it."""
    return _ADAPTERS[type(record)].dump_json(record, indent=2).decode()
