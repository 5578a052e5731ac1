"""A real instance of the service for tests: its own data folder, ports and Ray; started as a user starts it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from serving.client.run_state import read_state
from serving.instance import ports

START_SECONDS = 180  # on two busy cores; an idle machine takes about 15
INGEST_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Service:
    """A running instance."""

    url: str
    key: str
    data: Path
    process: "subprocess.Popen[bytes]"

    def client(self, key: str | None = None) -> httpx.Client:
        """An HTTP client with this run's key, or with another."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key or self.key}"}, timeout=60)

    def stop(self) -> int:
        """End it as Ctrl-C does and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def kill(self) -> None:
        """kill -9 of the whole process tree at once, as a power cut would end it."""
        tree = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGSTOP)  # so that nobody sees the others go
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(10)


def start(data: Path, *options: str, seconds: float = START_SECONDS, program: Sequence[str] = ("-m", "serving.command.cli")) -> Service:
    """`glossa up` on free ports, ready to answer. `program` is what Python runs as glossa."""
    port = ports.free()
    log = (data.parent / f"{data.name}.log").open("ab")
    command = [sys.executable, *program, "up", "--data", str(data), "--port", str(port), *options]
    process = subprocess.Popen(
        command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        state = read_state(data)
        if state is not None and state.pid == process.pid:
            return Service(state.url, state.key, data, process)
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"the service did not start:\n{Path(log.name).read_text()[-4000:]}")


@contextlib.contextmanager
def holding(documents: Mapping[str, str], data: Path, *options: str, seconds: float = START_SECONDS) -> Iterator[Service]:
    """`glossa up` with these texts by name, all of them ready; stopped at the end."""
    running = start(data, *options, seconds=seconds)
    try:
        with running.client() as client:
            for name, text in documents.items():
                assert add(client, name, text.encode())["status"] == "ready"
        yield running
    finally:
        running.stop()


def upload(client: httpx.Client, *files: tuple[str, bytes], collection: str = "default") -> list[dict[str, Any]]:
    """Upload files; the rows of the answer."""
    parts = [("files", (name, content)) for name, content in files]
    response = client.post("/v1/documents", data={"collection": collection}, files=parts)
    assert response.status_code == 202, response.text
    rows: list[dict[str, Any]] = response.json()["documents"]
    return rows


def finished(client: httpx.Client, document_id: str) -> dict[str, Any]:
    """Wait until a document is ready or failed; the document."""
    deadline = time.monotonic() + INGEST_SECONDS
    while time.monotonic() < deadline:
        document: dict[str, Any] = client.get(f"/v1/documents/{document_id}").json()
        if document["status"] in ("ready", "failed"):
            return document
        time.sleep(0.05)
    raise AssertionError(f"still {document['status']} after {INGEST_SECONDS} s")


def add(client: httpx.Client, name: str, content: bytes, collection: str = "default") -> dict[str, Any]:
    """Upload one file and wait until it is ready or failed."""
    return finished(client, upload(client, (name, content), collection=collection)[0]["id"])


def search(client: httpx.Client, question: str, **scope: Any) -> list[dict[str, Any]]:
    """The passages found."""
    response = client.post("/v1/search", json={"question": question, **scope})
    assert response.status_code == 200, response.text
    passages: list[dict[str, Any]] = response.json()["passages"]
    return passages
