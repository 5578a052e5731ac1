"""Parses each file in a process of its own, with a limit of memory and of time: a hostile file costs its own failure and nothing else.

Not covered: a file that takes over the parser's process by a fault of its library; that process has this user's rights.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from rag.errors import RagError, TooLarge, Unreadable
from rag.records import Page
from rag.settings import ParseLimits


class ParserDied(Unreadable):
    """The process that read the file ended without a word: the file broke its parser, or somebody killed it."""


class Sandbox:
    """One worker's way to its parser processes (`ingest.parser_process`), for one file at a time. The first file starts their server."""

    def __init__(self, limits: ParseLimits = ParseLimits()) -> None:  # noqa: B008  # frozen: sharing it is safe
        self.limits = limits
        self._server: subprocess.Popen[bytes] | None = None

    def parse(self, path: Path, media_type: str) -> Iterator[tuple[Page, int | None]]:
        """Yield the pages as `ingest.formats.parse` does, each with the number of all pages where that is known before the end.

        Raises what that raises; TooLarge when the parser needed more memory or time than the limits allow, ParserDied when it crashed.
        """
        began = last = time.monotonic()
        number = 1
        with self._request(path, media_type) as answer:
            while True:
                try:
                    message = answer.recv()
                except (EOFError, ConnectionError):
                    raise self._death(number, time.monotonic() - last) from None
                if message is None:
                    return
                if isinstance(message, Exception):
                    raise message
                yield message
                number, last = number + 1, time.monotonic()
                if last - began > self.limits.seconds:
                    raise TooLarge(f"Reading {number - 1:,} pages took over {self.limits.seconds // 60} minutes; split the file.")

    def close(self) -> None:
        """End the server, and with it what it runs."""
        if self._server is not None:
            self._control.close()
            self._server.wait()
            self._server = None

    def _request(self, path: Path, media_type: str) -> Connection:
        if self._server is not None and self._server.poll() is not None:
            self.close()
        if self._server is None:
            self._control, theirs = socket.socketpair()
            with theirs:
                command = [sys.executable, "-P", "-m", "ingest.parser_process", str(theirs.fileno())]
                # -P: an `ingest/` in the current folder is not ours
                self._server = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"\0"], [theirs.fileno()])
        answer = Connection(ours.detach())
        answer.send((path, media_type, self.limits))
        return answer

    def _death(self, number: int, seconds: float) -> RagError:
        """Why the parser ended without a word at page `number`, `seconds` after the one before."""
        if seconds >= self.limits.page_seconds - 0.5:
            return TooLarge(
                f"Reading page {number:,} took more than {self.limits.page_seconds} seconds; save the file anew, or split it at that page."
            )
        return ParserDied(
            f"Page {number:,} ended the program that reads it: the file is damaged or asks for too much; save it anew or split it."
        )
