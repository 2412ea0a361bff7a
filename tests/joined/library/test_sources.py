"""Sources in the library on a home that nobody serves: runs with their counts, waited for or not, and given up."""

import asyncio

import pytest

import consentry
from consentry import errors
from consentry.credentials import Credential
from consentry.desk import SourceView
from consentry.sandbox import RunningSandbox
from ground.waiting import eventually

PATIENCE_SECONDS = 60.0


@pytest.fixture
def source(hub: consentry.Hub, sales: Credential) -> consentry.Source:
    """Add a source of two streams."""
    fields = {"name": "Sales to warehouse", "credential_id": sales.id, "streams": ["parties", "users"]}

    async def add() -> SourceView:
        return await hub.inner.desk.flows.create_source(fields)

    return hub.source(hub.background.run(add()).id)


def test_a_run_is_waited_for_and_tells_its_counts(
    hub: consentry.Hub, source: consentry.Source, sandbox: RunningSandbox
) -> None:
    assert source.last_run is None
    first = source.run()
    assert first.succeeded, first
    kept = len(sandbox.world.crm("acme")["parties"]) + len(sandbox.world.crm("acme")["users"])
    assert (first.counts.new, first.counts.changed, first.counts.deleted) == (kept, 0, 0)
    again = hub.source(" sales TO warehouse ").run()
    assert (again.counts.new, again.counts.changed, again.counts.deleted) == (0, 0, 0)
    assert source.last_run == again
    assert source.show().dataset == "sales_to_warehouse"


def test_a_run_may_go_on_by_itself_and_is_one_at_a_time(source: consentry.Source) -> None:
    begun = source.run(wait=False)
    assert not begun.has_ended
    with pytest.raises(errors.Conflict):
        source.run()
    assert eventually(lambda: (run := source.last_run) is not None and run.has_ended, within=PATIENCE_SECONDS)
    assert source.last_run is not None
    assert (source.last_run.id, source.last_run.status) == (begun.id, "succeeded")


def running(source: consentry.Source) -> bool:
    return eventually(lambda: (run := source.last_run) is not None and run.status == "running")


async def test_who_stops_waiting_cancels_the_run(source: consentry.Source, sandbox: RunningSandbox) -> None:
    sandbox.world.slow("api", 2.0, calls=50)
    async with consentry.aio.open() as hub:
        mine = await hub.source(source.id)
        waiting = asyncio.create_task(mine.run())
        assert await asyncio.to_thread(running, source)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        ended = await mine.last_run
    assert ended is not None
    assert ended.status == "cancelled"


def test_a_source_that_is_not_there_is_said(hub: consentry.Hub) -> None:
    for which in ("Nothing", 999):
        with pytest.raises(errors.NotFound):
            hub.source(which)
