"""A service whose original files are in a bucket, and ingest from one, with a real S3 server."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest

from rag.catalog.publish import UNFINISHED
from tests import service as instances
from tests.s3_server import S3Server, running_s3
from tests.service import Service, add, finished, search, upload

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]
SAMPLES = Path(__file__).parents[2] / "samples" / "documents"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with running_s3() as running, pytest.MonkeyPatch.context() as environment:
        for name, value in running.environment.items():
            environment.setenv(name, value)
        running.make_bucket("originals")
        yield running


@pytest.fixture(scope="module")
def service(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = instances.start(tmp_path_factory.mktemp("bucket") / "data", "--files", "s3://originals/glossa")
    yield running
    running.stop()


def test_documents_live_in_the_bucket_and_outlast_its_failure(server: S3Server, service: Service) -> None:
    with service.client() as client:
        pdf = (SAMPLES / "rongngan-chiangmai.pdf").read_bytes()
        row = add(client, "rongngan.pdf", pdf)
        assert row["status"] == "ready"
        assert client.get(f"/v1/documents/{row['id']}/content").content == pdf
        assert server.keys("originals") == [f"glossa/{row['sha256'][:2]}/{row['sha256']}"]

        server.fail(True)
        began = time.monotonic()
        refused = client.post("/v1/documents", files=[("files", ("late.txt", b"The late lamp is red."))], timeout=120)
        assert (refused.status_code, "s3://originals/glossa cannot be used now" in refused.json()["detail"]) == (503, True)
        assert time.monotonic() - began < 60
        assert search(client, "rongngan")  # what is ready is found meanwhile
        server.fail(False)

        late = add(client, "late.txt", b"The late lamp is red.")
        assert (late["status"], search(client, "late lamp")[0]["name"]) == ("ready", "late.txt")
        for each in (row, late):
            assert client.delete(f"/v1/documents/{each['id']}").status_code == 200
        assert [key for key in server.keys("originals") if "staging" not in key] == []


def test_what_waits_while_the_bucket_fails_is_ingested_when_it_is_back(server: S3Server, service: Service) -> None:
    table = b"name;place\n" + b"Anna;Bonn\n" * 12_000  # seconds of work
    with service.client() as client:
        busy = upload(client, *((f"{number}.csv", table + b"%d;x\n" % number) for number in range(2)))  # a worker each
        for row in busy:
            await_progress(client, row["id"])
        rows = upload(client, *((f"{number}.txt", f"Lamp number {number} is red.".encode()) for number in range(5)))
        server.fail(True)
        assert {finished(client, row["id"])["status"] for row in busy} == {"ready"}  # they had been read before
        assert {client.get(f"/v1/documents/{row['id']}").json()["status"] for row in rows} <= set(UNFINISHED)
        server.fail(False)
        assert {finished(client, row["id"])["status"] for row in rows} == {"ready"}


def await_progress(client: httpx.Client, document_id: str) -> None:
    """Return when something of the document has been read."""
    deadline = time.monotonic() + 60
    while client.get(f"/v1/documents/{document_id}").json()["progress"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_bucket_is_ingested_from_the_command_line(server: S3Server, service: Service) -> None:
    server.make_bucket("company")
    for name in ("handbook.md", "price-list-2026.csv"):
        boto3.client("s3").upload_file(str(SAMPLES / name), "company", f"shared/{name}")
    program = [sys.executable, "-m", "serving.command.cli"]
    command = [*program, "ingest", "s3://company/shared", "--data", str(service.data), "--include", "*.md"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    with service.client() as client:
        found = {row["name"]: row["status"] for row in client.get("/v1/documents", params={"limit": 100}).json()["documents"]}
        assert (found["handbook.md"], found.get("price-list-2026.csv")) == ("ready", None)
    command[4] = "s3://nobody/here"
    wrong = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (wrong.returncode, "There is no file or folder s3://nobody/here" in " ".join(wrong.stderr.split())) == (2, True)
