"""Folders that change: what is new or different in them is sent, again and again, until Ctrl-C."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from serving.client import Glossa
from serving.client.records import ServiceError
from serving.client.sending import LocalFile, find_files
from serving.command.console import err
from serving.command.progress import send_files

SCAN_SECONDS = 2.0  # between two looks; a file that differs between them is still being written
RETRY_SECONDS = 5.0
AWAY = (None, 503)  # nothing answered, or not yet: the service starts anew


def watch(client: Glossa, paths: Sequence[Path], collection: str, include: Sequence[str], exclude: Sequence[str]) -> None:
    """Send all files, then those that change, for ever; one that vanishes stays a document. Raises ServiceError, not while it is away."""
    err.print(f"Watching {', '.join(map(str, paths))} until Ctrl-C ...", soft_wrap=True)
    for files in changes(paths, include, exclude):
        while files:
            try:
                send_files(client, files, collection, wait=True)
                break
            except ServiceError as error:
                if error.status not in AWAY:
                    raise
                err.print(f"{error} Trying again ...", soft_wrap=True)
                time.sleep(RETRY_SECONDS)


def changes(
    paths: Sequence[Path], include: Sequence[str], exclude: Sequence[str], every: float = SCAN_SECONDS
) -> Iterator[list[LocalFile]]:
    """At each look the files that are new, or differ from when they were last given, and have not changed since the look before."""
    before: dict[LocalFile, tuple[int, int]] = {}
    given: dict[LocalFile, tuple[int, int]] = {}
    while True:
        now = {file: _stamp(file.path) for file in find_files(paths, include, exclude, none_is_fine=True)}
        settled = {file: stamp for file, stamp in now.items() if stamp == before.get(file) and stamp != given.get(file)}
        given |= settled
        before = now
        yield list(settled)
        time.sleep(every)


def _stamp(path: Path) -> tuple[int, int]:
    """What tells that a file has changed; of one that has just gone, what no file has."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return (-1, -1)
    return status.st_mtime_ns, status.st_size
