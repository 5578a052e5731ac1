"""Middleware that every request passes first: who may connect, how long a body may be, and the headers that keep a page safe."""

import ipaddress

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.http_errors import problem

MAX_JSON_BYTES = 8 * 1024 * 1024  # a conversation that fills a 128k-token window is about 1 MB in any of the eight languages
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityMiddleware:
    """ASGI middleware. Refuses peers from other machines while the service keeps to loopback, as Ray Serve binds a replica's
    own port on every interface whatever `--host` says; refuses JSON bodies that are too long; adds the security headers."""

    def __init__(self, app: ASGIApp, *, loopback_only: bool) -> None:
        """Wrap `app`."""
        self.app, self.loopback_only = app, loopback_only

    def refusal(self, request: Request) -> tuple[int, str] | None:
        """Status and sentence when this request goes no further."""
        if self.loopback_only and not is_loopback(request.client.host if request.client else ""):
            return 403, "This service answers on its own machine only; start it with --host to open it to others."
        headers = Headers(scope=request.scope)
        if headers.get("content-type", "").startswith("multipart/form-data"):
            return None  # streamed, with limits of its own
        if "chunked" in headers.get("transfer-encoding", ""):
            return 411, "Send the body with a Content-Length."
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_JSON_BYTES:
            return 413, f"The body has {length} bytes; at most {MAX_JSON_BYTES} are taken here."
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request = Request(scope, receive)
        refusal = self.refusal(request)
        app = self.app if refusal is None else problem(request, *refusal)
        await app(scope, receive, send_with_headers)


def is_loopback(address: str) -> bool:
    """Whether a peer's address is this machine's loopback; no address at all is not."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
