"""The catalog's tables. A change here needs a new file in rag/migrations/versions; a test compares the two."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    true,
)

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""PostgreSQL refuses NUL in text, and neither database takes half a surrogate pair."""


class AnyText(TypeDecorator[str]):
    """Text of any origin: what cannot be stored becomes U+FFFD, one for one, so that offsets into the text stay true."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """On the way in."""
        return value if value is None else UNSTORABLE.sub("\ufffd", value)


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, stored and returned in UTC (SQLite itself forgets the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """On the way in."""
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """On the way out."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


# SQLite numbers rows by itself only in a column of type INTEGER, which holds 64 bits there.
Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(column_0_label)s",
    }
)

feed_counter = Table("feed_counter", metadata, Column("version", BigInteger, nullable=False))

collections = Table(
    "collections",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", AnyText, nullable=False, unique=True),
    Column("embedder", JSON(none_as_null=True)),
    Column("next_embedder", JSON(none_as_null=True)),  # whose vectors are all made beside: see `reembedding`
)

# sqlite_autoincrement: an id is never given twice, so a follower's stale id can never name another document's text.
contents = Table(
    "contents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("collection_id", Id, ForeignKey(collections.c.id), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("damaged", JSON(none_as_null=True)),  # numbers of the pages whose text layer is damaged
    Column("notes", JSON(none_as_null=True)),  # what was not read: [{"text": "...", "pages": [1, 2]}]
    UniqueConstraint("collection_id", "sha256", "media_type"),
    sqlite_autoincrement=True,
)

# `pages_read` of `pages_total` (null where the format does not say before its end) tells how far parsing is.
# `registered` is the version of the last upload: of two documents of one name the one with the higher number wins.
documents = Table(
    "documents",
    metadata,
    Column("id", AnyText, primary_key=True),
    Column("collection_id", Id, ForeignKey(collections.c.id), nullable=False),
    Column("name", AnyText, nullable=False),
    Column("sha256", Text, nullable=False, index=True),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("progress", Float, nullable=False),
    Column("pages_read", Integer, nullable=False, server_default="0"),
    Column("pages_total", Integer),
    Column("error", AnyText),
    Column("retry_helps", Boolean),
    Column("attempt", Integer, nullable=False),
    Column("content_id", Id, ForeignKey(contents.c.id)),
    Column("registered", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("collection_id", "name", "sha256", "media_type"),
    Index("ix_documents_listing", "created_at", "id"),
    Index("ix_documents_shown", "content_id", "created_at", "id"),  # the oldest document of a content
)

pages = Table(
    "pages",
    metadata,
    Column("content_id", Id, ForeignKey(contents.c.id, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("label", AnyText, nullable=False),
    Column("text", AnyText, nullable=False),
)


def _what_a_chunk_is() -> list[Column[Any]]:
    return [
        Column("page", Integer, nullable=False),
        Column("start", Integer, nullable=False),
        Column("end", Integer, nullable=False),
        Column("language", Text, nullable=False),
        Column("text", AnyText, nullable=False),
        Column("context", AnyText, nullable=False, server_default=""),
        Column("vector", LargeBinary, nullable=False),
        Column("tokens", LargeBinary, nullable=False),
    ]


chunks = Table(
    "chunks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("content_id", Id, ForeignKey(contents.c.id, ondelete="CASCADE"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    *_what_a_chunk_is(),
    Index("ix_chunks_content", "content_id"),
    sqlite_autoincrement=True,
)

# What another embedder makes of a content, beside the chunks in use; `embedder` is its stamp as JSON, spelled so that equal ones are equal.
next_contents = Table(
    "next_contents",
    metadata,
    Column("content_id", Id, ForeignKey(contents.c.id, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("embedder", Text, nullable=False),
    Column("chunks", Integer, nullable=False),
)

next_chunks = Table(
    "next_chunks",
    metadata,
    Column("content_id", Id, ForeignKey(next_contents.c.content_id, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    *_what_a_chunk_is(),
)

changes = Table(
    "changes",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("collection", AnyText, nullable=False),
    Column("content_id", BigInteger, nullable=False),
)

# Blobs that lost a document and may have none left: kept here until a later transaction has looked and removed the file.
dropped_blobs = Table("dropped_blobs", metadata, Column("sha256", Text, primary_key=True))

keys = Table(
    "keys",
    metadata,
    Column("id", AnyText, primary_key=True),
    Column("name", AnyText, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("collections", JSON(none_as_null=True)),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("last_used_at", UtcTime),
)

# Who did what: rows are only added, and go again only below `kept_from` of the head; triggers of the migration hold to that.
audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("key_name", AnyText, nullable=False),
    Column("action", Text, nullable=False),
    Column("documents", JSON, nullable=False),
    Column("subject", AnyText),
    Column("text", AnyText),
    Column("hash", Text, nullable=False),
)

# One row: the last entry's number and hash; the first entry that is kept, and the hash of the one before it.
audit_head = Table(
    "audit_head",
    metadata,
    Column("number", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("kept_from", BigInteger, nullable=False),
    Column("kept_after", Text, nullable=False),
)


def in_sight(visible: Collection[str] | None) -> ColumnElement[bool]:
    """The condition that a joined row of `collections` is one of the `visible` names; None means all of them."""
    return true() if visible is None else collections.c.name.in_(visible)
