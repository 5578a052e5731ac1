import threading
from concurrent.futures import ThreadPoolExecutor

from rag.shared_lock import SharedLock
from tests.waiting import eventually


def waiting(lock: SharedLock) -> int:
    """How many threads wait for it."""
    with lock._state:
        return len(lock._state._waiters)  # type: ignore[attr-defined]  # of threading.Condition


def test_readers_hold_the_lock_together() -> None:
    lock, together = SharedLock(), threading.Barrier(2, timeout=20)

    def read() -> int:
        with lock.shared():
            return together.wait()  # passes only when both readers are inside

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.submit(read), threads.submit(read)
        assert {first.result(), second.result()} == {0, 1}


def test_a_writer_holds_the_lock_alone() -> None:
    lock, order = SharedLock(), []

    def write(name: str) -> None:
        with lock.alone():
            order.append(name)

    with ThreadPoolExecutor(2) as threads:
        with lock.alone():
            others = [threads.submit(write, name) for name in ("second", "third")]
            eventually(lambda: waiting(lock) == 2)
            order.append("first")
        for other in others:
            other.result()
    assert (order[0], sorted(order)) == ("first", ["first", "second", "third"])


def test_a_waiting_writer_goes_before_new_readers() -> None:
    lock, order = SharedLock(), []

    def write() -> None:
        with lock.alone():
            order.append("writer")

    def read_late() -> None:
        with lock.shared():
            order.append("reader")

    with ThreadPoolExecutor(2) as threads:
        with lock.shared():
            writer = threads.submit(write)
            eventually(lambda: waiting(lock) == 1)
            reader = threads.submit(read_late)
            eventually(lambda: waiting(lock) == 2)
            assert order == []
        writer.result()
        reader.result()
    assert order == ["writer", "reader"]


def test_an_error_inside_releases_the_lock() -> None:
    lock = SharedLock()
    for hold in (lock.shared, lock.alone):
        try:
            with hold():
                raise ValueError
        except ValueError:
            pass
    with lock.alone():
        pass
