"""A run from the queue to its end: claimed, worked on, shown, cancelled, given back and taken over."""

import asyncio
import contextlib
from dataclasses import replace

from consentry import flows
from consentry.app import App
from consentry.audit import Actor
from consentry.credentials import Credential
from consentry.flows import NewSource, RunStatus, StreamStatus

ADA = Actor(name="person:ada@example.com")


async def queued(app: App, credential: Credential, *streams: str) -> flows.Claimed:
    """Make a source, queue a run of it, and claim it."""
    new = NewSource(name="Sales", credential_id=credential.id, streams=streams or None)
    source = await flows.create(app.flows, ADA, new)
    await flows.begin_run(app.flows, ADA, source.id)
    (claimed,) = await flows.claim(app.flows, 1)
    return claimed


async def test_a_run_of_all_streams_fills_the_dataset_and_says_what_it_did(app: App, credential: Credential) -> None:
    claimed = await queued(app, credential)
    await flows.work(app.flows, claimed)
    run = await flows.get_run(app.flows, claimed.run.id)
    assert [(stream.name, stream.error) for stream in run.streams if stream.error] == []
    assert run.status is RunStatus.SUCCEEDED
    assert {stream.status for stream in run.streams} == {StreamStatus.SUCCEEDED}
    parties = next(stream for stream in run.streams if stream.name == "parties")
    assert parties.counts.new == parties.counts.read > 0
    assert parties.counts.requests > 0
    assert parties.counts.bytes > 0
    look = await flows.look(app.flows, claimed.source.id, table="parties")
    assert look.table("parties").count == parties.counts.new
    assert look.rows


async def test_a_second_run_finds_nothing_new(app: App, credential: Credential) -> None:
    claimed = await queued(app, credential, "parties", "opportunities", "users", "tasks")
    await flows.work(app.flows, claimed)
    await flows.begin_run(app.flows, ADA, claimed.source.id)
    (again,) = await flows.claim(app.flows, 1)
    await flows.work(app.flows, again)
    run = await flows.get_run(app.flows, again.run.id)
    assert run.status is RunStatus.SUCCEEDED
    assert (run.counts.new, run.counts.changed, run.counts.deleted) == (0, 0, 0)


async def test_a_cancelled_run_ends_and_keeps_what_it_wrote(app: App, credential: Credential) -> None:
    claimed = await queued(app, credential)
    await flows.cancel(app.flows, ADA, claimed.run.id)
    await flows.work(app.flows, claimed)
    assert (await flows.get_run(app.flows, claimed.run.id)).status is RunStatus.CANCELLED


async def test_a_process_that_is_told_to_end_gives_its_run_back(app: App, credential: Credential) -> None:
    claimed = await queued(app, credential)
    working = asyncio.create_task(flows.work(app.flows, claimed))
    await asyncio.sleep(0.3)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    (again,) = await flows.claim(app.flows, 1)
    assert (again.run.id, again.fence) == (claimed.run.id, claimed.fence + 1)
    await flows.work(app.flows, again)
    assert (await flows.get_run(app.flows, again.run.id)).status is RunStatus.SUCCEEDED


async def test_who_lost_the_lease_can_not_end_the_run(app: App, credential: Credential) -> None:
    claimed = await queued(app, credential, "users")
    late = replace(claimed, fence=claimed.fence - 1)
    assert not await flows.finish(app.flows, late, RunStatus.FAILED, None)
    await flows.work(app.flows, claimed)
    assert (await flows.get_run(app.flows, claimed.run.id)).status is RunStatus.SUCCEEDED
