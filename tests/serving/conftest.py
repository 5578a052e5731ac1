"""Fixtures of the gateway's tests."""

import pytest

from tests.serving.in_process import Application, application


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Application:
    """The gateway's application in this process, without documents that are ready."""
    return application(tmp_path_factory.mktemp("here"))
