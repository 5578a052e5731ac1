"""The state of a running service in DATA/run/state.json, by which the command line finds it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from serving.client.records import ServiceError, read_record

CLOCK_SLACK_SECONDS = 2.0  # the kernel counts a process's start from the boot time, which it rounds


@dataclass(frozen=True, slots=True)
class RunState:
    """The process of the service, its address, and the key for this run."""

    pid: int
    url: str
    dashboard: str
    key: str
    ray_address: str
    started_at: datetime

    @property
    def page(self) -> str:
        """The address of the web page; the key stands in the fragment, which browsers do not send."""
        return f"{self.url.rstrip('/')}/#key={self.key}"


def read_state(data: Path) -> RunState | None:
    """The state of the service that runs, or was killed, on the folder `data`; None if there is none. Raises ServiceError."""
    path = data / "run" / "state.json"
    try:
        return read_record(RunState, path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise ServiceError(None, f"{path} belongs to another user; set GLOSSA_URL and GLOSSA_KEY to use that user's service.") from error


def find_process(state: RunState) -> psutil.Process | None:
    """The process that wrote `state`, or None if it has ended. A later process with the same number is not it."""
    try:
        process = psutil.Process(state.pid)
        gone = process.status() == psutil.STATUS_ZOMBIE
        later = process.create_time() > state.started_at.timestamp() + CLOCK_SLACK_SECONDS
    except psutil.NoSuchProcess:
        return None
    return None if gone or later else process
