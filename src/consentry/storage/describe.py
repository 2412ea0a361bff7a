"""What can be said of a database to those who run it."""

from sqlalchemy import text

from consentry.storage.database import Database


async def describe(database: Database) -> str:
    """Name the engine, its release and, on SQLite, how it keeps its journal."""
    async with database.reading() as connection:
        if database.dialect == "sqlite":
            version = (await connection.execute(text("SELECT sqlite_version()"))).scalar_one()
            mode = (await connection.execute(text("PRAGMA journal_mode"))).scalar_one()
            return f"SQLite {version}, journal mode {mode}."
        version = (await connection.execute(text("SHOW server_version"))).scalar_one()
        return f"PostgreSQL {version}."
