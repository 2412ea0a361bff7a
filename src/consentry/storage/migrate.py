"""Bring the database to the form that this release expects."""

import re
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from consentry.errors import StorageBroken
from consentry.storage.database import Database

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_ADVISORY_LOCK: Final = 0x636F6E73  # any number will do, as long as every node takes the same


def head() -> str:
    """Return the newest migration, by the names of the files."""
    names = (re.match(r"(\d{4})_", path.name) for path in (MIGRATIONS / "versions").glob("*.py"))
    return max(name[1] for name in names if name)


async def find_version(database: Database) -> str | None:
    """Return the migration that the database stands at, or None when it is new."""
    async with database.reading() as connection:
        return await connection.run_sync(_version)


async def migrate(database: Database) -> None:
    """Apply the migrations that are missing; two processes that start at once take turns.

    Raises StorageBroken when the database was made by a newer release.
    """
    version = await find_version(database)
    if version == head():
        return
    if version is not None and version > head():
        raise StorageBroken(
            f"The database was made by a newer release (its form is {version}, this release knows {head()}).",
            hint="Start the newer release, or restore the backup that was made before the upgrade.",
        )
    async with database.transaction() as connection:
        if database.dialect == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        await connection.run_sync(_upgrade)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
