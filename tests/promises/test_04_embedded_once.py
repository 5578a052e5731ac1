"""Promise 4: the same bytes in the same collection are embedded once."""

import httpx
import sqlalchemy

from rag.catalog.schema import open_catalog
from tests.service import Service, add, search, upload


def test_the_same_bytes_under_two_names_are_listed_twice_and_embedded_once(service: Service, client: httpx.Client, collection: str) -> None:
    rows = upload(client, ("a/leave.txt", b"Leave is thirty days."), ("b/leave.txt", b"Leave is thirty days."), collection=collection)
    names = [add(client, row["name"], b"Leave is thirty days.", collection)["name"] for row in rows]
    assert names == ["a/leave.txt", "b/leave.txt"]
    summary = next(c for c in client.get("/v1/collections").json()["collections"] if c["name"] == collection)
    assert (summary["documents"], summary["chunks"]) == (2, 1)
    assert len(search(client, "How long is leave?", collections=[collection])) == 1
    with open_catalog(f"sqlite:///{service.data / 'catalog.sqlite'}").connect() as connection:
        attempts = connection.execute(
            sqlalchemy.text("SELECT sum(attempt) FROM documents WHERE id IN (:a, :b)"), {"a": rows[0]["id"], "b": rows[1]["id"]}
        ).scalar()
    assert attempts == 1


def test_the_same_file_twice_is_one_document(client: httpx.Client, collection: str) -> None:
    first = add(client, "leave.txt", b"Leave is thirty days.", collection)
    again = upload(client, ("leave.txt", b"Leave is thirty days."), collection=collection)[0]
    assert (again["id"], again["version"], again["status"]) == (first["id"], first["version"], "ready")
