"""Fixtures for every test: databases on both engines, a clock that stands still, a home, a sandbox."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from consentry import sandbox as sandbox_room
from consentry.core.clock import FakeClock
from consentry.core.ids import SeededRandomness
from consentry.storage import Database, connect
from ground.databases import ENGINES, Databases, Engine


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Make databases; for tests that need several, or choose the engine themselves."""
    databases = Databases(tmp_path_factory.mktemp("databases"))
    yield databases
    databases.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Name the engine; every test that uses a database runs once on each."""
    chosen: Engine = request.param
    return chosen


@pytest.fixture
def database_url(databases: Databases, engine: Engine, home: Path) -> Iterator[str]:
    """Give the URL of a migrated, empty database; on SQLite it is the one that the home would have."""
    with databases.make(engine, home) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open a migrated, empty database."""
    database = connect(database_url)
    yield database
    await database.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give an empty home, readable by its owner only."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return home


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that stands still until it is told to go on."""
    return FakeClock()


@pytest.fixture
def randomness() -> SeededRandomness:
    """Give the same values in every run."""
    return SeededRandomness()


@pytest.fixture
def sandbox() -> Iterator[sandbox_room.RunningSandbox]:
    """Run a small Capsule on a loopback port, with a memory of its own."""
    with sandbox_room.start() as running:
        yield running
