"""What an admin does over HTTP: keys, and the audit log. Each function raises ServiceError."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from rag.records import Action, Role
from serving.client.glossa import Glossa
from serving.client.records import AuditCheck, AuditEntry, AuditPage, KeyInfo, Keys, ServiceError

LISTED_AT_ONCE = 1000


def list_keys(service: Glossa) -> list[KeyInfo]:
    """All keys, oldest first, without their secrets."""
    return service.call(Keys, "GET", "/v1/keys").keys


def find_key(service: Glossa, name: str) -> KeyInfo:
    """The key of that name. Raises ServiceError when there is none."""
    for key in list_keys(service):
        if key.name == name:
            return key
    raise ServiceError(404, f"There is no key named {name!r}; list them with `glossa keys list`.")


def create_key(
    service: Glossa, name: str, *, role: Role, collections: Sequence[str] | None = None, expires_at: datetime | None = None
) -> KeyInfo:
    """A new key; `key` of the record is its secret, which cannot be had again."""
    body = {
        "name": name,
        "role": role.value,
        "collections": None if collections is None else list(collections),
        "expires_at": None if expires_at is None else expires_at.isoformat(),
    }
    return service.call(KeyInfo, "POST", "/v1/keys", json=body)


def rotate_key(service: Glossa, id: str) -> KeyInfo:
    """Gives the key a new secret; the old one is unknown from then on."""
    return service.call(KeyInfo, "POST", f"/v1/keys/{quote(id, safe='')}/rotate")


def revoke_key(service: Glossa, id: str) -> KeyInfo:
    """Removes the key."""
    return service.call(KeyInfo, "DELETE", f"/v1/keys/{quote(id, safe='')}")


def read_audit(service: Glossa, *, most: int, action: Action | None = None, key_name: str | None = None) -> Iterator[AuditEntry]:
    """The last `most` entries of the audit log, newest first."""
    query: dict[str, Any] = {name: value for name, value in {"action": action, "key_name": key_name}.items() if value is not None}
    while most > 0:
        page = service.call(AuditPage, "GET", "/v1/audit", params={**query, "limit": min(most, LISTED_AT_ONCE)})
        yield from page.entries
        if page.next is None:
            return
        most -= len(page.entries)
        query["before"] = page.next


def verify_audit(service: Glossa) -> AuditCheck:
    """Whether the audit log is whole."""
    return service.call(AuditCheck, "GET", "/v1/audit/verification")
