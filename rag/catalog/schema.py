"""Opens the catalog, brings its schema up to date, opens its connections, and serialises its writers."""

import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, text, update
from sqlalchemy.exc import ArgumentError

from rag.catalog import database_errors
from rag.catalog.database_errors import stayed_locked, translate_errors, while_connecting
from rag.catalog.tables import feed_counter
from rag.errors import InvalidInput

MIGRATIONS = Path(__file__).parent.parent / "migrations"
MIGRATION_LOCK = 0x676C6F737361  # "glossa": the advisory lock's number is arbitrary but must never change
JOURNAL_BYTES = 64 << 20  # one huge commit must not leave a write-ahead log of its own size for ever
CONNECT_SECONDS = 5.0  # for PostgreSQL to take a connection
# A server that vanished without a word is noticed after some 30 s; the system's own limits are hours.
LOST_SERVER = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4, "TCP_USER_TIMEOUT": 30_000}
BEGIN = "glossa_begin"
BEGIN_WRITING = {BEGIN: "BEGIN IMMEDIATE"}

Source = Engine | Connection

_writing = threading.Lock()


def open_catalog(url: str) -> Engine:
    """An Engine for `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`, for many threads and many processes at once.

    Commits are durable when they return (SQLite: WAL with synchronous=FULL). Nothing is created but the SQLite file's folder: call
    `migrate` next. Fork-unsafe like every connection pool: open one per process.
    Raises InvalidInput for an address that is neither, and for a SQLite database in memory, which other processes could not see.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise InvalidInput(f"The catalog's address {url!r} is not one: expected sqlite:///FILE or postgresql://...; correct it.") from error
    match address.get_backend_name():
        case "sqlite":
            return _open_sqlite(address)
        case "postgresql" | "postgres":
            return _open_postgresql(address)
    raise InvalidInput(f"The catalog's address names {address.drivername!r}, expected sqlite:///FILE or postgresql://...; correct it.")


def migrate(engine: Engine) -> None:
    """Creates the schema or brings it up to this release's, once, also when several processes start at the same time.

    Raises InvalidInput when a newer Glossa wrote the catalog, or when the file is no SQLite database.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    with _connected(engine, BEGIN_WRITING) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        found = MigrationContext.configure(connection).get_current_revision()
        known = {revision.revision for revision in script.walk_revisions()}
        if found is not None and found not in known:
            raise InvalidInput(
                f"The catalog's schema is {found}, but this Glossa knows none after {script.get_current_head()}: "
                "a newer Glossa wrote it; install that release, or restore a backup made before."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def reading(source: Source) -> Iterator[Connection]:
    """A connection to read from, as long as the block lasts; one that is open already is used, and left open.

    Raises Unavailable when the database is away, NotYet when too many read.
    """
    if isinstance(source, Connection):
        yield source
        return
    with _connected(source, {}) as connection:
        yield connection


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the catalog as it is at its first statement, whatever is committed meanwhile. Raises as `reading` does."""
    with _connected(engine, {}) as connection:
        if engine.dialect.name == "postgresql":  # SQLite's readers see no other way
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: committed at the end of the block, rolled back by an exception. Writers wait their turn, in all processes.

    So versions taken inside become visible in their own order. Keep blocks short: nobody else writes meanwhile. Do not nest.
    Raises NotYet when the turn does not come within 30 seconds, or the disk is full; Unavailable when the database is away: when that
    happens at the end of the block, the transaction may have been committed all the same.
    """
    with _turn(engine), _connected(engine, BEGIN_WRITING) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{database_errors.BUSY_SECONDS}s'"))
            connection.execute(select(feed_counter.c.version).with_for_update()).one()
        yield connection


@contextmanager
def _connected(engine: Engine, options: dict[str, str]) -> Iterator[Connection]:
    """The one place that opens connections."""
    with while_connecting(engine):
        opened = engine.connect()
    with opened as connection:
        yield connection.execution_options(**options)


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """SQLite's writers of one process wait here: SQLite itself would let them sleep, up to 100 ms, and try again."""
    if engine.dialect.name != "sqlite":
        yield
        return
    if not _writing.acquire(timeout=database_errors.BUSY_SECONDS):
        raise stayed_locked()
    try:
        yield
    finally:
        _writing.release()


def next_version(connection: Connection, count: int = 1) -> int:
    """Takes the next `count` numbers of the feed, inside `writing`, and returns the last. A rolled-back transaction gives its own back."""
    statement = update(feed_counter).values(version=feed_counter.c.version + count).returning(feed_counter.c.version)
    return int(connection.execute(statement).scalar_one())


def _open_postgresql(address: URL) -> Engine:
    address = address.set(drivername="postgresql+pg8000")
    pool = {"pool_size": 5, "max_overflow": 15, "pool_pre_ping": True}
    try:
        engine = create_engine(address, client_encoding="utf8", connect_args={"timeout": CONNECT_SECONDS}, **pool)
    except ModuleNotFoundError as error:
        raise InvalidInput(
            "The catalog is on PostgreSQL, but its driver is not here, expected pg8000; pip install 'glossa[postgresql]'."
        ) from error
    translate_errors(engine)
    event.listen(engine, "connect", _configure_postgresql)
    return engine


def _configure_postgresql(connection: Any, _record: Any) -> None:
    """The driver's time-out would be one for each answer; a long statement must not be given up."""
    link: socket.socket = connection._usock  # pg8000 has no public name for it
    link.settimeout(None)
    if link.family != socket.AF_UNIX:
        for name, value in LOST_SERVER.items():
            if hasattr(socket, name):  # not every system has all
                link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _open_sqlite(address: URL) -> Engine:
    if not address.database or address.database == ":memory:" or "mode=memory" in str(address):
        raise InvalidInput("The catalog's address names a SQLite database in memory, expected a file; use sqlite:///FILE.")
    Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    # No limit on overflow: a reader in a thread must never wait for a pool when SQLite itself would let it read.
    engine = create_engine(
        address.set(drivername="sqlite+pysqlite"), connect_args={"timeout": database_errors.BUSY_SECONDS}, pool_size=8, max_overflow=-1
    )
    translate_errors(engine)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself: _begin_sqlite does
    _enter_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Turns the write-ahead log on. The file remembers it; only here SQLite may answer 'locked' at once instead of waiting."""
    deadline = time.monotonic() + database_errors.BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))
