"""The schemas of the HTTP API, as shown by OpenAPI. Records of the domain are converted to these at the edge only."""

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
    """Configuration of a model: unknown fields are refused, so that no typo is ignored, and OpenAPI shows `example`."""
    return ConfigDict(extra="forbid", from_attributes=True, json_schema_extra={"example": example})


class Note(BaseModel):
    """What a reader of the file sees and the text lacks, or has in another form."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
    text: str = Field(description="One sentence.")
    pages: list[int] = Field(description="Numbers of the pages that it holds for.")


class Document(BaseModel):
    """One uploaded file and its status."""

    model_config = shown(DOCUMENT)
    id: str
    collection: str
    name: str
    media_type: str
    size: int = Field(description="Bytes.")
    sha256: str
    status: Status
    progress: float = Field(ge=0, le=1)
    pages_read: int = Field(description="Pages parsed so far.")
    pages: int | None = Field(description="Number of pages, slides, sheets or sections; null until parsed, unless the file states it.")
    damaged: list[int] = Field(description="Pages whose text layer is damaged; search and quotes are unreliable there.")
    notes: list[Note] = Field(description="What was not read, or not as the file shows it.")
    language: str | None = Field(description="ISO 639-1 code, or `und` if unsure; null until parsed.")
    error: str | None = Field(description="If `failed`: the reason, in one sentence.")
    retry_helps: bool | None = Field(description="If `failed`: whether another try with the same file can succeed.")
    version: int
    created_at: datetime
    updated_at: datetime


class DocumentList(BaseModel):
    """One page of documents, newest first."""

    model_config = shown({"documents": [DOCUMENT], "next_cursor": None})
    documents: list[Document]
    next_cursor: str | None = Field(description="Send it as `cursor` to get the next page; null on the last page.")


class Upload(BaseModel):
    """The result for one file of an upload: accepted and durable, or refused with a reason."""

    model_config = shown({"id": DOCUMENT["id"], "name": "vacaciones.pdf", "status": "queued", "version": 7, "error": None})
    id: str | None
    name: str
    status: Status
    version: int | None = Field(description="Send it as `min_version` to make sure that a search or an ask sees this upload.")
    error: str | None


class UploadList(BaseModel):
    """One row per file, in the order of the request."""

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
    label: str = Field(description="Name of the slide, sheet or section, if it has one.")
    text: str


class Deleted(BaseModel):
    """A delete that is in effect on every replica."""

    model_config = shown({"id": DOCUMENT["id"], "version": 8})
    id: str
    version: int


class Filters(BaseModel):
    """Restricts the documents that may answer."""

    model_config = shown({"languages": ["th", "de"], "document_ids": []})
    languages: list[Annotated[str, Field(max_length=8)]] = Field(
        default=[], max_length=64, description="ISO 639-1 codes of passages; empty means all."
    )
    document_ids: list[Annotated[str, Field(max_length=64)]] = Field(default=[], max_length=1000, description="Empty means all.")


class Scope(BaseModel):
    """Fields that search and ask share."""

    collections: list[Annotated[str, Field(max_length=200)]] | None = Field(
        default=None, max_length=1000, description="Collections to search; null means all that the key may see."
    )
    k: int = Field(default=5, ge=1, description="Number of passages.")
    filters: Filters = Filters()
    language: Language | None = Field(
        default=None,
        description="Language of the client, used if the question's is unsure. Null means the first of the Accept-Language header.",
    )
    min_version: int | None = Field(default=None, ge=0, description="Wait until uploads and deletes up to this version are visible.")


class SearchRequest(Scope):
    """A question for which to find passages."""

    model_config = shown({"question": "How many days of leave are there in Spain?", "k": 5, "filters": {"languages": ["es"]}})
    question: str
    earlier: str | None = Field(default=None, description="The previous question, if this one may be a follow-up.")


class Passage(BaseModel):
    """A passage that may contain the answer; `text` equals the text of the page at [start, end)."""

    model_config = shown(PASSAGE)
    document_id: str
    name: str
    page: int
    start: int
    end: int
    text: str
    language: str
    score: float = Field(description="Probability that the passage answers the question, 0 to 1.")
    scores: dict[str, float]
    context: str = Field(description="Title of the document, section, and heading above the passage, if any.")


class SearchResponse(BaseModel):
    """The passages found, best first."""

    model_config = shown({"passages": [PASSAGE], "language": "en", "timings_ms": {"retrieval": 6.1, "total": 6.2, "gateway": 8.4}})
    passages: list[Passage]
    language: str = Field(description="Language of the question; `und` if unsure.")
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
    max_tokens: int | None = Field(
        default=None, description="Maximum number of tokens that a language model writes; null means the default of the service."
    )
    adapter: str | None = Field(default=None, description="LoRA adapter of the language model: the part after MODEL: in GET /v1/models.")
    whole_document: bool = Field(default=False, description="Read the whole document named in filters.document_ids instead of passages.")
    stream: bool = Field(default=False, description="Send the answer as server-sent events: passages, delta (several), citations, done.")


class Citation(BaseModel):
    """Evidence for a statement; `quote` equals the text of the page at [start, end)."""

    model_config = shown(CITATION)
    marker: int
    document_id: str
    name: str
    page: int
    start: int
    end: int
    quote: str


class Refusal(BaseModel):
    """A guard refused the question or the answer."""

    model_config = shown({"of": "question", "categories": ["Indiscriminate Weapons"]})
    of: Literal["question", "answer"]
    categories: list[str]


class AskResponse(BaseModel):
    """A grounded answer; its markers [1], [2] refer to the citations."""

    model_config = shown(ANSWER)
    answer: str
    language: str
    citations: list[Citation]
    generator: str = Field(description="Name of the language model, or `extractive` (quotes from the documents), or `guard` (refused).")
    usage: dict[str, int] | None = Field(
        default=None,
        description="Tokens of prompt and answer as counted by the language model, and of the prompt as counted by the service.",
    )
    confidence: float | None = Field(
        default=None,
        description="Probability that the best quote answers, 0 to 1, even if nothing is quoted; null if a model wrote the answer.",
    )
    notes: list[str] = Field(description="Remarks for the reader: a fallback, text left out, an answer without citations.")
    refusal: Refusal | None = Field(default=None, description="Set if a guard refused; `answer` then says so in the question's language.")
    timings_ms: dict[str, float]


class Collection(BaseModel):
    """A collection of documents with one embedder."""

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
    """The gateway is alive."""

    model_config = shown({"status": "ok"})
    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Retrieval has loaded the catalog up to `version`."""

    model_config = shown({"status": "ready", "version": 8})
    status: Literal["ready"] = "ready"
    version: int


class Progress(BaseModel):
    """Progress of many documents."""

    model_config = shown(PROGRESS)
    documents: dict[str, int] = Field(description="Number of documents by status.")
    unfinished: int = Field(description="Number of documents that are queued or being ingested.")


class ServiceStatus(BaseModel):
    """Status of the service."""

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
    error: dict[str, Any] | None = Field(
        default=None, description="The same error in the format of OpenAI, on the routes of the OpenAI API only."
    )
