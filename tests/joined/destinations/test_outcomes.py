"""Every outcome that a row can have, by every kind of template."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from consentry import flows
from consentry.errors import Conflict, InvalidInput
from consentry.flows import ManualWrite, RunStatus
from ground.consenting import ADA
from ground.writing import GOOD, Came, Writer

NOW = "2026-01-01T00:00:00Z"

PERSON: dict[str, Any] = {"firstName": "Nora", "lastName": "Quist", "emailAddresses": "nora.quist@example.com"}


def ended(came: Came) -> tuple[RunStatus, object]:
    return came.run.status, came.run.error


async def test_new_people_are_made_once_and_a_second_run_writes_nothing(writer: Writer) -> None:
    rows = [PERSON | {"emailAddresses": f"p{number}@example.com", "lastName": f"Q{number}"} for number in range(30)]
    destination = await writer.make("upsert_person", rows)
    came = await writer.run(destination)
    assert ended(came) == GOOD
    assert set(came.outcomes.values()) == {"created"}
    assert came.run.rows is not None
    assert (came.run.rows.created, came.run.rows.waiting) == (30, 0)
    ids = [row.record_id for row in came.rows.values()]
    assert len(set(ids)) == 30
    assert {record["id"] for record in writer.records()} >= set(ids)
    writer.forget()
    again = await writer.run(destination)
    assert set(again.outcomes.values()) == {"unchanged"}
    assert [row.record_id for row in again.rows.values()] == ids
    assert writer.writes() == 0


async def test_each_kind_of_outcome_in_one_run(writer: Writer) -> None:
    people = [record for record in writer.records() if record["type"] == "person" and record["emailAddresses"]]
    first, second = people[0], people[1]
    rows: list[dict[str, Any]] = [
        {"id": first["id"], "firstName": "Changed", "title": None},
        {"id": second["id"], "firstName": second["firstName"], "title": None},
        {"id": 999_999_999, "firstName": "Nobody", "title": None},
        {"id": people[2]["id"], "firstName": "Wrong", "title": "Archduke of Nowhere"},
        {"id": "seven", "firstName": "Text", "title": None},
        {"id": None, "firstName": "Empty", "title": None},
    ]
    came = await writer.run(await writer.make("update_person", rows, match_on="id"))
    assert came.run.status is RunStatus.PARTLY_FAILED
    assert came.outcomes == {1: "changed", 2: "unchanged", 3: "refused", 4: "refused", 5: "refused", 6: "refused"}
    assert [(each.field, each.new) for each in came.rows[1].changes] == [("firstName", "Changed")]
    assert "seven" in came.words[5]
    assert set(came.words) == {3, 4, 5, 6}
    assert writer.writes() == 1


async def test_what_the_provider_refuses_stands_at_the_row(writer: Writer) -> None:
    name = next(record["name"] for record in writer.records() if record["type"] == "organisation")
    rows = [{"name": name}, {"name": "Brand New Ltd"}]
    came = await writer.run(await writer.make("create_organisation", rows))
    assert came.outcomes == {1: "refused", 2: "created"}
    assert came.rows[1].errors[0].field == "name"
    assert "unique" in came.words[1]
    again = await writer.run(await writer.make("create_organisation", [rows[1] | {"about": "x"}], name="Other"))
    assert again.run.status is RunStatus.FAILED
    assert again.run.error is not None


async def test_rows_for_the_same_record_are_all_refused_and_name_each_other(writer: Writer) -> None:
    rows = [
        PERSON | {"emailAddresses": "one@example.com"},
        PERSON | {"emailAddresses": "two@example.com"},
        PERSON | {"emailAddresses": " ONE@example.com"},
    ]
    came = await writer.run(await writer.make("upsert_person", rows))
    assert came.outcomes == {1: "refused", 2: "created", 3: "refused"}
    assert "1 and 3" in came.words[1]
    assert came.words[1] == came.words[3]


async def test_two_keys_of_one_record_are_seen_before_anything_is_sent(writer: Writer) -> None:
    both = [{"type": "Work", "address": f"{which}@example.com"} for which in ("left", "right")]
    crm = writer.sandbox.world.crm()["parties"]
    person = next(record for record in writer.records() if record["type"] == "person")
    addresses = [each | {"id": 9_000_000 + at} for at, each in enumerate(both)]
    crm.change(person["id"], {"emailAddresses": addresses}, at=NOW)
    rows = [{"emailAddresses": f"{which}@example.com", "jobTitle": which} for which in ("left", "right")]
    came = await writer.run(await writer.make("update_person", rows))
    assert came.outcomes == {1: "changed", 2: "refused"}
    assert f"Row 1 is for the same record (#{person['id']})" in came.words[2]


async def test_two_records_of_one_key_are_named(writer: Writer) -> None:
    crm = writer.sandbox.world.crm()["parties"]
    people = [record for record in writer.records() if record["type"] == "person"][:2]
    for number, person in enumerate(people):
        address = {"id": 9_100_000 + number, "type": "Work", "address": "shared@example.com"}
        crm.change(person["id"], {"emailAddresses": [address]}, at=NOW)
    rows = [{"emailAddresses": "shared@example.com", "jobTitle": "Both"}]
    came = await writer.run(await writer.make("upsert_person", rows))
    assert came.outcomes == {1: "refused"}
    assert all(f"#{person['id']}" in came.words[1] for person in people)
    assert writer.writes() == 0


async def test_records_are_deleted_and_gone_ones_are_left_alone(writer: Writer) -> None:
    person = next(record for record in writer.records() if record["type"] == "person")
    destination = await writer.make("delete_person", [{"id": person["id"]}, {"id": 999_999_999}], match_on="id")
    came = await writer.run(destination)
    assert came.outcomes == {1: "deleted", 2: "unchanged"}
    assert person["id"] not in {record["id"] for record in writer.records()}
    assert (await writer.run(destination)).outcomes == {1: "unchanged", 2: "unchanged"}


async def test_rows_without_a_record_of_their_own_are_written_once_each(writer: Writer) -> None:
    rows = [{"description": each, "dueOn": "2027-01-05"} for each in ("Call", "Call", "Write")]
    destination = await writer.make("create_task", rows)
    before = len(writer.records("tasks"))
    came = await writer.run(destination)
    assert set(came.outcomes.values()) == {"created"}
    assert len(writer.records("tasks")) == before + 3
    again = await writer.run(destination, [*rows, rows[0], rows[0] | {"description": "Mended"}])
    assert again.outcomes == {1: "unchanged", 2: "unchanged", 3: "unchanged", 4: "created", 5: "created"}
    assert again.rows[2].record_id == came.rows[2].record_id


async def test_a_request_of_ones_own(writer: Writer) -> None:
    person = next(record for record in writer.records() if record["type"] == "person")
    body = {"party": {"jobTitle": "{job}", "about": "It is {job}"}}
    manual = ManualWrite(method="PUT", path="parties/{who}", body=body)
    rows = [{"who": person["id"], "job": "Pilot"}, {"who": "", "job": "Cook"}]
    came = await writer.run(await writer.make("manual", rows, mapping={}, manual=manual))
    assert came.outcomes == {1: "changed", 2: "refused"}
    found = next(record for record in writer.records() if record["id"] == person["id"])
    assert (found["jobTitle"], found["about"]) == ("Pilot", "It is Pilot")


async def test_only_what_went_wrong_is_tried_again_with_mended_values(writer: Writer) -> None:
    wrong = PERSON | {"emailAddresses": "b@example.com", "title": "Archduke of Nowhere"}
    rows = [PERSON, wrong, {"emailAddresses": "c@x.org"}]
    destination = await writer.make("upsert_person", rows)
    came = await writer.run(destination)
    assert came.outcomes == {1: "created", 2: "refused", 3: "refused"}
    with pytest.raises(InvalidInput):
        await flows.retry(writer.app.flows, ADA, came.run.id, {1: PERSON})
    mended = {2: rows[1] | {"title": None}}
    again = await writer.work(await writer.take(await flows.retry(writer.app.flows, ADA, came.run.id, mended)))
    assert again.outcomes == {2: "created", 3: "refused"}
    assert again.run.retry_of == came.run.id
    last = await flows.retry(writer.app.flows, ADA, again.run.id, {3: rows[2] | {"lastName": "Three"}})
    done = await writer.work(await writer.take(last))
    assert done.outcomes == {3: "created"}
    with pytest.raises(Conflict):
        await flows.retry(writer.app.flows, ADA, done.run.id)


async def test_a_preview_says_what_the_run_then_does_and_writes_nothing(writer: Writer) -> None:
    people = [record for record in writer.records() if record["type"] == "person" and record["emailAddresses"]]
    address = people[0]["emailAddresses"][0]["address"]
    rows = [
        PERSON,
        {"emailAddresses": address, "firstName": "Changed", "lastName": None},
        PERSON | {"emailAddresses": "twice@example.com"},
        PERSON | {"emailAddresses": "twice@example.com"},
        {"emailAddresses": None, "firstName": "Nobody", "lastName": None},
    ]
    destination = await writer.make("upsert_person", rows)
    seen = await flows.preview(writer.app.flows, ADA, destination.id, 10)
    assert writer.writes() == 0
    assert (seen.total, seen.looked_at) == (5, 5)
    came = await writer.run(destination)
    assert {row.row: row.outcome for row in seen.rows} == {row.row: row.outcome for row in came.rows.values()}
    assert seen.counts == came.run.rows
    assert seen.rows[1].changes == came.rows[2].changes


async def test_answers_are_kept_as_a_dataset(writer: Writer, home: Path) -> None:
    rows = [PERSON, PERSON | {"emailAddresses": "b@example.com"}]
    destination = await writer.make("upsert_person", rows, name="People of ours", keep_answers=True)
    came = await writer.run(destination)
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute("SELECT id FROM people_of_ours.parties ORDER BY id").fetchall()
    assert [number for (number,) in found] == sorted(row.record_id or 0 for row in came.rows.values())


async def test_what_a_template_takes_is_read_live(writer: Writer) -> None:
    fields = await flows.live_fields(writer.app.flows, ADA, writer.credential.id, "upsert_person")
    owner = next(each for each in fields if each.field.name == "owner")
    assert "Ada" in " ".join(each.name for each in owner.allowed)
    assert any(each.field.name.startswith("fields.") for each in fields)
