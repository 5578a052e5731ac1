"""Opening and migrating the catalog, over both databases."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, insert, inspect, select, sql, text

from rag.catalog import database_errors, documents, feed
from rag.catalog.keys import list_keys
from rag.catalog.schema import MIGRATIONS, migrate, next_version, open_catalog, snapshot, writing
from rag.catalog.tables import metadata, next_chunks
from rag.errors import InvalidInput, NotYet
from rag.records import Role, Status
from tests.conformance.catalog_fixture import Desk, load_content

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DOCUMENT = {"id": "d", "collection_id": 1, "name": "a.txt", "sha256": "00", "media_type": "text/plain", "size": 1, "attempt": 1}
DOCUMENT |= {"registered": 1, "version": 1, "created_at": NOON, "updated_at": NOON}
MIGRATE = "import sys; from rag.catalog.schema import migrate, open_catalog; migrate(open_catalog(sys.argv[1]))"


def test_the_migrated_schema_is_the_one_that_the_code_uses(url: str) -> None:
    with open_catalog(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_again_changes_nothing(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    migrate(desk.engine)
    assert desk.get(document) == document


def test_a_catalog_of_the_first_release_keeps_its_documents(empty_url: str) -> None:
    engine = open_catalog(empty_url)
    with engine.begin() as connection:
        upgrade(connection, "0001")
        put(connection, "collections", id=1, name="default")
        put(connection, "documents", **DOCUMENT, status="failed", progress=0.0, error="It is empty.")
    migrate(engine)
    document = documents.get(engine, "d", None)
    assert (document.error, document.pages_read, document.pages, document.damaged, document.retry_helps) == (
        "It is empty.",
        0,
        None,
        (),
        None,
    )


def test_a_catalog_with_windows_keeps_its_chunks_and_loses_their_windows(empty_url: str) -> None:
    engine = open_catalog(empty_url)
    chunk = {"ordinal": 0, "page": 1, "start": 0, "end": 9, "language": "de", "text": "Die Lampe"}
    chunk |= {"vector": np.full(4, 0.5, "<f2").tobytes(), "windows": bytes(16), "tokens": np.array([7, 9], "<i4").tobytes()}
    with engine.begin() as connection:
        upgrade(connection, "0003")
        put(connection, "collections", id=1, name="default")
        put(connection, "contents", id=5, collection_id=1, sha256="00", media_type="text/plain", language="de", pages=1, chunks=1)
        put(connection, "documents", **DOCUMENT, status="ready", progress=1.0, content_id=5)
        put(connection, "chunks", id=8, content_id=5, **chunk)
        put(connection, "next_contents", content_id=5, embedder="{}", chunks=1)
        put(connection, "next_chunks", content_id=5, **chunk | {"text": "Die Pumpe"})
    migrate(engine)
    [kept] = load_content(engine, 5)
    assert (kept.id, kept.language, kept.text, kept.vector.tolist(), kept.tokens.tolist()) == (8, "de", "Die Lampe", [0.5] * 4, [7, 9])
    assert documents.get(engine, "d", None).status == Status.READY
    with engine.connect() as connection:
        [beside] = connection.execute(select(next_chunks)).all()
        columns = {column["name"] for table in ("chunks", "next_chunks") for column in inspect(connection).get_columns(table)}
    assert (beside.text, beside.context, beside.vector, beside.tokens) == ("Die Pumpe", "", chunk["vector"], chunk["tokens"])
    assert "windows" not in columns


def test_keys_of_an_earlier_release_keep_what_they_could_do(empty_url: str) -> None:
    engine = open_catalog(empty_url)
    with engine.begin() as connection:
        upgrade(connection, "0004")
        for name, allowed in (("first", sql.null()), ("guest", ["x"])):
            put(connection, "keys", id=name, name=name, hash=name, collections=allowed, created_at=NOON)
    migrate(engine)
    assert [(key.name, key.role, key.collections) for key in list_keys(engine)] == [
        ("first", Role.ADMIN, None),
        ("guest", Role.WRITER, frozenset({"x"})),
    ]


def upgrade(connection: Connection, revision: str) -> None:
    """The schema of an earlier release."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def put(connection: Connection, table: str, **values: Any) -> None:
    """A row in a table as it is there now."""
    connection.execute(insert(Table(table, MetaData(), autoload_with=connection)).values(values))


def test_processes_that_start_at_once_migrate_once(empty_url: str) -> None:
    starts = [subprocess.Popen([sys.executable, "-c", MIGRATE, empty_url], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [start.communicate()[1] for start in starts] == [""] * 4
    assert feed.current_version(open_catalog(empty_url)) == 0


def test_a_catalog_of_a_newer_release_is_refused_with_a_sentence(url: str) -> None:
    engine = open_catalog(url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InvalidInput, match="The catalog's schema is 9999, but this Glossa knows none after 0007: a newer Glossa wrote it"):
        migrate(engine)


def test_a_version_of_a_transaction_that_failed_is_given_again(url: str) -> None:
    engine = open_catalog(url)
    with pytest.raises(KeyError), writing(engine) as connection:
        assert next_version(connection) == 1
        raise KeyError
    with writing(engine) as connection:
        assert next_version(connection) == 1
    assert feed.current_version(engine) == 1


def test_a_writer_that_waits_too_long_is_told_so_and_readers_go_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_errors, "BUSY_SECONDS", 0.1)
    engine = open_catalog(url)
    with writing(engine) as connection:
        next_version(connection)
        with pytest.raises(NotYet, match=r"locked by other writers for 0\.1 seconds"), writing(engine):
            pass
        assert feed.current_version(engine) == 0
    assert feed.current_version(engine) == 1


def test_a_snapshot_sees_nothing_that_is_committed_after_its_first_statement(url: str) -> None:
    engine = open_catalog(url)
    with snapshot(engine) as connection:
        before = feed.current_version(connection)
        with writing(engine) as other:
            next_version(other)
        assert (before, feed.current_version(connection)) == (0, 0)
    assert feed.current_version(engine) == 1


def test_a_full_disk_is_told_in_a_sentence_and_changes_nothing(tmp_path: Path) -> None:
    engine = open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    migrate(engine)
    with pytest.raises(NotYet, match="The disk that holds the catalog is full"), writing(engine) as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        next_version(connection)
        connection.exec_driver_sql("INSERT INTO dropped_blobs VALUES (?)", ("n" * 100_000,))
    assert feed.current_version(engine) == 0


def test_sqlite_acknowledges_only_what_is_on_the_disk(tmp_path: Path) -> None:
    with open_catalog(f"sqlite:///{tmp_path}/new folder/catalog.sqlite").connect() as connection:
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert values == ["wal", 2, 1]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "in memory"),
        ("mysql://host/x", "names 'mysql'"),
        ("catalog.sqlite", "is invalid"),
    ],
)
def test_an_address_that_cannot_be_a_catalog_is_refused(url: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        open_catalog(url)


def test_a_missing_driver_says_what_to_install() -> None:
    program = "import sys; sys.modules['pg8000'] = None; from rag.catalog.schema import open_catalog; open_catalog('postgresql://u@h/d')"
    said = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True).stderr
    assert "InvalidInput: The catalog is on PostgreSQL, but its driver pg8000 is not installed" in said


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(b"these are notes, no database" * 100)
    with pytest.raises(InvalidInput, match="is not a SQLite database"):
        migrate(open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite"))
