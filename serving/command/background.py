"""Start the service in the background and stop it again."""

import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

import psutil

from rag.settings import OPTIONS, Settings
from serving.client import Glossa
from serving.client.records import ServiceError
from serving.client.run_state import RunState, find_process, read_state

POLL_SECONDS = 0.2
STOP_SECONDS = 60.0  # Ray ends its workers within seconds, but a replica may finish a long answer first
LOG_LINES = 20  # last lines of the log to print after a failed start


def log_path(data: Path) -> Path:
    """The file to which a service in the background writes what a service in the foreground prints."""
    return data / "logs" / "glossa.log"


def launch(settings: Settings) -> "subprocess.Popen[bytes]":
    """Start the service in its own session, so that it outlives this terminal. The previous log is kept as glossa.log.1."""
    log = log_path(settings.data)
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_name("glossa.log.1"))
    log.touch(mode=0o600)  # it contains keys until they have been shown
    options = replace(settings, data=settings.data.absolute())
    given = {name: value for name in OPTIONS if (value := getattr(options, name)) is not None}
    flags = [flag(name, value) for name, value in given.items()]
    command = [sys.executable, "-P", "-u", "-m", "serving.command.cli", "up", *flags]
    with log.open("ab") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)


def flag(name: str, value: object) -> str:
    """The option of `glossa up` that gives a setting this value."""
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{option}" if value else f"--no-{option}"
    return f"--{option}={value}"


def wait_until_ready(child: "subprocess.Popen[bytes]", data: Path) -> RunState:
    """Wait for the service that `child` starts and return its state. Raises ServiceError with the end of the log if it died."""
    while child.poll() is None:
        state = read_state(data)
        if state is not None and state.pid == child.pid:
            with Glossa(state.url, state.key) as service:
                if service.ready():
                    return state
        time.sleep(POLL_SECONDS)
    with log_path(data).open(errors="replace") as log:
        last = "".join(deque(log, LOG_LINES)).rstrip()
    ended = f"The service ended with exit code {child.returncode} before it was ready; {log_path(data)} has the rest."
    raise ServiceError(None, f"{last}\n{ended}")


def take_log(data: Path) -> str:
    """Return what the service printed at its start, including a new key, and empty the log: keys are shown once and not kept."""
    with log_path(data).open("r+", errors="replace") as log:
        said = log.read()
        log.truncate(0)
    return said


def stop(process: psutil.Process) -> bool:
    """Ask a service to end everything that it started, and wait. Returns False if it has not ended in time. Raises ServiceError."""
    try:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    except psutil.AccessDenied as error:
        raise ServiceError(None, f"The process {process.pid} belongs to another user; ask that user to stop it.") from error
    return True


def running(data: Path) -> tuple[RunState, psutil.Process] | None:
    """The service that runs on the folder `data` and its process, or None."""
    state = read_state(data)
    process = find_process(state) if state else None
    return (state, process) if state and process else None
