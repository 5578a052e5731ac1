"""Every test of this folder runs over SQLite and over PostgreSQL, each on a database of its own."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from rag.blobs import BlobStore
from rag.catalog.schema import migrate, open_catalog
from tests.conformance.catalog_fixture import Desk
from tests.conformance.postgresql import Server, find_server_programs, running_server

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The PostgreSQL server of these tests. One that stops it must start it again."""
    programs = find_server_programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not installed")
    with running_server(programs) as running:
        yield running


@pytest.fixture(scope="session")
def new_database(server: Server) -> Callable[[str], str]:
    """Makes a PostgreSQL database from a template and returns its address."""
    administration = create_engine(open_catalog(server.address()).url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def create(template: str) -> str:
        name = f"test_{next(NUMBERS)}"
        with administration.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return server.address(name)

    return create


@pytest.fixture(scope="session")
def migrated(new_database: Callable[[str], str]) -> str:
    """The name of a PostgreSQL database with the schema and no rows."""
    url = new_database("template0")
    engine = open_catalog(url)
    migrate(engine)
    engine.dispose()
    return str(engine.url.database)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/catalog.sqlite"
    return str(request.getfixturevalue("new_database")("template0"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated, empty catalog."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("new_database")(request.getfixturevalue("migrated")))
    address = f"sqlite:///{tmp_path}/catalog.sqlite"
    engine = open_catalog(address)
    migrate(engine)
    engine.dispose()
    return address


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_catalog(url)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> Desk:
    return Desk(engine, BlobStore(tmp_path / "blobs"))
