"""Embedders that several modules' tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.embedder import Embedder
from rag.load_embedder import STATIC, load_embedder
from tests.rag.catalog_fixture import Desk, open_desk
from tests.rag.tiny_transformer import save_tiny_transformer


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The default one, the encoder in the package."""
    return load_embedder()


@pytest.fixture(scope="session")
def static() -> Embedder:
    """The static one in the package: fast, for what needs thousands of chunks or no understanding."""
    return load_embedder(STATIC)


@pytest.fixture(scope="session")
def transformer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_transformer(tmp_path_factory.mktemp("models") / "tiny-bert")


@pytest.fixture(scope="session")
def transformer(transformer_folder: Path) -> Embedder:
    """A real transformer with random weights."""
    return load_embedder(str(transformer_folder))


@pytest.fixture
def desk(tmp_path: Path, embedder: Embedder) -> Iterator[Desk]:
    desk = open_desk(tmp_path, embedder)
    yield desk
    desk.engine.dispose()


@pytest.fixture
def static_desk(tmp_path: Path, static: Embedder) -> Iterator[Desk]:
    desk = open_desk(tmp_path, static)
    yield desk
    desk.engine.dispose()
