"""A source's life, and a run's from the queue to its end, on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from consentry import credentials, flows
from consentry.app import App
from consentry.audit import Actor
from consentry.core.clock import FakeClock
from consentry.credentials import Credential
from consentry.errors import Conflict, InvalidInput, NotFound
from consentry.flows import NewSource, RunStatus, Schedule, Trouble, WarehouseSpec

ADA = Actor(name="person:ada@example.com")


def contains(folder: Path, word: bytes) -> bool:
    """Tell whether a file of the folder has the word."""
    return any(word in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def described(credential: Credential, name: str = "Sales to warehouse", **more: Any) -> NewSource:
    """Describe a source of all streams."""
    return replace(NewSource(name=name, credential_id=credential.id), **more)


async def test_a_source_is_kept_as_it_was_described(app: App, credential: Credential) -> None:
    wanted = described(
        credential,
        streams=("parties", "users"),
        schedule=Schedule(daily_at="06:00", timezone="Europe/Berlin"),
        deletions="remove",
        full_listing_every=timedelta(hours=6),
        warehouse=WarehouseSpec(kind="parquet", path="/tmp/somewhere"),
    )
    source = await flows.create(app.flows, ADA, wanted)
    assert (source.name, source.streams, source.schedule) == (wanted.name, wanted.streams, wanted.schedule)
    assert (source.deletions, source.full_listing_every, source.warehouse) == (
        "remove",
        timedelta(hours=6),
        wanted.warehouse,
    )
    assert source.dataset == "sales_to_warehouse"
    assert source.connector == "capsule"
    assert source.next_run_at is not None
    assert await flows.get(app.flows, source.id) == source
    assert (await flows.list_sources(app.flows))[0] == [source]


async def test_a_credential_in_use_can_not_be_deleted_until_its_source_is(app: App, credential: Credential) -> None:
    source = await flows.create(app.flows, ADA, described(credential))
    used = (await credentials.get(app.credentials, credential.id)).used_by
    assert [(use.kind, use.id, use.name) for use in used] == [("source", source.id, source.name)]
    with pytest.raises(Conflict):
        await credentials.delete(app.credentials, ADA, credential.id)
    await flows.delete(app.flows, ADA, source.id)
    with pytest.raises(NotFound):
        await flows.get(app.flows, source.id)
    await credentials.delete(app.credentials, ADA, credential.id)


async def test_a_password_of_a_warehouse_is_nowhere_but_in_the_vault(
    app: App, credential: Credential, home: Path
) -> None:
    url = "postgresql://writer:canary-word-in-url@127.0.0.1:1/house"
    source = await flows.create(
        app.flows, ADA, described(credential, warehouse=WarehouseSpec(kind="postgres", url=url))
    )
    assert source.warehouse.url == "postgresql://writer@127.0.0.1:1/house"
    address = await flows.find_address(app.flows, source.id)
    assert address is not None
    assert address.reveal() == url
    kept = replace(described(credential, name="Other name"), warehouse=WarehouseSpec(kind="postgres"))
    assert (await flows.edit(app.flows, ADA, source.id, kept)).warehouse.url == source.warehouse.url
    again = await flows.find_address(app.flows, source.id)
    assert again is not None
    assert again.reveal() == url
    assert not contains(home, b"canary-word")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": " "}, "name"),
        ({"streams": ()}, "streams"),
        ({"streams": ("nothing",)}, "streams"),
        ({"dataset": "Has Spaces"}, "dataset"),
        ({"dataset": "pg_catalog"}, "dataset"),
        ({"schedule": Schedule()}, "schedule"),
        ({"schedule": Schedule(every=timedelta(seconds=5))}, "schedule.every"),
        ({"schedule": Schedule(daily_at="25:00")}, "schedule.daily_at"),
        ({"schedule": Schedule(cron="* * *")}, "schedule.cron"),
        ({"schedule": Schedule(cron="0 0 31 2 *")}, "schedule.cron"),
        ({"schedule": Schedule(daily_at="06:00", timezone="Nowhere/City")}, "schedule.timezone"),
        ({"warehouse": WarehouseSpec(kind="postgres")}, "warehouse.url"),
        ({"warehouse": WarehouseSpec(kind="postgres", url="mysql://x/y")}, "warehouse.url"),
        ({"warehouse": WarehouseSpec(kind="duckdb", path="relative.duckdb")}, "warehouse.path"),
        ({"full_listing_every": timedelta(seconds=1)}, "full_listing_every"),
    ],
)
async def test_what_can_not_be_is_refused_by_its_field(
    app: App, credential: Credential, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        await flows.create(app.flows, ADA, described(credential, **more))
    assert [fault.field for fault in raised.value.errors] == [field]


async def test_names_and_datasets_are_taken_once(app: App, credential: Credential) -> None:
    await flows.create(app.flows, ADA, described(credential))
    with pytest.raises(Conflict, match="named"):
        await flows.create(app.flows, ADA, described(credential, name="SALES to warehouse", dataset="other"))
    with pytest.raises(Conflict, match="dataset"):
        await flows.create(app.flows, ADA, described(credential, name="Another", dataset="sales_to_warehouse"))


async def test_a_source_has_one_run_at_a_time(app: App, credential: Credential) -> None:
    source = await flows.create(app.flows, ADA, described(credential))
    begun = await asyncio.gather(
        *(flows.begin_run(app.flows, ADA, source.id) for _ in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(one, Conflict) for one in begun) == 1
    (run,) = [one for one in begun if not isinstance(one, BaseException)]
    assert run.status is RunStatus.QUEUED
    with pytest.raises(Conflict):
        await flows.delete(app.flows, ADA, source.id)
    assert (await flows.cancel(app.flows, ADA, run.id)).status is RunStatus.CANCELLED
    with pytest.raises(Conflict):
        await flows.cancel(app.flows, ADA, run.id)
    assert (await flows.begin_run(app.flows, ADA, source.id)).id > run.id


async def test_a_run_is_claimed_once_and_ends_once(app: App, credential: Credential) -> None:
    source = await flows.create(app.flows, ADA, described(credential))
    run = await flows.begin_run(app.flows, ADA, source.id)
    assert await flows.has_work(app.flows)
    claims = await asyncio.gather(*(flows.claim(app.flows, 5) for _ in range(6)))
    (claimed,) = [one for found in claims for one in found]
    assert claimed.run.id == run.id
    assert not await flows.has_work(app.flows)
    trouble = Trouble(code="warehouse_busy", message="The file is locked.", hint="Close it.")
    assert await flows.finish(app.flows, claimed, RunStatus.FAILED, trouble)
    assert not await flows.finish(app.flows, claimed, RunStatus.SUCCEEDED, None)
    ended = await flows.get_run(app.flows, run.id)
    assert (ended.status, ended.error) == (RunStatus.FAILED, trouble)
    assert ended.finished_at is not None
    await flows.begin_run(app.flows, ADA, source.id)
    (next_claim,) = await flows.claim(app.flows, 5)
    assert next_claim.fence > claimed.fence  # the warehouse compares fences across runs


async def test_due_sources_are_queued_once_and_paused_ones_are_not(
    app: App, credential: Credential, moving_clock: FakeClock
) -> None:
    hourly = Schedule(every=timedelta(hours=1))
    source = await flows.create(app.flows, ADA, described(credential, schedule=hourly))
    paused = await flows.create(app.flows, ADA, described(credential, name="Paused", schedule=hourly))
    await flows.pause(app.flows, ADA, paused.id)
    assert await flows.queue_due(app.flows) == 0
    moving_clock.advance(timedelta(minutes=61))
    assert await flows.queue_due(app.flows) == 1
    assert await flows.queue_due(app.flows) == 0
    queued, _ = await flows.list_runs(app.flows)
    assert [(run.flow_id, run.trigger) for run in queued] == [(source.id, "schedule")]
    moving_clock.advance(timedelta(hours=3))
    assert await flows.queue_due(app.flows) == 1, "its last run goes on: the time passes, and no second run is queued"
    assert len((await flows.list_runs(app.flows))[0]) == 1
    planned = (await flows.get(app.flows, source.id)).next_run_at
    assert planned is not None
    assert moving_clock.now() < planned <= moving_clock.now() + timedelta(hours=1)
    await flows.activate(app.flows, ADA, paused.id)
    assert await flows.queue_due(app.flows) == 0, "what was missed isn't made up for"
