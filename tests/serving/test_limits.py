"""A service with small limits: what is too much is refused with the right status, and `glossa ingest` waits for room in the queue."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.settings import MIB, Settings
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


def test_the_readme_tells_the_limits_as_they_are() -> None:
    told = (Path(__file__).parents[2] / "README.md").read_text()
    settings = Settings()
    for limit in (
        f"| a file | {settings.max_file_bytes // MIB} MiB |",
        f"{settings.parsing.pages:,} pages, {settings.parsing.characters:,} characters",
        f"unpacked {settings.parsing.expanded_bytes // MIB:,} MiB and {settings.parsing.expansion_ratio} times its size",
        f"{settings.parsing.memory_bytes // MIB // 1024} GiB of memory, {settings.parsing.page_seconds} seconds for a page",
        f"| a request | {settings.max_files_per_upload:,} files |",
        f"| a collection | {settings.max_documents:,} documents |",
        f"| the queue | {settings.max_queued_documents:,} documents |",
        f"| the disk | less than {settings.min_free_bytes // MIB} MiB free |",
    ):
        assert limit in told, limit
