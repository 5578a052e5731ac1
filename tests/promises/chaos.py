"""Kills parts of a running service at random while documents come, change and go; afterwards nothing may be lost, doubled, stuck or left.

Its disk may be full for some seconds, and the bucket with the original files silent.
Every acknowledged upload must be there with exactly the chunks that a calm ingest of the same bytes gives, every acknowledged delete gone;
the static model embeds, as the encoder would take minutes for each of its tables;
no document unfinished, no process, staged file or unreferenced original left. A failure that a retry mends is retried, as its reason says.
Run: make chaos, or .venv/bin/python -m tests.promises.chaos [--kills 200] [--seed N] [--postgresql] [--small-disk] [--bucket].
"""

import argparse
import contextlib
import hashlib
import os
import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import select

from ingest.pipeline import ingest
from ingest.sandbox import Sandbox
from rag.blobs import BlobStore
from rag.catalog import documents as catalog
from rag.catalog.schema import migrate, open_catalog
from rag.catalog.tables import chunks, contents, documents
from rag.load_embedder import STATIC, load_embedder
from tests import service as instances
from tests.conformance.postgresql import find_server_programs, running_server
from tests.s3_server import S3Server, running_s3
from tests.service import Service

TREE = "the whole service"
DATABASE = "a session of PostgreSQL"  # the server then ends all others and recovers, as after a crash
DISK = "a full disk"  # for seconds: every write to the catalog or the files fails
BUCKET = "a silent bucket"  # for seconds: it takes connections and answers nothing
# What is killed, by a part of its command line, and how often beside the others.
VICTIMS = {
    "ingest.parser_process": 5,
    "ray::ingest_document": 5,
    "ray::IDLE": 2,
    "ray::ServeReplica:ingest:Dispatcher": 3,
    "ray::ServeReplica:glossa:Retrieval": 2,
    "ray::ServeReplica:glossa:Gateway": 2,
    "ray::ServeController": 2,
    "haproxy": 1,
}
FIND_SECONDS = 3.0  # for a victim to be there
ANSWER_SECONDS = 180.0  # for a request that is tried again and again
SETTLE_SECONDS = 300.0
FAULT_SECONDS = 4.0  # at most; an upload waits so long
DISK_BYTES = 1 << 30  # of a small disk, in memory; half of it is what uploads leave free (min_free_bytes)
FILES = "chaos"  # the bucket
NAMES = 40  # so that most uploads replace something
Chunks = list[tuple[int, int, int, str, str]]


