"""The shapes of the HTTP API, as OpenAPI shows them. Records of the domain become these at the edge and nowhere else."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.records import Status

Language = Literal["en", "de", "fr", "it", "pt", "hi", "es", "th"]  # rag.languages.LANGUAGES, as a type

EMBEDDER = "glossa-encoder@1d2f7c0b"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PROGRESS: dict[str, Any] = {"documents": {"queued": 7, "parsing": 2, "ready": 12}, "unfinished": 9}
DOCUMENT: dict[str, Any] = {
    "id": "5f1c2a9be04d4b7c8a63d0e2c1f79b58",
    "collection": "default",
    "name": "vacaciones.pdf",
    "media_type": "application/pdf",
    "size": 48213,
    "sha256": SHA256,
    "status": "ready",
    "progress": 1.0,
    "pages_read": 4,
    "pages": 4,
    "damaged": [],
    "notes": [{"text": "The attachment photo.heic is not read: the type is not known.", "pages": [4]}],
    "language": "es",
    "error": None,
    "retry_helps": None,
    "version": 7,
    "created_at": "2026-11-20T09:00:00Z",
    "updated_at": "2026-11-20T09:00:02Z",
}
PASSAGE: dict[str, Any] = {
    "document_id": DOCUMENT["id"],
    "name": "vacaciones.pdf",
    "page": 2,
    "start": 118,
    "end": 171,
    "text": "Cada empleado dispone de veintitrés días de vacaciones.",
    "language": "es",
    "score": 0.71,
    "scores": {"passage": 0.61, "tokens": 0.68, "lexical": 0.0, "sounds": 0.1},
    "context": "Reglamento de trabajo. Vacaciones",
}
CITATION: dict[str, Any] = {
    "marker": 1,
    "document_id": DOCUMENT["id"],
    "name": "vacaciones.pdf",
    "page": 2,
    "start": 118,
    "end": 171,
    "quote": "Cada empleado dispone de veintitrés días de vacaciones.",
}
ANSWER: dict[str, Any] = {
    "answer": "Cada empleado dispone de veintitrés días de vacaciones. [1]",
    "language": "en",
    "citations": [CITATION],
    "generator": "extractive",
    "usage": None,
    "confidence": 0.93,
    "notes": [],
    "refusal": None,
    "timings_ms": {"retrieval": 6.2, "total": 9.3},
}

PROBLEM: dict[str, Any] = {
    "type": "about:blank",
    "title": "Not Found",
    "status": 404,
    "detail": f"There is no document {DOCUMENT['id']!r} that this key may see; list them to find it.",
    "instance": f"/v1/documents/{DOCUMENT['id']}",
}


def shown(example: dict[str, Any]) -> ConfigDict:
    """A model's configuration: unknown fields are refused, so that a typo is not silently ignored, and OpenAPI shows `example`."""
    return ConfigDict(extra="forbid", from_attributes=True, json_schema_extra={"example": example})


