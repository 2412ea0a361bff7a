"""Records are found in the sandbox by what identifies them, and after a lost answer; every one is as its row says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consentry.connectors import Record, Wish, read
from consentry.errors import ScopeMissing
from consentry.sandbox import RunningSandbox
from ground.applicant import Applicant
from ground.records_made import FULL_PERSON, fresh, person
from ground.rows import row_of
from ground.sandbox_writer import Desk, SandboxWriter, read_known

# --- looking up


async def test_many_values_take_few_calls_and_ids_ten_a_call(desk: Desk) -> None:
    made = [await person(desk) for _ in range(12)]
    template = desk.template("upsert_person")
    addresses = [record["emailAddresses"][0]["address"] for record in made]
    others = [f"nobody.{number}@people.example" for number in range(38)]
    before = desk.client.asked
    found = await desk.writing.find(desk.client, template, "emailAddresses", [*addresses, *others], known=desk.known)
    assert desk.client.asked - before == 2
    assert [found[address][0]["id"] for address in addresses] == [record["id"] for record in made]
    assert all("tags" in found[address][0] and "fields" in found[address][0] for address in addresses)
    before = desk.client.asked
    by_id = await desk.writing.find(
        desk.client, template, "id", [*(record["id"] for record in made), "text"], known=desk.known
    )
    assert desk.client.asked - before == 2
    assert all(by_id[record["id"]][0]["id"] == record["id"] for record in made)


async def test_a_missing_id_spoils_nothing_for_the_others(desk: Desk) -> None:
    made = [await person(desk) for _ in range(4)]
    ids = [made[0]["id"], 987654321, *(record["id"] for record in made[1:])]
    found = await desk.writing.find(desk.client, desk.template("upsert_person"), "id", ids, known=desk.known)
    assert [len(found[number]) for number in ids] == [1, 0, 1, 1, 1]


async def test_a_group_that_finds_nobody_is_proven_before_it_is_believed(desk: Desk) -> None:
    template = desk.template("upsert_person")
    before = desk.client.asked
    values = [f"nobody.{number}@people.example" for number in range(75)]
    found = await desk.writing.find(desk.client, template, "emailAddresses", values, known=desk.known)
    assert not any(found[value] for value in values)
    assert desk.client.asked - before == 4, "three groups and one proof"


async def test_a_person_two_share_an_address_with_is_named_twice(desk: Desk) -> None:
    one = await person(desk)
    address = one["emailAddresses"][0]["address"]
    two = await desk.write("create_person", {"lastName": fresh("Twin"), "emailAddresses.Home": address.title()})
    await desk.write("create_organisation", {"name": fresh("Of both"), "emailAddresses": [address]})
    found = await desk.writing.find(
        desk.client, desk.template("upsert_person"), "emailAddresses", [address], known=desk.known
    )
    assert sorted(record["id"] for record in found[address]) == sorted([one["id"], two["id"]])


# --- lost answers


async def test_what_was_written_is_found_though_its_answer_was_lost(desk: Desk) -> None:
    since = datetime.now(UTC)
    contact = await person(desk)
    rows: list[tuple[str, dict[str, Any]]] = [
        ("create_person", FULL_PERSON | {"emailAddresses": ["lost@people.example"]}),
        ("create_person", {"lastName": fresh("Never sent")}),
        (
            "create_opportunity",
            {"name": fresh("Lost"), "party": contact["id"], "milestone": "Sales / Bid", "value.amount": 5}
            | {"value.currency": "GBP", "tags": ["Urgent"]},
        ),
        ("create_project", {"name": fresh("Lost"), "party": contact["id"], "fields.Site visit": "2027-01-01"}),
        ("create_task", {"description": fresh("Lost"), "dueOn": "2027-01-01", "party": contact["id"]}),
        ("add_note", {"content": fresh("Lost"), "party": contact["id"]}),
        (
            "add_note",
            {"content": fresh("Old"), "party": contact["id"], "entryAt": datetime(2019, 1, 1, tzinfo=UTC)},
        ),
    ]
    planned = [(name, await desk.plan(name, row)) for name, row in rows]
    written = {}
    for place, (name, each) in enumerate(planned):
        if place != 1:
            answer = await desk.answer(each)
            record = desk.writing.record_of(desk.template(name), answer)
            assert record is not None
            written[place] = record["id"]
    requests = [each.request for _, each in planned if each.request is not None]
    before = desk.client.asked
    found = await desk.writing.find_written(desk.client, desk.template("create_person"), requests, since=since)
    assert desk.client.asked - before == 5, "one list for each kind, and one for the notes of the contact"
    assert [[record["id"] for record in each] for each in found] == [
        [] if place == 1 else [written[place]] for place in range(len(rows))
    ]


async def test_what_was_there_before_is_not_taken_for_what_was_written(desk: Desk) -> None:
    planned = await desk.plan("create_person", {"lastName": fresh("Early")})
    await desk.answer(planned)
    assert planned.request is not None
    later = datetime.now(UTC) + timedelta(minutes=10)
    found = await desk.writing.find_written(desk.client, desk.template("create_person"), [planned.request], since=later)
    assert found == [()]


async def test_what_nobody_may_see_is_said(desk: Desk, applicant: Applicant) -> None:
    tokens = await applicant.tokens(scope="user_preference")
    client = SandboxWriter(applicant, tokens["access_token"])
    with pytest.raises(ScopeMissing):
        await desk.writing.find(client, desk.template("upsert_person"), "emailAddresses", ["a@b.c"], known=desk.known)


# --- every record there is

KINDS = {"parties": ("person", "organisation"), "opportunities": ("opportunity",), "projects": ("project",)}


async def every(desk: Desk, stream: str) -> list[Record]:
    found = desk.connector.stream(stream)
    assert found is not None
    return [record async for page in read(desk.client, desk.connector, found) for record in page.records]


@pytest.mark.parametrize("nested", ["add", "replace"])
@pytest.mark.parametrize("stream", [*KINDS, "tasks"])
async def test_every_record_of_the_account_is_as_its_own_row_wants_it(desk: Desk, stream: str, nested: Any) -> None:
    names = KINDS.get(stream, ("task",))
    for record in await every(desk, stream):
        kind = record["type"] if stream == "parties" else names[0]
        template = desk.template(f"upsert_{kind}")
        row = row_of(template, record)
        planned = desk.writing.plan(template, row, record, wish=Wish(nested=nested), known=desk.known)
        assert planned.deed == "nothing", (row, planned.errors, planned.changes)


LEFT_OUT = frozenset(
    {"id", "createdAt", "updatedAt", "lastContactedAt", "lastStageChangedAt", "pictureURL", "missingImportantFields"}
    | {"lastOpenMilestone", "url", "tagId", "dataTag", "username", "completedBy"}
)


def plain(value: Any) -> Any:
    """Return a value without ids and moments, lists in one order."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name not in LEFT_OUT}
    if isinstance(value, list):
        return sorted(map(plain, value), key=repr)
    return None if value == "" else value


async def test_people_and_organisations_go_into_an_empty_account_as_they_are(
    running: RunningSandbox, applicant: Applicant, desk: Desk
) -> None:
    tokens = await applicant.tokens(user="ada.fresh")
    client = SandboxWriter(applicant, tokens["access_token"])
    fresh_desk = Desk(desk.connector, client, await read_known(desk.connector, client))
    records = [record for record in await every(desk, "parties") if record["id"] < 1_000_000]
    organisations = [record for record in records if record["type"] == "organisation"]
    people = [record for record in records if record["type"] == "person"]
    for record in [*organisations[::4], *people[::8]]:  # organisations first: people name them
        template = desk.template(f"create_{record['type']}")
        row = row_of(template, record)
        for name in ("owner", "team", "organisation"):
            row |= {name: (record.get(name) or {}).get("name")} if name in record else {}
        row |= {"owner": None} if (record["owner"] or {}).get("deleted") else {}
        made = await fresh_desk.write(template.name, row, clear_with_null=True)
        wanted = record if row["owner"] else record | {"owner": None}
        assert plain(made) == plain(wanted)
