"""One real PostgreSQL for a whole test run, shared by its workers; gone when the last of them is, however it ends."""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier

START_SECONDS: Final = 90
MEMORY: Final = Path("/dev/shm")
ROOM_BYTES: Final = 2 << 30
TEMPLATE: Final = "consentry_template"


class Postgres:
    """A worker's hold on the server: makes and drops databases."""

    def __init__(self, folder: Path, line: socket.socket) -> None:
        self._line = line
        self._server = (folder / "url").read_text()
        self._admin = psycopg.connect(self._server, autocommit=True)
        self._made = 0

    def create(self) -> str:
        """Make a migrated, empty database, and return its URL."""
        self._made += 1
        name = f"test_{os.getpid()}_{self._made}"
        self._admin.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(TEMPLATE)))
        return sibling(self._server, name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = url.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
        self._admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def close(self) -> None:
        """Let the guard know that this worker needs the server no more."""
        self._admin.close()
        self._line.close()


def sibling(url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    address, _, query = url.partition("?")
    return f"{address.rsplit('/', 1)[0]}/{name}?{query}"


def place_of_run() -> Path:
    """Return the folder that all workers of one test run share."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"alone{os.getpid()}"
    return _roomy_memory() / f"consentry-tests-{run[:16]}"


def _roomy_memory() -> Path:
    """Return a folder in memory, where making a database takes a tenth of the time, or the ordinary one."""
    try:
        if shutil.disk_usage(MEMORY).free > ROOM_BYTES and os.access(MEMORY, os.W_OK):
            return MEMORY
    except OSError:
        pass
    return Path(tempfile.gettempdir())


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[Postgres]:
    """Hold the run's server, starting it when this is the first worker to ask."""
    folder.mkdir(mode=0o755, exist_ok=True)
    with (folder.with_suffix(".lock")).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        line = _call(folder) or _start(folder)
    server = Postgres(folder, line)
    try:
        yield server
    finally:
        server.close()


def _call(folder: Path) -> socket.socket | None:
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(str(folder / "guard"))
    except OSError:
        line.close()
        return None
    return line


def _start(folder: Path) -> socket.socket:
    folder.mkdir(mode=0o755, exist_ok=True)
    words = folder.with_suffix(".log")
    with words.open("w") as log:
        guard = subprocess.Popen(
            [sys.executable, "-m", "ground.postgres_guard", str(folder)],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if line := _call(folder):
            guard.returncode = 0  # it outlives us on purpose, so nobody should warn that it still runs
            return line
        if guard.poll() is not None:
            break
        time.sleep(0.05)
    guard.kill()
    raise RuntimeError(f"PostgreSQL did not start for the tests. Its guard said:\n{words.read_text()}")
