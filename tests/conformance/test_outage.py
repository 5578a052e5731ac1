"""A PostgreSQL server that stops, starts again, and ends connections: one error while it is away, and nothing to do when it is back."""

import copy
import logging
import subprocess
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import RayTaskError, WorkerCrashedError
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import SQLAlchemyError

import rag
from ingest import outage as waiting
from ingest import pipeline
from ingest.dispatch import is_outage
from ingest.sandbox import Sandbox
from rag.blobs import BlobStore, StagedBlob
from rag.catalog import collections, documents, feed, hydrate, keys, reembedding, surroundings, tables
from rag.catalog.schema import migrate, next_version, open_catalog, reading, writing
from rag.embedder import Embedder, Vectors
from rag.errors import InvalidInput, NotYet, RagError, Unavailable
from rag.load_embedder import STATIC, load_embedder
from rag.records import Page, Passage, Role
from rag.retriever import Retriever
from rag.scope import contents_of
from tests.conformance.catalog_fixture import STAMP, Desk
from tests.conformance.postgresql import Server

PASSAGE = Passage("d", "a.txt", 1, 0, 4, "text", "en", 1.0)
# One of every kind of statement that a request, an ingest or a follower sends.
STATEMENTS: dict[str, Callable[[Desk], object]] = {
    "the version": lambda desk: feed.current_version(desk.engine),
    "changes": lambda desk: feed.changes_since(desk.engine, 0),
    "contents": lambda desk: feed.live_contents(desk.engine),
    "sizes": lambda desk: feed.sizes(desk.engine, [1]),
    "chunks": lambda desk: list(feed.load_contents(desk.engine, {1: 1})),
    "what is pending": lambda desk: feed.pending(desk.engine, 9, None),
    "passages": lambda desk: hydrate.hydrate(desk.engine, [1], visible=None),
    "a filter": lambda desk: contents_of(desk.engine, ["d"], None),
    "what is around": lambda desk: surroundings.widen(desk.engine, [PASSAGE]),
    "documents": lambda desk: documents.list_documents(desk.engine, None),
    "the queue": lambda desk: documents.unfinished(desk.engine, 10),
    "a short queue": lambda desk: documents.require_short_queue(desk.engine, 10),
    "collections": lambda desk: collections.list_collections(desk.engine, None),
    "counts": lambda desk: collections.count_by_status(desk.engine, None),
    "stamps": lambda desk: collections.embedder_stamps(desk.engine),
    "a key": lambda desk: keys.identify(desk.engine, "glossa_x"),
    "a new key": lambda desk: keys.create_key(desk.engine, uuid.uuid4().hex, role=Role.READER),  # names are unique
    "an upload": lambda desk: desk.upload("b.txt", b"b"),
    "a switch": lambda desk: reembedding.switch(desk.engine, STAMP),
    "a migration": lambda desk: migrate(desk.engine),
}


@pytest.fixture
def desk(new_database: Callable[[str], str], migrated: str, tmp_path: Path) -> Iterator[Desk]:
    engine = open_catalog(new_database(migrated))
    yield Desk(engine, BlobStore(tmp_path / "blobs"))
    engine.dispose()


def outcome(statement: Callable[[Desk], object], desk: Desk) -> str:
    """'done', or the name of the error."""
    try:
        statement(desk)
    except (RagError, SQLAlchemyError, OSError) as error:
        return type(error).__name__
    return "done"


def end_sessions(server: Server, engine: Engine) -> int:
    """End every session of a database but this one, as an administrator or a fail-over does; how many there were."""
    end = text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name")
    with open_catalog(server.address()).connect() as connection:
        return len(connection.execute(end, {"name": engine.url.database}).all())


def test_while_the_server_is_away_everything_is_unavailable_and_afterwards_nothing_is(desk: Desk, server: Server) -> None:
    fresh = Desk(open_catalog(str(desk.engine.url)), desk.blobs)  # without a connection from before
    before = {name: outcome(statement, desk) for name, statement in STATEMENTS.items()}
    with server.away():
        away = {name: outcome(statement, each) for each in (desk, fresh) for name, statement in STATEMENTS.items()}
    after = {name: outcome(statement, desk) for name, statement in STATEMENTS.items()}
    assert before == after == dict.fromkeys(STATEMENTS, "done")
    assert away == dict.fromkeys(STATEMENTS, "Unavailable")


