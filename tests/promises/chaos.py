"""Kills parts of a running service at random while documents come, change and go; afterwards nothing may be lost, doubled, stuck or left.

Its disk may be full for some seconds, and the bucket with the original files silent.
Requests go on meanwhile. Each is sent once: it is answered as when all is calm, or 503, or its connection breaks; what it did then is not
known, and both are right. Every acknowledged upload must be there with exactly the chunks that a calm ingest of the same bytes gives, every
acknowledged delete gone; the static model embeds, as the encoder would take minutes for each of its tables; no document unfinished, none
failed but those whose parser or worker was killed (they are tried again), no process, staged file or unreferenced original left.
Run: make chaos, or .venv/bin/python -m tests.promises.chaos [--kills 200] [--seed N] [--postgresql [--stops 50]] [--small-disk] [--bucket].
"""

import argparse
import contextlib
import functools
import hashlib
import os
import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from tests.conformance.postgresql import Server, find_server_programs, running_server
from tests.s3_server import S3Server, running_s3
from tests.service import Service

TREE = "the whole service"
DATABASE = "a session of PostgreSQL"  # the server then ends all others and recovers, as after a crash
SERVER = "the PostgreSQL server"  # stopped for seconds
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
ANSWER_SECONDS = 180.0  # for a question to be answered, which may be asked again and again
REQUEST_SECONDS = 120.0  # for any answer to a request
KILLED = ("ended the program that reads it", "ended its worker process repeatedly")  # why a document may fail
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
    server: Server | None
    possible: dict[str, set[bytes | None]] = field(default_factory=dict)  # what each name may show; None is nothing
    late: dict[str, set[bytes | None]] = field(default_factory=dict)  # what may still come, as its connection broke
    sent: dict[str, bytes] = field(default_factory=dict)  # by hash
    unanswered: set[str] = field(default_factory=set)  # hashes of uploads that were not acknowledged
    killed: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[threading.Timer] = field(default_factory=list)  # what ends each

    def send(self, method: str, path: str, accepted: tuple[int, ...], **arguments: Any) -> httpx.Response | str:
        """One request, sent once: its answer, or why it has none, '503' or 'broken'. Raises AssertionError for any other answer."""
        try:
            with self.service.client() as client:
                response = client.request(method, path, timeout=REQUEST_SECONDS, **arguments)
        except httpx.TimeoutException as error:
            raise AssertionError(f"{method} {path} was not answered in {REQUEST_SECONDS} s") from error
        except httpx.TransportError:  # the proxy, or all of the service, was killed
            self.answers["broken"] += 1
            self.await_proxy()
            return "broken"
        self.answers[str(response.status_code)] += 1
        if response.status_code in accepted:
            return response
        assert response.status_code == 503 and "retry-after" in response.headers, f"{method} {path}: {response.status_code} {response.text}"
        return "503"

    def await_proxy(self) -> None:
        """Return when something answers again, so that what comes next is sent to a service."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError), self.service.client() as client:
                client.get("/healthz", timeout=10)
                return
            time.sleep(0.2)
        raise AssertionError(f"nothing answered for {ANSWER_SECONDS} s")

    def ask(self, method: str, path: str, accepted: tuple[int, ...], **arguments: Any) -> httpx.Response:
        """A request that may be repeated without harm, sent until it is answered."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while isinstance(response := self.send(method, path, accepted, **arguments), str):
            assert time.monotonic() < deadline, f"{method} {path} was not answered in {ANSWER_SECONDS} s, at last: {response}"
            time.sleep(0.2)
        return response

    def note(self, name: str, answer: httpx.Response | str, becomes: set[bytes | None]) -> None:
        """A name shows what a change makes of it if that was acknowledged; else that, or what it showed before."""
        if isinstance(answer, str):
            self.possible[name] = self.possible.get(name, {None}) | becomes
            if answer == "broken":
                self.late[name] = self.late.get(name, set()) | becomes
        else:
            self.possible[name] = becomes | self.late.get(name, set())

    def upload(self) -> None:
        """A short text, or a table that takes a second or two to ingest, under a new name or an old one."""
        number = len(self.sent) + 1
        name = f"file-{self.rng.randrange(NAMES)}.{self.rng.choice(['txt', 'csv'])}"
        content = f"Locker number {number} belongs to employee {number * 7919}.\n".encode()
        if name.endswith("csv"):
            content = b"name;place;street;number\n" + content + b"Anna;Bonn;Rheinweg;12\n" * self.rng.randrange(1000, 20_000)
        self.sent[digest(content)] = content
        answer = self.send("POST", "/v1/documents", (202,), files=[("files", (name, content))])
        if isinstance(answer, str):
            self.unanswered.add(digest(content))
        else:
            assert answer.json()["documents"][0]["id"], answer.text
        self.note(name, answer, {content})

    def delete(self) -> None:
        """Remove a document, and with it what waits under its name."""
        rows = self.send("GET", "/v1/documents", (200,), params={"limit": 200})
        if isinstance(rows, str) or not (listed := rows.json()["documents"]):
            return
        name = self.rng.choice(sorted({row["name"] for row in listed}))
        shown = [row for row in listed if row["name"] == name]
        answers = [self.send("DELETE", f"/v1/documents/{row['id']}", (200, 404)) for row in shown]
        for answer in answers:
            if isinstance(answer, str):  # any of them may be left
                self.note(name, answer, {None, *(self.sent[row["sha256"]] for row in shown)})
        if not any(isinstance(answer, str) for answer in answers):
            self.note(name, answers[0], {None})

    def harm(self, rng: random.Random) -> None:
        """At some time within a second: kill one process with kill -9, or begin a fault that ends by itself."""
        time.sleep(rng.uniform(0, 1))
        kinds = list(VICTIMS) + [DATABASE, SERVER] * bool(self.server) + [DISK] * self.data.is_mount() + [BUCKET] * bool(self.bucket)
        kind = rng.choices(kinds, [VICTIMS.get(each, 3) for each in kinds])[0]
        if kind == DISK:
            self.fill_disk()
        elif kind == SERVER:
            self.stop_server()
        elif kind == BUCKET and self.bucket:
            self.bucket.fail(True)
            self.end_later(lambda: self.bucket and self.bucket.fail(False))
            self.killed[kind] += 1
        else:
            self.kill(kind, rng)

    def stop_server(self) -> None:
        """PostgreSQL ends as in a crash and starts again after some seconds; nothing happens while it is stopped already."""
        self.await_end_of_faults()
        assert self.server is not None
        self.server.stop()
        self.end_later(self.server.start)
        self.killed[SERVER] += 1

    def fill_disk(self) -> None:
        """Take all that is left of the disk."""
        ballast = self.data / "ballast"
        if not ballast.exists():
            self.end_later(ballast.unlink)
            with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(1 << 20))
            self.killed[DISK] += 1

    def end_later(self, end: Callable[[], object]) -> None:
        """Call `end` after some seconds."""
        self.faults.append(threading.Timer(self.rng.uniform(0.5, FAULT_SECONDS), end))
        self.faults[-1].start()

    def await_end_of_faults(self) -> None:
        """Return when none goes on."""
        for fault in self.faults:
            fault.join()

    def kill(self, kind: str, rng: random.Random) -> None:
        """One process, with kill -9; none when there is none of this kind for some seconds."""
        deadline = time.monotonic() + FIND_SECONDS
        while time.monotonic() < deadline:
            if found := self.victims(kind):
                with contextlib.suppress(psutil.NoSuchProcess):
                    rng.choice(found).kill()
                    self.killed[kind] += 1
                return
            time.sleep(0.02)

    def victims(self, kind: str) -> list[psutil.Process]:
        """The processes of a kind."""
        if kind == DATABASE and self.server:
            return self.server.sessions()
        return [process for process in self.processes() if kind in described(process)]

    def processes(self) -> list[psutil.Process]:
        """All of the service."""
        return psutil.Process(self.service.process.pid).children(recursive=True)

    def crash(self) -> None:
        """kill -9 of all at once, and a new start."""
        self.await_end_of_faults()
        self.service.kill()
        self.killed[TREE] += 1
        self.service = instances.start(self.data, *self.options)

    def rows(self) -> list[dict[str, Any]]:
        """The documents listed."""
        rows: list[dict[str, Any]] = self.ask("GET", "/v1/documents", (200,), params={"limit": 200}).json()["documents"]
        return rows

    def settle(self) -> dict[str, bytes]:
        """Wait until every document is ready, trying again what a killed worker failed; what each name shows at the end."""
        self.await_end_of_faults()
        self.upload()  # takes away the files of uploads that were not committed
        deadline = time.monotonic() + SETTLE_SECONDS
        while unready := [row for row in self.rows() if row["status"] != "ready"]:
            newest = {row["name"]: row["id"] for row in reversed(self.rows())}
            for row in unready:
                if row["status"] == "failed":
                    assert row["retry_helps"] and any(reason in row["error"] for reason in KILLED), row
                    if newest.get(row["name"]) == row["id"]:
                        self.ask("POST", f"/v1/documents/{row['id']}/retry", (200, 202, 404, 409))
                    else:  # tried again it would replace what was uploaded after it
                        self.ask("DELETE", f"/v1/documents/{row['id']}", (200, 404))
            assert time.monotonic() < deadline, unready
            time.sleep(0.3)
        rows = self.rows()
        shown = {row["name"]: self.sent[row["sha256"]] for row in rows}
        assert len(shown) == len(rows), "a name shows two documents"
        wrong = {name for name, possible in self.possible.items() if shown.get(name) not in possible}
        assert not wrong and shown.keys() <= self.possible.keys(), wrong
        return shown


