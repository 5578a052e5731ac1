"""Is a TCP port free?"""

import socket

from rag.errors import InvalidInput


def is_free(host: str, port: int) -> bool:
    """Whether this process could listen there now."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port in TIME_WAIT is free
            probe.bind((host, port))
    except OSError:
        return False
    return True


def free() -> int:
    """A port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def require_free(host: str, port: int) -> None:
    """Raise InvalidInput, with what to do, when the port cannot be had."""
    if not is_free(host, port):
        raise InvalidInput(f"Port {port} on {host} is in use or not allowed; stop what runs there or choose another with --port.")
