"""Keys to the service. Only a key's hash is stored, so the catalog does not open what it guards."""

import hashlib
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, delete, func, insert, select

from rag.catalog.schema import reading, writing
from rag.catalog.tables import keys


@dataclass(frozen=True, slots=True)
class Key:
    """A key that is valid now; `collections` are the names it may see, None for all."""

    id: str
    name: str
    collections: frozenset[str] | None
    expires_at: datetime | None


def create_key(engine: Engine, name: str, collections: Collection[str] | None = None, expires_at: datetime | None = None) -> str:
    """Makes a key and returns its secret, which cannot be had again. `expires_at` must carry its time zone.

    A plain SHA-256 is stored: the secret is 32 random bytes, which no guessing reaches, so a slow password hash would only cost each
    request its time.
    """
    secret = "glossa_" + secrets.token_urlsafe(32)
    allowed = None if collections is None else sorted(collections)
    row = {
        "id": uuid.uuid4().hex,
        "name": name,
        "hash": _hash(secret),
        "collections": allowed,
        "created_at": datetime.now(UTC),
        "expires_at": expires_at,
    }
    with writing(engine) as connection:
        connection.execute(insert(keys).values(row))
    return secret


def identify(engine: Engine, secret: str) -> Key | None:
    """The key with this secret; None when there is none, or it was deleted or has expired."""
    with reading(engine) as connection:
        row = connection.execute(select(keys).where(keys.c.hash == _hash(secret))).one_or_none()
    if row is None or (row.expires_at is not None and row.expires_at <= datetime.now(UTC)):
        return None
    return Key(row.id, row.name, None if row.collections is None else frozenset(row.collections), row.expires_at)


def is_valid(engine: Engine, key_id: str) -> bool:
    """Whether a key that was identified before is still there and has not expired."""
    with reading(engine) as connection:
        row = connection.execute(select(keys.c.expires_at).where(keys.c.id == key_id)).one_or_none()
    return row is not None and (row.expires_at is None or row.expires_at > datetime.now(UTC))


def revoke(engine: Engine, name: str) -> int:
    """Removes all keys of that name at once; returns how many there were."""
    with writing(engine) as connection:
        return connection.execute(delete(keys).where(keys.c.name == name)).rowcount


def key_count(engine: Engine) -> int:
    """How many keys there are, expired ones among them."""
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(keys)).scalar_one()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
