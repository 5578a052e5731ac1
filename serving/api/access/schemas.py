"""The shapes of the HTTP API that concern keys and the audit log, as OpenAPI shows them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from rag.records import Action, Role
from serving.api.schemas import DOCUMENT, shown

KEY: dict[str, Any] = {
    "id": "8c1f0b6c2f8e4a7d9d0c5e1a7b3f2d64",
    "name": "intranet",
    "role": "reader",
    "collections": ["handbook", "travel"],
    "created_at": "2026-11-20T09:00:00Z",
    "expires_at": "2027-02-18T09:00:00Z",
    "last_used_at": "2026-11-25T13:37:02Z",
}
SECRET = "glossa_kZ0mZk3m1uF0W3d9hH4Jc2vX8yqP5sT7aB6nR1eLgUo"
ENTRY: dict[str, Any] = {
    "number": 4711,
    "at": "2026-11-25T13:37:02.104211Z",
    "key_id": KEY["id"],
    "key_name": KEY["name"],
    "action": "ask",
    "documents": [DOCUMENT["id"]],
    "subject": None,
    "text": None,
    "hash": "5d0f0a51c6f8b6f2c1c7b6a2f94f6c3b0d6b7e2a1f4c8e9d3b5a7c9e1f2d4b60",
}


class NewKey(BaseModel):
    """What a new key may do, where, and until when."""

    model_config = shown({name: KEY[name] for name in ("name", "role", "collections", "expires_at")})
    name: str = Field(max_length=100)
    role: Role = Field(default=Role.READER, description="A reader asks; a writer also uploads and deletes; an admin also makes keys.")
    collections: list[Annotated[str, Field(min_length=1, max_length=100)]] | None = Field(
        default=None, max_length=1000, description="Those it may see, also ones that come later; null: all."
    )
    expires_at: AwareDatetime | None = Field(default=None, description="At most ten years ahead; null: never.")


class KeyInfo(BaseModel):
    """A key without its secret."""

    model_config = shown(KEY)
    id: str
    name: str
    role: Role
    collections: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="Up to a minute late.")


class KeyWithSecret(KeyInfo):
    """A key with its secret, which is shown this once and stored only as a hash."""

    model_config = shown({**KEY, "last_used_at": None, "key": SECRET})
    key: str


class KeyList(BaseModel):
    """All keys, expired ones among them, oldest first."""

    model_config = shown({"keys": [KEY]})
    keys: list[KeyInfo]


class AuditEntry(BaseModel):
    """Something that was done with a key."""

    model_config = shown(ENTRY)
    number: int
    at: datetime
    key_id: str = Field(description="Empty for what the service did by itself.")
    key_name: str = Field(description="At that time.")
    action: Action
    documents: list[str] = Field(description="Ids of the documents that were cited, found or changed.")
    subject: str | None = Field(description="The document's, key's or model's name.")
    text: str | None = Field(description="The question, when the setting `audit_text` is on.")
    hash: str = Field(description="SHA-256 over the entry and the hash of the one before it.")


class AuditPage(BaseModel):
    """One page of the audit log, newest first."""

    model_config = shown({"entries": [ENTRY], "next": 4711})
    entries: list[AuditEntry]
    next: int | None = Field(description="Give it as `before` to get the next page; null on the last.")


class AuditCheck(BaseModel):
    """Whether the log is whole. Keep `last` and `head` elsewhere: they prove later that nothing up to there was rewritten."""

    model_config = shown({"entries": 4711, "first": 1, "last": 4711, "head": ENTRY["hash"], "fault": None})
    entries: int
    first: int | None
    last: int
    head: str = Field(description="The hash of the last entry.")
    fault: str | None = Field(description="A sentence about the first entry that is wrong; null when there is none.")