@dataclass
class Storm:
    """One run: the service, what it has acknowledged, and what was killed."""

    data: Path
    options: tuple[str, ...]
    rng: random.Random
    service: Service
    bucket: S3Server | None
    shown: dict[str, bytes] = field(default_factory=dict)  # the bytes that each name must show
    killed: Counter[str] = field(default_factory=Counter)
    written: int = 0
    faults: list[threading.Timer] = field(default_factory=list)  # what ends each

    def call(self, method: str, path: str, accepted: tuple[int, ...], **arguments: Any) -> httpx.Response:
        """A request, sent again until it is answered: what is killed beneath it may cost an answer, never an acknowledged change."""
        deadline, last = time.monotonic() + ANSWER_SECONDS, ""
        while True:
            try:
                with self.service.client() as client:
                    response = client.request(method, path, timeout=20, **arguments)
            except httpx.HTTPError as error:
                last = repr(error)
            else:
                if response.status_code in accepted:
                    return response
                last = f"{response.status_code} {response.text}"
                assert response.status_code >= 429, last  # busy or away; anything else is a wrong answer
            assert time.monotonic() < deadline, f"{method} {path} was not answered in {ANSWER_SECONDS} s, at last: {last}"
            time.sleep(0.2)

    def upload(self) -> None:
        """A short text, or a table that takes a second or two to ingest, under a new name or an old one."""
        self.written += 1
        name = f"file-{self.rng.randrange(NAMES)}.{self.rng.choice(['txt', 'csv'])}"
        content = f"Locker number {self.written} belongs to employee {self.written * 7919}.\n".encode()
        if name.endswith("csv"):
            content = b"name;place;street;number\n" + content + b"Anna;Bonn;Rheinweg;12\n" * self.rng.randrange(1000, 20_000)
        row = self.call("POST", "/v1/documents", (202,), files=[("files", (name, content))]).json()["documents"][0]
        assert row["id"], row
        self.shown[name] = content

    def delete(self) -> None:
        """Remove a document, and with it what waits under its name."""
        name = self.rng.choice(sorted(self.shown))
        for row in self.rows():
            if row["name"] == name:
                self.call("DELETE", f"/v1/documents/{row['id']}", (200, 404))
        del self.shown[name]

    def harm(self) -> None:
        """Kill one process with kill -9, or begin a fault that ends by itself."""
        kinds = list(VICTIMS) + [DATABASE] * ("--catalog" in self.options) + [DISK] * self.data.is_mount() + [BUCKET] * bool(self.bucket)
        kind = self.rng.choices(kinds, [VICTIMS.get(each, 3) for each in kinds])[0]
        if kind == DISK:
            self.fill_disk()
        elif kind == BUCKET and self.bucket:
            self.bucket.fail(True)
            self.end_later(lambda: self.bucket and self.bucket.fail(False))
        else:
            self.kill(kind)
            return
        self.killed[kind] += 1

    def fill_disk(self) -> None:
        """Take all that is left of the disk."""
        ballast = self.data / "ballast"
        if not ballast.exists():
            self.end_later(ballast.unlink)
            with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(1 << 20))

    def end_later(self, end: Callable[[], object]) -> None:
        """Call `end` after some seconds."""
        self.faults.append(threading.Timer(self.rng.uniform(0.5, FAULT_SECONDS), end))
        self.faults[-1].start()

    def await_end_of_faults(self) -> None:
        """Return when none goes on."""
        for fault in self.faults:
            fault.join()

    def kill(self, kind: str) -> None:
        """One process, with kill -9; none when there is none of this kind for some seconds."""
        deadline = time.monotonic() + FIND_SECONDS
        while time.monotonic() < deadline:
            if found := [process for process in self.processes() if kind in described(process)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    self.rng.choice(found).kill()
                    self.killed[kind] += 1
                return
            time.sleep(0.02)

    def processes(self) -> list[psutil.Process]:
        """All of the service, and of PostgreSQL the sessions."""
        found = psutil.Process(self.service.process.pid).children(recursive=True)
        if "--catalog" in self.options:
            found += [process for process in psutil.process_iter() if "glossa glossa [local]" in described(process)]
        return found

    def crash(self) -> None:
        """kill -9 of all at once, and a new start."""
        self.await_end_of_faults()
        self.service.kill()
        self.killed[TREE] += 1
        self.service = instances.start(self.data, *self.options)

    def rows(self) -> list[dict[str, Any]]:
        """The documents listed."""
        rows: list[dict[str, Any]] = self.call("GET", "/v1/documents", (200,), params={"limit": 200}).json()["documents"]
        return rows

    def settle(self) -> list[dict[str, Any]]:
        """Wait until every document is ready, trying again what a killed worker failed; the list at the end."""
        self.await_end_of_faults()
        deadline = time.monotonic() + SETTLE_SECONDS
        while unready := [row for row in self.rows() if row["status"] != "ready"]:
            for row in unready:
                if row["status"] == "failed":
                    assert row["retry_helps"], row
                    if row["sha256"] == hashlib.sha256(self.shown.get(row["name"], b"")).hexdigest():
                        self.call("POST", f"/v1/documents/{row['id']}/retry", (200, 202, 404, 409))
                    else:  # tried again it would replace what was uploaded after it
                        self.call("DELETE", f"/v1/documents/{row['id']}", (200, 404))
            assert time.monotonic() < deadline, unready
            time.sleep(0.3)
        return self.rows()


def described(process: psutil.Process) -> str:
    """Its command line as one text; empty when it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return DATABASE if " ".join(process.cmdline()).startswith("postgres: ") else " ".join(process.cmdline())
    return ""


def storm(
    kills: int, crashes: int, seed: int, data: Path, say: Callable[[str], None], *options: str, bucket: S3Server | None = None
) -> None:
    """Do harm `kills` times, and kill the whole service `crashes` times. Raises AssertionError when a promise is broken."""
    options += ("--embedder", STATIC)
    if bucket:
        options += ("--files", f"s3://{FILES}")
    run = Storm(data, options, random.Random(seed), instances.start(data, *options), bucket)
    try:
        crash_at = set(run.rng.sample(range(kills), crashes))
        for number in range(kills):
            for _ in range(run.rng.randrange(1, 4)):
                run.upload()
            if run.shown and run.rng.random() < 0.3:
                run.delete()
            time.sleep(run.rng.uniform(0, 1))
            run.harm()
            if number in crash_at:
                run.crash()
            say(f"{number + 1}/{kills} harmed, {run.written} uploads acknowledged, {len(run.shown)} shown")
        rows = run.settle()
        assert sorted(row["name"] for row in rows) == sorted(run.shown)
        check_search(run)
        tree = run.processes()
    finally:
        run.service.stop()
    say(", ".join(f"{count} x {kind}" for kind, count in run.killed.most_common()))
    _, alive = psutil.wait_procs([process for process in tree if described(process) != DATABASE], timeout=20)
    assert not alive, [described(process) for process in alive]
    check_catalog(run, data)


def check_search(run: Storm) -> None:
    """Each document is found by what only it says, once."""
    version = run.call("GET", "/v1/status", (200,)).json()["version"]
    for name, content in run.shown.items():
        employee = content.split(b"employee ")[1].split(b".")[0].decode()
        asked = {"question": f"employee {employee}", "k": 50, "min_version": version}
        found = run.call("POST", "/v1/search", (200,), json=asked).json()["passages"]
        says = [passage["name"] for passage in found if f"employee {employee}." in passage["text"]]
        assert says == [name], (name, says)


def check_catalog(run: Storm, data: Path) -> None:
    """The stopped service's catalog and files hold what a calm ingest of the same bytes gives, and nothing else."""
    url = run.options[run.options.index("--catalog") + 1] if "--catalog" in run.options else f"sqlite:///{data}/catalog.sqlite"
    with tempfile.TemporaryDirectory() as temporary:
        assert chunks_of(url) == calm(run.shown, Path(temporary))
    with contextlib.closing(open_catalog(url).connect()) as connection:
        hashes = set(connection.execute(select(documents.c.sha256)).scalars())
    files = {path.name for path in (data / "blobs").rglob("*") if path.is_file()}
    if run.bucket:
        assert not files
        files = {key.rpartition("/")[2] for key in run.bucket.keys(FILES)}
    assert files == hashes, files ^ hashes


def calm(shown: dict[str, bytes], folder: Path) -> dict[str, Chunks]:
    """What the pipeline makes of these documents when nothing disturbs it."""
    url = f"sqlite:///{folder}/catalog.sqlite"
    engine, blobs, embedder, sandbox = open_catalog(url), BlobStore(folder / "blobs"), load_embedder(STATIC), Sandbox()
    migrate(engine)
    for name, content in shown.items():
        staged = blobs.stage()
        staged.write(content)
        staged.finish()
        media_type = {"txt": "text/plain", "csv": "text/csv"}[name.rpartition(".")[2]]
        row = catalog.register(engine, blobs, staged, collection="default", name=name, media_type=media_type)
        ingest(row, engine=engine, blobs=blobs, embedder=embedder, sandbox=sandbox)
    sandbox.close()
    return chunks_of(url)


def chunks_of(url: str) -> dict[str, Chunks]:
    """The chunks of every document by name."""
    found: dict[str, Chunks] = {}
    joined = documents.join(contents, documents.c.content_id == contents.c.id).join(chunks, chunks.c.content_id == contents.c.id)
    columns = (documents.c.name, chunks.c.page, chunks.c.start, chunks.c.end, chunks.c.text, chunks.c.context)
    with open_catalog(url).connect() as connection:
        for name, *chunk in connection.execute(select(*columns).select_from(joined).order_by(documents.c.name, chunks.c.ordinal)):
            found.setdefault(name, []).append(tuple(chunk))
        assert connection.execute(select(chunks.c.id).where(chunks.c.content_id.not_in(select(documents.c.content_id)))).first() is None
    return found


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder on a disk of its own, in memory. Raises OSError where this user may not mount one."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextlib.contextmanager
def with_bucket() -> Iterator[S3Server]:
    """An S3 server with an empty bucket, known to this process and what it starts."""
    with running_s3() as server:
        before = dict(os.environ)
        os.environ.update(server.environment)
        try:
            server.make_bucket(FILES)
            yield server
        finally:
            os.environ.clear()
            os.environ.update(before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--postgresql", action="store_true", help="with the catalog in a PostgreSQL server, whose sessions are killed too")
    parser.add_argument("--small-disk", action="store_true", help="with the data on a disk that is full at times; needs root, to mount it")
    parser.add_argument("--bucket", action="store_true", help="with the original files in a bucket that is silent at times")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data"
        more: tuple[str, ...] = ()
        if options.small_disk:
            stack.enter_context(small_disk(data))
        bucket = stack.enter_context(with_bucket()) if options.bucket else None
        if options.postgresql:
            programs = find_server_programs()
            assert programs is not None, "PostgreSQL is not installed"
            address = stack.enter_context(running_server(programs))
            more = ("--catalog", address.format("postgres"))
        crashes = options.kills // 40
        storm(options.kills, crashes, options.seed, data, lambda line: print(line, flush=True), *more, bucket=bucket)
    print(f"nothing lost, doubled, stuck or left, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
