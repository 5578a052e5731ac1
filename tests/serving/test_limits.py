"""A service with small limits: what is too much is refused with the right status, and `glossa ingest` waits for room in the queue."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rag.catalog.publish import UNFINISHED
from rag.settings import MIB, Settings
from tests import service as instances
from tests.service import Service, add, upload
from tests.serving.test_page import CHROMIUM, PICTURES, SWITCHES

pytestmark = pytest.mark.heavy
FEW = 3


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    limits = ("--max-queued-documents", str(FEW), "--max-documents", str(2 * FEW), "--embedder", "static")  # 100,000 rows
    running = instances.start(tmp_path_factory.mktemp("small") / "data", *limits)
    yield running
    running.stop()


def await_idle(client: httpx.Client) -> None:
    """Return when no document waits or is worked on."""
    deadline = time.monotonic() + 120
    while any(client.get("/v1/status").json()["documents"].get(status) for status in UNFINISHED):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_long_queue_is_told_and_the_command_line_waits_for_it(small: Service, tmp_path: Path) -> None:
    table = b"name;place\n" + b"Anna;Bonn\n" * 100_000  # seconds of work
    with small.client() as client:
        upload(client, *((f"{number}.csv", table + b"%d;x\n" % number) for number in range(FEW)), collection="slow")
        refused = client.post("/v1/documents", data={"collection": "slow"}, files=[("files", ("more.txt", b"More."))])
        assert refused.status_code == 429
        assert refused.headers["Retry-After"]
        assert refused.json()["detail"] == "3 documents wait for their ingest, expected fewer than 3; send this again when some are ready."
        (tmp_path / "note.txt").write_text("The lift is repaired on Friday.")
        program = [sys.executable, "-m", "serving.command.cli"]
        command = [*program, "ingest", str(tmp_path), "--collection", "patient", "--data", str(small.data)]
        sent = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        assert sent.returncode == 0, sent.stderr
        assert "1 ready" in sent.stdout


def test_the_page_waits_for_a_long_queue_too(small: Service) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    table = b"name;place\n" + b"Anna;Bonn\n" * 100_000
    with sync_api.sync_playwright() as playwright, small.client() as client:
        page = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES).new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{small.url}/#key={small.key}")
        page.click("#show-documents")
        await_idle(client)
        upload(client, *((f"{number}.csv", table + b"%d;y\n" % number) for number in range(FEW)), collection="slower")
        page.set_input_files("#files", [{"name": "late.txt", "mimeType": "text/plain", "buffer": b"The lift is repaired on Monday."}])
        sync_api.expect(page.locator("#notice")).to_contain_text("The upload goes on by itself")
        page.select_option("#filter-status", "ready")
        sync_api.expect(page.locator("#work")).to_be_visible()
        sync_api.expect(page.locator("#work")).to_have_text(re.compile(r"^[23] documents wait or are being read\.$"))
        page.screenshot(path=PICTURES / "9-long-queue.png")
        sync_api.expect(page.locator("#list")).to_contain_text("late.txt", timeout=120_000)
        sync_api.expect(page.locator("#work")).to_be_hidden(timeout=60_000)
        sync_api.expect(page.locator("#refused")).to_be_empty()


def test_a_full_collection_takes_no_more_and_others_do(small: Service) -> None:
    with small.client() as client:
        await_idle(client)
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
