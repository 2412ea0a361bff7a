"""People and organisations as they are written: what is merged, made beside, cleared and refused."""

from typing import Any

import pytest

from ground.writer import Writer, complaints


async def test_a_new_record_is_answered_whole_with_its_place(writer: Writer) -> None:
    answer = await writer.post("parties", type="person", firstName="Zoë", jobTitle="Chemist")
    party = answer.json["party"]
    assert answer.status == 201
    assert answer.headers["Location"] == f"{writer.applicant.sandbox.url}/api/v2/parties/{party['id']}"
    assert (party["firstName"], party["lastName"], party["owner"]["username"]) == ("Zoë", None, "ada.fresh")
    assert party["createdAt"] == party["updatedAt"]
    assert (await writer.get(f"parties/{party['id']}"))["party"] == party


async def test_the_same_post_twice_makes_two_records(writer: Writer) -> None:
    first, second = [await writer.make("parties", type="person", lastName="Twin") for _ in range(2)]
    assert first["id"] != second["id"]


async def test_what_a_put_leaves_out_stays(writer: Writer) -> None:
    party = await writer.make("parties", type="person", firstName="A", lastName="B", about="Long known")
    changed = await writer.change("parties", party["id"], lastName="C")
    assert (changed["firstName"], changed["lastName"], changed["about"]) == ("A", "C", "Long known")
    assert (await writer.change("parties", party["id"], about=None))["about"] is None


async def test_a_change_moves_updated_at_and_shows_to_since(writer: Writer) -> None:
    party = await writer.make("parties", type="person", firstName="A")
    writer.crm["parties"].change(party["id"], {}, at="2020-01-01T00:00:00Z")
    assert (await writer.get("parties?since=2021-01-01T00:00:00Z"))["parties"] == []
    await writer.change("parties", party["id"], firstName="B")
    assert [each["id"] for each in (await writer.get("parties?since=2021-01-01T00:00:00Z"))["parties"]] == [party["id"]]


@pytest.mark.parametrize(
    ("member", "first", "second", "changed"),
    [
        pytest.param(
            "emailAddresses",
            {"type": "Work", "address": "a@x.example"},
            {"type": "Home", "address": "b@x.example"},
            {"address": "c@x.example"},
            id="e-mail addresses",
        ),
        pytest.param("phoneNumbers", {"number": "1"}, {"type": "Mobile", "number": "2"}, {"number": "3"}, id="phones"),
        pytest.param("addresses", {"city": "Bergen"}, {"city": "Lyon"}, {"zip": "69001"}, id="addresses"),
        pytest.param(
            "websites", {"address": "x.example"}, {"service": "GITHUB", "address": "x"}, {"type": "Work"}, id="websites"
        ),
    ],
)
async def test_nested_lists_merge(
    writer: Writer, member: str, first: dict[str, Any], second: dict[str, Any], changed: dict[str, Any]
) -> None:
    party = await writer.make("parties", type="organisation", name="Nest", **{member: [first]})
    (one,) = party[member]
    assert first.items() <= one.items()
    both = (await writer.change("parties", party["id"], **{member: [second]}))[member]
    assert both[0] == one, "an item without id is added"
    assert second.items() <= both[1].items()
    nothings: tuple[dict[str, Any], ...] = ({member: []}, {member: None})
    for nothing in nothings:
        assert (await writer.change("parties", party["id"], **nothing))[member] == both
    kept = await writer.change("parties", party["id"], **{member: [{"id": one["id"], "_destroy": True}]})
    assert kept[member] == both, "_destroy is nothing that anybody knows"
    moved = (await writer.change("parties", party["id"], **{member: [{"id": one["id"], **changed}]}))[member]
    assert moved[0] == {**one, **changed, **({"url": moved[0]["url"]} if "url" in one else {})}
    assert moved[1] == both[1]
    gone = await writer.change("parties", party["id"], **{member: [{"id": one["id"], "_delete": True}]})
    assert gone[member] == [both[1]]


