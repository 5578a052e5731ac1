"""Waiting for what another thread or process brings about, with a deadline."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.01


def eventually(holds: Callable[[], object], seconds: float = 20) -> None:
    """Return as soon as `holds()` is true. Raises AssertionError after `seconds`: far more than it takes on a slow machine."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it did not come about in {seconds} s"
        time.sleep(POLL_SECONDS)
