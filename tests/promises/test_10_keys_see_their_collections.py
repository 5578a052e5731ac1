"""Promise 10: a key sees its collections and no others."""

import httpx
import pytest

from rag.catalog.keys import create_key
from rag.catalog.schema import open_catalog
from rag.records import Role
from tests.service import Service, add, upload


@pytest.fixture
def narrow(service: Service, collection: str) -> str:
    """A key for `collection` only."""
    engine = open_catalog(f"sqlite:///{service.data / 'catalog.sqlite'}")
    return create_key(engine, f"narrow {collection}", role=Role.WRITER, collections=[collection])


def test_a_narrow_key_finds_lists_and_touches_its_own_collection_only(
    service: Service, client: httpx.Client, collection: str, narrow: str
) -> None:
    secret = add(client, "salaries.txt", b"The director earns ninety thousand.", f"{collection}-secret")
    own = add(client, "menu.txt", b"The director eats at noon.", collection)
    with service.client(narrow) as guest:
        for scope in ({}, {"collections": [collection]}, {"filters": {"document_ids": [own["id"], secret["id"]]}}):
            found = guest.post("/v1/search", json={"question": "What does the director earn?", **scope}).json()["passages"]
            assert {passage["document_id"] for passage in found} == {own["id"]}
        assert guest.post("/v1/search", json={"question": "director", "collections": [f"{collection}-secret"]}).status_code == 404
        assert [document["id"] for document in guest.get("/v1/documents").json()["documents"]] == [own["id"]]
        assert [c["name"] for c in guest.get("/v1/collections").json()["collections"]] == [collection]
        for path in ("", "/content", "/text", "/events"):
            assert guest.get(f"/v1/documents/{secret['id']}{path}").status_code == 404
        assert guest.get("/v1/documents/events", params={"collection": f"{collection}-secret"}).status_code == 404
        assert '"ready":1}' in guest.get("/v1/documents/events").text
        assert guest.get("/metrics").status_code == 403
        assert guest.delete(f"/v1/documents/{secret['id']}").status_code == 404
        refused = guest.post("/v1/documents", data={"collection": f"{collection}-secret"}, files=[("files", ("x.txt", b"x"))])
        assert refused.status_code == 404
    assert client.get(f"/v1/documents/{secret['id']}").status_code == 200


def test_a_narrow_key_that_names_no_collection_uploads_to_none_it_may_not_see(service: Service, narrow: str) -> None:
    with service.client(narrow) as guest:
        response = guest.post("/v1/documents", files=[("files", ("x.txt", b"x"))])
        assert response.status_code == 404
        assert "'default'" in response.json()["detail"]


def test_a_narrow_key_uploads_to_its_own(service: Service, collection: str, narrow: str) -> None:
    with service.client(narrow) as guest:
        assert upload(guest, ("x.txt", b"Words."), collection=collection)[0]["status"] in ("queued", "ready")
