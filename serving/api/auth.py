"""Who is asking, and which collections the answer may come from."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from rag.catalog.keys import Key, identify
from rag.errors import NotFound
from serving.api.services import Services, services_of

bearer = HTTPBearer(auto_error=False, description="A key made at first start, by `glossa up`.")


async def current_key(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)], services: Annotated[Services, Depends(services_of)]
) -> Key:
    """The key of a request. Raises 401 when there is none or the catalog does not know it."""
    if credentials is None:
        raise HTTPException(401, "This needs a key; send it as `Authorization: Bearer KEY`.", {"WWW-Authenticate": "Bearer"})
    key = await services.pools.reading(identify, services.engine, credentials.credentials)
    if key is None:
        raise HTTPException(
            401, "This key is not known here; use the one that `glossa up` printed.", {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        )
    return key


def allowed(key: Key, wanted: list[str] | None) -> frozenset[str] | None:
    """The collections to look in: those wanted that the key may see; None is all. Raises NotFound for one that it may not see."""
    visible = None if key.collections is None else frozenset(key.collections)
    if not wanted:
        return visible
    hidden = sorted(set(wanted) - visible) if visible is not None else []
    if hidden:
        raise NotFound(f"There is no collection {hidden[0]!r} that this key may see; list them with GET /v1/collections.")
    return frozenset(wanted)


async def known_key(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]) -> Key:
    """The key that `KeyFirstRoute` has found with `current_key`, before it read the body."""
    key: Key = request.state.key
    return key


CurrentKey = Annotated[Key, Depends(known_key)]
