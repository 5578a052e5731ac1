"""The blob store."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from rag.blobs import BlobStore, StagedBlob

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def files(store: BlobStore) -> list[str]:
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file())


def staged(store: BlobStore, *parts: bytes) -> StagedBlob:
    blob = store.stage()
    for part in parts:
        blob.write(part)
    blob.finish()
    return blob


def test_a_file_is_hashed_while_it_is_written(store: BlobStore) -> None:
    blob = staged(store, b"hel", b"", b"lo")
    assert (blob.sha256, blob.size) == (HELLO, 5)


def test_a_staged_file_is_not_visible_until_it_is_adopted(store: BlobStore) -> None:
    blob = staged(store, b"hello")
    assert not store.path(HELLO).exists()
    store.adopt(blob)
    assert store.path(HELLO).read_bytes() == b"hello"
    assert files(store) == [f"2c/{HELLO}"]


def test_discarding_leaves_nothing_and_may_be_repeated(store: BlobStore) -> None:
    blob = store.stage()
    blob.write(b"hello")
    blob.discard()
    blob.discard()
    assert files(store) == []


def test_discarding_after_adopting_keeps_the_adopted_file(store: BlobStore) -> None:
    blob = staged(store, b"hello")
    store.adopt(blob)
    blob.discard()
    assert store.path(HELLO).read_bytes() == b"hello"


def test_the_same_bytes_adopted_twice_are_one_file_and_a_reader_does_not_notice(store: BlobStore) -> None:
    store.adopt(staged(store, b"hello"))
    with store.path(HELLO).open("rb") as reader:
        store.adopt(staged(store, b"hello"))
        assert reader.read() == b"hello"
    assert files(store) == [f"2c/{HELLO}"]


def test_an_empty_file_can_be_stored(store: BlobStore) -> None:
    blob = staged(store)
    store.adopt(blob)
    assert store.path("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855").read_bytes() == b""


def test_removing_is_final_and_removing_what_is_not_there_is_no_error(store: BlobStore) -> None:
    store.adopt(staged(store, b"hello"))
    store.remove(HELLO)
    store.remove(HELLO)
    store.remove("0" * 64)
    assert files(store) == []


def test_clearing_removes_what_dead_writers_left_and_spares_the_living(store: BlobStore) -> None:
    leave = "import sys; from pathlib import Path; from rag.blobs import BlobStore; BlobStore(Path(sys.argv[1])).stage().write(b'left')"
    subprocess.run([sys.executable, "-c", leave, str(store.root)], check=True)
    alive = staged(store, b"hello")
    assert len(files(store)) == 2
    assert BlobStore(store.root).clear_staging() == 1
    store.adopt(alive)
    assert files(store) == [f"2c/{HELLO}"]
    assert store.clear_staging() == 0


def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing(store: BlobStore) -> None:
    write = """
import resource
import sys
from pathlib import Path
from rag.blobs import BlobStore
from rag.errors import NotYet
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
blob = BlobStore(Path(sys.argv[1])).stage()
try:
    for _ in range(4):
        blob.write(bytes(1_000_000))
except NotYet as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", write, str(store.root)], check=True, capture_output=True, text=True).stdout
    assert said.startswith(
        f"The disk that holds {store.root} is full after 1000000 bytes of this file (File too large); nothing of it was kept"
    )
    assert files(store) == []


def test_hundreds_of_uploads_leave_no_open_file(store: BlobStore) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(300):
        blob = staged(store, b"%d" % number)
        store.adopt(blob) if number % 2 else blob.discard()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_discarding_from_another_thread_waits_for_a_write_to_end(tmp_path: Path) -> None:
    """Else the descriptor would be closed under the writer, and its number might be another file's when it writes on."""
    reading, writing = os.pipe()  # a write of more than a pipe holds goes on as long as nobody reads
    blob = StagedBlob(tmp_path / "none", writing)
    with ThreadPoolExecutor(2) as pool, os.fdopen(reading, "rb") as pipe:
        written = pool.submit(blob.write, b"x" * (1 << 20))
        assert pipe.read(1) == b"x"  # it has begun
        discarded = pool.submit(blob.discard)
        assert wait([discarded], timeout=0.2).not_done  # time enough to do it too early
        assert len(pipe.read((1 << 20) - 1)) == (1 << 20) - 1
        written.result()
        discarded.result()
        assert pipe.read() == b""
