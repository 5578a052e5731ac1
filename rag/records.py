"""The records that cross module edges. Spans are half-open [start, end) offsets in characters into one page's extracted text."""

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """The state of a document."""

    QUEUED = "queued"
    PARSING = "parsing"
    EMBEDDING = "embedding"
    READY = "ready"
    FAILED = "failed"


class Role(StrEnum):
    """What a key may do; each role may do what those before it may.

    A reader asks, searches and reads documents. A writer also uploads and deletes. An admin also makes keys, and sees status, metrics and
    the audit log, of all collections.
    """

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"

    def covers(self, least: "Role") -> bool:
        """Whether this role may do what `least` may."""
        return tuple(Role).index(self) >= tuple(Role).index(least)


class Action(StrEnum):
    """What was done. The last two are the service's own: old entries were removed, or entries could not be written."""

    ASK = "ask"
    SEARCH = "search"
    CHAT = "chat"
    EMBED = "embed"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    DELETE = "delete"
    CANCEL = "cancel"
    RETRY = "retry"
    CREATE_KEY = "create-key"
    REVOKE_KEY = "revoke-key"
    ROTATE_KEY = "rotate-key"
    EXPIRE = "expire"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Page:
    """One page, slide, sheet or section of a document, as extracted. `number` counts from 1; `label` names it where the format does.

    `damaged` means that the text layer is largely garbage, so that search and quotes are unreliable.
    `notes` are sentences about content that the file shows here and the text lacks, or has in another form.
    """

    number: int
    text: str
    label: str = ""
    damaged: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about content that was not read, or not as shown, and the numbers of its pages."""

    text: str
    pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit of retrieval: a span of one page in one language ('und' if unsure).

    `context` is embedded and indexed before the text: title, section, heading. It is never quoted.
    """

    page: int
    start: int
    end: int
    text: str
    language: str
    context: str = ""

    @property
    def contextual(self) -> str:
        """The context followed by the text, as embedded and indexed."""
        return f"{self.context}. {self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that answers a question, hydrated from the catalog. `scores` explains `score` part by part; `context` as in Chunk."""

    document_id: str
    name: str
    page: int
    start: int
    end: int
    text: str
    language: str
    score: float
    scores: dict[str, float] = field(default_factory=dict)
    context: str = ""


@dataclass(frozen=True, slots=True)
class Extract:
    """One sentence of `passages[passage]`: characters [start, end) of its page, its text, and a score on the passage's scale."""

    passage: int
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Citation:
    """Evidence for one statement: `quote` equals the page's text at [start, end)."""

    marker: int
    document_id: str
    name: str
    page: int
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class EmbedderStamp:
    """The origin of a collection's vectors, which are comparable only if all four fields are equal. `dimension`: numbers per vector."""

    model: str
    dimension: int
    question_prompt: str
    passage_prompt: str
