"""What one running instance leaves on disk while it runs: its lock, state, secrets and temporary folder; and the cleaning up after it."""

import fcntl
import json
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from rag.errors import InvalidInput
from serving.client.run_state import RunState

TEMPORARY = "temporary"  # names the file that holds the temporary folder's path, for the cleaning up after a crash


@contextmanager
def only_one(run: Path) -> Iterator[None]:
    """Hold the data folder. Raises InvalidInput when another instance has it or it cannot be written."""
    try:
        run.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (run / "lock").open("w")
    except OSError as error:
        raise InvalidInput(f"The data folder {run.parent} cannot be written ({error.strerror}); choose another with --data.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InvalidInput(
                f"Another instance runs on {run.parent}; stop it with `glossa down`, or choose another folder with --data."
            ) from error
        yield


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; whole or not at all."""
    fresh = path.with_suffix(".new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def write_secret(path: Path) -> Path:
    """A new random token (256 bits) in a private file."""
    write_private(path, secrets.token_hex(32))
    return path.absolute()


def write_state(run: Path, state: RunState) -> None:
    """Say that the service is up and where."""
    write_private(run / "state.json", json.dumps(asdict(state), indent=2, default=str))


def temporary_folder(run: Path) -> Path:
    """A new folder for sockets, Ray's logs and HAProxy. Not below `data`: a Unix socket's path is limited to 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="glossa-"))
    write_private(run / TEMPORARY, str(folder))
    return folder


def scratch(run: Path) -> Path:
    """The folder for the temporary files of all processes, on the disk of the data: /tmp may be memory."""
    return run.absolute() / "scratch"


def empty_scratch(run: Path) -> Path:
    """That folder without what a run that was killed left there."""
    folder = scratch(run)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def short_way(folder: Path, temporary: Path) -> Path:
    """Another path of the scratch folder: libraries put sockets among their temporary files, and a socket's path is limited."""
    link = temporary / folder.name
    link.symlink_to(folder)
    return link


def remove_state(run: Path, temporary: Path) -> None:
    """Leave nothing of this run but the data: no process, no file."""
    end_processes(temporary)
    for folder in (temporary, scratch(run)):
        shutil.rmtree(folder, ignore_errors=True)  # a process that is just ending may still write there
    for name in ("state.json", "ray-token", TEMPORARY):
        (run / name).unlink(missing_ok=True)


def clean_up_after_crash(run: Path) -> None:
    """End the processes and remove the files that a killed run left behind."""
    try:
        temporary = Path((run / TEMPORARY).read_text())
    except FileNotFoundError:
        return
    remove_state(run, temporary)


def end_processes(temporary: Path) -> None:
    """Kill what still runs with `temporary` in its command line: HAProxy, and Ray's daemons after a crash."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended by itself meanwhile
            if f"{temporary}/".encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
