"""Migrated, empty databases, one a test: copies of a template, on SQLite and on PostgreSQL."""

import asyncio
import contextlib
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal

from consentry.storage import connect, migrate
from ground.postgres import Postgres, hold, place_of_run

Engine = Literal["sqlite", "postgresql"]
ENGINES: Final[tuple[Engine, ...]] = ("sqlite", "postgresql")


class Databases:
    """Makes databases for the tests of one worker; PostgreSQL starts with the first test that asks for it."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        self._held = contextlib.ExitStack()
        self._postgres: Postgres | None = None

    @contextlib.contextmanager
    def make(self, engine: Engine, folder: Path) -> Iterator[str]:
        """Give the URL of a fresh database while the block lasts."""
        if engine == "sqlite":
            yield self._copy(folder / "consentry.db")
            return
        if self._postgres is None:
            self._postgres = self._held.enter_context(hold(place_of_run()))
        url = self._postgres.create()
        try:
            yield url
        finally:
            self._postgres.drop(url)

    def close(self) -> None:
        """Let go of PostgreSQL."""
        self._held.close()

    def _copy(self, path: Path) -> str:
        if not self._template.exists():
            with ThreadPoolExecutor(1) as aside:  # where an event loop of its own disturbs no test's
                aside.submit(asyncio.run, _migrate_file(self._template)).result()
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"


async def _migrate_file(path: Path) -> None:
    database = connect(f"sqlite:///{path}")
    await migrate(database)
    await database.close()
