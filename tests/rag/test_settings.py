"""A setting that cannot work stops the start with a sentence."""

from typing import Any

import pytest

from rag.errors import InvalidInput
from rag.settings import ParseLimits, Settings


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"replicas": 0}, "The setting replicas is 0; it must be greater than 0."),
        ({"version_wait_seconds": -1.0}, "The setting version_wait_seconds is -1.0; it must be greater than 0."),
        ({"parsing": ParseLimits(pages=0)}, "The setting pages is 0; it must be greater than 0."),
        ({"port": 70_000}, "The setting port is 70000; a TCP port is at most 65535."),
        ({"host": ""}, "The setting host is empty; name an address to listen on, such as 127.0.0.1."),
    ],
)
def test_a_setting_that_cannot_work_is_told(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Settings(**wrong)
    assert str(error.value) == said
