"""Whether the audit log is whole, and the removal of its oldest entries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, select, true, update

from rag.catalog.audit import SERVICE, Event, entry_hash, record
from rag.catalog.schema import reading, writing
from rag.catalog.tables import audit, audit_head
from rag.records import Action

AT_ONCE = 1000  # rows in memory


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the log found. `fault` is a sentence about the first entry that is wrong, None when the chain is whole.

    `head` is the hash of the last entry. Who keeps it elsewhere can prove later that nothing up to `last` was rewritten.
    """

    entries: int
    first: int | None
    last: int
    head: str
    fault: str | None


def verify(engine: Engine) -> Verification:
    """Reads the whole log and computes each hash anew. One statement reads it, so entries that are written meanwhile do not disturb.

    It finds an entry that was changed, removed, added or moved. Not covered: somebody who may write to the database can compute all
    hashes anew, and only a head that was kept elsewhere shows it.
    """
    # One row of the head beside each entry: a second statement could see another state of the log.
    of_head = [column.label(f"head_{column.name}") for column in audit_head.c]
    query = select(*of_head, audit).select_from(audit_head.outerjoin(audit, true())).order_by(audit.c.number)
    count, expected, last, fault = 0, 0, "", None
    with reading(engine) as connection:
        for row in connection.execution_options(yield_per=AT_ONCE).execute(query):
            if not count:
                head, expected, last = row, row.head_kept_from, row.head_kept_after
            if row.number is not None:
                fault = fault or _fault(row, expected, last)
                count, expected, last = count + 1, row.number + 1, row.hash
    if fault is None and expected != head.head_number + 1:
        fault = f"The log ends with entry {expected - 1}, expected {head.head_number}: entries were removed."
    if fault is None and last != head.head_hash:
        fault = f"The last entry, {head.head_number}, is not the one that was written: it was replaced."
    return Verification(count, head.head_kept_from if count else None, head.head_number, head.head_hash, fault)


def expire(engine: Engine, before: datetime) -> int:
    """Removes the entries older than `before`, up to the first that is not, and records that; returns how many."""
    newer = select(audit.c.number).where(audit.c.at >= before).order_by(audit.c.number).limit(1)
    with writing(engine) as connection:
        head = connection.execute(select(audit_head)).one()
        kept_from = connection.execute(newer).scalar_one_or_none() or head.number + 1
        removed = int(kept_from - head.kept_from)
        if removed <= 0:
            return 0
        last = connection.execute(select(audit.c.hash).where(audit.c.number == kept_from - 1)).scalar_one()
        connection.execute(update(audit_head).values(kept_from=kept_from, kept_after=last))
        connection.execute(delete(audit).where(audit.c.number < kept_from))
        record(connection, [Event(SERVICE, Action.EXPIRE, subject=f"{removed} entries before {kept_from}")])
    return removed


def _fault(row: Any, expected: int, last: str) -> str | None:
    if row.number != expected:
        return f"Entry {expected} is missing: the next is {row.number}."
    if entry_hash(last, row._asdict()) != row.hash:
        return f"Entry {expected} does not match its hash: it was changed."
    return None
