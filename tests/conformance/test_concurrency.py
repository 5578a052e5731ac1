"""Many threads and processes at one catalog, over both databases."""

import multiprocessing
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from rag.blobs import BlobStore
from rag.catalog import documents, feed
from rag.catalog.schema import next_version, open_catalog, writing
from rag.errors import NotFound
from rag.records import Status
from tests.conformance.catalog_fixture import Desk, load_content


def upload_and_ingest(url: str, root: Path, worker: int, count: int) -> list[int]:
    """What one process does: returns the versions of its uploads and commits, in order."""
    desk = Desk(open_catalog(url), BlobStore(root))
    versions = []
    for number in range(count):
        document = desk.upload(f"{worker}-{number}", b"%d-%d" % (worker, number))
        committed = desk.ingest(document, f"text {worker}-{number}")
        assert committed is not None
        versions += [document.version, committed]
    desk.engine.dispose()
    return versions


def follow(engine: Engine, work: list[Future[list[int]]]) -> set[int]:
    """Follows the feed while `work` goes on, checks that it only grows, and returns the contents that it told."""
    reached, told = 0, set[int]()
    finished = False
    while not finished:
        finished = all(future.done() for future in work)
        version = feed.current_version(engine)
        changes = feed.changes_since(engine, reached)
        assert version >= reached
        told |= {change.content_id for change in changes if load_content(engine, change.content_id)}
        reached = version
    return told


def test_processes_take_increasing_versions_and_a_follower_misses_nothing(url: str, tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        work = [pool.submit(upload_and_ingest, url, tmp_path / "blobs", worker, 12) for worker in range(3)]
        engine = open_catalog(url)
        told = follow(engine, work)
        taken = [future.result() for future in work]
    assert all(versions == sorted(set(versions)) for versions in taken)
    assert len({version for versions in taken for version in versions}) == 3 * 12 * 2
    assert told == {content for _, content in feed.live_contents(engine)}
    assert len(told) == 36


def test_threads_that_write_and_read_at_once_neither_fail_nor_lose_a_version(engine: Engine) -> None:
    committed: list[int] = []

    def work() -> None:
        for _ in range(25):
            with writing(engine) as connection:
                version = next_version(connection)
                committed.append(version)  # inside: in the order of the turns
            assert feed.current_version(engine) >= version

    with ThreadPoolExecutor(12) as pool:
        for future in [pool.submit(work) for _ in range(12)]:
            future.result()
    assert committed == list(range(1, 301))


def test_an_upload_keeps_its_bytes_while_the_last_other_document_with_them_is_deleted(desk: Desk) -> None:
    for number in range(25):
        data = b"shared %d" % number
        old = desk.upload(f"old {number}", data)
        desk.ingest(old, "text")
        barrier = threading.Barrier(2)

        def upload(name: str, data: bytes = data, barrier: threading.Barrier = barrier) -> documents.Document:
            barrier.wait()
            return desk.upload(name, data)

        with ThreadPoolExecutor(2) as pool:
            new = pool.submit(upload, f"new {number}")
            barrier.wait()
            desk.delete(old)
        assert desk.blobs.path(new.result().sha256).read_bytes() == data
        if desk.get(new.result()).status == Status.QUEUED:
            desk.ingest(new.result(), "text")
        assert desk.get(new.result()).status == Status.READY
    assert (desk.stored(), len(desk.texts())) == (25, 25)


def test_the_same_upload_from_many_threads_is_one_document(desk: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        uploads = [future.result() for future in [pool.submit(desk.upload, "a.txt", b"a") for _ in range(16)]]
    assert len({upload.id for upload in uploads}) == 1
    assert (desk.names(), desk.stored()) == ([("a.txt", "queued")], 1)


def test_readers_see_the_old_or_the_new_document_and_never_both_or_neither(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"0"), "text 0")
    stop = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not stop.is_set():
            seen.append(len(feed.live_contents(desk.engine)))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 25):
        desk.ingest(desk.upload("a.txt", b"%d" % number), f"text {number}")
    stop.set()
    reader.join()
    assert set(seen) == {1}


def test_a_document_deleted_and_committed_at_the_same_time_leaves_nothing(desk: Desk) -> None:
    for number in range(20):
        document = desk.upload("a.txt", b"%d" % number)
        attempt = documents.start_attempt(desk.engine, document.id)
        assert attempt is not None
        with ThreadPoolExecutor(2) as pool:
            pool.submit(desk.commit, document, attempt, ["text"])
            pool.submit(desk.delete, document)
        with pytest.raises(NotFound):
            desk.get(document)
    assert (desk.texts(), desk.stored(), feed.live_contents(desk.engine)) == ([], 0, [])
