"""Promise 10 on every route of the OpenAPI document: the least role that may call it, and that foreign ids tell nothing."""

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from rag.catalog.keys import create_key
from rag.records import Role
from serving.api.gateway import build_app
from serving.api.security_middleware import SecurityMiddleware
from tests.serving.in_process import Application, add_ready, application

LEAST: dict[str, Role | None] = {
    "GET /healthz": None,
    "GET /readyz": None,
    "GET /v1/documents": Role.READER,
    "GET /v1/documents/events": Role.READER,
    "GET /v1/documents/{document_id}": Role.READER,
    "GET /v1/documents/{document_id}/content": Role.READER,
    "GET /v1/documents/{document_id}/text": Role.READER,
    "GET /v1/documents/{document_id}/events": Role.READER,
    "GET /v1/collections": Role.READER,
    "GET /v1/models": Role.READER,
    "POST /v1/search": Role.READER,
    "POST /v1/ask": Role.READER,
    "POST /v1/chat/completions": Role.READER,
    "POST /v1/embeddings": Role.READER,
    "POST /v1/documents": Role.WRITER,
    "POST /v1/documents/{document_id}/cancel": Role.WRITER,
    "POST /v1/documents/{document_id}/retry": Role.WRITER,
    "DELETE /v1/documents/{document_id}": Role.WRITER,
    "GET /v1/status": Role.ADMIN,
    "GET /metrics": Role.ADMIN,
    "GET /v1/keys": Role.ADMIN,
    "POST /v1/keys": Role.ADMIN,
    "POST /v1/keys/{key_id}/rotate": Role.ADMIN,
    "DELETE /v1/keys/{key_id}": Role.ADMIN,
    "GET /v1/audit": Role.ADMIN,
    "GET /v1/audit/verification": Role.ADMIN,
}
OURS, THEIRS, ABSENT = "ourown", "theirs", "absent"  # collections; of one length, as an answer may name them
QUESTION = {"question": "What does the director earn?"}


@dataclass(frozen=True, slots=True)
class Place:
    """An application with a document in each of two collections, and keys by role. All but the admin's see OURS only."""

    application: Application
    keys: dict[Role, str]
    own: str
    foreign: str

    def client(self, key: str | None) -> TestClient:
        services = self.application.services
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        app = SecurityMiddleware(build_app(services), services.settings)
        return TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 9), headers=headers, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = application(tmp_path_factory.mktemp("roles"))
    services = made.services
    keys = {role: create_key(services.engine, role, role=role, collections=[OURS]) for role in (Role.READER, Role.WRITER)}
    keys[Role.ADMIN] = made.key
    text = "The director earns ninety thousand."
    return Place(made, keys, *(add_ready(services, f"{collection}.txt", text, collection) for collection in (OURS, THEIRS)))


@pytest.fixture(scope="module")
def operations(place: Place) -> set[str]:
    spec = place.client(place.keys[Role.ADMIN]).get("/openapi.json").json()
    return {f"{method.upper()} {path}" for path, methods in spec["paths"].items() for method in methods}


def call(client: TestClient, operation: str, **request: Any) -> httpx.Response:
    """Call an operation; ids that are not given are unknown ones."""
    method, path = operation.split(" ")
    ids = {name: request.pop(name, uuid.uuid4().hex) for name in ("document_id", "key_id")}
    if method == "POST" and not request:
        request = {"json": {}}
    return client.request(method, path.format(**ids), **request)


def test_the_table_of_roles_has_every_route(operations: set[str]) -> None:
    assert operations == set(LEAST)


@pytest.mark.parametrize("operation", LEAST)
def test_a_route_takes_its_least_role_and_those_above_and_no_other(place: Place, operation: str) -> None:
    least = LEAST[operation]
    answers = {role: call(place.client(place.keys[role]), operation) for role in Role}
    refused = {role for role, answer in answers.items() if answer.status_code == 403}
    assert refused == {role for role in Role if least is not None and not role.covers(least)}
    for role in refused:
        whose = "an admin's" if least is Role.ADMIN else f"a {least}'s"
        assert answers[role].json()["detail"] == f"This key is a {role}'s, and this needs {whose}; use such a key."
    assert call(place.client(None), operation).status_code == (200 if least is None else 401)


def of_document(**request: Any) -> Callable[[str, str], dict[str, Any]]:
    return lambda document, collection: {"document_id": document, **request}


def of_collection(document: str, collection: str) -> dict[str, Any]:
    return {"params": {"collection": collection}}


def searched(**scope: Any) -> Callable[[str, str], dict[str, Any]]:
    return lambda document, collection: {"json": {**QUESTION, **scope, "collections": [collection]}}


