"""How caches learn at once that a row changed, whoever changed it: another thread, process or node.

On SQLite a small table counts changes, and reading its counter takes microseconds. PostgreSQL tells them by NOTIFY;
while that line is down, nothing may be remembered, so every look-up goes to the database.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.log import get_logger
from consentry.storage.database import ANNOUNCED, Database
from consentry.storage.tables import changes

CHANNEL: Final = "consentry"
KEPT_SECONDS: Final = 600
_COUNT: Final = insert(changes)
_NOTIFY: Final = select(func.pg_notify(CHANNEL, bindparam("subject")))
_QUIET_SECONDS: Final = 2.0
_DEAF_SECONDS: Final = 6.0

log = get_logger("storage.changes")

Forget = Callable[[str | None], None]
"""Told the subject that changed, such as ``credential:5``; None means that anything may have changed."""


async def announce(connection: AsyncConnection, subject: str) -> None:
    """Tell every cache, on commit of this transaction, that a subject has changed; this process's own hear it first."""
    connection.info[ANNOUNCED].append(subject)
    if connection.dialect.name == "sqlite":
        await connection.execute(_COUNT, {"subject": subject, "at": time.time()})
    else:
        await connection.execute(_NOTIFY, {"subject": subject})


async def prune(database: Database) -> None:
    """Drop changes that every cache has seen long ago."""
    if database.dialect == "sqlite":
        async with database.transaction() as connection:
            await connection.execute(delete(changes).where(changes.c.at < time.time() - KEPT_SECONDS))


class Changes:
    """The listening side. ``poll`` may be called from any thread and costs microseconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: list[Forget] = []
        self._lock = threading.Lock()
        self._counter: sqlite3.Connection | None = None
        self._seen = -1
        self._heard_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, forget: Forget) -> None:
        """Have a cache told of what it must forget."""
        self._listeners.append(forget)

    async def start(self) -> None:
        """Begin to listen."""
        self._database.announced = self._tell
        if self._database.dialect == "sqlite":
            path = self._database.url.database or ""
            self._counter = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1)
            self.poll()
        else:
            self._task = asyncio.create_task(self._listen(), name="storage changes")

    async def stop(self) -> None:
        """Stop listening; from now on nothing may be remembered."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        with self._lock:
            if self._counter is not None:
                self._counter.close()
                self._counter = None
        self._heard_at = float("-inf")

    def poll(self) -> None:
        """Make the caches forget what has changed since the last poll."""
        if self._database.dialect == "sqlite":
            self._poll_counter()
        elif time.monotonic() - self._heard_at > _DEAF_SECONDS:
            self._tell(None)

    def _poll_counter(self) -> None:
        with self._lock:
            subjects = self._read_counter()
        for subject in subjects:
            self._tell(subject)

    def _read_counter(self) -> list[str | None]:
        if self._counter is None:
            return [None]
        try:
            row = self._counter.execute("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").fetchone()
            newest = row[0] if row else 0
            if newest == self._seen:
                return []
            rows = self._counter.execute("SELECT subject FROM changes WHERE id > ?", (self._seen,)).fetchall()
        except sqlite3.Error:
            self._seen = -1
            return [None]
        complete = self._seen >= 0 and len(rows) >= newest - self._seen
        self._seen = max(newest, self._seen + len(rows)) if complete else newest
        return list(dict.fromkeys(subject for (subject,) in rows)) if complete else [None]

    async def _listen(self) -> None:
        import psycopg  # homes on SQLite do without it

        while True:
            try:
                await self._listen_once()
            except (psycopg.Error, OSError) as error:
                log.warning("the line for changes is down; nothing is remembered until it is back", reason=str(error))
            self._heard_at = float("-inf")
            self._tell(None)
            await asyncio.sleep(1)

    async def _listen_once(self) -> None:
        import psycopg

        address = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=10) as line:
            await line.execute(f"LISTEN {CHANNEL}")
            self._tell(None)
            while True:
                await line.execute("SELECT 1")
                self._heard_at = time.monotonic()
                async for notice in line.notifies(timeout=_QUIET_SECONDS, stop_after=100):
                    self._tell(notice.payload)

    def _tell(self, subject: str | None) -> None:
        for forget in self._listeners:
            forget(subject)
