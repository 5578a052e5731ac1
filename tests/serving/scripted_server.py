"""An OpenAI-compatible server, speaking llama.cpp's dialect, whose model says what a test gave it."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from rag.settings import Settings
from serving.models.generator import ServerGenerator
from serving.models.other_server import connect
from serving.models.profile import Server
from tests.serving.in_process import listening

Says = Callable[[dict[str, Any]], Sequence[str | dict[str, Any]]]  # of a request: pieces of text, or whole payloads


@contextmanager
def scripted(says: Says) -> Iterator[ServerGenerator]:
    """A generator that is connected to the server."""

    async def models(_: Request) -> JSONResponse:
        return JSONResponse({"data": [{"id": "scripted"}]})

    async def props(_: Request) -> JSONResponse:
        return JSONResponse({"default_generation_settings": {"n_ctx": 8192}})

    async def apply_template(request: Request) -> JSONResponse:
        return JSONResponse({"prompt": "\n".join(str(message["content"]) for message in (await request.json())["messages"])})

    async def tokenize(request: Request) -> JSONResponse:
        body = await request.json()
        return JSONResponse({"tokens": [0] * len(body["content"].split())} if "content" in body else {}, 200 if "content" in body else 404)

    async def chat(request: Request) -> JSONResponse | StreamingResponse:
        body = await request.json()
        said = says(body)
        if body.get("stream"):
            payloads = [{"choices": [{"index": 0, "delta": {"content": one}}]} if isinstance(one, str) else one for one in said]
            lines = [f"data: {json.dumps(payload)}\n\n" for payload in payloads]
            return StreamingResponse(iter([*lines, "data: [DONE]\n\n"]), media_type="text/event-stream")
        if isinstance(said[0], dict):
            return JSONResponse(said[0])
        message = {"role": "assistant", "content": "".join(map(str, said))}
        return JSONResponse({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    paths = {"/v1/chat/completions": chat, "/apply-template": apply_template, "/tokenize": tokenize}
    routes = [Route("/v1/models", models), Route("/props", props)]
    routes += [Route(path, answer, methods=["POST"]) for path, answer in paths.items()]
    with listening(Starlette(routes=routes)) as url:
        yield connect(Server(f"{url}/v1"), Settings())
