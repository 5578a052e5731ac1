"""Uploads that are cancelled while they arrive: the gateway's own code, without HTTP."""

import asyncio
import contextlib
import hashlib
import random
import threading
from pathlib import Path
from typing import Any, cast

from starlette.requests import Request

from rag.blobs import BlobStore, StagedBlob
from rag.catalog.audit import SERVICE
from rag.catalog.documents import list_documents
from rag.catalog.room import Room
from rag.catalog.schema import migrate, open_catalog
from rag.settings import Settings
from serving.api.documents.uploads import Received, receive
from serving.api.event_streams import OpenStreams, SharedCount
from serving.api.services import Services
from serving.pools import gateway_pools

UPLOADS = 500
TOGETHER = 100
LONGEST_SECONDS = 0.5
PIECES = 6  # of the body of each
PIECE_BYTES = 1 << 16


def request(number: int) -> Request:
    """One whose file arrives in pieces; each upload's bytes are its own."""
    before = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{number}.txt"\r\n\r\n'.encode()
    pieces = [before, *[b"%8d" % number * (PIECE_BYTES // 8)] * PIECES, b"\r\n--b--\r\n"]
    messages = [{"type": "http.request", "body": piece, "more_body": piece is not pieces[-1]} for piece in pieces]

    async def next_message() -> Any:
        await asyncio.sleep(0)
        return messages.pop(0)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"multipart/form-data; boundary=b")]}
    return Request(scope, next_message)


async def cancelled(services: Services, number: int, seconds: float | None) -> list[Received]:
    """What was received until the request was cancelled, after so many seconds; None lets it end."""
    task = asyncio.ensure_future(receive(request(number), services, lambda name: name, SERVICE))
    if seconds is not None:
        await asyncio.sleep(seconds)
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return []


def opened(folder: Path, blobs: BlobStore) -> Services:
    """A new catalog with these blobs; nothing is searched here."""
    settings = Settings(data=folder)
    engine = open_catalog(settings.catalog_url)
    migrate(engine)
    pools = gateway_pools(settings)
    nothing = cast(Any, None)
    counts = SharedCount(engine, pools.reading)
    return Services(settings, engine, blobs, Room(engine, 9999), counts, OpenStreams(1), nothing, pools, nothing, nothing)


class Interrupting(BlobStore):
    """Cancels the request while its file is being staged, and goes on when the request has ended."""

    request: "asyncio.Task[list[Received]]"

    def stage(self) -> StagedBlob:
        staged = super().stage()
        ended = threading.Event()
        self.request.add_done_callback(lambda _: ended.set())
        self.request.get_loop().call_soon_threadsafe(self.request.cancel)
        assert ended.wait(30)
        return staged


def test_an_upload_that_is_cancelled_while_its_file_is_staged_leaves_nothing(tmp_path: Path) -> None:
    blobs = Interrupting(tmp_path / "blobs")
    services = opened(tmp_path, blobs)

    async def work() -> None:
        blobs.request = asyncio.ensure_future(receive(request(1), services, lambda name: name, SERVICE))
        await asyncio.wait([blobs.request])
        assert blobs.request.cancelled()
        services.pools.receiving.close()

    asyncio.run(work())
    assert [path for path in blobs.root.rglob("*") if path.is_file()] == []


def test_500_uploads_cancelled_at_random_moments_leave_whole_files_only(tmp_path: Path) -> None:
    rng, blobs = random.Random(14), BlobStore(tmp_path / "blobs")
    services = opened(tmp_path, blobs)
    open_before = len(list(Path("/proc/self/fd").iterdir()))

    async def work() -> list[Received]:
        received: list[Received] = []
        for first in range(0, UPLOADS, TOGETHER):
            moments = [None if at % 10 == 0 else rng.uniform(0, LONGEST_SECONDS) for at in range(TOGETHER)]
            for files in await asyncio.gather(*(cancelled(services, first + at, moment) for at, moment in enumerate(moments))):
                received += files
        services.pools.receiving.close()
        return received

    received = asyncio.run(work())
    assert 0 < len(received) < UPLOADS
    assert [file.error for file in received if file.error] == []
    stored = [path for path in blobs.root.rglob("*") if path.is_file()]
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in stored)
    shown = {document.sha256 for document in list_documents(services.engine, None, limit=1000)[0]}
    assert shown == {path.name for path in stored} >= {file.document.sha256 for file in received if file.document}
    services.engine.dispose()
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_before