def filtered(document: str, collection: str) -> dict[str, Any]:
    return {"json": {**QUESTION, "filters": {"document_ids": [document]}}}


def uploaded(document: str, collection: str) -> dict[str, Any]:
    return {"data": {"collection": collection}, "files": [("files", ("x.txt", b"Words."))]}


def of_key(document: str, collection: str) -> dict[str, Any]:
    return {"key_id": document}


# What names something that may be another's: the request with the id of a document and the name of a collection, and its answer.
FOREIGN: list[tuple[str, Callable[[str, str], dict[str, Any]], int]] = [
    ("GET /v1/documents", of_collection, 404),
    ("GET /v1/documents/events", of_collection, 404),
    ("GET /v1/documents/{document_id}", of_document(), 404),
    ("GET /v1/documents/{document_id}/content", of_document(), 404),
    ("GET /v1/documents/{document_id}/text", of_document(), 404),
    ("GET /v1/documents/{document_id}/text", of_document(params={"page": 7}), 404),
    ("GET /v1/documents/{document_id}/events", of_document(), 404),
    ("POST /v1/documents/{document_id}/cancel", of_document(json={}), 404),
    ("POST /v1/documents/{document_id}/retry", of_document(json={}), 404),
    ("DELETE /v1/documents/{document_id}", of_document(), 404),
    ("POST /v1/documents", uploaded, 404),
    ("POST /v1/search", searched(), 404),
    ("POST /v1/search", filtered, 200),
    ("POST /v1/ask", searched(), 404),
    ("POST /v1/ask", searched(stream=True), 404),
    ("POST /v1/ask", filtered, 200),
    ("POST /v1/keys/{key_id}/rotate", of_key, 403),
    ("DELETE /v1/keys/{key_id}", of_key, 403),
]
NAMES_NOTHING = {
    *("GET /healthz", "GET /readyz", "GET /metrics", "GET /v1/status", "GET /v1/collections", "GET /v1/models", "GET /v1/keys"),
    *("POST /v1/keys", "GET /v1/audit", "GET /v1/audit/verification", "POST /v1/chat/completions", "POST /v1/embeddings"),
}


def test_the_table_of_foreign_ids_has_every_route_that_takes_one(operations: set[str]) -> None:
    assert {operation for operation, _, _ in FOREIGN} | NAMES_NOTHING == operations
    assert not {operation for operation, _, _ in FOREIGN} & NAMES_NOTHING


@pytest.fixture
def statements(place: Place) -> Iterator[list[str]]:
    """What the gateway sends to the catalog; what the audit log's thread sends is not a part of any answer."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if threading.current_thread().name != "audit":
            seen.append(statement)

    engine = place.application.services.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("operation", "request_for", "status"), FOREIGN, ids=[f"{o} {n}" for n, (o, _, _) in enumerate(FOREIGN)])
def test_what_is_anothers_looks_like_what_does_not_exist(
    place: Place, statements: list[str], operation: str, request_for: Callable[[str, str], dict[str, Any]], status: int
) -> None:
    answers, asked = [], []
    for document, collection in ((place.foreign, THEIRS), (uuid.uuid4().hex, ABSENT)):
        statements.clear()
        answer = call(place.client(place.keys[Role.WRITER]), operation, **request_for(document, collection))
        answers.append(shape(answer, document, collection))
        asked.append(list(statements))
    assert answers[0] == answers[1]
    assert answers[0][0] == status
    assert asked[0] == asked[1]  # the same work, so no time that tells


def shape(answer: httpx.Response, document: str, collection: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body, without the names that the request itself gave and the times that it took."""
    body = answer.json()
    body.pop("timings_ms", None)
    headers = {name: value for name, value in answer.headers.items() if name != "content-length" or answer.status_code >= 400}
    return answer.status_code, headers, without_names(body, document, collection)


def without_names(body: Any, document: str, collection: str) -> Any:
    return str(body).replace(document, "DOCUMENT").replace(collection, "COLLECTION")


def test_no_listing_or_count_shows_what_is_anothers(place: Place) -> None:
    client = place.client(place.keys[Role.READER])
    assert [row["id"] for row in client.get("/v1/documents").json()["documents"]] == [place.own]
    [collection] = client.get("/v1/collections").json()["collections"]
    assert (collection["name"], collection["documents"], collection["unfinished"]) == (OURS, 1, 0)
    assert client.get("/v1/documents/events").text.count('"ready":1') == 1
    found = client.post("/v1/search", json={**QUESTION, "k": 50}).json()["passages"]
    assert {passage["document_id"] for passage in found} == {place.own}
    answer = client.post("/v1/ask", json=QUESTION).json()
    assert {citation["document_id"] for citation in answer["citations"]} <= {place.own}
