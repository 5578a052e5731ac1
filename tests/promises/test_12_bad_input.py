"""Promise 12: bad input gets one clear error; nothing else stops and nothing is lost."""

import contextlib
import io
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fpdf
import httpx
import psutil
import pypdf
import pytest

from tests.service import Service, add, finished, search, upload

MIB = 1024 * 1024


def pdf(text: str) -> bytes:
    document = fpdf.FPDF()
    document.add_page()
    document.set_font("Helvetica", size=12)
    document.multi_cell(0, 8, text)
    return bytes(document.output())


def textless_pdf() -> bytes:
    document = fpdf.FPDF()
    document.add_page()
    document.rect(10, 10, 50, 50)
    return bytes(document.output())


def encrypted_pdf() -> bytes:
    writer = pypdf.PdfWriter(io.BytesIO(pdf("Nobody can read this.")))
    writer.encrypt("secret")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def zip_bomb_docx() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
        with archive.open("word/document.xml", "w", force_zip64=True) as member:
            for _ in range(1200):
                member.write(b" " * MIB)
    return out.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "corrupt.pdf": (lambda: b"%PDF-1.7\n" + os.urandom(4000), "damaged|corrupt|broken|cannot be read"),
    "truncated.pdf": (lambda: pdf("Half of this is missing. " * 400)[:900], "damaged|corrupt|truncated|broken|incomplete|cannot be read"),
    "encrypted.pdf": (encrypted_pdf, "password|encrypted"),
    "textless.pdf": (textless_pdf, "no text"),
    "bomb.docx": (zip_bomb_docx, "expand|unpack|decompress"),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_an_unreadable_file_fails_with_a_sentence_and_the_next_one_is_read(client: httpx.Client, collection: str, name: str) -> None:
    make, words = FILES[name]
    content = make()
    rows = upload(client, (name, content), ("good.txt", b"The lift is repaired on Friday."), collection=collection)
    if rows[0]["id"] is None:
        error, status = rows[0]["error"], rows[0]["status"]
    else:
        document = finished(client, rows[0]["id"])
        error, status = document["error"], document["status"]
    assert status == "failed"
    assert any(word in error.lower() for word in words.split("|")), error
    assert finished(client, rows[1]["id"])["status"] == "ready"


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("empty.txt", b"", 422, "empty"),
        ("program.exe", b"MZ\x90\x00" + bytes(range(256)) * 40, 415, "type"),
        ("n" * 400 + ".txt", b"text", 422, "404 characters"),
        ("../..", b"text", 422, "no name"),
    ],
)
def test_a_refused_file_gets_the_right_status(
    client: httpx.Client, collection: str, name: str, content: bytes, status: int, words: str
) -> None:
    response = client.post("/v1/documents", data={"collection": collection}, files=[("files", (name, content))])
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert words in response.json()["detail"]
    assert client.get("/v1/documents", params={"collection": collection}).json()["documents"] == []


def test_one_refused_file_does_not_fail_the_others(client: httpx.Client, collection: str) -> None:
    rows = upload(client, ("empty.txt", b""), ("good.txt", b"Fine."), collection=collection)
    assert [(row["status"] == "failed", row["id"] is None) for row in rows] == [(True, True), (False, False)]


def test_path_separators_and_control_characters_leave_the_name(client: httpx.Client, collection: str) -> None:
    names = {b"../../etc/passwd.txt": "etc/passwd.txt", b"docs\\a\x07\xe2\x80\xaeb.txt": "docs/ab.txt", b"/x//y.txt": "x/y.txt"}
    for sent, kept in names.items():
        head = b'--x\r\nContent-Disposition: form-data; name="collection"\r\n\r\n' + collection.encode() + b"\r\n"
        part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="' + sent + b'"\r\n\r\nPlain text.\r\n--x--\r\n'
        response = client.post("/v1/documents", content=head + part, headers={"Content-Type": "multipart/form-data; boundary=x"})
        assert [row["name"] for row in response.json()["documents"]] == [kept]


def test_a_wrong_extension_is_read_by_its_bytes(client: httpx.Client, collection: str) -> None:
    document = add(client, "letter.docx", pdf("The letter is really a PDF."), collection)
    assert (document["status"], document["media_type"]) == ("ready", "application/pdf")


