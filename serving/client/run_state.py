"""What a running service says about itself in DATA/run/state.json, so that the command line finds it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from serving.client.records import ServiceError, read_record

CLOCK_SLACK_SECONDS = 2.0  # the kernel counts a process's start from the boot time, which it rounds


@dataclass(frozen=True, slots=True)
class RunState:
    """The process that serves, where it answers, and the key that it made for this run."""

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
    """The state of the service that runs on the folder `data`, or was killed there; None when there is none. Raises ServiceError."""
    path = data / "run" / "state.json"
    try:
        return read_record(RunState, path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise ServiceError(None, f"{path} belongs to another user; set GLOSSA_URL and GLOSSA_KEY to use that user's service.") from error


def find_process(state: RunState) -> psutil.Process | None:
    """The process that wrote `state`, or None when it is gone. A process that started later has only been given the same number."""
    try:
        process = psutil.Process(state.pid)
        gone = process.status() == psutil.STATUS_ZOMBIE
        later = process.create_time() > state.started_at.timestamp() + CLOCK_SLACK_SECONDS
    except psutil.NoSuchProcess:
        return None
    return None if gone or later else process