def test_the_sentence_says_what_is_away_and_hides_the_address(server: Server, desk: Desk) -> None:
    with server.away(), pytest.raises(Unavailable) as raised:
        feed.current_version(desk.engine)
    assert str(raised.value) == "The catalog's database cannot be used now (communication error); try again in a moment."
    assert isinstance(raised.value, NotYet)


def test_sessions_that_were_ended_while_idle_are_replaced_without_an_error(desk: Desk, server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:  # several connections in the pool
        list(pool.map(lambda _: feed.current_version(desk.engine), range(64)))
    assert end_sessions(server, desk.engine) >= 1
    assert {outcome(statement, desk) for statement in STATEMENTS.values()} == {"done"}


def test_a_session_that_ends_within_a_transaction_changes_nothing_and_the_next_one_works(desk: Desk, server: Server) -> None:
    with pytest.raises(Unavailable), writing(desk.engine) as connection:
        next_version(connection)
        assert end_sessions(server, desk.engine) == 1
        next_version(connection)
    with pytest.raises(Unavailable), reading(desk.engine) as connection:
        connection.execute(text("SELECT 1"))
        assert end_sessions(server, desk.engine) >= 1
        connection.execute(text("SELECT 1"))
    with pytest.raises(Unavailable), writing(desk.engine) as connection:
        next_version(connection)
        assert end_sessions(server, desk.engine) >= 1  # and then the commit
    assert feed.current_version(desk.engine) == 0


def test_a_server_that_starts_or_only_reads_or_is_full_is_unavailable(desk: Desk, server: Server) -> None:
    with pytest.raises(Unavailable, match="read-only transaction"), writing(desk.engine) as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))  # what a standby answers, after a fail-over
        next_version(connection)
    for code in ("57P03", "53300", "08006", "57P02"):
        with pytest.raises(Unavailable, match="starting"), reading(desk.engine) as connection:
            connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'starting' USING ERRCODE = '{code}'; END $$"))
    assert feed.current_version(desk.engine) == 0


def test_what_is_wrong_with_a_statement_is_not_an_outage(desk: Desk) -> None:
    for wrong in ("SELECT nothing FROM nowhere", "SELECT 1/0"):
        with pytest.raises(Exception, match=r"nowhere|division") as raised, reading(desk.engine) as connection:
            connection.execute(text(wrong))
        assert not isinstance(raised.value, NotYet)


def test_a_reader_that_finds_all_connections_taken_is_told_to_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.engine.pool, "_timeout", 0.05)
    with ThreadPoolExecutor(20) as pool:
        taken = list(pool.map(lambda _: desk.engine.connect(), range(20)))
        with pytest.raises(NotYet, match="All connections to the catalog are in use"):
            feed.current_version(desk.engine)
        for connection in taken:
            connection.close()
    assert feed.current_version(desk.engine) == 0


