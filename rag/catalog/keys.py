"""Keys to the service. Only a key's hash is stored, so the catalog does not open what it guards."""

import hashlib
import secrets
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from rag.catalog.audit import SERVICE, Actor, Event, record
from rag.catalog.schema import reading, writing
from rag.catalog.tables import keys
from rag.errors import InvalidInput, NotFound, WrongState
from rag.records import Action, Role

LONGEST_NAME = 100  # characters, of a key


@dataclass(frozen=True, slots=True)
class Key:
    """A key; `collections` are the names it may see, None for all. `last_used_at` is up to a minute late. Times are UTC."""

    id: str
    name: str
    role: Role
    collections: frozenset[str] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @property
    def actor(self) -> Actor:
        """The key as the audit log names it."""
        return Actor(self.id, self.name)


def create_key(
    engine: Engine,
    name: str,
    *,
    role: Role,
    collections: Collection[str] | None = None,
    expires_at: datetime | None = None,
    by: Actor = SERVICE,
) -> str:
    """Makes a key and returns its secret, which cannot be had again. `expires_at` must carry its time zone.

    A plain SHA-256 is stored: the secret is 32 random bytes, which no guessing reaches, so a slow password hash would only cost each
    request its time. Raises InvalidInput for a name that is empty, too long or not printable, and for an admin of some collections;
    WrongState when there is a key of that name.
    """
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"A key's name has 1 to {LONGEST_NAME} printable characters; got {len(name)}.")
    if role is Role.ADMIN and collections is not None:
        raise InvalidInput("An admin sees all collections; give the role reader or writer to a key for some of them.")
    secret = _new_secret()
    row = {
        "id": uuid.uuid4().hex,
        "name": name,
        "hash": _hash(secret),
        "role": role.value,
        "collections": None if collections is None else sorted(set(collections)),
        "created_at": datetime.now(UTC),
        "expires_at": expires_at,
    }
    with writing(engine) as connection:
        if connection.execute(select(keys.c.id).where(keys.c.name == name)).first() is not None:
            raise WrongState(f"There is a key named {name!r} already; choose another name, or rotate or revoke that one.")
        connection.execute(insert(keys).values(row))
        record(connection, [Event(by, Action.CREATE_KEY, subject=name)])
    return secret


def identify(engine: Engine, secret: str) -> Key | None:
    """The key with this secret; None when there is none, or it was revoked or has expired."""
    with reading(engine) as connection:
        row = connection.execute(select(keys).where(keys.c.hash == _hash(secret))).one_or_none()
    if row is None or (row.expires_at is not None and row.expires_at <= datetime.now(UTC)):
        return None
    return _key(row)


def list_keys(engine: Engine) -> list[Key]:
    """All keys, expired ones among them, oldest first."""
    with reading(engine) as connection:
        return [_key(row) for row in connection.execute(select(keys).order_by(keys.c.created_at, keys.c.id))]


def rotate_key(engine: Engine, key_id: str, by: Actor = SERVICE) -> str:
    """Gives a key a new secret, which is returned; the old one is unknown from then on. Raises NotFound."""
    secret = _new_secret()
    with writing(engine) as connection:
        found = _find(connection, key_id)
        connection.execute(update(keys).where(keys.c.id == found.id).values(hash=_hash(secret)))
        record(connection, [Event(by, Action.ROTATE_KEY, subject=found.name)])
    return secret


def revoke_key(engine: Engine, key_id: str, by: Actor = SERVICE) -> Key:
    """Removes a key: it is unknown from then on. Raises NotFound."""
    with writing(engine) as connection:
        found = _find(connection, key_id)
        connection.execute(delete(keys).where(keys.c.id == found.id))
        record(connection, [Event(by, Action.REVOKE_KEY, subject=found.name)])
    return found


def is_valid(engine: Engine, key_id: str) -> bool:
    """Whether a key that was identified before is still there and has not expired."""
    with reading(engine) as connection:
        row = connection.execute(select(keys.c.expires_at).where(keys.c.id == key_id)).one_or_none()
    return row is not None and (row.expires_at is None or row.expires_at > datetime.now(UTC))


def revoke(engine: Engine, name: str) -> int:
    """Removes all keys of that name at once; returns how many there were. For keys of the service itself."""
    with writing(engine) as connection:
        count = connection.execute(delete(keys).where(keys.c.name == name)).rowcount
        record(connection, [Event(SERVICE, Action.REVOKE_KEY, subject=name)] * count)
    return count


def set_last_used(connection: Connection, times: Mapping[str, datetime]) -> None:
    """Notes when keys, by id, were last used; inside `writing`."""
    for key_id, at in times.items():
        connection.execute(update(keys).where(keys.c.id == key_id).values(last_used_at=at))


def key_count(engine: Engine) -> int:
    """How many keys there are, expired ones among them."""
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(keys)).scalar_one()


def _find(connection: Connection, key_id: str) -> Key:
    row = connection.execute(select(keys).where(keys.c.id == key_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no key with the id {key_id!r}; list them to find it.")
    return _key(row)


def _key(row: Row[Any]) -> Key:
    allowed = None if row.collections is None else frozenset(row.collections)
    return Key(row.id, row.name, Role(row.role), allowed, row.created_at, row.expires_at, row.last_used_at)


def _new_secret() -> str:
    return "glossa_" + secrets.token_urlsafe(32)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
