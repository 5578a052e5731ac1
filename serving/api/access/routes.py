"""The routes of admins: keys, and the audit log of what was done with them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from rag.catalog import audit, audit_chain
from rag.catalog import keys as catalog
from rag.errors import InvalidInput
from rag.records import Action
from serving.api import http_errors
from serving.api.access.auth import AdminKey
from serving.api.access.key_first import KeyFirstRoute
from serving.api.access.schemas import AuditCheck, AuditEntry, AuditPage, KeyInfo, KeyList, KeyWithSecret, NewKey
from serving.api.services import CurrentServices, Services

router = APIRouter(prefix="/v1", tags=["keys"], route_class=KeyFirstRoute)
LONGEST_LIFE = timedelta(days=3650)
LARGEST_NUMBER = 2**63 - 1  # that both databases hold


@router.get("/keys", response_model=KeyList, responses=http_errors.responses(401, 403), summary="List keys")
async def list_keys(services: CurrentServices, key: AdminKey) -> KeyList:
    """All keys with their roles, collections and last use; never their secrets."""
    return KeyList(keys=[KeyInfo.model_validate(found) for found in await services.pools.reading(catalog.list_keys, services.engine)])


@router.post(
    "/keys",
    status_code=201,
    response_model=KeyWithSecret,
    responses=http_errors.responses(401, 403, 409, 413, 422, 503),
    summary="Make a key",
)
async def create_key(body: NewKey, response: Response, services: CurrentServices, key: AdminKey) -> KeyWithSecret:
    """A new key; its secret is in this answer and nowhere else."""
    now = datetime.now(UTC)
    if body.expires_at is not None and not now < body.expires_at <= now + LONGEST_LIFE:
        raise InvalidInput("expires_at must be in the future and at most ten years ahead.")

    def make() -> str:
        return catalog.create_key(
            services.engine, body.name, role=body.role, collections=body.collections, expires_at=body.expires_at, by=key.actor
        )

    return await shown_once(services, response, make)


@router.post(
    "/keys/{key_id}/rotate",
    response_model=KeyWithSecret,
    responses=http_errors.responses(401, 403, 404, 422, 503),
    summary="Give a key a new secret",
)
async def rotate_key(key_id: str, response: Response, services: CurrentServices, key: AdminKey) -> KeyWithSecret:
    """The key keeps its name, role, collections and expiry. The old secret is unknown from this answer on."""
    return await shown_once(services, response, lambda: catalog.rotate_key(services.engine, key_id, key.actor))


@router.delete("/keys/{key_id}", response_model=KeyInfo, responses=http_errors.responses(401, 403, 404, 503), summary="Revoke a key")
async def revoke_key(key_id: str, services: CurrentServices, key: AdminKey) -> KeyInfo:
    """The key is unknown from this answer on; the audit log keeps its name."""
    return KeyInfo.model_validate(await services.pools.receiving(catalog.revoke_key, services.engine, key_id, key.actor))


@router.get("/audit", response_model=AuditPage, responses=http_errors.responses(401, 403, 422), summary="Read the audit log")
async def read_audit(
    services: CurrentServices,
    key: AdminKey,
    action: Action | None = None,
    key_name: Annotated[str | None, Query(max_length=100)] = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AuditPage:
    """Who asked, uploaded, deleted and made keys, newest first, and the ids of the documents that were cited."""
    found = await services.pools.reading(audit.entries, services.engine, limit=limit, before=before, action=action, key_name=key_name)
    following = found[-1].number if len(found) == limit else None
    return AuditPage(entries=[AuditEntry.model_validate(entry) for entry in found], next=following)


@router.get("/audit/verification", response_model=AuditCheck, responses=http_errors.responses(401, 403), summary="Check the audit log")
async def verify_audit(services: CurrentServices, key: AdminKey) -> AuditCheck:
    """Computes the hash of every entry anew and says whether one was changed, removed or added."""
    return AuditCheck.model_validate(await services.pools.model(audit_chain.verify, services.engine))


async def shown_once(services: Services, response: Response, make: Callable[[], str]) -> KeyWithSecret:
    """The key whose secret `make` returns, with it; no cache on the way may keep it."""

    def made() -> KeyWithSecret:
        secret = make()
        found = catalog.identify(services.engine, secret)
        if found is None:
            raise InvalidInput("The key has expired meanwhile; make another that lasts longer.")
        return KeyWithSecret(**KeyInfo.model_validate(found).model_dump(), key=secret)

    response.headers["Cache-Control"] = "no-store"
    return await services.pools.receiving(made)
