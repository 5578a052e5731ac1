"""The blob store in a bucket of a real S3 server."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag import bucket as buckets
from rag.blobs import BlobStore, StagedBlob
from rag.bucket import Bucket, open_blobs
from rag.catalog import documents
from rag.catalog.schema import migrate, open_catalog
from rag.errors import NotYet, Unavailable
from rag.settings import Settings
from tests.s3_server import S3Server, running_s3

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with running_s3() as running:
        yield running


@pytest.fixture
def store(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.make_bucket(name := tmp_path.name.replace("_", "-"))
    return Bucket(f"s3://{name}/files/", tmp_path / "blobs")


def keys(server: S3Server, store: Bucket) -> list[str]:
    return server.keys(store.address.split("/")[2])


def staged(store: BlobStore, content: bytes) -> StagedBlob:
    blob = store.stage()
    blob.write(content)
    blob.finish()
    return blob


def nothing_here(store: Bucket) -> bool:
    return not any(path.is_file() for path in store.root.rglob("*"))


def test_a_file_is_seen_under_its_hash_once_it_is_adopted_and_nothing_else_stays(server: S3Server, store: Bucket) -> None:
    blob = staged(store, b"hello")
    assert f"files/2c/{HELLO}" not in keys(server, store)
    store.adopt(blob)
    assert keys(server, store) == [f"files/2c/{HELLO}"]
    with store.local(HELLO) as path:
        assert (path.read_bytes(), path.stat().st_size) == (b"hello", 5)
    assert not path.exists()
    assert nothing_here(store)


def test_a_large_file_arrives_whole(store: Bucket) -> None:
    content = bytes(range(256)) * 100_000  # sent and fetched in parts
    blob = staged(store, content)
    store.adopt(blob)
    with store.local(blob.sha256) as path:
        assert path.read_bytes() == content


def test_discarding_leaves_nothing_and_may_be_repeated(server: S3Server, store: Bucket) -> None:
    unfinished = store.stage()
    unfinished.write(b"hello")
    unfinished.discard()
    blob = staged(store, b"hello")
    blob.discard()
    blob.discard()
    assert keys(server, store) == []
    assert nothing_here(store)


def test_the_same_bytes_adopted_twice_are_one_object_and_removing_is_final(server: S3Server, store: Bucket) -> None:
    store.adopt(staged(store, b"hello"))
    store.adopt(staged(store, b"hello"))
    assert keys(server, store) == [f"files/2c/{HELLO}"]
    store.remove(HELLO)
    store.remove(HELLO)
    assert keys(server, store) == []
    with pytest.raises(FileNotFoundError), store.local(HELLO):
        pass


def test_clearing_removes_what_dead_writers_left_in_the_bucket(server: S3Server, store: Bucket) -> None:
    store.adopt(staged(store, b"hello"))
    left = staged(store, b"left")
    assert len(keys(server, store)) == 2
    assert store.clear_staging() == 1
    assert keys(server, store) == [f"files/2c/{HELLO}"]
    left.discard()


def test_a_bucket_that_does_not_answer_is_told_in_a_sentence_and_nothing_is_lost(
    server: S3Server, store: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite")
    migrate(engine)
    monkeypatch.setattr(buckets, "READ_SECONDS", 1)
    store = Bucket(store.address, store.root)
    kept = documents.register(engine, store, staged(store, b"hello"), collection="c", name="a.txt", media_type="text/plain")
    server.fail(True)
    try:
        with pytest.raises(NotYet, match=f"The bucket {store.address} cannot be used now"):
            staged(store, b"refused")
        assert nothing_here(store)
        with pytest.raises(NotYet), store.local(HELLO):
            pass
        documents.delete(engine, store, kept.id, None)  # the file goes later
    finally:
        server.fail(False)
    assert documents.remove_dropped_blobs(engine, store) == 1
    deadline = time.monotonic() + 60
    while keys(server, store):  # what was sent meanwhile arrives now
        store.clear_staging()
        assert time.monotonic() < deadline


def test_a_bucket_that_does_not_exist_is_told_in_a_sentence(store: Bucket, tmp_path: Path) -> None:
    with pytest.raises(NotYet, match=r"The bucket s3://nobody/files cannot be used now \(The specified bucket does not exist"):
        Bucket("s3://nobody/files", tmp_path / "other").clear_staging()


class Breaking(BaseHTTPRequestHandler):
    """Promises more than it sends, and ends the connection."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"hello")

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


def test_a_bucket_that_breaks_off_in_the_middle_of_a_file_is_unavailable(
    store: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Breaking) as breaking:
        threading.Thread(target=breaking.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{breaking.server_port}")
        with pytest.raises(Unavailable, match="cannot be used now"), Bucket(store.address, tmp_path / "other").local(HELLO):
            pass
        breaking.shutdown()


def test_settings_choose_between_folder_and_bucket(store: Bucket, tmp_path: Path) -> None:
    assert open_blobs(Settings(data=tmp_path)).root == tmp_path / "blobs"
    assert open_blobs(Settings(data=tmp_path, files=str(tmp_path / "shared"))).root == tmp_path / "shared"
    opened = open_blobs(Settings(data=tmp_path, files=store.address))
    assert (type(opened), getattr(opened, "address", "")) == (Bucket, store.address)
