"""aiosqlite with fewer hops to its thread, which are most of what a short transaction costs.

Its own cursor hops four times a statement: open, execute, fetch and close. A reader here hops once. A writer hops to
begin and to commit, the two moments at which it may have to wait for others or for the disk; between them it holds the
write lock, nothing can keep it waiting, and its short statements run at once.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Self

import aiosqlite

_ROWS_AT_ONCE: Final = 64


class OneHopCursor:
    """Executes and fetches in one go; its rows are here when ``execute`` returns."""

    def __init__(self, connection: "OneHopConnection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> Self:
        """Execute a statement, and fetch what it returns."""
        await self._connection.run(partial(self._work, sqlite3.Connection.execute, sql, parameters))
        return self

    async def executemany(self, sql: str, parameters: Any) -> Self:
        """Execute a statement for each set of parameters."""
        await self._connection.run(partial(self._work, sqlite3.Connection.executemany, sql, parameters))
        return self

    async def fetchall(self) -> Sequence[Any]:
        """Return the rows that are left."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open between statements."""

    def _work(self, do: Callable[..., sqlite3.Cursor], sql: str, parameters: Any, raw: sqlite3.Connection) -> None:
        cursor = do(raw, sql, parameters)
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()


class OneHopConnection(aiosqlite.Connection):
    """A connection whose cursors take one hop."""

    _ended: asyncio.Future[Any] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        """Tell the thread to end, and return when it has."""
        self._ended = super().stop()
        return self._ended

    async def _connect(self) -> aiosqlite.Connection:
        """Open the file; when that fails its thread ends first, because it would complain into a loop that is gone."""
        try:
            return await super()._connect()
        except sqlite3.Error:
            if self._ended is not None:
                await self._ended
            raise

    async def rollback(self) -> None:
        """Roll back what is open; the pool asks for it also after a commit, when there is nothing to hop for."""
        if self._conn.in_transaction:
            await super().rollback()

    def cursor(self) -> OneHopCursor:  # type: ignore[override]  # a cursor at once, where aiosqlite gives a promise of one
        """Return a cursor; nothing happens before it executes."""
        return OneHopCursor(self)

    async def run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Have work done on the connection's own thread."""
        hop: Callable[..., Any] = self._execute
        await hop(lambda: work(self._conn))


class WritingConnection(OneHopConnection):
    """A connection for short writing transactions that begin with the write lock."""

    async def run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do work at once inside a transaction; begin one on the connection's own thread."""
        if self._conn.in_transaction:
            work(self._conn)
        else:
            await super().run(work)


def open_reader(database: str, **options: Any) -> OneHopConnection:
    """Return a connection for reading, opened by awaiting it: what SQLAlchemy takes in place of aiosqlite's own."""
    return _apart(OneHopConnection(partial(sqlite3.connect, database, **options), _ROWS_AT_ONCE))


def open_writer(database: str, **options: Any) -> OneHopConnection:
    """Return a connection for writing, opened by awaiting it."""
    return _apart(WritingConnection(partial(sqlite3.connect, database, **options), _ROWS_AT_ONCE))


def _apart(connection: OneHopConnection) -> OneHopConnection:
    """Let the process end although nobody closed the connection."""
    connection._thread.daemon = True
    return connection
