"""`glossa keys` and `glossa audit` on the real service."""

import re

import pytest
from typer.testing import CliRunner

from rag.errors import InvalidInput
from serving.command.cli import app
from serving.command.keys import expiry
from tests.service import Service

pytestmark = pytest.mark.heavy


def glossa(service: Service, *arguments: str) -> str:
    """What the command prints for other programs; it ends with 0."""
    done = CliRunner().invoke(app, arguments, env={"GLOSSA_URL": service.url, "GLOSSA_KEY": service.key})
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_key_is_made_used_rotated_and_revoked(service: Service, collection: str) -> None:
    name = f"guest {collection}"
    first = glossa(service, "keys", "create", name, "--collections", f"{collection}, other", "--expires", "90d").strip()
    assert re.fullmatch(r"glossa_[\w-]{43}", first)
    with service.client(first) as guest:
        assert guest.get("/v1/collections").json() == {"collections": []}
        assert guest.get("/v1/status").json()["detail"] == "This key is a reader's, and this needs an admin's; use such a key."
    listed = [line.split("\t") for line in glossa(service, "keys", "list").splitlines()]
    assert listed[0] == ["name", "role", "collections", "expires", "last used"]
    [mine] = [row for row in listed if row[0] == name]
    assert mine[1:3] == ["reader", f"{collection}, other"]
    second = glossa(service, "keys", "rotate", name).strip()
    with service.client(first) as old, service.client(second) as new:
        assert (old.get("/v1/models").status_code, new.get("/v1/models").status_code) == (401, 200)
        assert glossa(service, "keys", "revoke", name) == f"The key {name} is revoked.\n"
        assert new.get("/v1/models").status_code == 401


def test_what_was_done_is_listed_and_proven(service: Service, collection: str) -> None:
    glossa(service, "keys", "create", f"w {collection}", "--role", "writer")
    entries = [line.split("\t") for line in glossa(service, "audit", "list", "--action", "create-key", "--limit", "5").splitlines()]
    assert entries[0] == ["number", "at", "key", "action", "subject", "documents", "text"]
    assert [row[2:] for row in entries if row[4] == f"w {collection}"] == [["this run", "create-key", f"w {collection}", "", ""]]
    assert re.fullmatch(
        r"The audit log is whole: \d+ entries, the last is \d+ with the hash [0-9a-f]{64}\.\n", glossa(service, "audit", "verify")
    )


def test_a_name_that_no_key_has_is_told(service: Service) -> None:
    environment = {"GLOSSA_URL": service.url, "GLOSSA_KEY": service.key}
    refused = CliRunner().invoke(app, ["keys", "revoke", "nobody"], env=environment)
    assert str(refused.exception) == "There is no key named 'nobody'; list them with `glossa keys list`."


@pytest.mark.parametrize("text", ["90", "0d", "-1d", "90 d", "9999999d", "soon"])
def test_an_expiry_that_is_no_time_is_told(text: str) -> None:
    with pytest.raises(InvalidInput, match=f"--expires {text} is no time; write a number and h, d or w, such as 90d"):
        expiry(text)