async def test_an_item_sent_again_without_its_id_is_there_twice(writer: Writer) -> None:
    party = await writer.make("parties", type="person", firstName="A", phoneNumbers=[{"number": "1"}])
    again = await writer.change("parties", party["id"], phoneNumbers=[{"number": "1"}])
    assert [each["number"] for each in again["phoneNumbers"]] == ["1", "1"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("Germany", "Germany", id="a name of the list"),
        pytest.param("USA", "United States", id="the one short name that is taken"),
        pytest.param("", None, id="an empty text clears"),
        pytest.param(None, None, id="so does null"),
    ],
)
async def test_countries_come_by_name(writer: Writer, given: str | None, kept: str | None) -> None:
    party = await writer.make("parties", type="person", firstName="A", addresses=[{"city": "X", "country": given}])
    assert party["addresses"][0]["country"] == kept


async def test_an_organisation_by_name_is_linked_or_made(writer: Writer) -> None:
    person = await writer.make("parties", type="person", firstName="A", organisation={"name": "Beckenbauer KG"})
    employer = person["organisation"]
    assert (employer["type"], employer["name"]) == ("organisation", "Beckenbauer KG")
    second = await writer.make("parties", type="person", firstName="B", organisation={"name": "beckenbauer kg"})
    third = await writer.make("parties", type="person", firstName="C", organisation={"id": employer["id"]})
    assert employer == second["organisation"] == third["organisation"]
    people = (await writer.get(f"parties/{employer['id']}/people"))["parties"]
    assert {each["firstName"] for each in people} == {"A", "B", "C"}
    assert (await writer.change("parties", third["id"], organisation=None))["organisation"] is None


async def test_a_refused_write_leaves_nothing_behind(writer: Writer) -> None:
    crm = writer.crm
    before = len(crm["parties/tags"])
    answer = await writer.post(
        "parties",
        type="person",
        organisation={"name": "Never Made Ltd"},
        tags=[{"name": "never made"}],
        addresses=[{"country": "UK"}],
    )
    assert complaints(answer) == [
        ("address", "country", "unknown country"),
        ("party", "firstName", "firstName or lastName is required"),
    ]
    assert (len(crm["parties"]), len(crm["parties/tags"])) == (0, before)


async def test_a_new_name_shows_wherever_the_party_is_referred_to(writer: Writer) -> None:
    employer = await writer.make("parties", type="organisation", name="Before")
    person = await writer.make("parties", type="person", firstName="A", organisation={"id": employer["id"]})
    task = await writer.make("tasks", description="Call", dueOn="2026-01-01", party={"id": employer["id"]})
    await writer.change("parties", employer["id"], name="After")
    assert (await writer.show("parties", person["id"]))["organisation"]["name"] == "After"
    shown = await writer.show("tasks", task["id"])
    assert (shown["party"]["name"], shown["updatedAt"]) == ("After", task["updatedAt"])
    assert (await writer.make("parties", type="organisation", name="Before"))["id"], "the old name is free again"


@pytest.mark.parametrize(
    ("values", "resource", "field", "message"),
    [
        pytest.param({}, "party", "type", "type is required", id="nobody knows what it is"),
        pytest.param({"type": "robot", "name": "R"}, "party", "type", "type is invalid", id="there are two kinds"),
        pytest.param({"type": "person"}, "party", "firstName", "firstName or lastName is required", id="no name"),
        pytest.param({"type": "organisation"}, "party", "name", "name is required", id="no name either"),
        pytest.param({"type": "organisation", "name": "TAKEN gmbh"}, "party", "name", "name must be unique", id="twin"),
        pytest.param(
            {"type": "person", "firstName": "A", "lastName": 5},
            "party",
            "lastName",
            "lastName is invalid",
            id="not a text",
        ),
        pytest.param(
            {"type": "person", "lastName": "A", "title": "Baron"},
            "party",
            "title",
            "title not found",
            id="no such title",
        ),
        pytest.param(
            {"type": "person", "lastName": "A", "addresses": [{"country": "UK"}]},
            "address",
            "country",
            "unknown country",
            id="not the name of the list",
        ),
        pytest.param(
            {"type": "person", "lastName": "A", "addresses": [{"type": "Moon"}]},
            "address",
            "type",
            "type is invalid",
            id="not a kind of address",
        ),
        pytest.param(
            {"type": "person", "lastName": "A", "emailAddresses": [{"type": "Work"}]},
            "email",
            "address",
            "address is required",
            id="an e-mail address without address",
        ),
        pytest.param(
            {"type": "person", "lastName": "A", "phoneNumbers": [{"id": 1, "number": "1"}]},
            "party",
            "phoneNumbers",
            "phone not found",
            id="an item that isn't there",
        ),
        pytest.param(
            {"type": "person", "lastName": "A", "phoneNumbers": "1"},
            "party",
            "phoneNumbers",
            "phoneNumbers is invalid",
            id="not a list",
        ),
        pytest.param(
            {"type": "person", "lastName": "A", "organisation": {"id": 1}},
            "party",
            "organisation",
            "organisation not found",
            id="no such organisation",
        ),
        pytest.param(
            {"type": "person", "lastName": "A", "owner": {"id": 1}},
            "party",
            "owner",
            "owner not found",
            id="no such user",
        ),
        pytest.param(
            {"type": "person", "lastName": "A", "tags": [{"id": 1}]}, "party", "tags", "tag not found", id="no such tag"
        ),
    ],
)
async def test_what_is_refused(writer: Writer, values: dict[str, Any], resource: str, field: str, message: str) -> None:
    await writer.make("parties", type="organisation", name="Taken GmbH")
    assert complaints(await writer.post("parties", **values)) == [(resource, field, message)]
    assert len(writer.crm["parties"]) == 1


