"""Writes what was asked to the audit log, in a thread of its own, so that no question waits for the catalog's turn to write."""

import logging
import threading
import time
from collections import deque
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from rag.catalog.audit import SERVICE, Event, record
from rag.catalog.audit_chain import expire
from rag.catalog.keys import Key, set_last_used
from rag.catalog.schema import writing
from rag.records import Action
from rag.settings import Settings

log = logging.getLogger("ray.serve")
GATHER_SECONDS = 0.2  # what comes meanwhile is written with the first, in one transaction
RETRY_SECONDS = 2.0
USE_SECONDS = 60.0  # a key's last use is as exact as this; once a request would be a write transaction each
EXPIRE_SECONDS = 6 * 3600.0
AT_ONCE = 1000  # events in a transaction: other writers wait meanwhile
MOST_PENDING = 100_000  # events in memory while the catalog takes none


class AuditWriter:
    """Events are durable about a quarter of a second after `note`; a kill within that time loses them.

    While the catalog is away they wait in memory. Beyond MOST_PENDING they are dropped, and an entry says how many. What changes
    documents and keys does not come this way: it is recorded in the transaction that changes them.
    """

    def __init__(self, engine: Engine, settings: Settings) -> None:
        """Starts the thread, which also removes entries older than the setting `audit_days`."""
        self._engine, self._days, self._with_text = engine, settings.audit_days, settings.audit_text
        self._events: deque[Event] = deque()
        self._used: dict[str, datetime] = {}
        self._noted: dict[str, float] = {}  # when each key's use was last noted
        self._lost, self._expired_at = 0, -EXPIRE_SECONDS
        self._wake = threading.Event()
        threading.Thread(target=self._run, name="audit", daemon=True).start()

    def note(
        self, key: Key, action: Action, documents: tuple[str, ...] = (), *, subject: str | None = None, text: str | None = None
    ) -> None:
        """Have an event written. `text` is dropped unless the setting `audit_text` is on. Returns at once."""
        if len(self._events) >= MOST_PENDING:
            self._lost += 1
            return
        self._events.append(Event(key.actor, action, documents, subject, text if self._with_text else None))
        self._wake.set()

    def used(self, key: Key) -> None:
        """Have the key's last use noted, at most once a minute. Returns at once."""
        now = time.monotonic()
        if now - self._noted.get(key.id, -USE_SECONDS) >= USE_SECONDS:
            self._noted[key.id] = now
            self._used[key.id] = datetime.now(UTC)
            self._wake.set()

    def _run(self) -> None:
        while True:
            try:
                self._expire()
                if self._wake.wait(EXPIRE_SECONDS):
                    time.sleep(GATHER_SECONDS)
                    self._wake.clear()
                    self._write()
            except Exception:  # the thread must outlive a database that is away, whatever its driver raises
                log.exception("the audit log could not be written; it is tried again")
                self._wake.set()
                time.sleep(RETRY_SECONDS)

    def _write(self) -> None:
        """The first of what waits, in one transaction; it goes on waiting when that fails."""
        count, lost, used = min(len(self._events), AT_ONCE), self._lost, dict(self._used)
        events = [self._events[index] for index in range(count)]
        if lost:
            events.append(Event(SERVICE, Action.LOST, subject=f"{lost} events"))
        with writing(self._engine) as connection:
            record(connection, events)
            set_last_used(connection, used)
        for _ in range(count):
            self._events.popleft()
        self._lost -= lost
        for key_id, at in used.items():
            if self._used[key_id] == at:
                del self._used[key_id]
        if self._events:
            self._wake.set()

    def _expire(self) -> None:
        if time.monotonic() - self._expired_at >= EXPIRE_SECONDS:
            expire(self._engine, datetime.now(UTC) - timedelta(days=self._days))
            self._expired_at = time.monotonic()
