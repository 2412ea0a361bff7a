"""Open the database, begin transactions, and lease rows; the same on SQLite and PostgreSQL.

Foreign errors are translated here, once: busy, gone, full and broken databases become ours.
"""

import math
import select
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

from sqlalchemy import event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from consentry.errors import SettingWrong, StorageBroken, StorageBusy
from consentry.storage.one_hop import OneHopConnection, open_reader, open_writer

BUSY_SECONDS: Final = 30
"""How long a writer waits for another process's transaction before it says that the database is busy."""

_IDLE_MILLISECONDS: Final = 120_000
ANNOUNCED: Final = "consentry announced"
"""Where an open transaction collects what it announces."""

_RESTS_SINCE: Final = "consentry rests since"
_RESTED_SECONDS: Final = 0.5

_SQLITE_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a commit must survive the power cut that follows it
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # what is shredded leaves no readable page behind
)


class Database:
    """One database, with a door for reading and a door for writing."""

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self._reader = reader
        self._writer = writer
        self.announced: Callable[[str], None] = lambda _: None
        """Told, right after a commit, each subject that the transaction announced."""
        self.dialect: Literal["sqlite", "postgresql"] = "sqlite" if reader.dialect.name == "sqlite" else "postgresql"

    @property
    def url(self) -> URL:
        """Where the database is; prints without its password."""
        return self._writer.url

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Begin a writing transaction; it commits at the end, and rolls back when anything is raised.

        On SQLite it holds the write lock from its first moment on, so that what it reads stays true.
        """
        with translated():
            async with self._writer.begin() as connection:
                announced: list[str] = []
                connection.info[ANNOUNCED] = announced
                yield connection
            for subject in announced:
                self.announced(subject)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Begin a transaction that only reads."""
        with translated():
            async with self._reader.begin() as connection:
                yield connection

    async def close(self) -> None:
        """Give back every connection."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


class translated:  # noqa: N801 - reads as a word in a with statement, like contextlib's own
    """Turn the engine's errors into ours, at this border only."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IntegrityError):
            return
        if isinstance(error, PoolTimeout):
            raise StorageBusy("The database is busy.") from error
        if isinstance(error, DBAPIError):
            raise _judge(error) from error
        if isinstance(error, SQLAlchemyError):
            raise StorageBroken("The database refused a statement.") from error
        if isinstance(error, OSError):
            raise StorageBusy("The database can't be reached.") from error


def _judge(error: DBAPIError) -> StorageBusy | StorageBroken:
    words = str(error.orig).lower()
    if ("disk" in words and "full" in words) or "no space" in words:
        return StorageBusy(
            "The disk that holds the database is full.", hint="Make room; what was under way goes on then."
        )
    if any(word in words for word in ("locked", "busy", "lock timeout", "deadlock")):
        return StorageBusy("The database is locked by somebody else.")
    if "unable to open" in words:
        return StorageBusy(
            "The database file can't be opened.",
            hint="See to it that its folder is there, and that Consentry may use it.",
        )
    if "readonly" in words or "read-only" in words:
        return StorageBusy("The database can't be written to.", hint="Give Consentry the right to write to it again.")
    if "syntax error" in words or "no such" in words:  # SQLite calls these operational as well
        return StorageBroken("The database refused a statement.", hint="Run consentry doctor.")
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return StorageBusy("The database can't be reached.")
    return StorageBroken("The database refused a statement.", hint="Run consentry doctor.")


def async_url(address: str) -> URL:
    """Read a database URL, and choose the async driver for it; raise SettingWrong for any other database."""
    try:
        url = make_url(address)
    except SQLAlchemyError:
        raise SettingWrong(
            "CONSENTRY_DATABASE_URL can't be read.", hint="Use postgresql://user:password@host/name."
        ) from None
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    if url.get_backend_name() in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise SettingWrong(
        f"CONSENTRY_DATABASE_URL names {url.get_backend_name()}, which Consentry can't use.",
        hint="Use PostgreSQL, or leave it empty for SQLite.",
    )


def connect(address: str, *, connections: int = 10, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Return the database at a URL; nothing is opened before it is used.

    A statement that finds the database locked waits ``busy_seconds`` before it gives up.
    """
    url = async_url(address)
    if url.get_backend_name() != "sqlite":
        engine = _postgresql_engine(url, connections=connections, busy_seconds=busy_seconds)
        # what one look reads in several statements belongs together, as it does on SQLite
        return Database(engine.execution_options(isolation_level="REPEATABLE READ"), engine)
    reader = _sqlite_engine(
        url, open_reader, begin="BEGIN", connections=max(2, connections // 2), busy_seconds=busy_seconds
    )
    writer = _sqlite_engine(url, open_writer, begin="BEGIN IMMEDIATE", connections=1, busy_seconds=busy_seconds)
    return Database(reader, writer)


def _postgresql_engine(url: URL, *, connections: int, busy_seconds: float) -> AsyncEngine:
    """Make an engine whose transactions don't wait for locks for ever, nor keep them while their process sleeps."""
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=connections,
        max_overflow=connections,
        pool_timeout=busy_seconds,
        connect_args={"connect_timeout": 10, "application_name": "consentry"},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {round(busy_seconds * 1000)}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MILLISECONDS}")
        cursor.close()
        connection.commit()

    _ping_after_rest(engine)
    return engine


def _ping_after_rest(engine: AsyncEngine) -> None:
    """Try a connection that has rested before it is used, or that something came in on, as when the server hung up.

    One that has just worked and is silent needs no round trip to prove itself.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def _rest(_connection: Any, record: Any) -> None:
        record.info[_RESTS_SINCE] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def _wake(connection: Any, record: Any, _proxy: object) -> None:
        rested = time.monotonic() - record.info.get(_RESTS_SINCE, -math.inf)
        try:
            if rested > _RESTED_SECONDS or not _is_silent(connection.driver_connection.fileno()):
                engine.sync_engine.dialect.do_ping(connection)
        except engine.sync_engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error  # the pool opens another one


def _is_silent(line: int) -> bool:
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return not poll.poll(0)


def _sqlite_engine(
    url: URL, opened_by: Callable[..., OneHopConnection], *, begin: str, connections: int, busy_seconds: float
) -> AsyncEngine:
    """Make an engine that begins its transactions itself, because the driver would begin them too late."""
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=busy_seconds,
        connect_args={"isolation_level": None, "timeout": busy_seconds, "async_creator_fn": opened_by},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
