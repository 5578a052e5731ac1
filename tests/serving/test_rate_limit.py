"""How many requests a key may send."""

from datetime import UTC, datetime

from rag.catalog.keys import Key
from rag.records import Role
from serving.api.access.rate_limit import RateLimit


def key(name: str, role: Role = Role.READER) -> Key:
    return Key(name, name, role, None, datetime(2026, 11, 25, tzinfo=UTC), None, None)


def test_a_key_sends_its_number_at_once_and_then_as_fast_as_they_come_back() -> None:
    seconds = [0.0]
    limit = RateLimit(6, lambda: seconds[0])
    assert [limit.wait(key("a")) for _ in range(7)] == [0] * 6 + [10]
    seconds[0] = 4.0
    assert limit.wait(key("a")) == 6
    seconds[0] = 10.0
    assert [limit.wait(key("a")), limit.wait(key("a"))] == [0, 10]


def test_a_key_saves_no_more_than_a_minutes_requests() -> None:
    seconds = [0.0]
    limit = RateLimit(2, lambda: seconds[0])
    limit.wait(key("a"))
    seconds[0] = 3600.0
    assert [limit.wait(key("a")) for _ in range(3)] == [0, 0, 30]


def test_one_key_does_not_use_up_what_another_may_send() -> None:
    limit = RateLimit(1, lambda: 0.0)
    assert [limit.wait(key("a")), limit.wait(key("a")), limit.wait(key("b"))] == [0, 60, 0]


def test_admins_are_not_limited() -> None:
    limit = RateLimit(1, lambda: 0.0)
    assert [limit.wait(key("a", Role.ADMIN)) for _ in range(3)] == [0, 0, 0]
