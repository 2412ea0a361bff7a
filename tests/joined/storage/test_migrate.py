"""Migrations lead every database to the form that the tables declare, whoever starts them and however often."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from consentry.errors import StorageBroken
from consentry.storage import Database, connect, migrate
from consentry.storage.migrate import MIGRATIONS, find_version, head
from consentry.storage.tables import metadata
from ground.databases import Engine

PROGRAM = (
    "import asyncio, sys\n"
    "from consentry.storage import connect, migrate\n"
    "async def main():\n"
    "    database = connect(sys.argv[1])\n"
    "    await migrate(database)\n"
    "    await database.close()\n"
    "asyncio.run(main())\n"
)


@pytest.fixture
def empty_url(engine: Engine, database_url: str, tmp_path: Path) -> str:
    """Give a database with nothing in it."""
    return f"sqlite:///{tmp_path / 'new.db'}" if engine == "sqlite" else database_url


async def wipe(database: Database) -> None:
    if database.dialect == "postgresql":
        async with database.transaction() as connection:
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))


def difference(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": False, "render_as_batch": True}
    )
    return list(compare_metadata(context, metadata))


async def test_the_migrations_end_in_exactly_the_declared_tables(empty_url: str) -> None:
    database = connect(empty_url)
    await wipe(database)
    await migrate(database)
    async with database.reading() as connection:
        assert await connection.run_sync(difference) == []
    assert await find_version(database) == head()
    await database.close()


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await migrate(database)
    assert await find_version(database) == head()


async def test_a_new_database_has_no_version(empty_url: str) -> None:
    database = connect(empty_url)
    await wipe(database)
    assert await find_version(database) is None
    await database.close()


async def test_four_processes_that_start_at_once_take_turns(empty_url: str) -> None:
    database = connect(empty_url)
    await wipe(database)
    await database.close()
    starting = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, empty_url, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    ended = await asyncio.wait_for(asyncio.gather(*(process.communicate() for process in starting)), 90)
    assert [process.returncode for process in starting] == [0, 0, 0, 0], ended
    database = connect(empty_url)
    assert await find_version(database) == head()
    await database.close()


async def test_a_database_of_a_newer_release_is_refused_untouched(database: Database) -> None:
    newer = "9999"
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :newer"), {"newer": newer})
    with pytest.raises(StorageBroken, match="newer release") as caught:
        await migrate(database)
    assert "backup" in caught.value.hint
    assert await find_version(database) == newer


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_head_is_the_newest_file() -> None:
    assert head() == max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
