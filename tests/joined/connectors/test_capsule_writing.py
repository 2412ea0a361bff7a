"""Every template of Capsule's tried against the sandbox: what is planned is taken, and then nothing is left to do."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from consentry.connectors import Record
from consentry.errors import InvalidInput
from consentry.sandbox import RunningSandbox
from ground.applicant import Applicant
from ground.records_made import FULL_PERSON, deal, fresh, person, project
from ground.sandbox_writer import Desk, SandboxWriter


async def settled(desk: Desk, name: str, row: dict[str, Any], record: Record, **wish: Any) -> Record:
    """Write a row, see that the same row changes nothing more, and return the record as it is then."""
    planned = await desk.plan(name, row, record, **wish)
    assert planned.deed == "change", planned
    answer = await desk.answer(planned)
    assert answer.status == 200, answer.body
    again = await desk.plan(name, row, record, **wish)
    assert again.deed == "nothing", again
    now = await desk.again(desk.template(name), record)
    assert now is not None
    return now


@pytest.mark.parametrize("nested", ["add", "replace"])
async def test_a_whole_person_is_made_and_the_same_row_changes_nothing(desk: Desk, nested: str) -> None:
    row = FULL_PERSON | {"emailAddresses": [f"zoe.{nested}@nordlicht.example"]}
    planned = await desk.plan("upsert_person", row, nested=nested)
    assert planned.deed == "create"
    made = await desk.write("upsert_person", row, nested=nested)
    assert (made["firstName"], made["title"], made["organisation"]["name"]) == ("Zoë", "Dr", "Nordlicht & Söhne")
    assert (made["owner"]["name"], made["team"]["name"]) == ("Ben Okafor", "Sales")
    assert sorted(tag["name"] for tag in made["tags"]) == ["Brand new", "VIP"]
    assert sorted(each["country"] for each in made["addresses"]) == ["Germany", "United Kingdom"]
    assert {each["definition"]["name"]: each["value"] for each in made["fields"]} == {
        "Customer number": "K-1",
        "Contract ends": "2027-01-31",
        "Industry": "Retail",
        "Wants the newsletter": False,
        "Languages": "Deutsch;English",
    }
    assert (await desk.plan("upsert_person", row, made, nested=nested)).deed == "nothing"


async def test_a_person_is_found_by_address_changed_and_deleted(desk: Desk) -> None:
    made = await person(desk, owner="Ada Marsh", team="Sales")
    address = made["emailAddresses"][0]["address"]
    template = desk.template("upsert_person")
    found = await desk.writing.find(
        desk.client, template, "emailAddresses", [address.upper(), "nobody@people.example"], known=desk.known
    )
    assert [record["id"] for record in found[address.upper()]] == [made["id"]]
    assert not found["nobody@people.example"]
    now = await settled(desk, "update_person", {"firstName": "Ada", "owner": "Ben Okafor"}, made)
    assert (now["owner"]["name"], now["team"]["name"]) == ("Ben Okafor", "Sales"), "the team was kept beside the owner"
    planned = await desk.plan("delete_person", {"id": made["id"]}, made)
    assert planned.deed == "delete"
    assert (await desk.answer(planned)).status == 204
    assert await desk.again(template, made) is None
    assert (await desk.plan("delete_person", {"id": made["id"]}, made)).deed == "nothing"


async def test_lists_are_made_equal_by_the_ids_of_their_items(desk: Desk) -> None:
    made = await person(desk, **{"phoneNumbers.Work": "1", "phoneNumbers.Mobile": "2", "tags": ["VIP", "Newsletter"]})
    ids = {each["type"]: each["id"] for each in made["phoneNumbers"]}
    row = {"phoneNumbers": [{"number": "3", "type": "Work"}, {"number": "4", "type": "Fax"}], "tags": ["Newsletter"]}
    now = await settled(desk, "update_person", row, made, nested="replace")
    assert sorted((each["type"], each["number"]) for each in now["phoneNumbers"]) == [("Fax", "4"), ("Work", "3")]
    assert next(each["id"] for each in now["phoneNumbers"] if each["type"] == "Work") == ids["Work"]
    assert [tag["name"] for tag in now["tags"]] == ["Newsletter"]


async def test_lists_are_only_added_to_where_the_destination_says_so(desk: Desk) -> None:
    made = await person(desk, **{"phoneNumbers.Work": "1 2 3", "tags": ["VIP"]})
    now = await settled(desk, "update_person", {"phoneNumbers": ["123", "456"], "tags": ["Newsletter"]}, made)
    assert sorted(each["number"] for each in now["phoneNumbers"]) == ["1 2 3", "456"]
    assert sorted(tag["name"] for tag in now["tags"]) == ["Newsletter", "VIP"]


async def test_empty_values_clear_only_where_the_destination_says_so(desk: Desk) -> None:
    row = {"jobTitle": "Buyer", "phoneNumbers.Work": "1", "fields.Customer number": "K", "addresses.Office.city": "Ulm"}
    made = await person(desk, organisation="Somewhere", **row)
    empty: dict[str, Any] = {**dict.fromkeys(row), "organisation": None, "emailAddresses": []}
    assert (await desk.plan("update_person", empty, made)).deed == "nothing"
    now = await settled(desk, "update_person", empty, made, clear_with_null=True, nested="replace")
    assert (now["jobTitle"], now["organisation"], now["phoneNumbers"], now["emailAddresses"]) == (None, None, [], [])
    assert now["fields"] == []
    assert [each["city"] for each in now["addresses"]] == [None]


async def test_an_organisation_is_made_found_by_name_and_changed(desk: Desk) -> None:
    name = fresh("Organisation")
    row = {"name": name, "fields.Employees": Decimal("250.50"), "addresses.Postal.city": "Bremen"}
    made = await desk.write("create_organisation", row)
    assert (await desk.plan("upsert_organisation", row, made)).deed == "nothing"
    template = desk.template("upsert_organisation")
    found = await desk.writing.find(desk.client, template, "name", [name.upper(), "No such"], known=desk.known)
    assert [record["id"] for record in found[name.upper()]] == [made["id"]]
    now = await settled(desk, "upsert_organisation", {"name": name, "fields.Employees": 251, "about": "Big"}, made)
    assert now["fields"][0]["value"] == "251"
    again = await desk.plan("delete_organisation", {"name": name}, now)
    assert (await desk.answer(again)).status == 204


async def test_an_opportunity_is_made_moved_won_and_lost(desk: Desk) -> None:
    made = await deal(
        desk,
        owner="Ada Marsh",
        tracks=None,
        **{"value.amount": Decimal("12500.50"), "value.currency": "eur", "durationBasis": "month", "duration": 3},
    )
    assert made["value"] == {"amount": 12500.5, "currency": "EUR"}
    assert (made["durationBasis"], made["duration"]) == ("MONTH", 3)
    row = {"milestone": "negotiation", "probability": 75, "value.amount": 13000, "durationBasis": "FIXED"}
    now = await settled(desk, "update_opportunity", row, made)
    assert (now["milestone"]["name"], now["probability"]) == ("Negotiation", 75)
    assert (now["value"], now["duration"]) == ({"amount": 13000, "currency": "EUR"}, None)
    now = await settled(desk, "update_opportunity", {"milestone": "Won"}, made)
    assert (now["milestone"]["name"], now["probability"]) == ("Won", 100)
    now = await settled(desk, "update_opportunity", {"milestone": "Lost", "lostReason": "Duplicate"}, made)
    assert now["lostReason"]["name"] == "Duplicate"
    now = await settled(desk, "update_opportunity", {"milestone": "Renewals / Due"}, made)
    assert now["probability"] == 60


async def test_a_name_of_a_milestone_means_that_of_its_own_pipeline(desk: Desk) -> None:
    made = await deal(desk)
    planned = await desk.plan("update_opportunity", {"milestone": "Won"}, made)
    assert planned.deed == "change", "in the pipeline Sales there is one Won"
    unclear = await desk.plan("create_opportunity", {"name": "X", "party": made["party"]["id"], "milestone": "Won"})
    assert [error.field for error in unclear.errors] == ["milestone"]
    assert "Sales / Won" in unclear.errors[0].message


async def test_opportunities_and_projects_are_found_by_a_custom_field(desk: Desk) -> None:
    number = fresh("T")
    made = await deal(desk, **{"fields.Competitor": number, "fields.Discount in percent": "7.50"})
    template = desk.template("upsert_opportunity")
    found = await desk.writing.find(desk.client, template, "fields.Competitor", [number, "none"], known=desk.known)
    assert [record["id"] for record in found[number]] == [made["id"]]
    found = await desk.writing.find(
        desk.client, template, "fields.discount in percent", [Decimal("7.5"), 99999], known=desk.known
    )
    assert made["id"] in [record["id"] for record in found[Decimal("7.5")]]
    with pytest.raises(InvalidInput) as raised:
        await desk.writing.find(desk.client, template, "fields.Nothing", ["x"], known=desk.known)
    assert raised.value.errors[0].field == "fields.Nothing"


async def test_a_project_is_made_on_a_stage_closed_and_given_another_contact(desk: Desk) -> None:
    opportunity = await deal(desk)
    made = await project(
        desk, stage="Delivery / Planned", opportunity=opportunity["name"], expectedCloseOn=date(2027, 5, 1)
    )
    assert (made["stage"]["name"], made["opportunity"]["id"]) == ("Planned", opportunity["id"])
    other = await person(desk, firstName="Olga")
    row = {"status": "closed", "stage": "Done", "party": f"Olga {other['lastName']}", "fields.Severity": "HIGH"}
    now = await settled(desk, "update_project", row, made)
    assert (now["status"], now["party"]["id"], now["fields"][0]["value"]) == ("CLOSED", other["id"], "high")
    now = await settled(desk, "update_project", {"stage": None}, made, clear_with_null=True)
    assert now["stage"] is None


async def test_a_task_is_made_turned_to_another_record_and_completed(desk: Desk) -> None:
    made = await person(desk)
    row = {
        "description": "Call",
        "dueOn": date(2027, 1, 4),
        "dueTime": time(14, 30),
        "party": made["emailAddresses"][0]["address"],
        "category": desk.known.records["categories"][0]["name"],
        "owner": "Chiara Rossi",
    }
    task = await desk.write("create_task", row)
    assert (task["party"]["id"], task["dueTime"], task["owner"]["name"]) == (made["id"], "14:30:00", "Chiara Rossi")
    assert (await desk.plan("update_task", row, task)).deed == "nothing"
    other = await project(desk)
    now = await settled(desk, "update_task", {"kase": other["id"]}, task)
    assert (now["party"], now["kase"]["id"]) == (None, other["id"])
    done = {"status": "COMPLETED", "completedAt": datetime(2026, 11, 1, 9, tzinfo=UTC)}
    now = await settled(desk, "update_task", done, task)
    assert (now["status"], now["completedAt"]) == ("COMPLETED", "2026-11-01T09:00:00Z")
    planned = await desk.plan("delete_task", {"id": task["id"]}, task)
    assert (await desk.answer(planned)).status == 204


@pytest.mark.parametrize("about", ["party", "opportunity", "kase"])
async def test_a_note_is_added_with_its_date(desk: Desk, about: str) -> None:
    record = await {"party": person, "opportunity": deal, "kase": project}[about](desk)
    row = {"content": f"About {about}", about: record["id"], "entryAt": datetime(2020, 5, 1, 8, tzinfo=UTC)}
    note = await desk.write("add_note", row)
    assert (note["type"], note["entryAt"], note[about]["id"]) == ("note", "2020-05-01T08:00:00Z", record["id"])


@pytest.mark.parametrize(("kind", "make"), [("party", person), ("opportunity", deal), ("project", project)])
async def test_tags_are_added_and_removed_and_custom_fields_set(desk: Desk, kind: str, make: Any) -> None:
    record = await make(desk)
    row = {"id": record["id"], "tags": ["First", "second"]}
    now = await settled(desk, f"add_{kind}_tags", row, record)
    assert [tag["name"] for tag in now["tags"]] == ["First", "second"]
    now = await settled(desk, f"remove_{kind}_tags", {"id": record["id"], "tags": ["FIRST", "never there"]}, record)
    assert [tag["name"] for tag in now["tags"]] == ["second"]
    field = {"party": "Background", "opportunity": "Competitor", "project": "Site visit"}[kind]
    value = "2027-02-03" if kind == "project" else "Text"
    now = await settled(desk, f"set_{kind}_fields", {"id": record["id"], f"fields.{field}": value}, record)
    assert now["fields"][0]["value"] == value


async def test_a_request_by_hand_is_sent_as_it_is(desk: Desk) -> None:
    body = {"party": {"type": "organisation", "name": fresh("By hand")}}
    planned = await desk.plan("manual", {"method": "post", "path": "parties", "body": body})
    answer = await desk.answer(planned)
    record = desk.writing.record_of(desk.template("manual"), answer)
    assert (planned.deed, answer.status, record and record["name"]) == ("create", 201, body["party"]["name"])
    assert record is not None
    gone = await desk.plan("manual", {"method": "DELETE", "path": f"/api/v2/parties/{record['id']}"})
    answer = await desk.answer(gone)
    assert (gone.deed, answer.status) == ("delete", 204)
    assert desk.writing.record_of(desk.template("manual"), answer) is None


# --- refusals


async def test_a_second_organisation_of_a_name_is_refused_at_its_field(desk: Desk) -> None:
    made = await desk.write("create_organisation", {"name": fresh("Twice")})
    planned = await desk.plan("create_organisation", {"name": made["name"].upper()})
    answer = await desk.answer(planned)
    assert answer.status == 422
    refusal = desk.writing.refusal_of(desk.template("create_organisation"), answer)
    assert [(each.field, each.message) for each in refusal.errors] == [("name", "Capsule says: name must be unique.")]


async def test_a_field_of_the_other_kind_of_party_is_refused_by_both_sides(desk: Desk) -> None:
    made = await person(desk)
    planned = await desk.plan("update_person", {"fields.Employees": 5}, made)
    assert planned.errors[0].field == "fields.Employees"
    employees = next(each for each in desk.known.records["party_field_definitions"] if each["name"] == "Employees")
    body = {"party": {"fields": [{"definition": {"id": employees["id"]}, "value": 5}]}}
    answer = await desk.client.send("PUT", f"/api/v2/parties/{made['id']}", body)
    refusal = desk.writing.refusal_of(desk.template("update_person"), answer)
    assert "Employees is for organisation only" in refusal.errors[0].message


OWNERLESS = {"owner": None, "team": None}


@pytest.mark.parametrize(
    ("name", "row", "body", "why"),
    [
        ("update_opportunity", {"party": None}, {"party": None}, "an opportunity always has a contact"),
        ("update_opportunity", OWNERLESS, OWNERLESS, "an opportunity has an owner or a team"),
        ("update_opportunity", {"duration": 3}, {"duration": 3}, "a fixed value has no duration"),
        (
            "update_opportunity",
            {"value.amount": 5},
            {"value": {"amount": 5}},
            "an amount without a currency says nothing",
        ),
        (
            "update_opportunity",
            {"owner": "Ada Marsh", "team": "Kundendienst"},
            None,
            "the owner has to be a member of the team",
        ),
        ("update_opportunity", {"milestone": "Won", "probability": 50}, None, "closing sets the probability"),
        ("update_opportunity", {"lostReason": "Duplicate"}, None, "it isn't lost"),
        ("update_opportunity", {"probability": 101}, {"probability": 101}, "more than a hundred percent"),
        ("update_opportunity", {"name": None}, {"name": None}, "a name stays"),
        ("update_project", {"party": None}, {"party": None}, "a project always has a contact"),
        ("update_project", {"status": None}, {"status": None}, "a status stays"),
        ("update_project", {"fields.Severity": "huge"}, None, "an option that isn't there"),
    ],
)
async def test_what_capsule_would_refuse_is_said_before_it_is_sent(
    desk: Desk, name: str, row: dict[str, Any], body: dict[str, Any] | None, why: str
) -> None:
    make = deal if "opportunity" in name else project
    record = await make(desk)
    planned = await desk.plan(name, row, record, clear_with_null=True)
    assert planned.deed == "refuse", why
    assert all(error.message.endswith(".") for error in planned.errors)
    if body is not None:
        template = desk.template(name)
        item, path = ("opportunity", "opportunities") if "opportunity" in name else ("kase", "kases")
        answer = await desk.client.send("PUT", f"/api/v2/{path}/{record['id']}", {item: body})
        assert answer.status == 422, why
        refusal = desk.writing.refusal_of(template, answer)
        assert all(error.message.startswith("Capsule says: ") for error in refusal.errors)


async def test_a_grant_that_may_only_read_looks_up_but_is_refused_to_write(
    running: RunningSandbox, applicant: Applicant, desk: Desk
) -> None:
    tokens = await applicant.tokens(scope="read")
    client = SandboxWriter(applicant, tokens["access_token"])
    template = desk.template("upsert_person")
    await desk.writing.find(client, template, "emailAddresses", ["a@b.example"], known=desk.known)
    planned = await desk.plan("create_person", {"lastName": "No"})
    assert planned.request is not None
    answer = await client.send(planned.request.method, planned.request.path, planned.request.body)
    assert answer.status == 403
    assert desk.writing.refusal_of(template, answer).errors[0].field == ""
