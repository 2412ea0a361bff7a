"""The big proof: rows written by processes that are killed at random moments while answers are lost.

In the end the account holds exactly what was wanted, each row has one outcome, and the same run again writes nothing.
The short form runs always; CONSENTRY_SOAK=1 runs 5,000 rows through ten kills.
"""

import asyncio
import os
from collections import Counter
from typing import Any

import pytest

from consentry import app as composition
from consentry import flows
from consentry.core.ids import SeededRandomness
from consentry.flows import RunStatus
from consentry.sandbox import RunningSandbox
from consentry.sandbox.faults import Drop
from consentry.settings import Settings
from ground.children import child
from ground.consenting import ADA, connected
from ground.writing import Writer
from ground.writing_child import Order, main

PATIENCE = 1_500.0
SOAK = os.environ.get("CONSENTRY_SOAK") == "1"


def rows_of(count: int) -> list[dict[str, Any]]:
    return [
        {
            "emailAddresses": f"row{number}@proof.example",
            "firstName": f"First {number}",
            "lastName": f"Last {number}",
            "jobTitle": f"Job {number % 7}",
            "phoneNumbers": f"+44 20 {number:06}",
        }
        for number in range(count)
    ]


def put_some_there(sandbox: RunningSandbox, rows: list[dict[str, Any]]) -> None:
    """Let every second person be there, with something that has to be changed; every tenth is as it should be."""
    crm = sandbox.world.crm()
    parties = crm["parties"]
    model = next(record for each in parties.all() if (record := each.decode())["type"] == "person")
    label = {name: value for name, value in crm["parties/tags"].all()[0].decode().items() if name in ("id", "name")}
    for row in rows:
        row["tags"] = label["name"]
    for number, row in enumerate(rows):
        if number % 2:
            continue
        own = {
            "id": 5_000_000 + number,
            "firstName": row["firstName"],
            "lastName": row["lastName"],
            "jobTitle": "Old",
            "emailAddresses": [{"id": 6_000_000 + number, "type": "Work", "address": row["emailAddresses"]}],
            "phoneNumbers": [],
            "tags": [],
            "fields": [],
        }
        if number % 10 == 0:
            phone = {"id": 7_000_000 + number, "type": "Work", "number": row["phoneNumbers"]}
            own |= {"jobTitle": row["jobTitle"], "phoneNumbers": [phone], "tags": [{**label, "dataTag": False}]}
        parties.add(model | own)


def lose_answers(sandbox: RunningSandbox, share: float) -> None:
    for seed, method in enumerate(("POST", "PUT")):
        for processed in (True, False):
            sandbox.world.faults.order(
                Drop(
                    target="api",
                    methods=(method,),
                    path="/api/v2/parties",
                    exact=method == "POST",
                    calls=1_000_000,
                    probability=share / 2,
                    seed=seed * 2 + processed,
                    processed=processed,
                )
            )


async def prove(settings: Settings, sandbox: RunningSandbox, count: int, kills: int, *, longest: float) -> None:
    sandbox.world.turn(rate_limit=None)
    rows = rows_of(count)
    lots = SeededRandomness(count)
    async with composition.open(settings) as app:
        writer = Writer(app=app, credential=await connected(app, sandbox), sandbox=sandbox)
        put_some_there(sandbox, rows)
        destination = await writer.make("upsert_person", rows)
        run = await flows.begin_destination_run(app.flows, ADA, destination.id)
        lose_answers(sandbox, 0.02)
        for _ in range(kills):
            async with child(main, settings, Order(run_id=run.id)) as dying:
                await asyncio.sleep(0.3 + lots.fraction() * (longest - 0.3))
                dying.kill()
                await dying.ended()
        async with child(main, settings, Order(run_id=run.id)) as last:
            await last.told(PATIENCE)
        sandbox.world.faults.clear()
        await assert_proved(writer, run.id, rows)
        again = await flows.begin_destination_run(app.flows, ADA, destination.id)
        writer.forget()
        async with child(main, settings, Order(run_id=again.id)) as repeated:
            await repeated.told(PATIENCE)
        repeat = (await flows.get_run(app.flows, again.id)).rows
        assert repeat is not None
        assert repeat.unchanged == count
        assert writer.writes() == 0


async def assert_proved(writer: Writer, run_id: int, rows: list[dict[str, Any]]) -> None:
    came = await writer.look(run_id)
    assert came.run.status is RunStatus.SUCCEEDED, (came.run.error, came.words)
    counts = came.run.rows
    assert counts is not None
    assert (counts.refused, counts.failed, counts.waiting) == (0, 0, 0)
    outcomes = Counter(came.outcomes.values())
    assert outcomes["created"] == counts.created == len(rows) // 2
    assert outcomes["unchanged"] == counts.unchanged == len(rows) // 10
    assert outcomes["changed"] == counts.changed == len(rows) - len(rows) // 2 - len(rows) // 10
    found: dict[str, list[dict[str, Any]]] = {}
    for record in writer.records():
        for each in record["emailAddresses"]:
            found.setdefault(each["address"].casefold(), []).append(record)
    for row in rows:
        (record,) = found[row["emailAddresses"]]
        assert (record["firstName"], record["lastName"], record["jobTitle"]) == (
            row["firstName"],
            row["lastName"],
            row["jobTitle"],
        )
        assert [each["number"] for each in record["phoneNumbers"]] == [row["phoneNumbers"]]
        assert [each["name"] for each in record["tags"]] == [row["tags"]]
        assert len(record["emailAddresses"]) == 1


async def test_300_rows_through_three_kills(settings: Settings, sandbox: RunningSandbox) -> None:
    await prove(settings, sandbox, 300, 3, longest=1.5)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.skipif(not SOAK, reason="the long form")
async def test_5000_rows_through_ten_kills(settings: Settings, sandbox: RunningSandbox) -> None:
    await prove(settings, sandbox, 5_000, 10, longest=4.0)