class Note(BaseModel):
    """What a reader of the file sees and the text lacks, or has in another form."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
    text: str = Field(description="One sentence.")
    pages: list[int] = Field(description="Numbers of the pages that it holds for.")


class Document(BaseModel):
    """One uploaded file and where it stands."""

    model_config = shown(DOCUMENT)
    id: str
    collection: str
    name: str
    media_type: str
    size: int = Field(description="Bytes.")
    sha256: str
    status: Status
    progress: float = Field(ge=0, le=1)
    pages_read: int = Field(description="Pages that were parsed so far.")
    pages: int | None = Field(description="Pages, slides, sheets or sections; null until parsed, unless the file says it before.")
    damaged: list[int] = Field(description="Numbers of the pages whose text layer is damaged: neither search nor quotes can rely on them.")
    notes: list[Note] = Field(description="What was not read, or not as the file shows it.")
    language: str | None = Field(description="ISO 639-1, `und` when unsure; null until parsed.")
    error: str | None = Field(description="One sentence when the status is `failed`.")
    retry_helps: bool | None = Field(description="When `failed`: whether the same file could become ready on another try.")
    version: int
    created_at: datetime
    updated_at: datetime


class DocumentList(BaseModel):
    """One page of documents, newest first."""

    model_config = shown({"documents": [DOCUMENT], "next_cursor": None})
    documents: list[Document]
    next_cursor: str | None = Field(description="Give it as `cursor` to get the next page; null on the last.")


class Upload(BaseModel):
    """What became of one file of an upload: accepted and durable, or refused with a reason."""

    model_config = shown({"id": DOCUMENT["id"], "name": "vacaciones.pdf", "status": "queued", "version": 7, "error": None})
    id: str | None
    name: str
    status: Status
    version: int | None = Field(description="Give it as `min_version` to search or ask to be sure that this upload is seen.")
    error: str | None


class UploadList(BaseModel):
    """A row for each file, in the order of the request."""

    model_config = shown({"documents": [Upload.model_config["json_schema_extra"]["example"]]})  # type: ignore[index]
    documents: list[Upload]


class PageText(BaseModel):
    """The extracted text of one page; spans of passages and citations count its characters."""

    model_config = shown(
        {"document_id": DOCUMENT["id"], "name": "vacaciones.pdf", "page": 2, "pages": 4, "label": "", "text": "Vacaciones\n\nCada ..."}
    )
    document_id: str
    name: str
    page: int
    pages: int
    label: str = Field(description="The slide's, sheet's or section's own name, if it has one.")
    text: str


class Deleted(BaseModel):
    """A delete that every replica honours from now on."""

    model_config = shown({"id": DOCUMENT["id"], "version": 8})
    id: str
    version: int


class Filters(BaseModel):
    """Which documents may answer."""

    model_config = shown({"languages": ["th", "de"], "document_ids": []})
    languages: list[Annotated[str, Field(max_length=8)]] = Field(default=[], max_length=64, description="ISO 639-1 codes; empty: all.")
    document_ids: list[Annotated[str, Field(max_length=64)]] = Field(default=[], max_length=1000, description="Empty: all.")


class Scope(BaseModel):
    """What search and ask have in common: where to look, and how far."""

    collections: list[Annotated[str, Field(max_length=200)]] | None = Field(
        default=None, max_length=1000, description="Null: all that the key may see."
    )
    k: int = Field(default=5, ge=1, description="Passages wanted.")
    filters: Filters = Filters()
    language: Language | None = Field(
        default=None, description="The client's language: decides where the question's is unsure. Null: the Accept-Language header's first."
    )
    min_version: int | None = Field(default=None, ge=0, description="Wait until uploads and deletes up to this version are seen.")


class SearchRequest(Scope):
    """A question to find passages for."""

    model_config = shown({"question": "How many days of leave are there in Spain?", "k": 5, "filters": {"languages": ["es"]}})
    question: str
    earlier: str | None = Field(default=None, description="The question before this one, if this one may go on from it.")


class Passage(BaseModel):
    """A passage that may answer: `text` equals the page's text at [start, end)."""

    model_config = shown(PASSAGE)
    document_id: str
    name: str
    page: int
    start: int
    end: int
    text: str
    language: str
    score: float = Field(description="Probability that the passage answers, 0 to 1.")
    scores: dict[str, float]
    context: str = Field(description="The document's title, the section and the heading above the passage, where there are any.")


class SearchResponse(BaseModel):
    """The passages found, best first."""

    model_config = shown({"passages": [PASSAGE], "language": "en", "timings_ms": {"retrieval": 6.1, "total": 6.2, "gateway": 8.4}})
    passages: list[Passage]
    language: str = Field(description="Of the question; `und` when unsure.")
    timings_ms: dict[str, float]


class Message(BaseModel):
    """One turn of a conversation."""

    model_config = shown({"role": "user", "content": "How many days of leave are there in Spain?"})
    role: Literal["system", "user", "assistant"]
    content: str


