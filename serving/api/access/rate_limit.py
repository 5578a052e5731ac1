"""How many requests a key may send: a bucket for each key that refills steadily."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from rag.catalog.keys import Key
from rag.records import Role


@dataclass(slots=True)
class _Bucket:
    """What is left of a key's requests, and when that was counted."""

    left: float
    at: float


class RateLimit:
    """Each key may send `per_minute` requests at once, and gets as many anew in a minute.

    Admins are not limited: they run the service. It counts in this process, and there is one gateway. Not covered: requests without a
    valid key, which cost a look into the catalog each.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._most, self._clock = per_minute, clock
        self._buckets: dict[str, _Bucket] = {}  # of valid keys only, so there are as many as keys

    def wait(self, key: Key) -> int:
        """Takes one request of the key. 0: it may go on; else the whole seconds after which it may try again."""
        if key.role is Role.ADMIN:
            return 0
        now = self._clock()
        bucket = self._buckets.setdefault(key.id, _Bucket(self._most, now))
        bucket.left = min(self._most, bucket.left + (now - bucket.at) * self._most / 60)
        bucket.at = now
        if bucket.left >= 1:
            bucket.left -= 1
            return 0
        return math.ceil((1 - bucket.left) * 60 / self._most)