async def test_a_party_stays_what_it_is(writer: Writer) -> None:
    person = await writer.make("parties", type="person", firstName="A")
    answer = await writer.put("parties", person["id"], type="organisation", name="A")
    assert complaints(answer)[0] == ("party", "type", "type can't be changed")
    assert (await writer.change("parties", person["id"], type="person", firstName="B"))["firstName"] == "B"


async def test_an_organisation_may_keep_its_own_name(writer: Writer) -> None:
    party = await writer.make("parties", type="organisation", name="Own")
    assert (await writer.change("parties", party["id"], name="OWN"))["name"] == "OWN"


async def test_people_may_share_a_name_and_an_address(writer: Writer) -> None:
    email = [{"address": "shared@x.example"}]
    for _ in range(2):
        await writer.make("parties", type="person", firstName="A", emailAddresses=email)


# -- owner and team


async def test_an_owner_alone_clears_the_team_and_a_team_alone_keeps_the_owner(writer: Writer) -> None:
    ada, sales = await writer.named("users", "Ada Marsh"), await writer.named("teams", "Sales")
    party = await writer.make(
        "parties", type="person", firstName="A", owner={"id": ada["id"]}, team={"id": sales["id"]}
    )
    assert (party["owner"]["name"], party["team"]["name"]) == ("Ada Marsh", "Sales")
    alone = await writer.change("parties", party["id"], owner={"id": ada["id"]})
    assert (alone["owner"]["name"], alone["team"]) == ("Ada Marsh", None)
    back = await writer.change("parties", party["id"], team={"id": sales["id"]})
    assert (back["owner"]["name"], back["team"]["name"]) == ("Ada Marsh", "Sales")
    nobody = await writer.change("parties", party["id"], owner=None, team=None)
    assert (nobody["owner"], nobody["team"]) == (None, None)


async def test_the_owner_must_be_a_member_of_the_team(writer: Writer) -> None:
    ada, service = await writer.named("users", "Ada Marsh"), await writer.named("teams", "Kundendienst")
    message = ("party", "owner", "owner must be a member of the team")
    both = {"owner": {"id": ada["id"]}, "team": {"id": service["id"]}}
    assert complaints(await writer.post("parties", type="person", firstName="A", **both)) == [message]
    party = await writer.make("parties", type="person", firstName="A")
    assert complaints(await writer.put("parties", party["id"], team=both["team"])) == [message]


# -- tags


async def test_tags_come_by_name_whatever_its_case_or_by_id(writer: Writer) -> None:
    vip = await writer.named("parties/tags", "VIP")
    party = await writer.make("parties", type="person", firstName="A", tags=[{"name": "vip"}, {"name": "Brand new"}])
    assert [tag["name"] for tag in party["tags"]] == ["VIP", "Brand new"]
    made = await writer.named("parties/tags", "Brand new")
    again = await writer.change("parties", party["id"], tags=[{"id": vip["id"]}, {"name": "BRAND NEW"}])
    assert [tag["id"] for tag in again["tags"]] == [vip["id"], made["id"]], "a tag is worn once"
    gone = await writer.change("parties", party["id"], tags=[{"id": vip["id"], "_delete": True}])
    assert [tag["id"] for tag in gone["tags"]] == [made["id"]]
    assert (await writer.named("parties/tags", "VIP"))["id"] == vip["id"], "the tag itself stays"


