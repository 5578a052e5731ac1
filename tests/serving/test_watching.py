"""A folder that changes is followed: each file once when it has stopped changing, and again when it differs."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from serving.command.watching import changes
from tests.service import Service


def test_a_file_is_given_when_it_has_stopped_changing_and_again_when_it_differs(tmp_path: Path) -> None:
    looks = (sorted(file.name for file in files) for files in changes([tmp_path], ["*.txt"], [], every=0))
    assert next(looks) == []
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / "a.pdf").write_text("1")
    assert next(looks) == []  # it may still be being written
    assert next(looks) == ["a.txt"]
    assert next(looks) == []
    (tmp_path / "a.txt").write_text("12")
    (tmp_path / "b.txt").write_text("1")
    assert next(looks) == []
    (tmp_path / "a.txt").write_text("123")
    assert next(looks) == ["b.txt"]
    assert next(looks) == ["a.txt"]
    (tmp_path / "b.txt").unlink()
    assert next(looks) == []


def test_the_command_sends_what_comes_until_ctrl_c(service: Service, collection: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "serving.command.cli", "ingest", str(tmp_path), "--watch", "--collection", collection]
    watching = subprocess.Popen([*command, "--data", str(service.data)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert watching.stderr is not None
        assert "until Ctrl-C" in watching.stderr.readline()
        (tmp_path / "lift.txt").write_text("The lift is repaired on Friday.")
        shown(service, collection, {"lift.txt": 31})
        (tmp_path / "lift.txt").write_text("The lift is repaired on Monday, not on Friday.")
        (tmp_path / "stairs.txt").write_text("The stairs are clean.")
        shown(service, collection, {"lift.txt": 46, "stairs.txt": 21})
    finally:
        watching.send_signal(signal.SIGINT)
    assert watching.wait(20) == 130


def shown(service: Service, collection: str, sizes: dict[str, int]) -> None:
    """Wait until the collection's ready documents are these, by name with their size."""
    deadline = time.monotonic() + 60
    with service.client() as client:
        while True:
            rows = client.get("/v1/documents", params={"collection": collection, "status": "ready"}).json()["documents"]
            if {row["name"]: row["size"] for row in rows} == sizes:
                return
            assert time.monotonic() < deadline, rows
            time.sleep(0.2)
