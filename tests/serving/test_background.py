"""Starting in the background, and stopping the right process only. The processes are real; the small ones stand where a service stood."""

import inspect
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from rag.settings import OPTIONS, Settings
from serving.client.records import ServiceError
from serving.client.run_state import read_state
from serving.command import cli
from serving.command.background import launch, log_path, running, stop, take_log, wait_until_ready
from tests.service import add


def write_state(data: Path, pid: int, started_at: datetime) -> None:
    state = {"pid": pid, "url": "http://127.0.0.1:9", "dashboard": "http://127.0.0.1:9", "key": "k", "ray_address": "127.0.0.1:9"}
    (data / "run").mkdir()
    (data / "run" / "state.json").write_text(json.dumps({**state, "started_at": started_at.isoformat()}))


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def test_a_service_is_found_and_stopped(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    write_state(tmp_path, sleeper.pid, datetime.now(UTC))
    found = running(tmp_path)
    assert found is not None
    assert found[0].page == "http://127.0.0.1:9/#key=k"
    assert stop(found[1])
    assert running(tmp_path) is None


def test_another_process_with_the_number_of_a_dead_service_is_left_alone(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    write_state(tmp_path, sleeper.pid, datetime.now(UTC) - timedelta(minutes=1))
    assert running(tmp_path) is None
    assert sleeper.poll() is None


def test_a_folder_without_a_run_has_no_service(tmp_path: Path) -> None:
    assert running(tmp_path) is None
    assert running(tmp_path / "absent") is None


def test_a_start_that_fails_shows_why(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        child = launch(Settings(data=tmp_path, port=taken.getsockname()[1]))
        with pytest.raises(ServiceError, match=r"(?s)port.*The service ended with exit code 2 before it was ready"):
            wait_until_ready(child, tmp_path)
    assert log_path(tmp_path).stat().st_mode & 0o777 == 0o600


def test_what_was_said_at_the_start_is_given_once(tmp_path: Path) -> None:
    log_path(tmp_path).parent.mkdir()
    log_path(tmp_path).write_text("Your key: k\n")
    with log_path(tmp_path).open("ab", buffering=0) as service:
        assert take_log(tmp_path) == "Your key: k\n"
        service.write(b"later\n")
    assert log_path(tmp_path).read_bytes() == b"later\n"


@pytest.mark.heavy
def test_up_in_the_background_answers_and_down_ends_it_in_any_folder(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, folder = tmp_path / "data", tmp_path / "another project"
    for package in ("serving", "ingest", "rag"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text("raise SystemExit('a package of another project')")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GLOSSA_")}

    def glossa(*arguments: object) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-P", "-m", "serving.command.cli", *map(str, arguments), "--data", str(data)]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    up = glossa("up", "--detach", "--port", port)
    try:
        assert up.returncode == 0, up.stderr
        assert f"http://127.0.0.1:{port}/#key=glossa_" in up.stdout
        assert glossa("status").returncode == 0
        again = glossa("up")
        assert again.returncode == 1
        assert "runs already" in again.stderr
        state = read_state(data)
        assert state is not None
        with httpx.Client(base_url=state.url, headers={"Authorization": f"Bearer {state.key}"}, timeout=60) as client:
            assert add(client, "note.txt", b"The lift is repaired on Friday.")["status"] == "ready"
    finally:
        down = glossa("down")
    assert down.returncode == 0
    assert "has stopped" in down.stdout
    assert running(data) is None
    assert not (data / "run" / "scratch").exists()


def test_every_option_of_a_start_reaches_the_service_in_the_background() -> None:
    in_the_foreground = {"samples", "detach"}
    assert set(inspect.signature(cli.up).parameters) - in_the_foreground == set(OPTIONS)