async def test_a_new_tag_named_twice_is_made_once(writer: Writer) -> None:
    party = await writer.make("parties", type="person", firstName="A", tags=[{"name": "Once"}, {"name": "once"}])
    assert [tag["name"] for tag in party["tags"]] == ["Once"]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        pytest.param({"id": "of a tag it lacks", "_delete": True}, "tag not found to delete", id="not worn"),
        pytest.param({"id": 1, "_delete": True}, "tag not found to delete", id="no such tag"),
        pytest.param({"name": "VIP", "_delete": True}, "tag not found to delete", id="removed by id only"),
        pytest.param({"name": ""}, "tag not found", id="without a name"),
        pytest.param({}, "tag not found", id="without anything"),
    ],
)
async def test_a_tag_that_isnt_worn_cant_be_removed(writer: Writer, item: dict[str, Any], message: str) -> None:
    if isinstance(item.get("id"), str):
        item = {**item, "id": (await writer.named("parties/tags", "VIP"))["id"]}
    party = await writer.make("parties", type="person", firstName="A")
    assert complaints(await writer.put("parties", party["id"], tags=[item])) == [("party", "tags", message)]


# -- custom fields


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        pytest.param("Customer number", "K-1", "K-1", id="text"),
        pytest.param("Contract ends", "2027-01-31", "2027-01-31", id="a date"),
        pytest.param("Industry", "Retail", "Retail", id="an option"),
        pytest.param("Wants the newsletter", False, False, id="no is a value"),
        pytest.param("Employees", 12, "12", id="a number comes back as text"),
        pytest.param("Employees", 12.50, "12.5", id="with its decimals"),
        pytest.param("Employees", "1200", "1200", id="a number as text"),
        pytest.param("Employees", 0, "0", id="nothing is a number"),
        pytest.param("Support portal", "K-1", "K-1", id="the value of a link"),
        pytest.param("Languages", "English;日本語", "English;日本語", id="several options"),
        pytest.param("Background", "line\nline", "line\nline", id="large text"),
    ],
)
async def test_custom_fields_are_set_by_definition_and_kept_by_type(
    writer: Writer, name: str, given: object, kept: object
) -> None:
    definition = await writer.named("parties/fields/definitions", name)
    party = await writer.make("parties", type="organisation", name="Org")
    for reference in ({"id": definition["id"]}, {"name": name}, definition["id"]):
        party = await writer.change("parties", party["id"], fields=[{"definition": reference, "value": given}])
        (value,) = party["fields"]
        assert (value["value"], value["definition"]) == (kept, {"id": definition["id"], "name": name})
    again = await writer.change("parties", party["id"], fields=[{"id": value["id"], "value": given}])
    assert again["fields"] == [value]
    gone = await writer.change("parties", party["id"], fields=[{"id": value["id"], "_delete": True}])
    assert gone["fields"] == []


async def test_null_clears_a_custom_field_unless_it_says_yes_or_no(writer: Writer) -> None:
    values = [
        {"definition": {"name": "Customer number"}, "value": "K-1"},
        {"definition": {"name": "Wants the newsletter"}, "value": True},
    ]
    party = await writer.make("parties", type="person", firstName="A", fields=values)
    assert party["missingImportantFields"] is False
    number, newsletter = (value["id"] for value in party["fields"])
    cleared = await writer.change("parties", party["id"], fields=[{"id": number, "value": None}])
    assert [value["id"] for value in cleared["fields"]] == [newsletter]
    assert cleared["missingImportantFields"] is True
    answer = await writer.put("parties", party["id"], fields=[{"id": newsletter, "value": None}])
    assert complaints(answer) == [("party", "value", "Wants the newsletter can't be cleared")]


