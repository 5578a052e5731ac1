"""A service with small limits: what is too much is refused with the right status, and `glossa ingest` waits for room in the queue."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import service as instances
from tests.service import Service, add, upload

pytestmark = pytest.mark.heavy
FEW = 3


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    limits = ("--max-queued-documents", str(FEW), "--max-documents", str(2 * FEW))
    running = instances.start(tmp_path_factory.mktemp("small") / "data", *limits)
    yield running
    running.stop()


def test_a_long_queue_is_told_and_the_command_line_waits_for_it(small: Service, tmp_path: Path) -> None:
    table = b"name;place\n" + b"Anna;Bonn\n" * 100_000  # seconds of work
    with small.client() as client:
        upload(client, *((f"{number}.csv", table + b"%d;x\n" % number) for number in range(FEW)), collection="slow")
        refused = client.post("/v1/documents", data={"collection": "slow"}, files=[("files", ("more.txt", b"More."))])
        assert refused.status_code == 429
        assert refused.headers["Retry-After"]
        assert refused.json()["detail"] == "3 documents wait for their ingest, expected fewer than 3; send this again when some are ready."
        (tmp_path / "note.txt").write_text("The lift is repaired on Friday.")
        command = [sys.executable, "-m", "serving.cli", "ingest", str(tmp_path), "--collection", "patient", "--data", str(small.data)]
        sent = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        assert sent.returncode == 0, sent.stderr
        assert "1 ready" in sent.stdout


def test_a_full_collection_takes_no_more_and_others_do(small: Service) -> None:
    with small.client() as client:
        for number in range(2 * FEW):
            add(client, f"{number}.txt", b"The lift is repaired on day %d." % number, collection="full")
        refused = client.post("/v1/documents", data={"collection": "full"}, files=[("files", ("more.txt", b"More."))])
        assert refused.status_code == 413
        said = "The collection full holds 6 documents, expected fewer than 6; delete some or use another."
        assert refused.json()["detail"] == said
        assert add(client, "more.txt", b"More room here.", collection="other")["status"] == "ready"
