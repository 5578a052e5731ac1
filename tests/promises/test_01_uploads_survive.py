"""Promise 1: an upload answered 202 is never lost; kill -9, restart, and it becomes searchable or failed with a reason."""

from pathlib import Path

import pytest

from tests import service as instances
from tests.service import finished, search, upload

DOCUMENTS = 24
FAST = ("--embedder", "static")  # the encoder would take a minute for these


@pytest.mark.heavy
def test_a_kill_of_the_whole_tree_during_ingest_loses_no_acknowledged_upload(tmp_path: Path) -> None:
    running = instances.start(tmp_path / "data", *FAST)
    with running.client() as client:
        files = [(f"note-{n}.txt", f"The locker number {n} belongs to employee {n * 7919}.\n".encode() * 400) for n in range(DOCUMENTS)]
        rows = upload(client, *files, ("broken.pdf", b"%PDF-1.7 and then nothing"))
        running.kill()
    assert len(rows) == DOCUMENTS + 1

    again = instances.start(tmp_path / "data", *FAST)
    try:
        with again.client() as client:
            ended = [finished(client, row["id"]) for row in rows]
            assert [document["status"] for document in ended[:DOCUMENTS]] == ["ready"] * DOCUMENTS
            assert ended[DOCUMENTS]["status"] == "failed"
            assert ended[DOCUMENTS]["error"]
            assert len(client.get("/v1/documents", params={"limit": 200}).json()["documents"]) == DOCUMENTS + 1
            assert search(client, "employee 23757", min_version=max(row["version"] for row in rows))[0]["name"] == "note-3.txt"
    finally:
        assert again.stop() == 0


@pytest.mark.heavy
def test_a_restart_keeps_every_document_and_the_first_key(tmp_path: Path) -> None:
    running = instances.start(tmp_path / "data")
    first_key = next(line.strip() for line in (tmp_path / "data.log").read_text().splitlines() if line.strip().startswith("glossa_"))
    with running.client(first_key) as client:
        document = instances.add(client, "keys.md", b"# Keys\n\nThe spare key hangs behind the blue door.\n")
    assert running.stop() == 0

    again = instances.start(tmp_path / "data")
    try:
        with again.client(first_key) as client:
            assert client.get(f"/v1/documents/{document['id']}").json() == document
            assert search(client, "Where is the spare key?")[0]["document_id"] == document["id"]
        with again.client(running.key) as client:
            assert client.get("/v1/documents").status_code == 401  # the key of a run ends with it
    finally:
        assert again.stop() == 0
