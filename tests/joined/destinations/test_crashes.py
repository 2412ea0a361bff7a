"""Processes killed at every named step of a run of a destination, answers lost or not: what the next one does."""

import signal
from typing import Any

import pytest

from consentry import app as composition
from consentry import flows
from consentry.flows import RunStatus
from consentry.sandbox import RunningSandbox
from consentry.sandbox.faults import Drop
from consentry.settings import Settings
from ground.children import child
from ground.consenting import ADA, connected
from ground.writing import Writer
from ground.writing_child import Order, main

STEPS = (
    "rows.taken",
    "stage.sorting",
    "stage.writing",
    "window.decided",
    "write.intent",
    "write.leaving",
    "write.answered",
    "write.committed",
    "settle.looked",
    "settle.committed",
    "window.done",
    "run.written",
)
COUNT = 12
BY_ID = ("add_party_tags", "delete_person")


def rows_for(template: str, ids: list[int]) -> list[dict[str, Any]]:
    """Return rows of which some create, some change, and some are as they should be already."""
    match template:
        case "upsert_person":
            return [
                {"emailAddresses": f"p{number}@example.com", "firstName": f"New {number}", "lastName": "Quist"}
                for number in range(COUNT)
            ]
        case "create_task":
            return [{"description": f"Call {number // 2}", "dueOn": "2027-01-05"} for number in range(COUNT)]
        case "add_note":
            return [{"party": number, "content": f"Met {number}"} for number in ids]
        case "add_party_tags":
            return [{"id": number, "tags": "Crashed"} for number in ids]
        case _:
            return [{"id": number} for number in ids]


class Names:
    """Notes every step that is reached."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    async def reached(self, name: str) -> None:
        self.names.add(name)


async def open_writer(app: composition.App, sandbox: RunningSandbox) -> Writer:
    credential = await connected(app, sandbox)
    return Writer(app=app, credential=credential, sandbox=sandbox)


def ids_of(sandbox: RunningSandbox) -> list[int]:
    people = [each for each in sandbox.world.crm()["parties"].all() if each.decode()["type"] == "person"]
    return [each.id for each in people[:COUNT]]


def drop_some(sandbox: RunningSandbox, calls: int = 3) -> None:
    """Let answers to writes be lost after they took effect."""
    for method in ("POST", "PUT", "DELETE"):
        for path in ("/api/v2/parties", "/api/v2/tasks", "/api/v2/entries"):
            exact = method == "POST"  # what looks people up stands below
            sandbox.world.faults.order(Drop(target="api", methods=(method,), path=path, calls=calls, exact=exact))


def assert_as_wanted(template: str, writer: Writer, ids: list[int]) -> None:
    match template:
        case "upsert_person":
            found = [record for record in writer.records() if str(record.get("firstName")).startswith("New ")]
            assert sorted(record["firstName"] for record in found) == sorted(f"New {number}" for number in range(COUNT))
            assert all(len(record["emailAddresses"]) == 1 for record in found)
        case "create_task":
            told = [record["description"] for record in writer.records("tasks")]
            assert [told.count(f"Call {number}") for number in range(COUNT // 2)] == [2] * (COUNT // 2)
        case "add_note":
            said = [record.get("content") for record in writer.records("entries")]
            assert [said.count(f"Met {number}") for number in ids] == [1] * COUNT
        case "add_party_tags":
            tags = {record["id"]: [tag["name"] for tag in record["tags"]] for record in writer.records()}
            assert [tags[number].count("Crashed") for number in ids] == [1] * COUNT
        case _:
            assert not {record["id"] for record in writer.records()} & set(ids)


async def go_through(
    settings: Settings, sandbox: RunningSandbox, template: str, steps: tuple[str, ...], *, drops: bool
) -> None:
    """Run a destination in processes that are killed at one step after the other, and look at what is there then."""
    async with composition.open(settings) as app:
        writer = await open_writer(app, sandbox)
        ids = ids_of(sandbox)
        destination = await writer.make(template, rows_for(template, ids), match_on="id" if template in BY_ID else None)
        run = await flows.begin_destination_run(app.flows, ADA, destination.id)
        if drops:
            drop_some(sandbox)
        for step in steps:
            order = Order(run_id=run.id, step=step, signal=signal.SIGKILL)
            async with child(main, settings, order) as dying:
                assert await dying.ended() in (-signal.SIGKILL, 0), step
        async with child(main, settings, Order(run_id=run.id)) as last:
            await last.told()
        came = await writer.look(run.id)
        assert (came.run.status, came.run.error) == (RunStatus.SUCCEEDED, None), came.words
        counts = came.run.rows
        assert counts is not None
        done = counts.created + counts.changed + counts.unchanged + counts.deleted
        assert (done, len(came.rows), counts.waiting) == (COUNT, COUNT, 0)
        assert "" not in came.outcomes.values()
        assert_as_wanted(template, writer, ids)
        sandbox.world.faults.clear()
        writer.forget()
        again = await writer.run(destination)
        assert set(again.outcomes.values()) == {"unchanged"}
        assert writer.writes() == 0


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_a_step_while_answers_are_lost(settings: Settings, sandbox: RunningSandbox, step: str) -> None:
    await go_through(settings, sandbox, "upsert_person", (step,), drops=True)


@pytest.mark.parametrize("template", ["create_task", "add_note", "add_party_tags", "delete_person"])
async def test_killed_again_and_again(settings: Settings, sandbox: RunningSandbox, template: str) -> None:
    steps = ("write.intent", "write.leaving", "write.answered", "settle.looked", "settle.committed")
    await go_through(settings, sandbox, template, steps, drops=True)


async def test_killed_at_one_step_after_the_other_while_every_answer_comes(
    settings: Settings, sandbox: RunningSandbox
) -> None:
    await go_through(settings, sandbox, "upsert_person", STEPS, drops=False)


async def test_the_suite_names_every_step(settings: Settings, sandbox: RunningSandbox) -> None:
    names = Names()
    async with composition.open(settings, steps=names) as app:
        writer = await open_writer(app, sandbox)
        names.names.clear()
        rows = rows_for("upsert_person", [])
        destination = await writer.make("upsert_person", rows)
        sandbox.world.faults.order(Drop(target="api", methods=("POST",), path="/api/v2/parties", calls=3, exact=True))
        await writer.run(destination)
        await writer.run(destination)
    assert names.names == set(STEPS)