def test_a_sqlite_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite").mkdir()
    with pytest.raises(Unavailable, match="unable to open database file"):
        feed.current_version(open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite"))


def test_errors_that_the_block_raises_itself_pass_unchanged(desk: Desk) -> None:
    for error in (OSError("a file"), InvalidInput("a sentence")):
        for opened in (reading, writing):
            with pytest.raises(type(error)) as raised, opened(desk.engine):
                raise error
            assert raised.value is error


def test_connections_are_opened_in_one_place() -> None:
    folder = Path(rag.__file__).parents[1]
    found = subprocess.run(
        ["grep", "-rlE", r"engine\.(connect|begin)\(", "rag", "ingest", "serving", "--include=*.py"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.split() == ["rag/catalog/schema.py"]


def test_a_file_whose_row_was_not_committed_goes_with_the_next_upload(desk: Desk, server: Server) -> None:
    class Adopting(BlobStore):
        """Its server stops between the file's rename and the row's commit."""

        def adopt(self, staged: StagedBlob) -> None:
            super().adopt(staged)
            end_sessions(server, desk.engine)

    with pytest.raises(Unavailable):
        unlucky = Desk(desk.engine, Adopting(desk.blobs.root))
        unlucky.upload("a.txt", b"a")
    assert (desk.stored(), desk.names()) == (1, [])
    desk.blobs.unsure |= unlucky.blobs.unsure
    desk.upload("b.txt", b"b")
    assert (desk.stored(), desk.names(), desk.blobs.unsure) == (1, [("b.txt", "queued")], set())


# What an ingest does when the outage begins, in the order of its steps.
STEPS = ("starting", "parsing", "embedding")


class Outage(logging.Handler):
    """Begins once, when `here` is called with its step; it ends as soon as the ingest says that it waits."""

    def __init__(self, step: str, begin: Callable[[], object], end: Callable[[], object]) -> None:
        super().__init__()
        self.step, self.begin, self.end = step, begin, end
        self.state = "to come"

    def here(self, step: str) -> None:
        if step == self.step and self.state == "to come":
            self.state = "now"
            self.begin()

    def emit(self, record: logging.LogRecord) -> None:
        if self.state == "now":
            self.state = "over"
            self.end()


def ingest_through(outage: Outage, desk: Desk, embedder: Embedder) -> tuple[str, int]:
    """Status and attempts of a document that is ingested while an outage happens."""

    class Blobs(BlobStore):
        @contextmanager
        def local(self, sha256: str) -> Iterator[Path]:
            outage.here("reading the file")
            with super().local(sha256) as path:
                yield path

    class Parser(Sandbox):
        def parse(self, path: Path, media_type: str) -> Iterator[tuple[Page, int | None]]:
            for page in super().parse(path, media_type):
                outage.here("parsing")
                yield page

    def encode(texts: Sequence[str]) -> Vectors:
        outage.here("embedding")
        return embedder.encode_passages(texts)

    embedding = copy.copy(embedder)
    embedding.encode_passages = encode  # type: ignore[method-assign]
    document = desk.upload(f"{outage.step}.txt", f"The lamp is red, {outage.step}.".encode())
    outage.here("starting")
    waiting.log.addHandler(outage)
    with closing(Parser()) as sandbox:
        pipeline.ingest(document, engine=desk.engine, blobs=Blobs(desk.blobs.root), embedder=embedding, sandbox=sandbox)
    waiting.log.removeHandler(outage)
    assert outage.state == "over"
    with reading(desk.engine) as connection:
        row = connection.execute(select(tables.documents).where(tables.documents.c.id == document.id)).one()
    return row.status, row.attempt


def test_a_follower_that_loses_the_database_while_it_reads_misses_nothing_afterwards(
    desk: Desk, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = load_embedder(STATIC)
    uploaded = [desk.upload(f"{colour}.txt", colour.encode()) for colour in ("red", "blue", "green")]
    with closing(Sandbox()) as sandbox:
        for document in uploaded:
            pipeline.ingest(document, engine=desk.engine, blobs=desk.blobs, embedder=embedder, sandbox=sandbox)
    retriever = Retriever(desk.engine, embedder)
    monkeypatch.setattr(feed, "CHUNKS", 1)  # a statement for each document
    read = 0

    def stop_after_the_first(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal read
        read += "FROM chunks" in statement
        if read == 1 and "FROM chunks" in statement:
            server.stop()

    event.listen(desk.engine, "after_cursor_execute", stop_after_the_first)
    with pytest.raises(Unavailable):
        retriever.follow()
    event.remove(desk.engine, "after_cursor_execute", stop_after_the_first)
    server.start()
    retriever.follow()
    found = retriever.search("Which colour?", visible=None)
    assert (read, sorted(passage.name for passage in found)) == (1, ["blue.txt", "green.txt", "red.txt"])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Embedder:
    """An embedder, for an ingest that waits no second between two tries and notes every step."""
    monkeypatch.setattr(waiting, "WAIT_SECONDS", 0.0)
    monkeypatch.setattr(pipeline, "REPORT_SECONDS", 0.0)
    return load_embedder(STATIC)


def test_an_ingest_pauses_while_the_database_is_away_and_goes_on_with_the_same_attempt(
    desk: Desk, server: Server, impatient: Embedder
) -> None:
    outcomes = {step: ingest_through(Outage(step, server.stop, server.start), desk, impatient) for step in STEPS}
    assert outcomes == dict.fromkeys(STEPS, ("ready", 1))


def test_an_ingest_pauses_while_the_files_are_away(desk: Desk, tmp_path: Path, impatient: Embedder) -> None:
    root, elsewhere = desk.blobs.root, tmp_path / "elsewhere"
    outage = Outage("reading the file", lambda: root.rename(elsewhere), lambda: elsewhere.rename(root))
    assert ingest_through(outage, desk, impatient) == ("ready", 1)


def test_a_worker_that_waits_has_not_died() -> None:
    said = [RayTaskError("ingest_document", "...", error) for error in (Unavailable("away"), NotYet("full"), ValueError("wrong"))]
    assert [is_outage(error) for error in (*said, WorkerCrashedError())] == [True, True, False, False]
