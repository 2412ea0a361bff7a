"""What runs cost in requests: the figures that the documentation promises."""

from typing import Any

import pytest

from consentry import flows
from consentry.flows import Destination, NewSource
from ground.consenting import ADA
from ground.writing import Writer

COUNT = 60
CHANGED = 3


def people(writer: Writer) -> list[dict[str, Any]]:
    """Return people who are told apart by their e-mail addresses."""
    found: dict[str, dict[str, Any]] = {}
    for record in writer.records():
        if record["type"] == "person" and record["emailAddresses"]:
            found.setdefault(record["emailAddresses"][0]["address"].casefold(), record)
    return list(found.values())[:COUNT]


def rows_by(writer: Writer, field: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, record in enumerate(people(writer)):
        key = record["id"] if field == "id" else record["emailAddresses"][0]["address"]
        job = f"Job {place}" if place < CHANGED else record.get("jobTitle")
        rows.append({field: key, "jobTitle": job})
    return rows


async def made(writer: Writer, field: str) -> tuple[Destination, int]:
    rows = rows_by(writer, field)
    destination = await writer.make("update_person", rows, match_on=field)
    writer.forget()
    return destination, len(rows)


@pytest.mark.parametrize(("field", "at_once"), [("id", 10), ("emailAddresses", 20)])
async def test_a_run_costs_its_look_ups_and_its_changes(writer: Writer, field: str, at_once: int) -> None:
    destination, count = await made(writer, field)
    came = await writer.run(destination)
    assert list(came.outcomes.values()).count("changed") == CHANGED
    assert list(came.outcomes.values()).count("unchanged") == count - CHANGED
    assert writer.requests() <= count / at_once + CHANGED + 5
    assert came.run.requests == writer.requests()


async def keep_a_dataset(writer: Writer) -> None:
    new = NewSource(name="Sales", credential_id=writer.credential.id, streams=("parties",))
    source = await flows.create(writer.app.flows, ADA, new)
    await flows.begin_run(writer.app.flows, ADA, source.id)
    (claimed,) = await flows.claim(writer.app.flows, 1)
    await flows.work(writer.app.flows, claimed)


@pytest.mark.parametrize("field", ["id", "emailAddresses"])
async def test_a_run_beside_a_fresh_dataset_costs_its_changes_alone(writer: Writer, field: str) -> None:
    await keep_a_dataset(writer)
    destination, count = await made(writer, field)
    came = await writer.run(destination)
    assert list(came.outcomes.values()).count("changed") == CHANGED
    assert list(came.outcomes.values()).count("unchanged") == count - CHANGED
    assert writer.requests() <= CHANGED + 5
    writer.forget()
    again = await writer.run(destination)
    assert set(again.outcomes.values()) == {"unchanged"}
    assert writer.writes() == 0
    assert writer.requests() <= 5


async def test_what_changed_behind_the_dataset_counts(writer: Writer) -> None:
    await keep_a_dataset(writer)
    crm = writer.sandbox.world.crm()["parties"]
    first, second, *_ = people(writer)
    later = "2099-01-01T00:00:00Z"
    crm.change(first["id"], {"jobTitle": "Changed by hand"}, at=later)
    crm.remove(second["id"], at=later)
    rows = [{"id": first["id"], "jobTitle": "Changed by hand"}, {"id": second["id"], "jobTitle": "Nobody"}]
    came = await writer.run(await writer.make("update_person", rows, match_on="id"))
    assert came.outcomes == {1: "unchanged", 2: "refused"}
    assert writer.writes() == 0


async def test_a_dataset_has_every_record_as_the_provider_gives_it(writer: Writer) -> None:
    """Everything that a template could write is compared: all rows of a round trip come out unchanged."""
    await keep_a_dataset(writer)
    users = {record["id"] for record in writer.records("users")}
    rows = [
        {
            "id": record["id"],
            "firstName": record["firstName"],
            "lastName": record["lastName"],
            "about": record.get("about"),
            "tags": [each["name"] for each in record["tags"]],
            "emailAddresses": [{"type": each["type"], "address": each["address"]} for each in record["emailAddresses"]],
            "owner": owner if (owner := (record.get("owner") or {}).get("id")) in users else None,
        }
        for record in people(writer)
    ]
    destination = await writer.make("update_person", rows, match_on="id", nested="replace")
    seen = await flows.preview(writer.app.flows, ADA, destination.id, COUNT)
    wrong = [row.errors or row.changes for row in seen.rows if row.errors or row.changes]
    assert wrong == []
    assert seen.counts.unchanged == len(rows)