def test_a_file_over_the_limit_is_refused_while_it_streams_and_leaves_nothing(
    service: Service, client: httpx.Client, collection: str
) -> None:
    def files() -> list[Path]:
        return [path for path in (service.data / "blobs").rglob("*") if path.is_file()]

    before = files()
    largest = 0

    def body() -> Iterator[bytes]:
        nonlocal largest
        yield b'--x\r\nContent-Disposition: form-data; name="collection"\r\n\r\n' + collection.encode()
        yield b'\r\n--x\r\nContent-Disposition: form-data; name="files"; filename="huge.txt"\r\n\r\n'
        for turn in range(300):
            if turn == 250:
                largest = sum(path.stat().st_size for path in files() if path not in before)
            yield b"a" * MIB
        yield b"\r\n--x--\r\n"

    response = client.post("/v1/documents", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"}, timeout=120)
    assert response.status_code == 413
    assert "200 MiB" in response.json()["detail"]
    assert largest == 0  # refused long before the last byte came
    assert files() == before


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/v1/search", b'{"question": ""}', 422, "empty"),
        ("/v1/ask", b'{"question": "   "}', 422, "empty"),
        ("/v1/ask", b'{"question": "' + b"a" * MIB + b'"}', 422, "1048576 characters"),
        ("/v1/ask", b"{not json", 422, "not valid JSON"),
        ("/v1/ask", b'{"question": "a", "qestion": "b"}', 422, "qestion"),
        ("/v1/ask", b"{}", 422, "either a question or messages"),
        ("/v1/ask", b'{"messages": [{"role": "assistant", "content": "hi"}]}', 422, "last message"),
        ("/v1/search", b'{"question": "a", "k": 0}', 422, "k is wrong"),
        ("/v1/search", b'{"question": "a", "k": 5000}', 422, "at most 50"),
        ("/v1/search", b'"' + b"a" * 9 * MIB + b'"', 413, "at most"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(client: httpx.Client, path: str, body: bytes, status: int, words: str) -> None:
    response = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert words in response.json()["detail"]
    assert response.json()["status"] == status


def test_a_question_outside_the_eight_languages_is_answered_from_what_it_finds(client: httpx.Client, collection: str) -> None:
    add(client, "plan.txt", "Projekt Bursztyn startuje w poniedziałek. Budżet wynosi sto tysięcy złotych.".encode(), collection)
    passages = search(client, "Kiedy startuje projekt Bursztyn?", collections=[collection])
    assert passages[0]["name"] == "plan.txt"


@pytest.mark.parametrize(
    "method, path",
    [("GET", "/v1/documents/d_0"), ("DELETE", "/v1/documents/d_0"), ("GET", "/v1/documents/d_0/events"), ("GET", "/nowhere")],
)
def test_an_unknown_thing_is_404_in_the_one_shape(client: httpx.Client, method: str, path: str) -> None:
    response = client.request(method, path)
    assert response.status_code == 404
    assert set(response.json()) == {"type", "title", "status", "detail", "instance"}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}])
@pytest.mark.parametrize(
    "method, path",
    [("GET", "/v1/documents"), ("POST", "/v1/documents"), ("POST", "/v1/ask"), ("GET", "/openapi.json"), ("GET", "/v1/status")],
)
def test_no_key_or_a_wrong_one_is_401(service: Service, method: str, path: str, header: dict[str, str]) -> None:
    response = httpx.request(method, service.url + path, headers=header)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["title"] == "Unauthorized"


def test_no_form_and_a_form_that_ends_early_are_told_so(client: httpx.Client) -> None:
    assert "multipart/form-data" in client.post("/v1/documents", json={}).json()["detail"]
    half = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nabc'
    response = client.post("/v1/documents", content=half, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (response.status_code, response.json()["detail"]) == (422, "The form ended before its closing boundary; send it again.")


def test_a_parser_that_is_killed_fails_its_document_alone_and_a_retry_reads_it(
    service: Service, client: httpx.Client, collection: str
) -> None:
    table = b"name;place;street;number\n" + b"Anna;Bonn;Rheinweg;12\n" * 400_000
    rows = upload(client, ("long.csv", table), ("good.txt", b"The lift is repaired on Friday."), collection=collection)
    while (parser := running_parser(service)) is None:
        time.sleep(0.005)
    parser.kill()
    failed = finished(client, rows[0]["id"])
    assert (failed["status"], failed["retry_helps"]) == ("failed", True)
    assert re.match(r"Page \d+ ended the program that reads it", failed["error"])
    assert finished(client, rows[1]["id"])["status"] == "ready"
    client.post(f"/v1/documents/{rows[0]['id']}/retry")
    while (parser := running_parser(service)) is None:
        time.sleep(0.005)
    client.delete(f"/v1/documents/{rows[0]['id']}")
    psutil.wait_procs([parser], timeout=20)
    assert not parser.is_running(), "nobody wants the document any more"


def running_parser(service: Service) -> psutil.Process | None:
    """The process that parses a file at this moment, of which the server is the parent."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in psutil.Process(service.process.pid).children(recursive=True):
            if "ingest.parser_process" in process.cmdline() and "ingest.parser_process" in process.parent().cmdline():  # type: ignore[union-attr]
                return process
    return None
