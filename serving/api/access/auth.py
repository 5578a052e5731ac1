"""Who is asking, and which collections the answer may come from."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from rag.catalog.keys import Key, identify
from rag.errors import NotFound
from rag.records import Role
from serving.api.services import Services, services_of

bearer = HTTPBearer(auto_error=False, description="A key made at first start by `glossa up`, or with POST /v1/keys.")


async def current_key(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)], services: Annotated[Services, Depends(services_of)]
) -> Key:
    """The key of a request. Raises 401 when there is none or the catalog does not know it, 429 when it sent too many requests."""
    if credentials is None:
        raise HTTPException(401, "This request needs a key; send it as `Authorization: Bearer KEY`.", {"WWW-Authenticate": "Bearer"})
    key = await services.pools.reading(identify, services.engine, credentials.credentials)
    if key is None:
        raise HTTPException(
            401, "This key is unknown; use the one that `glossa up` printed.", {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        )
    if seconds := services.rate_limit.wait(key):
        most = services.settings.requests_per_minute
        raise HTTPException(429, f"This key may send {most} requests a minute; go on in {seconds} s.", {"Retry-After": str(seconds)})
    services.audit.used(key)
    return key


def allowed(key: Key, wanted: list[str] | None) -> frozenset[str] | None:
    """The collections to look in: those wanted that the key may see; None is all. Raises NotFound for one that it may not see."""
    visible = None if key.collections is None else frozenset(key.collections)
    if not wanted:
        return visible
    hidden = sorted(set(wanted) - visible) if visible is not None else []
    if hidden:
        raise no_collection(hidden[0])
    return frozenset(wanted)


def no_collection(name: str) -> NotFound:
    """The one answer for a collection that does not exist and for one that the key may not see."""
    return NotFound(f"There is no collection {name!r} that this key may see; list them with GET /v1/collections.")


async def known_key(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]) -> Key:
    """The key that `KeyFirstRoute` has found with `current_key`, before it read the body."""
    key: Key = request.state.key
    return key


CurrentKey = Annotated[Key, Depends(known_key)]


def key_of(least: Role) -> Callable[[Key], Coroutine[Any, Any, Key]]:
    """A dependency: the key of the request. It raises 403 when the key may do less than `least` may."""

    async def checked(key: CurrentKey) -> Key:
        if not key.role.covers(least):
            whose = "an admin's" if least is Role.ADMIN else f"a {least}'s"
            raise HTTPException(403, f"This key is a {key.role}'s, and this needs {whose}; use such a key.")
        return key

    return checked


WriterKey = Annotated[Key, Depends(key_of(Role.WRITER))]
AdminKey = Annotated[Key, Depends(key_of(Role.ADMIN))]
