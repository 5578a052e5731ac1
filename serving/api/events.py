"""Server-sent events as FastAPI answers them (WHATWG HTML, section 9.2)."""

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse
from pydantic import BaseModel

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # no proxy may hold events back
HEARTBEAT = ": nothing new\n\n"  # a comment, which clients leave out


def event(name: str, data: BaseModel | dict[str, Any]) -> str:
    """One event on the wire; JSON has no raw newline, so one data line is enough."""
    text = data.model_dump_json() if isinstance(data, BaseModel) else json.dumps(data, ensure_ascii=False)
    return f"event: {name}\ndata: {text}\n\n"


def stream(events: AsyncIterator[str]) -> StreamingResponse:
    """The response that sends `events` as they come."""
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)


def responses(description: str, name: str, example: BaseModel | dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says about a route that answers with events; `example` is the data of an event `name`."""
    return {
        200: {
            "description": description,
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": event(name, example)}},
        }
    }
