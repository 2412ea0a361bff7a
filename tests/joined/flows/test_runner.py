"""The process that works on runs: killed in the middle, told to end, and left without its parent."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from consentry import flows
from consentry.app import App
from consentry.credentials import Credential
from consentry.flows import Run, RunStatus, StreamStatus
from consentry.settings import Settings
from ground.consenting import ADA

Runner = asyncio.subprocess.Process
SECONDS = 60.0
LOOK_SECONDS = 0.05


@pytest.fixture
def other_node(settings: Settings, tmp_path: Path) -> Settings:
    """Another home for the same PostgreSQL; with SQLite there is only one home."""
    if "sqlite" in settings.database_address:
        return settings
    return settings.model_copy(update={"home": tmp_path / "other", "keyset_file": settings.keyset_path})


@asynccontextmanager
async def runner(settings: Settings, *options: str) -> AsyncIterator[Runner]:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "consentry.runner", *options),
        stdin=asyncio.subprocess.PIPE,
        env=os.environ | settings.as_environment(),
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def until(app: App, run_id: int, reached: Callable[[Run], bool]) -> Run:
    for _ in range(round(SECONDS / LOOK_SECONDS)):
        run = await flows.get_run(app.flows, run_id)
        if reached(run):
            return run
        await asyncio.sleep(LOOK_SECONDS)
    raise TimeoutError(f"run {run_id} is {run.status}, {run.streams}")


def has_begun(run: Run) -> bool:
    return any(stream.status is StreamStatus.SUCCEEDED for stream in run.streams)


def has_ended(run: Run) -> bool:
    return run.status in flows.ENDED


async def queued(app: App, credential: Credential, warehouse: Path) -> Run:
    spec = flows.WarehouseSpec(kind="duckdb", path=str(warehouse))
    new = flows.NewSource(name="Sales", credential_id=credential.id, warehouse=spec)
    source = await flows.create(app.flows, ADA, new)
    return await flows.begin_run(app.flows, ADA, source.id)


async def test_a_run_whose_process_was_killed_ends_on_another_node_with_each_row_once(
    app: App, settings: Settings, other_node: Settings, credential: Credential, tmp_path: Path
) -> None:
    run = await queued(app, credential, tmp_path / "shared.duckdb")
    async with runner(settings) as first:
        await until(app, run.id, has_begun)
        first.send_signal(signal.SIGKILL)
        await first.wait()
    killed = await flows.get_run(app.flows, run.id)
    assert killed.status not in flows.ENDED
    async with runner(other_node):
        ended = await until(app, run.id, has_ended)
    assert (ended.status, ended.error) == (RunStatus.SUCCEEDED, None)
    again = await flows.begin_run(app.flows, ADA, ended.flow_id)
    async with runner(settings):
        second = await until(app, again.id, has_ended)
    assert second.status is RunStatus.SUCCEEDED
    assert (second.counts.new, second.counts.changed, second.counts.deleted) == (0, 0, 0)
    parties = (await flows.look(app.flows, ended.flow_id, table="parties", limit=1000)).rows
    assert len({row["id"] for row in parties}) == len(parties) > 0


@pytest.mark.parametrize("way", ["told", "orphaned"])
async def test_a_runner_that_ends_gives_its_run_back_at_once(
    app: App, settings: Settings, credential: Credential, tmp_path: Path, way: str
) -> None:
    run = await queued(app, credential, tmp_path / "shared.duckdb")
    async with runner(settings, "--child") as child:
        await until(app, run.id, has_begun)
        if way == "told":
            child.terminate()
        elif child.stdin is not None:
            child.stdin.close()  # as it is when the parent dies
        await asyncio.wait_for(child.wait(), SECONDS)
    given_back = await flows.get_run(app.flows, run.id)
    assert given_back.status in (RunStatus.QUEUED, RunStatus.SUCCEEDED)  # it may have been on its last stream
    if given_back.status is RunStatus.QUEUED:
        assert await flows.has_work(app.flows)
