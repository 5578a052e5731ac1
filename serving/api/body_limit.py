"""The body of a request, counted as it comes: nobody may send more than a setting says, whatever the headers announce."""

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from rag.settings import Settings

UPLOAD = ("POST", "/v1/documents")  # method and path of the one route that takes files


class CountedBody:
    """ASGI `receive` of one request. Raises 413 at the first read when the announced length is too long, else where the count is."""

    def __init__(self, scope: Scope, receive: Receive, settings: Settings) -> None:
        """Nothing is read before the application asks for it."""
        self._receive = receive
        self._most = settings.max_upload_bytes if (scope["method"], scope["path"]) == UPLOAD else settings.max_body_bytes
        self._announced, chunked = 0, False
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                self._announced = int(value)
            chunked = chunked or name == b"transfer-encoding"
        self._count = 0
        self.unread = chunked or self._announced > 0

    async def __call__(self) -> Message:
        """The next message."""
        self._require(self._announced)
        message = await self._receive()
        if message["type"] == "http.request":
            self._count += len(message.get("body", b""))
            self._require(self._count)
            self.unread = message.get("more_body", False)
        return message

    def _require(self, size: int) -> None:
        if size > self._most:
            raise HTTPException(413, f"The body has {size} bytes or more; at most {self._most} are taken here, please send less.")
