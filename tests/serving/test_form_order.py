"""The fields of an upload's form may come in any order."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.api.documents.uploads import MOST_WAITING
from tests.serving.in_process import Application

FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def client(here: Application) -> Iterator[httpx.Client]:
    with here.served() as client:
        yield client


def file(name: str) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\nText of %s.\r\n' % (name.encode(), name.encode())


def collection(name: str) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="collection"\r\n\r\n%s\r\n' % name.encode()


def names(client: httpx.Client, collection: str) -> set[str]:
    documents = client.get("/v1/documents", params={"collection": collection, "limit": 200}).json()["documents"]
    return {document["name"] for document in documents}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_collection_may_stand_anywhere(client: httpx.Client, place: int) -> None:
    parts = [file(f"a{place}.txt"), file(f"b{place}.txt")]
    parts.insert(place, collection(f"anywhere-{place}"))
    response = client.post("/v1/documents", content=b"".join(parts) + b"--x--\r\n", headers=FORM)
    assert [row["name"] for row in response.json()["documents"]] == [f"a{place}.txt", f"b{place}.txt"]
    assert names(client, f"anywhere-{place}") == {f"a{place}.txt", f"b{place}.txt"}


def test_two_collections_are_refused(client: httpx.Client) -> None:
    body = collection("one") + file("c.txt") + collection("two") + b"--x--\r\n"
    response = client.post("/v1/documents", content=body, headers=FORM)
    assert response.status_code == 422
    assert "names the collection 'two', but files of it are in 'one' already" in response.json()["detail"]


def test_many_files_without_a_collection_go_into_the_default_one(client: httpx.Client) -> None:
    body = b"".join(file(f"many-{number}.txt") for number in range(MOST_WAITING + 1))
    response = client.post("/v1/documents", content=body + collection("late") + b"--x--\r\n", headers=FORM)
    assert response.status_code == 422
    assert f"with {MOST_WAITING} files or more name it before them" in response.json()["detail"]
    assert client.post("/v1/documents", content=body + b"--x--\r\n", headers=FORM).status_code == 202
    assert {f"many-{number}.txt" for number in range(MOST_WAITING + 1)} <= names(client, "default")


def test_a_form_that_ends_early_leaves_no_file_behind(here: Application, client: httpx.Client) -> None:
    response = client.post("/v1/documents", content=file("early.txt") + file("half.txt")[:-9], headers=FORM)
    assert response.status_code == 422
    staging: Path = here.services.settings.data / "blobs" / "staging"
    deadline = time.monotonic() + 20
    while list(staging.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "early.txt" not in names(client, "default")
