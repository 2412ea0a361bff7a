"""Write the migration that leads from the newest one to the tables as they stand: `make migration M="add x"`."""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from consentry.storage import connect, migrate
from consentry.storage.migrate import MIGRATIONS


def write(connection: Connection, message: str) -> None:
    """Compare an empty, migrated database with the tables, and write the difference."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    numbers = [int(path.name[:4]) for path in (MIGRATIONS / "versions").glob("[0-9]*.py")]
    command.revision(config, message=message, autogenerate=True, rev_id=f"{max(numbers, default=0) + 1:04d}")


async def main(message: str) -> None:
    """Do it on a throw-away SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        database = connect(f"sqlite:///{Path(folder) / 'new.db'}")
        if any((MIGRATIONS / "versions").glob("[0-9]*.py")):
            await migrate(database)
        async with database.transaction() as connection:
            await connection.run_sync(write, message)
        await database.close()
    newest = max((MIGRATIONS / "versions").glob("[0-9]*.py"))
    body = newest.read_text()
    body = re.sub(
        r"consentry\.storage\.types\.Moment\(timezone=True\)|consentry\.storage\.types\.Moment\(\)", "Moment()", body
    )
    body = re.sub(r"\n    # ### .*? ###", "", body)
    newest.write_text(body)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
