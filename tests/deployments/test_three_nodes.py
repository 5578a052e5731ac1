"""The application on a Ray cluster of three nodes, with PostgreSQL and a shared folder: each part where cluster.yaml means it to be."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from rag.errors import InvalidInput
from rag.settings import Settings
from serving.client.run_state import read_state
from serving.instance.start import connect_ray, node_environment
from tests import service as instances
from tests.conformance.postgresql import find_server_programs, running_server
from tests.rag.tiny_transformer import save_tiny_transformer
from tests.service import Service, add, finished, upload
from tests.tiny_llama import HANDBOOK, SAYS, save_cpu_profile

pytestmark = pytest.mark.timeout(500)
SAMPLES = Path(__file__).parents[2] / "samples" / "documents"


@pytest.fixture
def database() -> Iterator[str]:
    programs = find_server_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with running_server(programs) as server:
        with create_engine(server.address().replace("postgresql:", "postgresql+pg8000:"), isolation_level="AUTOCOMMIT").connect() as admin:
            admin.execute(text("CREATE DATABASE glossa"))
        yield server.address("glossa")


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[str]"]:
    """The cluster's process; its first line is the address."""
    (tmp_path / "token").write_text("a" * 64)
    short = Path(tempfile.mkdtemp(prefix="glossa-"))  # HAProxy's socket stands in it: at most 97 characters
    for name, value in {**node_environment(short), "RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")}.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "tests.deployments.three_nodes"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    yield process
    process.communicate(timeout=60)
    shutil.rmtree(short)


def tell(nodes: "subprocess.Popen[str]", command: str) -> dict[str, list[str]]:
    """What is where after the command."""
    assert nodes.stdin is not None and nodes.stdout is not None
    nodes.stdin.write(f"{command}\n")
    nodes.stdin.flush()
    answer = next(line for line in nodes.stdout if line.startswith("{"))  # Ray prints there that a node has gone
    found: dict[str, list[str]] = json.loads(answer)
    return found


def submit(service: Service, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run `glossa` as a job of the cluster, to its end."""
    state = read_state(service.data)
    assert state is not None
    programs = Path(sys.executable).parent
    submitted = [programs / "ray", "job", "submit", "--address", state.dashboard, "--", programs / "glossa", *command]
    return subprocess.run(submitted, capture_output=True, text=True, timeout=200, check=False)


def test_each_part_is_on_the_node_meant_for_it(nodes: "subprocess.Popen[str]", database: str, llama: Path, tmp_path: Path) -> None:
    placement = {"bundle_per_worker": {"CPU": 1, "GPU": 1}, "strategy": "STRICT_PACK"}
    profile = save_cpu_profile(tmp_path / "llama.yaml", llama, placement=placement)
    assert nodes.stdout is not None
    address = nodes.stdout.readline().strip()
    options = ["--ray", address, "--catalog", database, "--files", str(tmp_path / "files"), "--replicas", "2"]
    service = instances.start(tmp_path / "data", *options, "--llm", str(profile), seconds=300)
    try:
        with service.client() as client:
            assert add(client, "handbuch.md", HANDBOOK.encode())["status"] == "ready"
            answer = client.post("/v1/ask", json={"question": "Wie lang ist der Urlaub im Jahr?"}).json()
        job = submit(service, "ingest", str(SAMPLES), "--include", "*.md", "--data", str(service.data))
        where = tell(nodes, "where")
    finally:
        service.stop()
    assert (answer["answer"], answer["generator"]) == (SAYS, "tiny-llama")
    assert (job.returncode, "2 ready" in job.stdout) == (0, True), job.stdout + job.stderr
    assert where["Gateway"] == where["Dispatcher"] == ["head"]
    assert where["Retrieval"] == ["cpu", "cpu"]
    assert where["Worker"] == ["gpu"]
    assert set(where["tasks"]) == {"cpu"}
    assert "Worker" not in tell(nodes, "where"), "stopping the service leaves the cluster as it was"


def test_what_a_node_was_reading_when_it_left_is_read_by_another(nodes: "subprocess.Popen[str]", database: str, tmp_path: Path) -> None:
    assert nodes.stdout is not None
    address = nodes.stdout.readline().strip()
    options = ["--ray", address, "--catalog", database, "--files", str(tmp_path / "files"), "--ingest-workers", "8"]
    options += ["--embedder", str(save_tiny_transformer(tmp_path / "model"))]
    service = instances.start(tmp_path / "data", *options, seconds=300)
    try:
        tell(nodes, "join")
        with service.client() as client:
            files = [(f"{number}.csv", f"number;place\n{number};Bonn\n".encode() * 15_000) for number in range(8)]
            rows = upload(client, *files)
            deadline = time.monotonic() + 120
            while "second" not in tell(nodes, "where")["running"]:
                assert time.monotonic() < deadline
            tell(nodes, "leave")
            done = [finished(client, row["id"]) for row in rows]
        where = tell(nodes, "where")
    finally:
        service.stop()
    assert where["Encoder"] == ["gpu"], "no language model has taken it"
    assert {(row["status"], row["pages"]) for row in done} == {("ready", 150)}


@pytest.mark.parametrize(
    "settings", [{}, {"catalog": "postgresql://db/glossa"}, {"files": "f"}, {"catalog": "sqlite:///c.sqlite", "files": "f"}]
)
def test_a_cluster_whose_nodes_would_see_different_things_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=r"--catalog and with --files a bucket \(s3://...\) or a folder"):
        Settings(ray="auto", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "no-such-host.invalid:6379"])
def test_a_cluster_that_is_not_there_is_told_in_one_sentence(address: str) -> None:
    with pytest.raises(InvalidInput, match=f"There is no Ray cluster at {address} .*RAY_AUTH_TOKEN_PATH"):
        connect_ray(address)
