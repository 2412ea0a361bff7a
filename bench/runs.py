"""Runs in processes of their own, against a sandbox of a wanted size in another one, for the benchmarks."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import msgspec
import stage

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from consentry import app as composition
from consentry import credentials, flows
from consentry.app import App
from consentry.core.process import FRUGAL
from consentry.core.secret import Secret
from consentry.credentials import NewCredential
from consentry.flows import Run, RunStatus
from ground.consenting import ADA, authorize

__all__ = [
    "ADA",
    "Told",
    "carry_out",
    "connected",
    "crm",
    "middle",
    "opened",
    "post",
    "pure",
    "run_source",
    "spread",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a runner's process came to."""

    run: Run
    seconds: float  # from the start of the process to its end
    megabytes: float  # the most that it ever had in memory


@contextmanager
def crm(parties: int, *, limit: int | None = None, window: int = 3600) -> Iterator[str]:
    """Run a sandbox of a size in a process of its own."""
    port = stage.free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, str(stage.HERE / "crm.py"), "--port", str(port), "--parties", str(parties)]
    command += [] if limit is None else ["--rate-limit", str(limit), "--window", str(window)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        stage.wait_for(url + "/sandbox/state", process, 600)
        yield url
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait(60)


def post(url: str, body: dict[str, Any]) -> Any:
    request = Request(url, msgspec.json.encode(body), {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        return msgspec.json.decode(answer.read() or b"null")


async def connected(app: App, provider: str, count: int) -> list[int]:
    """Add credentials that somebody gave consent for."""
    said = {"name": "Bench", "redirect_uri": app.settings.redirect_uri}
    made = post(f"{provider}/sandbox/applications", said)
    ids: list[int] = []
    for number in range(count):
        new = NewCredential(
            connector="capsule",
            name=f"Bench {number}",
            client_id=made["client_id"],
            client_secret=Secret(made["client_secret"]),
        )
        credential = await credentials.create(app.credentials, ADA, new)
        await authorize(app, credential.id)
        ids.append(credential.id)
    return ids


@asynccontextmanager
async def opened(home: stage.Home, port: int = 0) -> AsyncIterator[App]:
    settings = home.settings()
    if port:
        settings = settings.model_copy(update={"public_url": f"http://127.0.0.1:{port}", "port": port})
    async with composition.open(settings) as app:
        yield app


async def carry_out(app: App, run: Run, *, any_end: bool = False) -> Told:
    """Work on a run in a runner of its own, and look how much that took."""
    seconds, megabytes = await asyncio.to_thread(_run, app, run.id)
    ended = await flows.get_run(app.flows, run.id)
    if not any_end and ended.status not in (RunStatus.SUCCEEDED, RunStatus.PARTLY_FAILED):
        raise RuntimeError(f"the run came to {ended.status}: {ended.error}, {ended.streams}")
    return Told(run=ended, seconds=seconds, megabytes=megabytes)


async def run_source(app: App, source_id: int) -> Told:
    """Run a source; every stream must come through."""
    told = await carry_out(app, await flows.begin_run(app.flows, ADA, source_id))
    if told.run.status is not RunStatus.SUCCEEDED:
        raise RuntimeError(f"streams failed: {told.run.streams}")
    return told


def _run(app: App, run_id: int) -> tuple[float, float]:
    """Return how long a runner took, and the most memory that it had."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONSENTRY_")}
    command = [sys.executable, "-m", "consentry.runner", "--run", str(run_id)]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment | FRUGAL | app.settings.as_environment())
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - began, used.ru_maxrss / 1024


def pure(run: Run) -> float:
    """Return the seconds that a run took once its process had begun with it."""
    if run.started_at is None or run.finished_at is None:
        raise RuntimeError("the run didn't end")
    return (run.finished_at - run.started_at).total_seconds()


def middle(values: list[Any]) -> float:
    return float(statistics.median(values))


def spread(values: list[float]) -> str:
    return f"{min(values):,.0f} to {max(values):,.0f}"
