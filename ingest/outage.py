"""Waits while the catalog or the original files are away: an outage delays an ingest, and costs it no attempt and no failure."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from rag.errors import Unavailable

log = logging.getLogger(__name__)
WAIT_SECONDS = 1.0  # between two tries

T = TypeVar("T")


def when_available(action: Callable[[], T]) -> T:
    """What `action` returns; while it raises Unavailable it is called again. It must be safe to repeat when it had succeeded unnoticed."""
    while True:
        try:
            return action()
        except Unavailable as error:
            log.warning("waiting: %s", error)
            time.sleep(WAIT_SECONDS)
