"""A database that is there, and then isn't: locked by somebody else, or with every connection cut and none let in."""

import contextlib
import sqlite3
from collections.abc import Iterator

import psycopg
from psycopg.sql import SQL, Identifier

from ground.postgres import sibling


@contextlib.contextmanager
def away(database_url: str) -> Iterator[None]:
    """Take the database away while the block lasts."""
    taken = _locked(database_url) if database_url.startswith("sqlite") else _cut(database_url)
    with taken:
        yield


@contextlib.contextmanager
def _locked(database_url: str) -> Iterator[None]:
    with contextlib.closing(
        sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextlib.contextmanager
def _cut(database_url: str) -> Iterator[None]:
    name = database_url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
    with psycopg.connect(sibling(database_url, "postgres"), autocommit=True) as admin:
        admin.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(name)))
        try:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            yield
        finally:
            admin.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(Identifier(name)))
