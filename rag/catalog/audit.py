"""The audit log: who asked, uploaded, deleted and made keys. It is only added to, and each entry's hash covers the entry before it.

Entries are appended inside `rag.catalog.schema.writing`, which one transaction holds at a time in all processes: so the chain has one end.
What changes documents or keys is recorded in the transaction that changes them.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from rag.catalog.schema import reading
from rag.catalog.tables import UNSTORABLE, audit, audit_head
from rag.records import Action


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a key's id and its name at that time."""

    key_id: str
    name: str


SERVICE = Actor("", "Glossa")  # what the service does by itself


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done. `documents` are ids: cited, found or changed. `subject` is the key, model or number that it was about.

    `text` is the question, and None unless the setting `audit_text` says that texts are recorded.
    """

    actor: Actor
    action: Action
    documents: tuple[str, ...] = ()
    subject: str | None = None
    text: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in the log. `hash` is SHA-256 over the hash of the entry before and all other fields."""

    number: int
    at: datetime
    key_id: str
    key_name: str
    action: Action
    documents: tuple[str, ...]
    subject: str | None
    text: str | None
    hash: str


def record(connection: Connection, events: Iterable[Event]) -> None:
    """Appends events, inside `writing`."""
    head = connection.execute(select(audit_head)).one()
    number, last = int(head.number), str(head.hash)
    rows = []
    for event in events:
        number += 1
        row = _row(number, event)
        last = row["hash"] = entry_hash(last, row)
        rows.append(row)
    if rows:
        connection.execute(insert(audit), rows)
        connection.execute(update(audit_head).values(number=number, hash=last))


def entries(
    engine: Engine, *, limit: int, before: int | None = None, action: Action | None = None, key_name: str | None = None
) -> list[Entry]:
    """The last `limit` entries below the number `before`, newest first."""
    query = select(audit).order_by(audit.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.number < before)
    for column, wanted in ((audit.c.action, action), (audit.c.key_name, key_name)):
        if wanted is not None:
            query = query.where(column == wanted)
    with reading(engine) as connection:
        return [_entry(row) for row in connection.execute(query)]


def entry_hash(before: str, row: dict[str, Any]) -> str:
    """The hash of an entry after the one whose hash is `before`: SHA-256 of a JSON list in UTF-8, in the order of the columns."""
    fields = [before, row["number"], row["at"].astimezone(UTC).isoformat(), row["key_id"], row["key_name"], row["action"]]
    fields += [list(row["documents"]), row["subject"], row["text"]]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _row(number: int, event: Event) -> dict[str, Any]:
    """The row as it can be read again: the hash is of that."""
    return {
        "number": number,
        "at": event.at,
        "key_id": event.actor.key_id,
        "key_name": _storable(event.actor.name),
        "action": event.action.value,
        "documents": list(event.documents),
        "subject": _storable(event.subject),
        "text": _storable(event.text),
    }


def _storable(text: str | None) -> str | None:
    return None if text is None else UNSTORABLE.sub("\ufffd", text)


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        number=row.number,
        at=row.at,
        key_id=row.key_id,
        key_name=row.key_name,
        action=Action(row.action),
        documents=tuple(row.documents),
        subject=row.subject,
        text=row.text,
        hash=row.hash,
    )
