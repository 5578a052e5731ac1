"""The processes behind `ingest.sandbox`: a small server that has the parsers imported, and forks for every file.

A fork takes milliseconds where a new interpreter with the parsers takes half a second. The forked process limits itself by means of the
kernel, which no loop inside a library can hold up: RLIMIT_AS for memory, an alarm for each page. Run by a worker:
python -m ingest.parser_process FD, a socket on which each byte brings the file descriptor of one request.
"""

import gc
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from ingest.formats import count_pages, parse
from ingest.recognition import installed
from rag.errors import TooLarge

TICK_SECONDS = 0.02  # how often the server looks whether its worker still lives while a file is being parsed


def serve(control: socket.socket) -> None:
    """Fork a parser for each request, until the worker closes its end."""
    installed()  # kept here: else each parser would start Tesseract to ask
    gc.freeze()  # nor need each go through, and so copy, what is here for good
    while True:
        _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not descriptors:
            return
        child = os.fork()
        if child == 0:
            try:
                control.close()
                os.setpgid(0, 0)  # what it starts, as for text recognition, ends with it
                answer(Connection(descriptors[0]))
            finally:
                os._exit(0)  # whatever happened: this process must not go on as a server
        os.close(descriptors[0])
        goes_on = wait(child, control)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        if not goes_on:
            return


def wait(child: int, control: socket.socket) -> bool:
    """Return True when the parser has ended; False, and it is killed, when the worker went away meanwhile."""
    control.settimeout(TICK_SECONDS)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        with suppress(TimeoutError):  # nothing from the worker: look at the parser again
            if not control.recv(1, socket.MSG_PEEK):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return False
            os.waitpid(child, 0)  # the next request is there: this parser has said its last word
            break
    control.settimeout(None)
    return True


def answer(connection: Connection) -> None:
    """One parser: read the request, limit this process, send pages with their number in all if known, then None or the error."""
    path, media_type, limits = connection.recv()
    idle = peak_bytes()
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, most))
    signal.alarm(limits.page_seconds)
    try:
        total = count_pages(path, media_type)
        for page in parse(path, media_type, limits):
            connection.send((page, total))
            signal.alarm(limits.page_seconds)
        connection.send(None)
    except ConnectionError:
        return  # the worker wants no more of this file
    except Exception as error:  # noqa: BLE001  # of any kind: the worker decides what to make of it
        # libraries in C allocate by doubling, and call a refusal what they like
        exhausted = isinstance(error, MemoryError) or peak_bytes() > (idle + limits.memory_bytes) // 2
        resource.setrlimit(resource.RLIMIT_AS, (most, most))  # room to say so
        needs = f"Reading the file needs more than the {limits.memory_bytes >> 20:,} MiB of memory that it may take; split it."
        connection.send(TooLarge(needs) if exhausted else error)


def peak_bytes() -> int:
    """The largest address space that this process has had (proc(5), VmPeak)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmPeak:")[2].split()[0]) << 10


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
