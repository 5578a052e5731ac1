"""The application on a Ray cluster of three nodes, with PostgreSQL and a shared folder: each part where cluster.yaml means it to be."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from rag.errors import InvalidInput
from rag.settings import Settings
from serving.start import connect_ray, node_environment
from tests import service as instances
from tests.conformance.postgresql import find_server_programs, running_server
from tests.service import add
from tests.tiny_llama import HANDBOOK, SAYS, save_cpu_profile

pytestmark = pytest.mark.timeout(500)


@pytest.fixture
def database() -> Iterator[str]:
    programs = find_server_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with running_server(programs) as address:
        with create_engine(
            address.format("postgres").replace("postgresql:", "postgresql+pg8000:"), isolation_level="AUTOCOMMIT"
        ).connect() as admin:
            admin.execute(text("CREATE DATABASE glossa"))
        yield address.format("glossa")


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


def placed(nodes: "subprocess.Popen[str]") -> dict[str, list[str]]:
    assert nodes.stdin is not None and nodes.stdout is not None
    nodes.stdin.write("where\n")
    nodes.stdin.flush()
    found: dict[str, list[str]] = json.loads(nodes.stdout.readline())
    return found


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
        where = placed(nodes)
    finally:
        service.stop()
    assert (answer["answer"], answer["generator"]) == (SAYS, "tiny-llama")
    assert where["Gateway"] == where["Dispatcher"] == ["head"]
    assert where["Retrieval"] == ["cpu", "cpu"]
    assert where["Worker"] == ["gpu"]
    assert set(where["tasks"]) == {"cpu"}
    assert "Worker" not in placed(nodes), "stopping the service leaves the cluster as it was"


@pytest.mark.parametrize(
    "settings", [{}, {"catalog": "postgresql://db/glossa"}, {"files": Path("f")}, {"catalog": "sqlite:///c.sqlite", "files": Path("f")}]
)
def test_a_cluster_whose_nodes_would_see_different_things_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="--catalog and a folder that all nodes share with --files"):
        Settings(ray="auto", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "no-such-host.invalid:6379"])
def test_a_cluster_that_is_not_there_is_told_in_one_sentence(address: str) -> None:
    with pytest.raises(InvalidInput, match=f"There is no Ray cluster at {address} .*RAY_AUTH_TOKEN_PATH"):
        connect_ray(address)
