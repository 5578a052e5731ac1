"""What all open event streams of a process share: one count of the documents, and how many streams each key has open."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from starlette.exceptions import HTTPException

from rag.catalog.collections import count_by_collection
from rag.catalog.keys import Key
from serving.pools import Pool

COUNT_SECONDS = 0.15  # between two counts at least: a person sees progress as smooth
COUNTING_SHARE = 0.1  # of the time, at most, is spent on counting, however many documents there are

Counts = dict[tuple[str, str], int]  # documents by collection and status


class SharedCount:
    """How many documents there are, counted once for all who ask at about the same time. For one event loop."""

    def __init__(self, engine: Engine, reading: Pool) -> None:
        self._engine, self._reading = engine, reading
        self._task: asyncio.Task[Counts] | None = None
        self._due = 0.0

    async def latest(self) -> Counts:
        """Not older than what `COUNT_SECONDS` and `COUNTING_SHARE` allow. Raises Unavailable when the catalog is away."""
        if self._task is None or (self._task.done() and time.monotonic() >= self._due):
            self._task = asyncio.create_task(self._count())
        return await asyncio.shield(self._task)  # one stream that ends must not end the count of the others

    async def _count(self) -> Counts:
        began = time.monotonic()
        try:
            return await self._reading(count_by_collection, self._engine, None)
        finally:
            ended = time.monotonic()
            self._due = ended + max(COUNT_SECONDS, (ended - began) / COUNTING_SHARE)


class OpenStreams:
    """How many event streams each key has open. For one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    def require_room(self, key: Key) -> None:
        """Raises 429 when the key has as many open as it may."""
        if self._open[key.id] >= self._most:
            raise HTTPException(429, f"This key has {self._most} event streams open, the most that it may have; close one of them.")

    @contextmanager
    def opened(self, key: Key) -> Iterator[None]:
        """Counts one while the block lasts."""
        self._open[key.id] += 1
        try:
            yield
        finally:
            self._open[key.id] -= 1
            self._open += Counter()  # drops the keys that have none
