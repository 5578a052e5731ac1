"""Keys, over both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, text

from rag.catalog.audit import Actor, entries
from rag.catalog.keys import create_key, identify, key_count, list_keys, revoke, revoke_key, rotate_key, set_last_used
from rag.catalog.schema import writing
from rag.errors import InvalidInput, NotFound, WrongState
from rag.records import Action, Role

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_a_key_is_known_by_its_secret_and_by_nothing_else(engine: Engine) -> None:
    secret = create_key(engine, "mine", role=Role.WRITER)
    assert secret.startswith("glossa_")
    assert len(secret) == 50
    key = identify(engine, secret)
    assert key is not None
    assert (key.name, key.role, key.collections, key.expires_at, key.last_used_at) == ("mine", Role.WRITER, None, None, None)
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), "\ud800", "\x00"):
        assert identify(engine, wrong) is None


def test_the_secret_is_not_in_the_catalog(engine: Engine) -> None:
    secrets = [create_key(engine, "mine", role=Role.READER)]
    secrets.append(rotate_key(engine, list_keys(engine)[0].id))
    with engine.connect() as connection:
        stored = str([connection.execute(text(f"SELECT * FROM {table}")).all() for table in ("keys", "audit")])
    assert not any(secret in stored for secret in secrets)


def test_a_key_for_some_collections_says_which(engine: Engine) -> None:
    some = identify(engine, create_key(engine, "a", role=Role.READER, collections=["x", "ก"]))
    none = identify(engine, create_key(engine, "b", role=Role.READER, collections=[]))
    assert some is not None
    assert none is not None
    assert (some.collections, none.collections) == (frozenset({"x", "ก"}), frozenset())


def test_an_expired_key_is_unknown(engine: Engine) -> None:
    now = datetime.now(timezone(timedelta(hours=7)))
    assert identify(engine, create_key(engine, "late", role=Role.READER, expires_at=now - timedelta(seconds=1))) is None
    key = identify(engine, create_key(engine, "early", role=Role.READER, expires_at=now + timedelta(hours=1)))
    assert key is not None
    assert key.expires_at == now + timedelta(hours=1)
    assert key.expires_at.tzinfo == UTC


def test_a_deleted_key_is_unknown_at_once(engine: Engine) -> None:
    secret = create_key(engine, "a", role=Role.ADMIN)
    create_key(engine, "b", role=Role.ADMIN)
    assert key_count(engine) == 2
    key = identify(engine, secret)
    assert key is not None
    assert revoke_key(engine, key.id).name == "a"
    assert (identify(engine, secret), key_count(engine)) == (None, 1)
    with pytest.raises(NotFound, match="There is no key with the id"):
        revoke_key(engine, key.id)
    assert (revoke(engine, "b"), revoke(engine, "b")) == (1, 0)


def test_a_rotated_key_keeps_all_but_its_secret(engine: Engine) -> None:
    old = create_key(engine, "a", role=Role.WRITER, collections=["x"], expires_at=datetime.now(UTC) + timedelta(days=1))
    before = identify(engine, old)
    assert before is not None
    new = rotate_key(engine, before.id)
    assert (identify(engine, old), identify(engine, new)) == (None, before)


def test_a_name_is_taken_once_and_free_again_after_the_key_is_revoked(engine: Engine) -> None:
    create_key(engine, "a", role=Role.READER)
    with pytest.raises(WrongState, match="There is a key named 'a' already; choose another name, or rotate or revoke that one"):
        create_key(engine, "a", role=Role.READER)
    revoke(engine, "a")
    create_key(engine, "a", role=Role.READER)


@pytest.mark.parametrize("name", ["", "n" * 101, "a\nb", "\x00"])
def test_a_name_that_cannot_be_shown_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(InvalidInput, match="A key's name has 1 to 100 printable characters"):
        create_key(engine, name, role=Role.READER)


def test_an_admin_of_some_collections_is_refused_as_it_could_make_a_key_for_the_others(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="An admin sees all collections"):
        create_key(engine, "a", role=Role.ADMIN, collections=["x"])


def test_a_role_covers_itself_and_those_before_it() -> None:
    covered = {(role.value, least.value) for role in Role for least in Role if role.covers(least)}
    assert covered == {
        ("reader", "reader"),
        *(("writer", least) for least in ("reader", "writer")),
        *(("admin", least) for least in ("reader", "writer", "admin")),
    }


def test_keys_are_listed_with_their_last_use_oldest_first(engine: Engine) -> None:
    for name in ("z", "a"):
        create_key(engine, name, role=Role.READER)
    with writing(engine) as connection:
        set_last_used(connection, {list_keys(engine)[1].id: NOON, "gone": NOON})
    assert [(key.name, key.last_used_at) for key in list_keys(engine)] == [("z", None), ("a", NOON)]


def test_an_id_that_cannot_be_stored_is_unknown(engine: Engine) -> None:
    for wrong in ("\x00", "\ud800"):
        with pytest.raises(NotFound):
            revoke_key(engine, wrong)


def test_who_makes_rotates_and_revokes_a_key_is_recorded(engine: Engine) -> None:
    boss = Actor("k1", "boss")
    create_key(engine, "a", role=Role.READER, by=boss)
    [key] = list_keys(engine)
    rotate_key(engine, key.id, boss)
    revoke_key(engine, key.id, boss)
    recorded = [(entry.key_id, entry.key_name, entry.action, entry.subject) for entry in entries(engine, limit=10)]
    assert recorded == [("k1", "boss", action, "a") for action in (Action.REVOKE_KEY, Action.ROTATE_KEY, Action.CREATE_KEY)]
