"""Destinations are made, looked at, changed, paused and deleted; their runs are begun, and their rows listed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from consentry import flows
from consentry.errors import Conflict, InvalidInput, NotFound
from consentry.flows import Mapped, NewDestination, NewSource, RowOutcome, RowsSpec, RunStatus, Schedule
from consentry.flows.destination.upkeep import ROWS_KEPT
from ground.consenting import ADA
from ground.writing import Writer

ROWS = ({"description": "Call", "dueOn": "2027-01-05"}, {"description": "Write", "dueOn": "soon"})


def described(writer: Writer, **more: Any) -> NewDestination:
    plain = NewDestination(
        name="  Tasks  of ours ",
        credential_id=writer.credential.id,
        template="create_task",
        rows=RowsSpec(inline=ROWS),
        mapping={name: Mapped(column=name) for name in ROWS[0]},
    )
    return replace(plain, **more)


async def test_a_destination_is_kept_as_it_was_described(writer: Writer) -> None:
    room = writer.app.flows
    new = described(
        writer, stop_after_refusals=5, keep_answers=True, schedule=Schedule(every=timedelta(hours=1)), nested="replace"
    )
    made = await flows.create_destination(room, ADA, new)
    assert (made.name, made.dataset, made.connector) == ("Tasks of ours", "tasks_of_ours", "capsule")
    assert made.next_run_at == writer.clock.now() + timedelta(hours=1) if writer.clock else None
    assert flows.description_of(made) == replace(new, name="Tasks of ours")
    assert await flows.get_destination(room, made.id) == made
    assert await flows.list_destinations(room, name="TASKS OF OURS") == ([made], False)
    assert await flows.list_destinations(room, credential_id=999) == ([], False)
    with pytest.raises(Conflict):
        await flows.create_destination(room, ADA, new)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"credential_id": 999}, "credential_id"),
        ({"template": "create_planet"}, "template"),
        ({"rows": RowsSpec()}, "rows"),
        ({"rows": RowsSpec(table="a.b", sql="SELECT 1")}, "rows"),
        ({"rows": RowsSpec(inline=({"a": 1},) * 10_001)}, "rows.inline"),
        ({"mapping": {"description": Mapped(column="description"), "weight": Mapped(value=1)}}, "mapping.weight"),
        ({"mapping": {"dueOn": Mapped(column="dueOn")}}, "mapping.description"),
        ({"stop_after_refusals": 0}, "stop_after_refusals"),
        ({"schedule": Schedule(after_source=999)}, "schedule.after_source"),
        ({"schedule": Schedule(cron="never")}, "schedule.cron"),
        ({"manual": flows.ManualWrite(method="PUT", path="parties/1")}, "manual"),
        ({"template": "manual", "mapping": {}}, "manual"),
        (
            {"template": "manual", "mapping": {}, "manual": flows.ManualWrite(method="GET", path="a")},
            "manual.method",
        ),
        (
            {"template": "manual", "mapping": {}, "manual": flows.ManualWrite(method="PUT", path="../a")},
            "manual.path",
        ),
    ],
)
async def test_what_can_not_be_is_named(writer: Writer, given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await flows.create_destination(writer.app.flows, ADA, described(writer, **given))
    assert field in [each.field for each in refused.value.errors]


async def test_it_is_changed_paused_and_deleted(writer: Writer) -> None:
    room = writer.app.flows
    made = await flows.create_destination(room, ADA, described(writer, schedule=Schedule(daily_at="06:00")))
    changed = await flows.change_destination(room, ADA, made.id, {"name": "Others", "stop_after_refusals": 3})
    assert (changed.name, changed.stop_after_refusals, changed.next_run_at) == ("Others", 3, made.next_run_at)
    assert (await flows.pause_destination(room, ADA, made.id)).is_active is False
    assert await flows.queue_due_destinations(room) == 0
    assert (await flows.activate_destination(room, ADA, made.id)).is_active is True
    claimed = await writer.begin(changed)
    with pytest.raises(Conflict):
        await flows.change_destination(room, ADA, made.id, {"name": "While it runs"})
    with pytest.raises(Conflict):
        await flows.delete_destination(room, ADA, made.id)
    await writer.work(claimed)
    await flows.delete_destination(room, ADA, made.id)
    with pytest.raises(NotFound):
        await flows.get_destination(room, made.id)
    assert (await flows.get_run(room, claimed.run.id)).flow_name == "Others"


async def test_one_that_is_due_runs_and_is_due_again(writer: Writer) -> None:
    room = writer.app.flows
    assert writer.clock is not None
    made = await flows.create_destination(room, ADA, described(writer, schedule=Schedule(every=timedelta(minutes=5))))
    writer.clock.advance(timedelta(minutes=6))
    assert await flows.queue_due_destinations(room) == 1
    runs, _ = await flows.list_runs(room, kind="destination", flow_id=made.id)
    assert [(run.trigger, run.status) for run in runs] == [("schedule", RunStatus.QUEUED)]
    again = (await flows.get_destination(room, made.id)).next_run_at
    assert again is not None
    assert again > writer.clock.now()


async def test_rows_are_listed_by_outcome_and_let_go_of_after_thirty_days(writer: Writer) -> None:
    room = writer.app.flows
    assert writer.clock is not None
    came = await writer.run(await flows.create_destination(room, ADA, described(writer)))
    refused, more = await flows.list_rows(room, came.run.id, outcome=RowOutcome.REFUSED)
    assert ([row.row for row in refused], more) == ([2], False)
    assert refused[0].values == ROWS[1]
    assert [row.row async for row in flows.iterate_rows(room, came.run.id, RowOutcome.CREATED)] == [1]
    first, more = await flows.list_rows(room, came.run.id, per_page=1)
    assert ([row.row for row in first], more) == ([1], True)
    writer.clock.advance(ROWS_KEPT + timedelta(days=1))
    for chore in flows.EVERY_MINUTE:
        await chore(room)
    assert await flows.list_rows(room, came.run.id) == ([], False)
    assert (await flows.get_run(room, came.run.id)).rows == came.run.rows


async def test_rows_of_a_source_run_are_not_found(writer: Writer) -> None:
    room = writer.app.flows
    source = await flows.create(room, ADA, NewSource(name="Sales", credential_id=writer.credential.id))
    run = await flows.begin_run(room, ADA, source.id)
    with pytest.raises(NotFound):
        await flows.list_rows(room, run.id)


async def test_a_dataset_is_filled_by_one_only(writer: Writer) -> None:
    room = writer.app.flows
    await flows.create_destination(room, ADA, described(writer, name="Sales", keep_answers=True))
    new = NewSource(name="Sales", credential_id=writer.credential.id)
    with pytest.raises(Conflict):
        await flows.create(room, ADA, new)
    source = await flows.create(room, ADA, replace(new, name="Other"))
    with pytest.raises(Conflict):
        await flows.create_destination(room, ADA, described(writer, name=source.name, keep_answers=True))