def digest(content: bytes) -> str:
    """Its SHA-256."""
    return hashlib.sha256(content).hexdigest()


def described(process: psutil.Process) -> str:
    """Its command line as one text; empty when it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return " ".join(process.cmdline())
    return ""


def storm(
    data: Path,
    seed: int,
    kills: int,
    *options: str,
    crashes: int = 0,
    stops: int = 0,
    server: Server | None = None,
    bucket: S3Server | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Do harm `kills` times, stop PostgreSQL `stops` times besides, and kill the whole service `crashes` times.

    Raises AssertionError when a promise is broken.
    """
    options += ("--embedder", STATIC)
    if server:
        options += ("--catalog", server.address())
    if bucket:
        options += ("--files", f"s3://{FILES}")
    run = Storm(data, options, random.Random(seed), instances.start(data, *options), bucket, server)
    pool = ThreadPoolExecutor(1)
    try:
        crash_at, stop_at = set(run.rng.sample(range(kills), crashes)), run.rng.choices(range(kills), k=stops)
        for number in range(kills):
            harm = pool.submit(run.harm, random.Random(seed + number))
            for _ in range(run.rng.randrange(1, 4)):
                run.upload()
            if run.rng.random() < 0.3:
                run.delete()
            harm.result()
            for _ in range(stop_at.count(number)):
                run.stop_server()
                run.upload()
            if number in crash_at:
                run.crash()
            say(f"{number + 1}/{kills} harmed, {len(run.sent)} uploads, answers: {dict(run.answers)}")
        shown = run.settle()
        check_search(run, shown)
        tree = run.processes()
    finally:
        pool.shutdown()
        run.await_end_of_faults()
        run.service.stop()
    say(", ".join(f"{count} x {kind}" for kind, count in run.killed.most_common()))
    _, alive = psutil.wait_procs(tree, timeout=20)
    assert not alive, [described(process) for process in alive]
    check_catalog(run, data, shown)


