"""A process that sleeps through its lease while its requests are about to leave: it sends nothing when it wakes up."""

import asyncio
import signal

from sqlalchemy import select

from consentry import app as composition
from consentry import flows
from consentry.app import App
from consentry.flows import RunStatus
from consentry.flows.store import LEASE_SECONDS
from consentry.sandbox import RunningSandbox
from consentry.settings import Settings
from consentry.storage.tables import runs
from ground.children import PATIENCE_SECONDS, child
from ground.consenting import ADA, connected
from ground.writing import Writer
from ground.writing_child import Order, main

COUNT = 12
LOOK_SECONDS = 0.1


async def fence_of(app: App, run_id: int) -> int:
    async with app.database.reading() as connection:
        return int((await connection.execute(select(runs.c.lease_fence).where(runs.c.id == run_id))).scalar_one())


async def taken_over(app: App, run_id: int, fence: int) -> None:
    """Wait until a later holder has the run."""
    for _ in range(round((LEASE_SECONDS + PATIENCE_SECONDS) / LOOK_SECONDS)):
        if await fence_of(app, run_id) > fence:
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise TimeoutError("nobody took the run over")


async def test_who_wakes_up_late_sends_nothing_and_the_run_goes_on(settings: Settings, sandbox: RunningSandbox) -> None:
    async with composition.open(settings) as app:
        writer = Writer(app=app, credential=await connected(app, sandbox), sandbox=sandbox)
        rows = [{"description": f"Call {number}", "dueOn": "2027-01-05"} for number in range(COUNT)]
        destination = await writer.make("create_task", rows)
        run = await flows.begin_destination_run(app.flows, ADA, destination.id)
        writer.forget()
        asleep = Order(run_id=run.id, step="write.leaving", signal=signal.SIGSTOP)
        async with child(main, settings, asleep) as sleeper:
            await sleeper.stopped()
            fence = await fence_of(app, run.id)
            async with child(main, settings, Order(run_id=run.id)):
                await taken_over(app, run.id, fence)
                sleeper.wake()
                await asyncio.sleep(2)
                assert writer.writes() == 0, "whoever woke up late sends nothing, and its heir waits to see what it did"
        async with child(main, settings, Order(run_id=run.id)) as last:
            assert await last.told(LEASE_SECONDS + PATIENCE_SECONDS) == RunStatus.SUCCEEDED
        assert writer.writes() == COUNT
        came = await writer.look(run.id)
        assert set(came.outcomes.values()) == {"created"}
        told = [record["description"] for record in writer.records("tasks")]
        assert [told.count(f"Call {number}") for number in range(COUNT)] == [1] * COUNT
