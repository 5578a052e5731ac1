"""Nothing of a body is read before the key is known, and no more of it than the settings allow."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from tests.serving.in_process import Application

PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n' + b"a" * 1000
TYPES = {"multipart/form-data; boundary=x": PART, "application/json": b'{"question": "' + b"a" * 1000, "text/plain": b"a" * 1000}
ANNOUNCED = 600 << 20  # bytes of a body of which only the beginning is sent
OPEN = {"/healthz", "/readyz"}  # need no key


@pytest.fixture(scope="module")
def client(here: Application) -> Iterator[httpx.Client]:
    with here.served() as client:
        yield client


def answer_to_beginning(client: httpx.Client, method: str, path: str, content_type: str, headers: str = "") -> bytes:
    """All that comes until the connection is closed, of a request whose body does not end."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {ANNOUNCED}\r\n{headers}\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), 30) as connection:
        connection.sendall(head.encode() + TYPES[content_type])
        received = b""
        while data := connection.recv(65536):
            received += data
    return received


@pytest.mark.parametrize("content_type", TYPES)
def test_no_route_reads_a_body_before_it_knows_the_key(client: httpx.Client, content_type: str) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    asked = [(method.upper(), path) for path, operations in paths.items() if path not in OPEN for method in operations]
    asked += [("GET", "/openapi.json"), ("POST", "/nowhere")]
    answers = {f"{method} {path}": answer_to_beginning(client, method, path, content_type)[:12] for method, path in asked}
    expected = {f"{method} {path}": b"HTTP/1.1 401" for method, path in asked} | {"POST /nowhere": b"HTTP/1.1 404"}
    assert answers == expected


def test_a_body_that_announces_too_much_is_refused_before_it_comes(client: httpx.Client) -> None:
    answer = answer_to_beginning(client, "POST", "/v1/ask", "application/json", f"Authorization: {client.headers['Authorization']}\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"at most 8388608 are taken here" in answer


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/search", "/v1/chat/completions", "/v1/embeddings"])
def test_a_body_without_a_length_is_counted_as_it_comes(client: httpx.Client, path: str) -> None:
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b" " * (1 << 20)

    response = client.post(path, content=body(), headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert "at most 8388608 are taken here" in response.json()["detail"]
    assert sent < 64


def test_a_body_without_a_length_may_be_short(client: httpx.Client) -> None:
    pieces = iter([b'{"question":', b' "Where?"}'])
    assert client.post("/v1/search", content=pieces, headers={"Content-Type": "application/json"}).status_code == 200


def test_files_of_one_request_have_a_limit_together(here: Application) -> None:
    with here.served(settings=replace(here.services.settings, max_upload_bytes=1000)) as client:
        assert client.post("/v1/documents", files=[("files", ("a.txt", b"a" * 500))]).status_code == 202
        refused = client.post("/v1/documents", files=[("files", (f"{name}.txt", b"b" * 500)) for name in "bc"])
    assert refused.status_code == 413
