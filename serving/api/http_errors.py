"""Every error becomes RFC 9457 problem details here and nowhere else: one shape, one sentence, the right status."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from ray.serve.exceptions import BackPressureError, RayServeException
from starlette.exceptions import HTTPException

from rag import errors
from serving.api.schemas import Problem
from serving.models.generator import Busy, GeneratorFailed

log = logging.getLogger("ray.serve")
RETRY_AFTER_SECONDS = "2"  # about the time in which a queue drains or a replica comes back
STATUS: dict[type[errors.RagError], int] = {
    errors.InvalidInput: 422,
    errors.NotFound: 404,
    errors.TooLarge: 413,
    errors.UnsupportedType: 415,
    errors.Unreadable: 422,
    errors.EmbedderMismatch: 409,
    errors.WrongState: 409,
    errors.QueueFull: 429,
    errors.NotYet: 503,
    GeneratorFailed: 503,
    Busy: 503,
}
OPENAI_PATHS = ("/v1/chat/", "/v1/embeddings", "/v1/models")
HINTS = {
    404: "There is nothing at this address; /openapi.json lists all addresses.",
    405: "This address does not accept that method; /openapi.json lists the methods it accepts.",
}


def problem(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response for one error."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, instance=request.url.path).model_dump(exclude_none=True)
    if request.url.path.startswith(OPENAI_PATHS):  # their clients show `error.message`; RFC 9457 lets a problem have members of its own
        body["error"] = {"message": detail, "type": HTTPStatus(status).phrase, "code": status, "param": None}
    headers = dict(headers or {})
    if status in (429, 503):
        headers.setdefault("Retry-After", RETRY_AFTER_SECONDS)
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def describe(error: BaseException) -> tuple[int, str]:
    """Status and sentence of an error. Ray wraps errors that crossed a Serve handle and keeps the original as `cause`."""
    cause = getattr(error, "cause", None) or error
    for kind, status in STATUS.items():
        if isinstance(cause, kind):
            return status, str(cause)
    if isinstance(cause, BackPressureError):
        return 503, "Too many requests are waiting; try again in a moment."
    if isinstance(cause, RayServeException):
        return 503, "The part of the service that handles this request is not available now; try again shortly."
    return 500, "The service failed to handle this request; its log has the details."


def validation_sentence(error: RequestValidationError) -> str:
    """The first error of a request in one sentence, with its place in the body."""
    fault: Any = error.errors()[0]
    if fault["type"] == "json_invalid":
        return f"The body is not valid JSON ({fault.get('ctx', {}).get('error', 'syntax error')}); send one JSON object."
    place = ".".join(str(part) for part in fault["loc"] if part != "body") or "body"
    return f"The field {place} is wrong: {fault['msg']}."


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the errors that a route can answer; one that takes a key can also answer that it sent too many requests."""
    if 401 in statuses:
        statuses = (*statuses, 429)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Register the handlers that turn every exception into a problem."""

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # guaranteed by the registration below
        detail = HINTS.get(error.status_code, error.detail) if error.detail == HTTPStatus(error.status_code).phrase else error.detail
        return problem(request, error.status_code, detail, dict(error.headers or {}))

    async def validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return problem(request, 422, validation_sentence(error))

    async def other(request: Request, error: Exception) -> JSONResponse:
        status, detail = describe(error)
        if status == 500:
            log.error("request failed: %s %s", request.method, request.url.path, exc_info=error)
        return problem(request, status, detail)

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, validation)
    for kind in (errors.RagError, RayServeException):
        app.add_exception_handler(kind, other)
    app.add_exception_handler(Exception, other)
