"""The doctor finds what is there, what is missing, and says what to do."""

import os
import re
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rag.catalog.schema import migrate, open_catalog
from rag.settings import Settings
from serving.client import connect
from serving.client.run_state import RunState, read_state
from serving.command import doctor
from serving.command.doctor import Finding, Level

ROOT = Path(__file__).parents[2]


def test_this_python_is_new_enough() -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    assert list(doctor.check_python()) == [Finding("Python", Level.OK, f"{version} at {sys.executable}")]


def test_every_package_of_a_distribution_is_looked_at() -> None:
    findings = {finding.check: finding for finding in doctor.check_packages("httpx")}
    assert set(findings) == {"package anyio", "package certifi", "package httpcore", "package idna"}
    assert {finding.level for finding in findings.values()} == {Level.OK}


def test_a_distribution_that_is_not_installed_is_a_warning() -> None:
    (finding,) = doctor.check_packages("glossa-that-nobody-installed")
    assert (finding.level, finding.advice) == (Level.WARNING, "Run `pip install -e .` in its folder, or `make run`.")


def test_a_data_folder_is_made_where_its_parent_can_be_written(tmp_path: Path) -> None:
    (there,) = doctor.check_data(tmp_path)
    (later,) = doctor.check_data(tmp_path / "a" / "b")
    assert (there.level, there.found) == (Level.OK, f"{tmp_path}, writable")
    assert (later.level, later.found) == (Level.OK, f"{tmp_path / 'a' / 'b'}, will be made at the first start")


def test_a_data_folder_that_cannot_be_written_is_a_fault() -> None:
    (finding,) = doctor.check_data(Path("/proc/glossa"))
    assert finding.level is Level.FAULT
    assert finding.advice == "Make it writable for this user, or name another with --data."


@pytest.mark.parametrize(("share", "level"), [(0.1, Level.OK), (0.5, Level.WARNING), (1.5, Level.FAULT)])
def test_little_disk_is_a_warning_and_too_little_a_fault(tmp_path: Path, share: float, level: Level) -> None:
    free = os.statvfs(tmp_path)
    settings = Settings(data=tmp_path, min_free_bytes=int(free.f_bavail * free.f_frsize * share))
    (finding,) = doctor.check_disk(settings)
    assert finding.level is level


def test_the_database_is_looked_at_whatever_it_is(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    file = tmp_path / "catalog.sqlite"
    (later,) = doctor.check_database(settings)
    migrate(open_catalog(settings.catalog_url))
    (there,) = doctor.check_database(settings)
    (tmp_path / "damaged.sqlite").write_bytes(b"This is no database at all. " * 100)
    (damaged,) = doctor.check_database(Settings(data=tmp_path, catalog=f"sqlite:///{tmp_path}/damaged.sqlite"))
    (away,) = doctor.check_database(Settings(data=tmp_path, catalog="postgresql://glossa:secret@127.0.0.1:1/glossa"))
    assert (later.level, later.found) == (Level.OK, f"SQLite at {file}, will be made at the first start")
    assert there.level is Level.OK and re.fullmatch(rf"SQLite 3\.\d+\.\d+ at {file}", there.found)
    assert (damaged.level, damaged.advice) == (Level.FAULT, "Move the file away, or restore a backup.")
    assert (away.level, away.advice) == (Level.FAULT, "Start its server, or correct --catalog.")
    assert away.found.startswith("PostgreSQL at postgresql://glossa:***@127.0.0.1:1/glossa cannot be used: ")


def test_a_port_is_free_taken_or_ours(tmp_path: Path) -> None:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        first.listen()
        second.bind(("127.0.0.1", 0))
        port, other = first.getsockname()[1], second.getsockname()[1]
        second.close()
        settings = Settings(data=tmp_path, port=port, dashboard_port=other)
        taken, free = doctor.check_ports(settings, None)
        state = RunState(os.getpid(), f"http://127.0.0.1:{port}", f"http://127.0.0.1:{other}", "k", "127.0.0.1:1", datetime.now(UTC))
        ours, _ = doctor.check_ports(settings, state)
    assert (taken.level, taken.advice) == (Level.FAULT, "Stop what holds it, or start with another --port.")
    assert (free.level, free.found) == (Level.OK, "free")
    assert (ours.level, ours.found) == (Level.OK, f"held by the service that runs here (process {os.getpid()})")


@pytest.mark.parametrize(("name", "found"), [(None, r"glossa-encoder@\w{8} .*384"), ("static", r"glossa-static@\w{8} .*256")])
def test_the_embedders_of_the_package_load(name: str | None, found: str) -> None:
    (finding,) = doctor.check_embedder(name)
    assert finding.level is Level.OK
    assert re.fullmatch(found + r" dimensions, loaded in \d+\.\d s, a question in \d+\.\d ms", finding.found)


def test_an_encoder_that_is_damaged_says_so(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rag", tmp_path / "rag", copy_function=os.symlink, ignore=shutil.ignore_patterns("__pycache__"))
    model = tmp_path / "rag" / "encoder_model" / "encoder.onnx"
    model.unlink()
    model.write_bytes(b"damaged")
    code = "from serving.command.doctor import check_embedder; print(*check_embedder(None))"
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert "the encoder of the package does not load" in said
    assert f"The encoder in {model.parent} cannot be loaded" in said


def test_an_embedder_that_does_not_exist_is_a_fault(tmp_path: Path) -> None:
    (finding,) = doctor.check_embedder(str(tmp_path))
    assert finding.level is Level.FAULT


@pytest.mark.heavy
def test_ray_can_be_started() -> None:
    assert list(doctor.check_ray(None)) == [Finding("Ray", Level.OK, "not running, and can be started")]


def test_a_service_that_does_not_answer_is_a_fault() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    (finding,) = doctor.check_service(RunState(1, url, url, "k", "127.0.0.1:1", datetime.now(UTC)))
    assert finding.level is Level.FAULT
    assert finding.found.startswith("runs as process 1 but does not answer: Nothing answers at")


def test_a_running_service_is_well(service: Any) -> None:
    state = read_state(service.data)
    assert state is not None
    (answers,) = doctor.check_service(state)
    assert answers.level is Level.OK
    with connect(service.data) as glossa:
        assert answers.found.endswith(f"embedder {glossa.status().embedder}")
