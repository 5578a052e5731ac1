"""What must not grow with the number of documents, over both databases."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select

from rag.blobs import BlobStore
from rag.catalog import documents, feed
from rag.catalog.hydrate import hydrate
from rag.catalog.room import Room
from rag.catalog.schema import migrate, open_catalog, writing
from rag.catalog.tables import documents as rows
from rag.errors import TooLarge
from tests.conformance.catalog_fixture import Desk, load_content


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Those sent within the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement != "BEGIN":
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def add_names(engine: Engine, count: int) -> None:
    """So many more documents that show the bytes of the one there is."""
    with writing(engine) as connection:
        row = connection.execute(select(rows)).mappings().first()
        assert row is not None
        now = datetime.now(UTC)
        copies = [dict(row, id=f"{number:032}", name=f"{number}.txt", created_at=now) for number in range(count)]
        connection.execute(insert(rows), copies)


def test_many_contents_are_read_by_few_statements(desk: Desk) -> None:
    for number in range(60):
        desk.ingest(desk.upload(f"{number}.txt", b"%d" % number), f"text {number}")
    ids = [content for _, content in feed.live_contents(desk.engine)]
    with statements(desk.engine) as sent:
        loaded = list(feed.load_contents(desk.engine, feed.sizes(desk.engine, [*ids, 10**9])))
    assert [(content, [chunk.text for chunk in chunks]) for content, chunks in loaded] == [
        (content, [f"text {number}"]) for number, content in enumerate(ids)
    ]
    assert len(sent) == 2


def test_contents_are_read_in_portions(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "CHUNKS", 5)
    for number in range(4):
        desk.ingest(desk.upload(f"{number}.txt", b"%d" % number), "one", "two", "three")
    sizes = feed.sizes(desk.engine, [content for _, content in feed.live_contents(desk.engine)])
    with statements(desk.engine) as sent:
        loaded = list(feed.load_contents(desk.engine, sizes))
    assert [[chunk.text for chunk in chunks] for _, chunks in loaded] == [["one", "two", "three"]] * 4
    assert len(sent) == 2


def test_a_passage_under_many_names_costs_no_more_than_under_one(tmp_path: Path) -> None:
    def steps(names: int) -> int:
        """Tens of steps of SQLite's machine that hydrating takes."""
        taken = 0

        def count() -> None:
            nonlocal taken
            taken += 1

        def watch(connection: sqlite3.Connection, _record: Any) -> None:
            connection.set_progress_handler(count, 10)

        url = f"sqlite:///{tmp_path}/{names}.sqlite"
        migrate(open_catalog(url))
        desk = Desk(open_catalog(url), BlobStore(tmp_path / "blobs"))
        desk.ingest(desk.upload("first.txt", b"a"), "text")
        add_names(desk.engine, names)
        [(_, content)] = feed.live_contents(desk.engine)
        [chunk] = load_content(desk.engine, content)
        watched = open_catalog(url)
        event.listen(watched, "connect", watch)
        feed.current_version(watched)
        taken = 0
        assert hydrate(watched, [chunk.id], visible=frozenset({"default"}))[chunk.id].name == "first.txt"
        return taken

    assert steps(5000) <= 2 * steps(1)


def test_one_of_many_names_is_told_when_it_was_asked_for(desk: Desk) -> None:
    desk.ingest(desk.upload("first.txt", b"a"), "text")
    add_names(desk.engine, 1200)
    [(_, content)] = feed.live_contents(desk.engine)
    [chunk] = load_content(desk.engine, content)
    assert hydrate(desk.engine, [chunk.id], visible=None)[chunk.id].name == "first.txt"
    for asked, name in (([f"{7:032}"], "7.txt"), ([f"{number:032}" for number in range(1199, 99, -1)], "100.txt")):
        assert hydrate(desk.engine, [chunk.id], visible=None, document_ids=asked)[chunk.id].name == name


def test_uploads_to_a_collection_with_room_do_not_count_it(desk: Desk) -> None:
    room = Room(desk.engine, 5)
    uploaded = []
    with statements(desk.engine) as sent:
        for number in range(5):
            room.require("default")
            uploaded.append(desk.upload(f"{number}.txt", b"%d" % number))
        with pytest.raises(TooLarge, match="The collection default holds 5 documents, expected fewer than 5"):
            room.require("default")
        room.require("another")
    assert sum("count(" in statement for statement in sent) == 4  # empty, with one, full, and another that is empty
    documents.delete(desk.engine, desk.blobs, uploaded[0].id, None)
    room.require("default")
