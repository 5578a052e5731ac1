"""The audit log, over both databases: its chain holds with many writers, and what is changed shows."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.audit import Actor, Event, entries, record
from rag.catalog.audit_chain import Verification, expire, verify
from rag.catalog.schema import open_catalog, writing
from rag.catalog.tables import audit, audit_head
from rag.errors import NotFound
from rag.records import Action
from tests.conformance.catalog_fixture import Desk

ANNA = Actor("k1", "Anna")
NOON = datetime(2026, 11, 25, 12, 0, 0, 250, tzinfo=UTC)
NOTHING = "0" * 64


def note(engine: Engine, *events: Event) -> None:
    with writing(engine) as connection:
        record(connection, events)


def asked(number: int, at: datetime = NOON) -> Event:
    return Event(ANNA, Action.ASK, (f"d{number}",), text=f"Question {number}?", at=at)


def test_an_entry_is_read_as_it_was_recorded(engine: Engine) -> None:
    note(engine, Event(Actor("k1", "A\x00n\ud800na"), Action.ASK, ("d1", "d2"), subject="ไฟ", text="Why\x00?", at=NOON))
    [entry] = entries(engine, limit=10)
    assert (entry.number, entry.at, entry.key_id, entry.key_name) == (1, NOON, "k1", "A\ufffdn\ufffdna")
    assert (entry.action, entry.documents, entry.subject, entry.text) == (Action.ASK, ("d1", "d2"), "ไฟ", "Why\ufffd?")
    assert verify(engine) == Verification(1, 1, 1, entry.hash, None)


def test_the_hash_is_the_same_on_each_database_and_in_each_release(engine: Engine) -> None:
    note(engine, asked(1), asked(2))
    assert [entry.hash for entry in entries(engine, limit=2)] == [
        "641dd6033ea94bb82eab386123443fa317581f93db9ade605c5049fd78721e76",
        "8989fc4f6cecde3db59c9899b98fddcd1115c777605feb81ea9ca2aaf7fbe735",
    ]


def test_entries_are_listed_newest_first_by_action_and_by_key(engine: Engine) -> None:
    note(engine, asked(1), asked(2), Event(Actor("k2", "Ben"), Action.SEARCH), asked(4))
    assert [entry.number for entry in entries(engine, limit=2)] == [4, 3]
    assert [entry.number for entry in entries(engine, limit=2, before=3)] == [2, 1]
    assert [entry.number for entry in entries(engine, limit=9, action=Action.SEARCH)] == [3]
    assert [entry.number for entry in entries(engine, limit=9, key_name="Anna")] == [4, 2, 1]


def test_an_empty_log_is_whole(engine: Engine) -> None:
    assert verify(engine) == Verification(0, None, 0, NOTHING, None)


def append(url: str, worker: int, count: int) -> None:
    """What one replica does: batches of questions, from two threads."""
    engine = open_catalog(url)
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(note, engine, asked(worker), asked(number)) for number in range(count)]:
            future.result()
    engine.dispose()


def test_replicas_that_write_at_once_leave_one_chain_without_gaps(url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in [pool.submit(append, url, worker, 20) for worker in range(3)]:
            future.result()
    engine = open_catalog(url)
    found = verify(engine)
    assert (found.entries, found.first, found.last, found.fault) == (120, 1, 120, None)
    assert [entry.number for entry in entries(engine, limit=200)] == list(range(120, 0, -1))


def test_the_database_refuses_to_change_or_remove_an_entry(engine: Engine) -> None:
    note(engine, asked(1), asked(2))
    for statement in (update(audit).values(text="else"), delete(audit), delete(audit).where(audit.c.number == 2)):
        with pytest.raises(DBAPIError, match="the audit log is only added to"), writing(engine) as connection:
            connection.execute(statement)
    assert verify(engine).entries == 2


TAMPERED = {
    "changed": (update(audit).where(audit.c.number == 2).values(text="else"), "Entry 2 does not match its hash: it was changed."),
    "documents changed": (
        update(audit).where(audit.c.number == 1).values(documents=[]),
        "Entry 1 does not match its hash: it was changed.",
    ),
    "removed": (delete(audit).where(audit.c.number == 2), "Entry 2 is missing: the next is 3."),
    "first removed": (delete(audit).where(audit.c.number == 1), "Entry 1 is missing: the next is 2."),
    "last removed": (delete(audit).where(audit.c.number == 3), "The log ends with entry 2, expected 3: entries were removed."),
    "all removed": (delete(audit), "The log ends with entry 0, expected 3: entries were removed."),
    "hash replaced": (update(audit).where(audit.c.number == 3).values(hash="00"), "Entry 3 does not match its hash: it was changed."),
    "head replaced": (update(audit_head).values(hash="00"), "The last entry, 3, is not the one that was written: it was replaced."),
    "head moved": (update(audit_head).values(kept_from=2), "Entry 2 is missing: the next is 1."),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_an_intruder_in_the_database_changes_shows(engine: Engine, what: str) -> None:
    statement, fault = TAMPERED[what]
    note(engine, asked(1), asked(2), asked(3))
    with writing(engine) as connection:
        drop_triggers(engine, connection)
        connection.execute(statement)
    assert verify(engine).fault == fault


def drop_triggers(engine: Engine, connection: Connection) -> None:
    on_table = "" if engine.dialect.name == "sqlite" else " ON audit"
    names = ["audit_no_update", "audit_no_delete"] if engine.dialect.name == "sqlite" else ["audit_no_change"]
    for name in names:
        connection.execute(text(f"DROP TRIGGER {name}{on_table}"))


def test_an_inserted_entry_shows(engine: Engine) -> None:
    note(engine, asked(1))
    forged = {"number": 2, "at": NOON, "key_id": "k1", "key_name": "Anna", "action": "ask", "documents": [], "hash": "00"}
    with writing(engine) as connection:
        connection.execute(insert(audit).values(forged))
    assert verify(engine).fault == "Entry 2 does not match its hash: it was changed."


def test_old_entries_go_and_the_rest_is_still_proven(engine: Engine) -> None:
    note(engine, *(asked(number, NOON + timedelta(days=number)) for number in range(1, 6)))
    assert expire(engine, NOON + timedelta(days=3)) == 2
    found = verify(engine)
    assert (found.entries, found.first, found.last, found.fault) == (4, 3, 6, None)
    last = entries(engine, limit=1)[0]
    assert (last.action, last.key_name, last.subject) == (Action.EXPIRE, "Glossa", "2 entries before 3")
    assert expire(engine, NOON + timedelta(days=3)) == 0


def test_when_all_entries_are_old_what_remains_says_that_they_went(engine: Engine) -> None:
    note(engine, asked(1), asked(2))
    assert expire(engine, NOON + timedelta(days=1)) == 2
    found = verify(engine)
    assert (found.entries, found.first, found.last, found.fault) == (1, 3, 3, None)


def test_a_transaction_that_fails_leaves_no_entry_and_no_gap(engine: Engine) -> None:
    with pytest.raises(KeyError), writing(engine) as connection:
        record(connection, [asked(1)])
        raise KeyError
    note(engine, asked(2))
    assert [(entry.number, entry.documents) for entry in entries(engine, limit=9)] == [(1, ("d2",))]
    assert verify(engine).fault is None


def test_what_changes_documents_is_recorded_with_them(desk: Desk, tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    staged = blobs.stage()
    staged.write(b"Words.")
    staged.finish()
    found = documents.register(desk.engine, blobs, staged, collection="c", name="a.txt", media_type="text/plain", by=ANNA)
    documents.cancel(desk.engine, found.id, None, ANNA)
    documents.retry(desk.engine, found.id, None, ANNA)
    with pytest.raises(NotFound):
        documents.delete(desk.engine, blobs, found.id, {"other"}, ANNA)
    documents.delete(desk.engine, blobs, found.id, None, ANNA)
    recorded = [(entry.key_id, entry.action.value, entry.documents, entry.subject) for entry in entries(desk.engine, limit=9)]
    assert recorded == [("k1", action, (found.id,), "a.txt") for action in ("delete", "retry", "cancel", "upload")]
    with desk.engine.connect() as connection:
        assert connection.execute(select(audit_head.c.number)).scalar_one() == 4
