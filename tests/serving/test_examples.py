"""The examples in the OpenAPI document look like what the service answers."""

import re
from typing import Any

import pytest

from tests.serving.in_process import Application, add_ready

VARY = {"languages", "documents"}  # objects whose names are data, where they are no lists
ID = re.compile(r"[0-9a-f]{32}")


@pytest.fixture(scope="module")
def spec(here: Application) -> dict[str, Any]:
    with here.served() as client:
        return client.get("/openapi.json").json()["components"]["schemas"]


def shape(value: Any) -> Any:
    """The names of an answer's objects at every depth, of lists by their first, and which texts are ids. FastAPI leaves nulls out."""
    if isinstance(value, dict):
        present = {name: each for name, each in value.items() if each is not None and name != "notes"}
        return {name: "by name" if name in VARY and isinstance(each, dict) else shape(each) for name, each in present.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return "id" if isinstance(value, str) and ID.fullmatch(value) else "value"


def test_examples_have_the_names_of_real_answers(here: Application, spec: dict[str, Any]) -> None:
    document_id = add_ready(here.services, "door.txt", "The door number seven is blue.")
    question = {"question": "Which colour has the door number seven?"}
    with here.served() as client:
        answers = {
            "SearchResponse": client.post("/v1/search", json=question),
            "AskResponse": client.post("/v1/ask", json=question),
            "Document": client.get(f"/v1/documents/{document_id}"),
            "DocumentList": client.get("/v1/documents"),
            "UploadList": client.post("/v1/documents", files=[("files", ("gate.txt", b"The gate is green."))]),
            "PageText": client.get(f"/v1/documents/{document_id}/text"),
            "CollectionList": client.get("/v1/collections"),
            "ServiceStatus": client.get("/v1/status"),
            "ModelList": client.get("/v1/models"),
            "Problem": client.get(f"/v1/documents/{'0' * 32}"),
        }
    wrong = {
        name: (real, shown) for name, answer in answers.items() if (real := shape(answer.json())) != (shown := shape(spec[name]["example"]))
    }
    assert wrong == {}
    assert spec["Collection"]["example"]["embedder"].startswith("glossa-encoder@")


def test_the_examples_of_documents_and_citations_name_one_document(spec: dict[str, Any]) -> None:
    ids = {spec[name]["example"][field] for name, field in (("Document", "id"), ("Passage", "document_id"), ("Citation", "document_id"))}
    assert len(ids) == 1 and ID.fullmatch(*ids)
