"""Keys, over both databases."""

from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import Engine, text

from rag.catalog.keys import create_key, identify, key_count, revoke


def test_a_key_is_known_by_its_secret_and_by_nothing_else(engine: Engine) -> None:
    secret = create_key(engine, "mine")
    assert secret.startswith("glossa_")
    assert len(secret) == 50
    key = identify(engine, secret)
    assert key is not None
    assert (key.name, key.collections, key.expires_at) == ("mine", None, None)
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), "\ud800", "\x00"):
        assert identify(engine, wrong) is None


def test_the_secret_is_not_in_the_catalog(engine: Engine) -> None:
    secret = create_key(engine, "mine")
    with engine.connect() as connection:
        assert secret not in str(connection.execute(text("SELECT * FROM keys")).all())


def test_a_key_for_some_collections_says_which(engine: Engine) -> None:
    some, none = identify(engine, create_key(engine, "a", ["x", "ก"])), identify(engine, create_key(engine, "b", []))
    assert some is not None
    assert none is not None
    assert (some.collections, none.collections) == (frozenset({"x", "ก"}), frozenset())


def test_an_expired_key_is_unknown(engine: Engine) -> None:
    now = datetime.now(timezone(timedelta(hours=7)))
    assert identify(engine, create_key(engine, "late", expires_at=now - timedelta(seconds=1))) is None
    key = identify(engine, create_key(engine, "early", expires_at=now + timedelta(hours=1)))
    assert key is not None
    assert key.expires_at == now + timedelta(hours=1)
    assert key.expires_at.tzinfo == UTC


def test_a_deleted_key_is_unknown_at_once(engine: Engine) -> None:
    secret = create_key(engine, "a")
    create_key(engine, "b")
    assert key_count(engine) == 2
    key = identify(engine, secret)
    assert key is not None
    assert revoke(engine, key.name) == 1
    assert (identify(engine, secret), key_count(engine)) == (None, 1)
    assert revoke(engine, key.name) == 0