def check_search(run: Storm, shown: dict[str, bytes]) -> None:
    """Each document is found by what only it says, once."""
    version = run.ask("GET", "/v1/status", (200,)).json()["version"]
    for name, content in shown.items():
        employee = content.split(b"employee ")[1].split(b".")[0].decode()
        asked = {"question": f"employee {employee}", "k": 50, "min_version": version}
        found = run.ask("POST", "/v1/search", (200,), json=asked).json()["passages"]
        says = [passage["name"] for passage in found if f"employee {employee}." in passage["text"]]
        assert says == [name], (name, says)


def check_catalog(run: Storm, data: Path, shown: dict[str, bytes]) -> None:
    """The stopped service's catalog and files hold what a calm ingest of the same bytes gives, and nothing else.

    But for the file of an upload that was not acknowledged, as the gateway was killed before it could note or remove that.
    """
    url = run.options[run.options.index("--catalog") + 1] if "--catalog" in run.options else f"sqlite:///{data}/catalog.sqlite"
    with tempfile.TemporaryDirectory() as temporary:
        assert chunks_of(url) == calm(shown, Path(temporary))
    with contextlib.closing(open_catalog(url).connect()) as connection:
        hashes = set(connection.execute(select(documents.c.sha256)).scalars())
    files = {path.name for path in (data / "blobs").rglob("*") if path.is_file()}
    if run.bucket:
        assert not files
        files = {key.rpartition("/")[2] for key in run.bucket.keys(FILES)}
    assert hashes <= files, hashes - files
    assert files - hashes <= run.unanswered, files - hashes


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
    parser.add_argument("--stops", type=int, default=0, help="how often that server is stopped and started, beside other harm")
    parser.add_argument("--small-disk", action="store_true", help="with the data on a disk that is full at times; needs root, to mount it")
    parser.add_argument("--bucket", action="store_true", help="with the original files in a bucket that is silent at times")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data"
        server = None
        if options.small_disk:
            stack.enter_context(small_disk(data))
        bucket = stack.enter_context(with_bucket()) if options.bucket else None
        if options.postgresql:
            programs = find_server_programs()
            assert programs is not None, "PostgreSQL is not installed"
            server = stack.enter_context(running_server(programs))
        crashes = options.kills // 40
        flush = functools.partial(print, flush=True)
        storm(data, options.seed, options.kills, crashes=crashes, stops=options.stops, server=server, bucket=bucket, say=flush)
    print(f"nothing lost, doubled, stuck or left, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
