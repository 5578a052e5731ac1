"""What SQLite, PostgreSQL and its driver report, as one sentence of the tree in `rag.errors`: for every statement of an engine."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import TimeoutError as PoolTimeout

from rag.errors import InvalidInput, NotYet, RagError, Unavailable

BUSY_SECONDS = 30  # that a writer waits for its turn
# SQLite's codes, and PostgreSQL's (https://www.postgresql.org/docs/current/errcodes-appendix.html)
LOCKED = {sqlite3.SQLITE_BUSY, "55P03"}
FULL = {sqlite3.SQLITE_FULL, "53100"}
AGAIN = {"40001", "40P01"}  # a deadlock, or a row that another transaction changed
AWAY = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, "57P01", "57P02", "57P03", "57P05", "53300", "25006", "58030"}
CONNECTION_CLASS = "08"  # PostgreSQL's class of connection exceptions
DRIVER_SAYS = ("network error", "communication error", "create a connection", "connection is closed")  # pg8000, which has no codes


def translate_errors(engine: Engine) -> None:
    """From now on what the database reports is raised as Unavailable, NotYet or InvalidInput where it is one of them."""
    event.listen(engine, "handle_error", _translated, retval=True)


@contextmanager
def while_connecting(engine: Engine) -> Iterator[None]:
    """Translates what the pool of connections raises by itself. Open the connection within, and use it after."""
    try:
        yield
    except PoolTimeout as error:
        raise NotYet("All connections to the catalog are in use; try again in a moment.") from error
    except OSError as error:  # pg8000 lets it through when a connection from before turns out to be lost; others will be too
        engine.dispose()
        raise unavailable(str(error)) from error


def stayed_locked() -> NotYet:
    """The turn to write did not come."""
    return NotYet(f"The catalog stayed locked by other writers for {BUSY_SECONDS} seconds, expected less; try again.")


def unavailable(reason: str) -> Unavailable:
    """The database is away."""
    return Unavailable(f"The catalog's database cannot be used now ({reason}); try again in a moment.")


def _translated(context: ExceptionContext) -> RagError | None:
    error = context.original_exception
    code = _code(error)
    if _is_lost(error, code):
        context.is_disconnect = True  # the pool gives up this connection and those of before
        return None if context.is_pre_ping else unavailable(_reason(error))  # a ping then opens a new one
    if code in LOCKED:
        return stayed_locked()
    if code in AGAIN:
        return NotYet(f"Another writer of the catalog was quicker ({_reason(error)}); try again.")
    if code in FULL:
        return NotYet("The disk that holds the catalog is full, so nothing was changed; free space and try again.")
    if code == sqlite3.SQLITE_NOTADB:
        return InvalidInput("The catalog's file is no SQLite database, expected one or none; move it or restore a backup.")
    return None


def _is_lost(error: BaseException, code: int | str | None) -> bool:
    if isinstance(code, str) and code.startswith(CONNECTION_CLASS):
        return True
    of_driver = type(error).__name__ == "InterfaceError"  # pg8000's, which may not be installed
    return code in AWAY or isinstance(error, OSError) or (of_driver and any(said in str(error) for said in DRIVER_SAYS))


def _code(error: BaseException) -> int | str | None:
    """SQLite's primary result code, or PostgreSQL's SQLSTATE."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF
    code = _fields(error).get("C")
    return code if isinstance(code, str) else None


def _reason(error: BaseException) -> str:
    message = str(_fields(error).get("M") or error)
    return "no connection" if "create a connection" in message else message  # its text names the server's address


def _fields(error: BaseException) -> dict[str, object]:
    """What PostgreSQL's message holds, by the letters of its protocol."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, dict) else {}
