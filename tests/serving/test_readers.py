"""Readers never wait behind writers."""

import sqlite3
import threading
import time

import httpx

from tests.serving.in_process import Application

UPLOADS = 12
SECONDS = 20  # less than the 30 after which a writer gives up its turn


def test_a_reader_is_answered_while_uploads_wait_for_the_catalogs_lock(here: Application) -> None:
    staging = here.services.settings.data / "blobs" / "staging"
    writer = sqlite3.connect(here.services.settings.data / "catalog.sqlite", isolation_level=None)
    with here.served() as client:
        waiting = [threading.Thread(target=send, args=(client, number)) for number in range(UPLOADS)]
        writer.execute("BEGIN IMMEDIATE")
        try:
            for thread in waiting:
                thread.start()
            deadline = time.monotonic() + SECONDS
            while sum(path.stat().st_size > 0 for path in staging.iterdir()) < here.services.settings.receiving_threads:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            for path in ("/v1/collections", "/v1/status", "/v1/documents", "/metrics"):
                assert client.get(path, timeout=SECONDS).status_code == 200  # the lock is still held
            assert client.post("/v1/search", json={"question": "Where is the lift?"}, timeout=SECONDS).status_code == 200
            assert all(thread.is_alive() for thread in waiting)
        finally:
            writer.execute("ROLLBACK")
            writer.close()
        for thread in waiting:
            thread.join(60)
        documents = client.get("/v1/documents", params={"collection": "waiting"}).json()["documents"]
    assert {document["name"] for document in documents} == {f"{number}.txt" for number in range(UPLOADS)}


def send(client: httpx.Client, number: int) -> None:
    files = [("files", (f"{number}.txt", b"The lift number %d is repaired." % number))]
    client.post("/v1/documents", data={"collection": "waiting"}, files=files).raise_for_status()
