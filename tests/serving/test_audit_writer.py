"""What is asked reaches the audit log soon, and no question waits for that."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rag.catalog.audit import SERVICE, Entry, Event, entries, record
from rag.catalog.audit_chain import verify
from rag.catalog.keys import create_key, identify, list_keys
from rag.catalog.schema import migrate, open_catalog, writing
from rag.records import Action, Role
from rag.settings import Settings
from serving.api.access import audit_writer
from serving.api.access.audit_writer import AuditWriter
from serving.api.gateway import build_app
from serving.api.security_middleware import SecurityMiddleware
from tests.serving.in_process import Application, application

QUESTION = "When is the lift repaired?"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Application:
    """With a limit of three requests a minute, and questions in the log."""
    return application(tmp_path_factory.mktemp("audit"), requests_per_minute=3, audit_text=True)


def client(place: Application, key: str | None = None) -> TestClient:
    headers = {"Authorization": f"Bearer {key or place.key}"}
    app = SecurityMiddleware(build_app(place.services), place.services.settings)
    return TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 9), headers=headers)


def soon(look: Callable[[], Any]) -> Any:
    """What `look` returns when that is true at last."""
    deadline = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def recorded(place: Application, action: Action) -> list[Entry]:
    return entries(place.services.engine, limit=100, action=action)


def test_a_search_is_answered_while_another_writes_and_recorded_after(place: Application) -> None:
    key = create_key(place.services.engine, "asks", role=Role.READER)
    with writing(place.services.engine):
        assert client(place, key).post("/v1/search", json={"question": QUESTION}).status_code == 200
        assert recorded(place, Action.SEARCH) == []
    [entry] = soon(lambda: recorded(place, Action.SEARCH))
    assert (entry.key_name, entry.documents, entry.text) == ("asks", (), QUESTION)


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_is_recorded_whole_or_streamed(place: Application, stream: bool) -> None:
    before = len(recorded(place, Action.ASK))
    question = f"{QUESTION} {stream}"
    assert client(place).post("/v1/ask", json={"question": question, "stream": stream}).status_code == 200
    assert [entry.text for entry in soon(lambda: recorded(place, Action.ASK)[before:])] != []
    assert recorded(place, Action.ASK)[0].text == question


def test_an_openai_client_is_recorded_too(place: Application) -> None:
    body = {"model": "glossa", "messages": [{"role": "user", "content": "Who paints the tower?"}]}
    assert client(place).post("/v1/chat/completions", json=body).status_code == 200
    soon(lambda: "Who paints the tower?" in [entry.text for entry in recorded(place, Action.ASK)])


def test_an_upload_is_in_the_log_when_it_is_answered(place: Application) -> None:
    [row] = client(place).post("/v1/documents", files=[("files", ("a.txt", b"Words."))]).json()["documents"]
    [entry] = recorded(place, Action.UPLOAD)
    assert (entry.key_name, entry.documents, entry.subject) == ("test", (row["id"],), "a.txt")
    client(place).delete(f"/v1/documents/{row['id']}")
    assert [entry.documents for entry in recorded(place, Action.DELETE)] == [(row["id"],)]


def test_a_key_that_sends_too_many_is_told_when_to_go_on_and_admins_are_not(place: Application) -> None:
    guest = client(place, create_key(place.services.engine, "busy", role=Role.WRITER))
    assert [guest.get("/v1/collections").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = guest.get("/v1/collections")
    assert refused.headers["retry-after"] == "20"
    assert refused.json()["detail"] == "This key may send 3 requests a minute; go on in 20 s."
    assert [client(place).get("/v1/collections").status_code for _ in range(5)] == [200] * 5


def test_a_keys_last_use_is_noted_soon(place: Application) -> None:
    key = create_key(place.services.engine, "seldom", role=Role.READER)
    client(place, key).get("/v1/collections")
    soon(lambda: [found for found in list_keys(place.services.engine) if found.name == "seldom" and found.last_used_at])


def test_keys_are_made_used_rotated_and_revoked_over_http(place: Application) -> None:
    admin = client(place)
    made = admin.post("/v1/keys", json={"name": "http", "collections": ["a"], "expires_at": "2030-01-01T00:00:00+01:00"})
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    body = made.json()
    assert (body["role"], body["collections"], body["expires_at"]) == ("reader", ["a"], "2029-12-31T23:00:00Z")
    assert client(place, body["key"]).get("/v1/collections").status_code == 200
    rotated = admin.post(f"/v1/keys/{body['id']}/rotate").json()
    assert client(place, body["key"]).get("/v1/collections").status_code == 401
    assert client(place, rotated["key"]).get("/v1/collections").status_code == 200
    listed = [key for key in admin.get("/v1/keys").json()["keys"] if key["name"] == "http"]
    assert [set(key) & {"key", "hash"} for key in listed] == [set()]
    assert admin.post("/v1/keys", json={"name": "http"}).status_code == 409
    assert admin.delete(f"/v1/keys/{body['id']}").json()["name"] == "http"
    assert client(place, rotated["key"]).get("/v1/collections").status_code == 401
    assert admin.post("/v1/keys/%00/rotate").status_code == 404


@pytest.mark.parametrize("time", ["2020-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_a_key_that_has_ended_or_never_will_is_refused(place: Application, time: str) -> None:
    refused = client(place).post("/v1/keys", json={"name": "never", "expires_at": time})
    assert (refused.status_code, refused.json()["detail"]) == (422, "expires_at must be in the future and at most ten years ahead.")


def test_the_log_is_read_in_pages_and_checked_over_http(place: Application) -> None:
    admin = client(place)
    for number in range(3):
        admin.post("/v1/keys", json={"name": f"page {number}"})
    query = {"action": "create-key", "limit": 2, "key_name": "test"}
    first = admin.get("/v1/audit", params=query).json()
    assert [entry["subject"] for entry in first["entries"]] == ["page 2", "page 1"]
    second = admin.get("/v1/audit", params={**query, "limit": 1, "before": first["next"]}).json()
    assert [entry["subject"] for entry in second["entries"]] == ["page 0"]
    check = admin.get("/v1/audit/verification").json()
    assert (check["fault"], check["entries"], check["first"]) == (None, check["last"], 1)


def test_two_writers_and_uploads_at_once_leave_one_chain(place: Application) -> None:
    engine = place.services.engine
    key = identify(engine, place.key)
    assert key is not None
    other = AuditWriter(engine, place.services.settings)
    for number in range(10):
        for writer in (other, place.services.audit):
            writer.note(key, Action.EMBED, subject=f"{number}")
        client(place).post("/v1/documents", files=[("files", ("a.txt", b"%d" % number))])
    soon(lambda: len(entries(engine, limit=1000, action=Action.EMBED)) == 20)
    assert verify(engine).fault is None


def test_events_beyond_the_most_that_wait_are_counted_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_writer, "MOST_PENDING", 2)
    settings = Settings(data=tmp_path)
    engine = open_catalog(settings.catalog_url)
    migrate(engine)
    key = identify(engine, create_key(engine, "busy", role=Role.READER))
    assert key is not None
    full = AuditWriter(engine, settings)
    with writing(engine):
        for number in range(5):
            full.note(key, Action.EMBED, subject=f"{number}", text="not kept")
    [lost] = soon(lambda: entries(engine, limit=9, action=Action.LOST))
    assert lost.subject == "3 events"
    assert [(entry.subject, entry.text) for entry in entries(engine, limit=9, action=Action.EMBED)] == [("1", None), ("0", None)]


def test_entries_older_than_the_setting_are_removed_when_a_gateway_starts(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, audit_days=30)
    engine = open_catalog(settings.catalog_url)
    migrate(engine)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        record(connection, [Event(SERVICE, Action.EMBED, at=now - timedelta(days=days)) for days in (40, 31, 29)])
    AuditWriter(engine, settings)
    soon(lambda: entries(engine, limit=9, action=Action.EXPIRE))
    assert [entry.number for entry in entries(engine, limit=9)] == [4, 3]
    assert verify(engine).fault is None
