"""Middleware that every request passes first: who may connect, how long a body may be, and the headers that keep a page safe."""

import ipaddress

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.settings import Settings
from serving.api.body_limit import CountedBody
from serving.api.http_errors import problem

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
REMOTE = "This service answers on its own machine only; start it with --host to open it to others."


class SecurityMiddleware:
    """ASGI middleware. Refuses peers from other machines while the service keeps to loopback, as Ray Serve binds a replica's
    own port on every interface whatever `--host` says; counts bodies; adds the security headers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wrap `app`."""
        self.app, self.settings, self.loopback_only = app, settings, settings.loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = CountedBody(scope, receive, self.settings)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if body.unread:
                    headers["Connection"] = "close"  # what the client still sends is not read, not even to be thrown away
            await send(message)

        client = scope.get("client")
        refused = self.loopback_only and not is_loopback(client[0] if client else "")
        app = problem(Request(scope), 403, REMOTE) if refused else self.app
        await app(scope, body, send_with_headers)


def is_loopback(address: str) -> bool:
    """Whether a peer's address is this machine's loopback; no address at all is not."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
