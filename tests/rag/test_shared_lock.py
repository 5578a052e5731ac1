import threading
import time

from rag.shared_lock import SharedLock


def test_readers_hold_the_lock_together_and_a_writer_alone() -> None:
    lock, together, inside, seen = SharedLock(), threading.Barrier(2, timeout=5), [], []

    def read() -> None:
        with lock.shared():
            together.wait()  # passes only when both readers are inside

    def write() -> None:
        with lock.alone():
            inside.append(1)
            time.sleep(0.01)
            seen.append(len(inside))
            inside.pop()

    for target in (read, write):
        threads = [threading.Thread(target=target) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=10)
    assert (seen, together.broken) == ([1, 1], False)


def test_a_waiting_writer_goes_before_new_readers() -> None:
    lock, order, reading = SharedLock(), [], threading.Event()

    def write() -> None:
        with lock.alone():
            order.append("writer")

    def read_late() -> None:
        with lock.shared():
            order.append("reader")

    with lock.shared():
        writer = threading.Thread(target=write)
        writer.start()
        while not lock._waiting_writers:
            time.sleep(0.001)
        reader = threading.Thread(target=read_late)
        reader.start()
        reading.wait(0.05)
        assert order == []
    writer.join(timeout=5)
    reader.join(timeout=5)
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
