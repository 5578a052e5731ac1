"""What a worker's stream is cut into on its way to the gateway."""

import asyncio
from collections.abc import AsyncIterator

import pytest


def test_a_stream_ends_with_its_last_item_not_a_moment_later(monkeypatch: pytest.MonkeyPatch) -> None:
    from serving.models import workers

    monkeypatch.setattr(workers, "MOMENT_SECONDS", 600)

    async def stream() -> AsyncIterator[list[int]]:
        yield [1]
        await asyncio.sleep(0.01)
        yield [2]
        yield [3]

    async def collected() -> list[list[int]]:
        return [items async for items in workers.together(stream())]

    assert asyncio.run(asyncio.wait_for(collected(), 20)) == [[1], [2, 3]]