async def test_a_field_of_a_data_tag_names_the_tag_without_putting_it_on(writer: Writer) -> None:
    tag = await writer.named("parties/tags", "Kundin")
    field = {"definition": {"name": "Customer since"}, "value": "2020-02-02"}
    party = await writer.make("parties", type="person", firstName="A", fields=[field])
    assert party["fields"][0]["tagId"] == tag["id"]
    assert party["tags"] == []


@pytest.mark.parametrize(
    ("name", "value", "field", "message"),
    [
        pytest.param("Contract ends", "31.01.2027", "value", "Contract ends is invalid", id="a date in words"),
        pytest.param("Contract ends", "2027-02-30", "value", "Contract ends is invalid", id="a day that isn't"),
        pytest.param("Industry", "Fishing", "value", "Fishing is not an option of Industry", id="not an option"),
        pytest.param("Languages", "English;Klingon", "value", "Klingon is not an option of Languages", id="one isn't"),
        pytest.param("Employees", "many", "value", "Employees is invalid", id="not a number"),
        pytest.param("Employees", True, "value", "Employees is invalid", id="a flag is no number"),
        pytest.param("Employees", "NaN", "value", "Employees is invalid", id="nor is this"),
        pytest.param("Wants the newsletter", "yes", "value", "Wants the newsletter is invalid", id="not a flag"),
        pytest.param("Customer number", 7, "value", "Customer number is invalid", id="not a text"),
        pytest.param("No such field", "x", "definition", "definition not found", id="unknown"),
    ],
)
async def test_a_custom_value_must_fit_its_definition(
    writer: Writer, name: str, value: object, field: str, message: str
) -> None:
    given = [{"definition": {"name": name}, "value": value}]
    answer = await writer.post("parties", type="organisation", name="Org", fields=given)
    assert complaints(answer) == [("party", field, message)]


async def test_a_field_for_organisations_isnt_for_people(writer: Writer) -> None:
    given = [{"definition": {"name": "Employees"}, "value": 3}]
    answer = await writer.post("parties", firstName="A", fields=given, type="person")
    assert complaints(answer) == [("party", "definition", "Employees is for organisation only")]


# -- deleting


async def test_a_deleted_party_takes_its_work_with_it_but_not_its_people(writer: Writer) -> None:
    employer = await writer.make("parties", type="organisation", name="Gone")
    person = await writer.make("parties", type="person", firstName="A", organisation={"id": employer["id"]})
    milestone = (await writer.get("milestones"))["milestones"][0]
    deal = await writer.make("opportunities", party={"id": employer["id"]}, name="O", milestone={"id": milestone["id"]})
    project = await writer.make("kases", party={"id": employer["id"]}, name="P")
    kept = await writer.make("kases", party={"id": person["id"]}, name="Q", opportunity={"id": deal["id"]})
    tasks = [
        await writer.make("tasks", description="T", dueOn="2026-01-01", **{key: {"id": number}})
        for key, number in (("party", employer["id"]), ("opportunity", deal["id"]), ("kase", project["id"]))
    ]
    note = await writer.make("entries", type="note", content="N", kase={"id": project["id"]})
    definition = await writer.named("trackdefinitions", "Welcome", "description")
    track = await writer.make("tracks", definition=definition["id"], party={"id": employer["id"]})
    gone = await writer.delete("parties", employer["id"])
    assert (gone.status, gone.text) == (204, "")
    lost = [("parties", employer), ("opportunities", deal), ("kases", project), ("entries", note)]
    for path, record in [*lost, *(("tasks", task) for task in tasks)]:
        assert (await writer.send("GET", f"{path}/{record['id']}")).status == 404, path
    assert (await writer.show("parties", person["id"]))["organisation"] is None
    assert (await writer.show("kases", kept["id"]))["opportunity"] is None
    assert (await writer.show("tracks", track["id"]))["id"] == track["id"], "tracks are left, orphaned"
    for path, record in (("parties", employer), ("opportunities", deal), ("kases", project)):
        feed = (await writer.get(f"{path}/deleted?since=2020-01-01T00:00:00Z"))[path]
        assert [each["id"] for each in feed] == [record["id"]]
    assert (await writer.delete("parties", employer["id"])).status == 404, "it is gone for good"
    assert writer.crm.contacts == {}
