"""Threads for calls that block: a pool of its own for each kind of work, so that no kind waits for the threads of another."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

from rag.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """At most `threads` threads, started when they are needed. `asyncio.to_thread` would share the threads of all kinds of work."""

    def __init__(self, name: str, threads: int) -> None:
        """`name` is what the threads are called in a stack dump."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def __call__(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `call`, made in one of the threads. Cancelling does not stop a call that has begun."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(call, *args, **kwargs))

    def start(self, call: Callable[[], object]) -> None:
        """Make the call soon, without waiting for it; asyncio logs what it raises."""
        asyncio.get_running_loop().run_in_executor(self._threads, call)

    def close(self) -> None:
        """Return when all calls have ended; no more are taken."""
        self._threads.shutdown()


@dataclass(frozen=True, slots=True)
class Pools:
    """The gateway's: `reading` the catalog, `receiving` (uploads and all that writes), and `model` work: tokens, prompts, languages."""

    reading: Pool
    receiving: Pool
    model: Pool


def gateway_pools(settings: Settings) -> Pools:
    """Pools of the sizes that the settings say."""
    return Pools(
        Pool("reading", settings.reading_threads), Pool("receiving", settings.receiving_threads), Pool("model", settings.model_threads)
    )
