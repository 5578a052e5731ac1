"""Promise 2: a document is visible whole or not at all; replacing it is atomic."""

import threading

import httpx

from tests.service import Service, add, finished, search, upload


def test_replacing_a_document_never_shows_both_versions_nor_neither(service: Service, client: httpx.Client, collection: str) -> None:
    add(client, "price.txt", b"The Nordlicht lamp costs 100 euros.", collection)
    seen: set[tuple[str, ...]] = set()
    stop = threading.Event()

    def watch() -> None:
        with service.client() as watcher:
            while not stop.is_set():
                seen.add(
                    tuple(passage["text"] for passage in search(watcher, "What does the Nordlicht lamp cost?", collections=[collection]))
                )

    thread = threading.Thread(target=watch)
    thread.start()
    for price in range(101, 116):
        add(client, "price.txt", f"The Nordlicht lamp costs {price} euros.".encode(), collection)
    stop.set()
    thread.join()
    allowed = {(f"The Nordlicht lamp costs {price} euros.",) for price in range(100, 116)}
    assert seen <= allowed
    assert len(seen) > 1


def test_a_replacement_that_fails_leaves_the_old_version(client: httpx.Client, collection: str) -> None:
    old = add(client, "plan.pdf", b"The plan is to plant oaks.", collection)  # text under a wrong extension is read as text
    new = finished(client, upload(client, ("plan.pdf", b"%PDF-1.4 broken"), collection=collection)[0]["id"])
    assert new["status"] == "failed"
    assert search(client, "plan", collections=[collection])[0]["document_id"] == old["id"]