class AskRequest(Scope):
    """A question, or a conversation whose last message is the user's question."""

    model_config = shown({"question": "How many days of leave are there in Spain?", "stream": False})
    question: str | None = None
    messages: list[Message] | None = None
    max_tokens: int | None = Field(default=None, description="Tokens that a language model may write; null: the service's default.")
    adapter: str | None = Field(default=None, description="LoRA adapter of the language model, as GET /v1/models lists it after MODEL:")
    whole_document: bool = Field(default=False, description="Read all of the one document in filters.document_ids, not passages.")
    stream: bool = Field(default=False, description="Answer as server-sent events: passages, delta (many), citations, done.")


class Citation(BaseModel):
    """Proof of a statement: `quote` equals the page's text at [start, end)."""

    model_config = shown(CITATION)
    marker: int
    document_id: str
    name: str
    page: int
    start: int
    end: int
    quote: str


class Refusal(BaseModel):
    """A guard did not let the question in, or the answer out."""

    model_config = shown({"of": "question", "categories": ["Indiscriminate Weapons"]})
    of: Literal["question", "answer"]
    categories: list[str]


class AskResponse(BaseModel):
    """A grounded answer; its markers [1], [2] name the citations."""

    model_config = shown(ANSWER)
    answer: str
    language: str
    citations: list[Citation]
    generator: str = Field(
        description="The language model's name; or `extractive`: sentences quoted from the documents; or `guard`: refused."
    )
    usage: dict[str, int] | None = Field(
        default=None,
        description="Tokens of prompt and answer as the language model counts them; of the prompt also as we did.",
    )
    confidence: float | None = Field(
        default=None, description="Probability that the first quote answers, 0 to 1, also when nothing is quoted; null when a model wrote."
    )
    notes: list[str] = Field(description="What the reader should know: a fallback, text left out, an answer without citations.")
    refusal: Refusal | None = Field(default=None, description="Set when a guard refused; `answer` then says so in the question's language.")
    timings_ms: dict[str, float]


class Collection(BaseModel):
    """A set of documents with one embedder."""

    model_config = shown(
        {"name": "default", "documents": 12, "ready": 12, "chunks": 96, "languages": {"de": 30, "th": 66}, "embedder": EMBEDDER}
        | {"unfinished": 0}
    )
    name: str
    documents: int
    ready: int
    chunks: int
    languages: dict[str, int]
    embedder: str | None = Field(description="Null until the first document is embedded.")
    unfinished: int = Field(description="Documents that wait or are worked on.")


class CollectionList(BaseModel):
    """The collections that the key may see."""

    model_config = shown({"collections": [Collection.model_config["json_schema_extra"]["example"]]})  # type: ignore[index]
    collections: list[Collection]


class Health(BaseModel):
    """The gateway's process answers."""

    model_config = shown({"status": "ok"})
    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Retrieval has loaded the catalog up to `version`."""

    model_config = shown({"status": "ready", "version": 8})
    status: Literal["ready"] = "ready"
    version: int


class Progress(BaseModel):
    """How far an ingest of many documents is."""

    model_config = shown(PROGRESS)
    documents: dict[str, int] = Field(description="Number of documents by status.")
    unfinished: int = Field(description="Those that wait or are worked on.")


class ServiceStatus(BaseModel):
    """What runs here."""

    model_config = shown({"version": 8, "documents": {"ready": 12}, "embedder": "built in", "generator": "extractive", "replicas": 1})
    version: int
    documents: dict[str, int] = Field(description="Number of visible documents by status.")
    embedder: str
    generator: str
    replicas: int


class Problem(BaseModel):
    """RFC 9457 problem details: `detail` is one sentence that says what was wrong and what to do."""

    model_config = shown(PROBLEM)
    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    error: dict[str, Any] | None = Field(default=None, description="The same in OpenAI's shape, on the routes of their API only.")
