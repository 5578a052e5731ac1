"""Event streams over a real catalog, without the rest of the service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import event
from starlette.exceptions import HTTPException

from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.documents import Document
from rag.catalog.keys import Key, create_key, identify, revoke
from rag.catalog.room import Room
from rag.catalog.schema import migrate, open_catalog
from rag.records import Role
from rag.settings import Settings
from serving.api import events
from serving.api.documents import following
from serving.api.documents.following import Changes, Progresses, follow
from serving.api.event_streams import OpenStreams, SharedCount
from serving.api.services import Services
from serving.pools import gateway_pools

WAITING = 'event: progress\ndata: {"documents":{"queued":1},"unfinished":1}\n\n'


@pytest.fixture
def services(tmp_path: Path) -> Services:
    """A catalog and what is shared; nothing is searched here."""
    settings = Settings(data=tmp_path)
    engine = open_catalog(settings.catalog_url)
    migrate(engine)
    nothing = cast(Any, None)
    pools = gateway_pools(settings)
    counts = SharedCount(engine, pools.reading)
    return Services(
        settings, engine, BlobStore(tmp_path / "blobs"), Room(engine, 9), counts, OpenStreams(2), nothing, pools, nothing, nothing
    )


@pytest.fixture
def key(services: Services) -> Key:
    key = identify(services.engine, create_key(services.engine, "reader", role=Role.READER))
    assert key is not None
    return key


@pytest.fixture
def document(services: Services) -> Document:
    staged = services.blobs.stage()
    staged.write(b"a")
    staged.finish()
    return documents.register(services.engine, services.blobs, staged, collection="default", name="a.txt", media_type="text/plain")


@pytest.fixture
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream looks at once, at its key too, and says so each time."""
    for name, value in (("POLL_SECONDS", 0.0), ("HEARTBEAT_SECONDS", -1.0), ("KEY_SECONDS", -1.0)):
        monkeypatch.setattr(following, name, value)


def in_loop(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(cast(Any, work()), 30))


def test_streams_that_are_open_together_count_once(services: Services, key: Key, document: Document) -> None:
    counted: list[str] = []
    event.listen(services.engine, "before_cursor_execute", lambda *sent: counted.append(sent[2]))

    async def work() -> None:
        streams = [follow(services, key, Progresses(services, visible)) for visible in (None, frozenset({"default"})) for _ in range(20)]
        assert await asyncio.gather(*(anext(stream) for stream in streams)) == [WAITING] * 40

    in_loop(work)
    assert sum("count(" in statement for statement in counted) == 1


def test_a_stream_counts_only_what_its_key_may_see(services: Services, key: Key, document: Document) -> None:
    async def work() -> None:
        told = [event async for event in follow(services, key, Progresses(services, frozenset({"other"})))]
        assert told == ['event: progress\ndata: {"documents":{},"unfinished":0}\n\n']

    in_loop(work)


def test_a_silent_stream_sends_heartbeats_and_ends_with_its_key(services: Services, key: Key, document: Document, restless: None) -> None:
    async def both(followed: Callable[[], following.Followed], first: str) -> AsyncIterator[str]:
        stream = follow(services, key, followed())
        assert (await anext(stream)).startswith(first)
        assert await anext(stream) == events.HEARTBEAT
        return stream

    async def work() -> None:
        streams = [
            await both(lambda: Progresses(services, None), "event: progress"),
            await both(lambda: Changes(services, document.id, None), "event: document"),
        ]
        revoke(services.engine, "reader")
        for stream in streams:
            assert [event async for event in stream] == []

    in_loop(work)


def test_a_key_has_so_many_streams_open_and_no_more(services: Services, key: Key, document: Document) -> None:
    async def work() -> None:
        streams = [follow(services, key, Progresses(services, None)) for _ in range(2)]
        for stream in streams:
            services.streams.require_room(key)
            await anext(stream)
        with pytest.raises(HTTPException, match="This key has 2 event streams open") as refused:
            services.streams.require_room(key)
        assert refused.value.status_code == 429
        await cast(Any, streams[0]).aclose()
        services.streams.require_room(key)

    in_loop(work)


def test_a_stream_goes_on_after_the_catalog_was_away(services: Services, key: Key, document: Document, restless: None) -> None:
    catalog, elsewhere = services.settings.data / "catalog.sqlite", services.settings.data / "elsewhere"

    async def work() -> None:
        stream = follow(services, key, Changes(services, document.id, None))
        await anext(stream)
        services.engine.dispose()
        catalog.rename(elsewhere)
        catalog.mkdir()
        assert await anext(stream) == events.HEARTBEAT
        catalog.rmdir()
        elsewhere.rename(catalog)
        documents.cancel(services.engine, document.id, None)
        told = [event async for event in stream if event != events.HEARTBEAT]
        assert len(told) == 1
        assert '"status":"failed"' in told[0]

    in_loop(work)
