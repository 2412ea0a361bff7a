"""The stage of the benchmarks: real processes on loopback, a home that is thrown away, credentials made in bulk."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry import app as composition
from consentry.app import App
from consentry.core.secret import Secret
from consentry.credentials import adopt, clients, store
from consentry.credentials.model import Status
from consentry.settings import Settings

HERE = Path(__file__).parent
WEEK = timedelta(seconds=604_799)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A home and its database, with a provider."""

    path: Path
    provider: str
    database_url: str | None

    def settings(self) -> Settings:
        database = None if self.database_url is None else SecretStr(self.database_url)
        return Settings(home=self.path, database_url=database, base_urls={"capsule": self.provider})

    def environment(self, port: int) -> dict[str, str]:
        own = {
            "CONSENTRY_HOME": str(self.path),
            "CONSENTRY_CAPSULE_BASE_URL": self.provider,
            "CONSENTRY_PORT": str(port),
            "CONSENTRY_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "CONSENTRY_LOG_LEVEL": "WARNING",
        }
        if self.database_url:
            own["CONSENTRY_DATABASE_URL"] = self.database_url
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONSENTRY_")}
        return kept | own


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*command: str, ready: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process until the block ends; it is ready when the address answers."""
    process = subprocess.Popen([*command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(ready, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(45)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urlopen(url, timeout=2):
                return
        except OSError as error:
            if hasattr(error, "code"):
                return  # it answered, if not kindly
            time.sleep(0.02)
    raise RuntimeError(f"{url} did not answer")


@contextmanager
def upstream(delay: float = 0.0) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = (sys.executable, str(HERE / "upstream.py"), "--port", str(port), "--delay", str(delay))
    with running(*command, ready=url + "/issued"):
        yield url


@contextmanager
def bare() -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/token"
    with running(sys.executable, str(HERE / "bare.py"), str(port), ready=url):
        yield url


@contextmanager
def home(provider: str, database_url: str | None) -> Iterator[Home]:
    path = Path(tempfile.mkdtemp(prefix="consentry-bench-"))
    try:
        yield Home(path=path, provider=provider, database_url=database_url)
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def consentry(at: Home) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run `consentry up` on one process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = (str(Path(sys.executable).parent / "consentry"), "up")
    with running(*command, ready=url + "/readyz", environment=at.environment(port)) as process:
        yield url, process


def api_key(at: Home) -> str:
    """Make an API key with every scope."""
    command = [str(Path(sys.executable).parent / "consentry"), "apikey", "create", "--name", f"bench {time.time_ns()}"]
    made = subprocess.run(
        [*command, "--scope", "admin"], env=at.environment(0), capture_output=True, text=True, check=True
    )
    return made.stdout.strip()


def stock(at: Home, count: int, *, due_in: timedelta = timedelta(days=6)) -> list[int]:
    """Make credentials that have a grant already, all of whose tokens fall due together."""
    return asyncio.run(_stock(at, count, due_in))


async def _stock(at: Home, count: int, due_in: timedelta) -> list[int]:
    made: list[int] = []
    async with composition.open(at.settings()) as app:
        for begin in range(0, count, 500):
            async with app.database.transaction() as connection:
                numbers = range(begin, min(begin + 500, count))
                made += [await _one(app, connection, number, due_in) for number in numbers]
    return made


async def _one(app: App, connection: AsyncConnection, number: int, due_in: timedelta) -> int:
    now = datetime.now(UTC)
    values = {
        "connector": "capsule",
        "name": f"Bench {number}",
        "created_by": "bench",
        "client_id": "bench",
        "secret_version": 1,
        "version": 1,
        "status": Status.AUTHORIZED,
        "status_since": now,
        "refresh_at": now + due_in,
        "created_at": now,
        "updated_at": now,
    }
    credential_id = await store.add(connection, values)
    issued = now + due_in - WEEK
    grant = {
        "version": 1,
        "client_id": "bench",
        "granted_scope": "read write",
        "has_refresh_token": True,
        "issued_at": issued,
        "refreshed_at": issued,
        "expires_at": now + due_in + timedelta(minutes=10),
        "account_subdomain": "bench",
        "upstream_user": str(number),
    }
    grant_id = await store.add_grant(connection, credential_id, "current", grant)
    secrets = {
        clients.secret_ref(credential_id, 1): Secret("bench-client-secret"),
        adopt.token_ref(grant_id, "access_token", 1): Secret(f"first-access-token-{number}"),
        adopt.token_ref(grant_id, "refresh_token", 1): Secret(f"first-refresh-token-{number}"),
    }
    await app.vault.put_all(connection, secrets)
    return credential_id


def get_json(url: str, key: str = "") -> object:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with urlopen(Request(url, headers=headers), timeout=30) as answer:
        return json.load(answer)


def resident_megabytes(pid: int) -> float:
    """Return the resident memory of a process and its children."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
        except OSError:
            continue
        facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        if int(folder.name) == pid or int(facts["PPid"]) == pid:
            total += int(facts.get("VmRSS", "0 kB").split()[0])
    return total / 1024
