"""A short run of the chaos suite; `make chaos` is the long one."""

import contextlib
import random
import subprocess
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests import service as instances
from tests.conformance.postgresql import find_server_programs, running_server
from tests.promises.chaos import described, small_disk, storm, with_bucket
from tests.service import Service

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]


def test_no_other_instance_answers_while_a_gateway_comes_back(service: Service, tmp_path: Path) -> None:
    second = instances.start(tmp_path / "data")
    try:
        (gateway,) = [
            process
            for process in psutil.Process(second.process.pid).children(recursive=True)
            if process.cmdline()[:1] == ["ray::ServeReplica:glossa:Gateway"]
        ]
        received = second.data / "blobs" / "staging" / "half-received"
        received.write_bytes(b"x")
        gateway.kill()
        statuses, deadline = [], time.monotonic() + 60
        while not statuses or statuses[-1] != 200 or len(statuses) < 30:
            with contextlib.suppress(httpx.HTTPError), second.client() as client:
                statuses.append(client.get("/v1/documents", timeout=10).status_code)
            assert time.monotonic() < deadline
        assert set(statuses) <= {200, 503}
        assert not received.exists()
    finally:
        second.stop()


def test_a_part_that_dies_again_and_again_after_a_new_controller_comes_back(tmp_path: Path) -> None:
    """A new controller has seen no replica start: Ray Serve would give the part up for ever after three that died while starting."""
    with instances.holding({"lamp.txt": "The lamp is red."}, tmp_path / "data") as service:
        assert kill(service, "ray::ServeController", 1) == 1
        assert kill(service, "ray::ServeReplica:glossa:Retrieval", 5) == 5
        statuses, deadline = [], time.monotonic() + 120
        while statuses[-1:] != [200]:
            assert time.monotonic() < deadline, statuses
            with contextlib.suppress(httpx.HTTPError), service.client() as client:
                statuses.append(client.post("/v1/search", json={"question": "the lamp"}, timeout=20).status_code)
            time.sleep(0.5)
        assert set(statuses) <= {200, 503}


def kill(service: Service, kind: str, times: int) -> int:
    """Kill the process of this kind, and those that take its place, as soon as they are there; how many."""
    killed: set[int] = set()
    deadline = time.monotonic() + 60
    while len(killed) < times and time.monotonic() < deadline:
        for process in psutil.Process(service.process.pid).children(recursive=True):
            if process.pid not in killed and kind in described(process):
                process.kill()
                killed.add(process.pid)
        time.sleep(0.05)
    return len(killed)


def test_nothing_is_lost_doubled_stuck_or_left_when_parts_are_killed_and_the_disk_is_full(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # pytest shows it when the test fails
    with contextlib.ExitStack() as stack:
        data = tmp_path / "data"
        with contextlib.suppress(subprocess.CalledProcessError):  # this user may not mount one: only kills, then
            stack.enter_context(small_disk(data))
        storm(data, seed, 8)


def test_the_same_with_postgresql_that_is_stopped_and_started_and_a_bucket_that_fails(tmp_path: Path) -> None:
    programs = find_server_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    with running_server(programs) as server, with_bucket() as bucket:
        storm(tmp_path / "data", seed, 6, stops=2, server=server, bucket=bucket)
