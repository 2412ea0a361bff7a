"""Opportunities and projects as they are written."""

from typing import Any

import pytest

from ground.writer import Writer, complaints


@pytest.fixture
async def party(writer: Writer) -> dict[str, Any]:
    return await writer.make("parties", type="organisation", name="Customer")


async def milestone(writer: Writer, pipeline: str, name: str) -> dict[str, Any]:
    found = (await writer.get("milestones/all"))["milestones"]
    return {"id": next(each["id"] for each in found if (each["pipeline"]["name"], each["name"]) == (pipeline, name))}


@pytest.fixture
async def deal(writer: Writer, party: dict[str, Any]) -> dict[str, Any]:
    new = await milestone(writer, "Sales", "New")
    return await writer.make("opportunities", party={"id": party["id"]}, name="Deal", milestone=new)


async def test_a_new_opportunity_takes_what_its_milestone_and_the_token_say(
    writer: Writer, party: dict[str, Any], deal: dict[str, Any]
) -> None:
    assert (deal["party"]["name"], deal["milestone"]["name"], deal["probability"]) == ("Customer", "New", 5)
    assert (deal["owner"]["username"], deal["closedOn"], deal["durationBasis"]) == ("ada.fresh", None, "FIXED")
    nested = await writer.get(f"parties/{party['id']}/opportunities")
    assert [each["id"] for each in nested["opportunities"]] == [deal["id"]]


@pytest.mark.parametrize(
    ("name", "probability"), [pytest.param("Won", 100, id="won"), pytest.param("Lost", 0, id="lost")]
)
async def test_a_closing_milestone_sets_date_and_probability(
    writer: Writer, deal: dict[str, Any], name: str, probability: int
) -> None:
    closing = await milestone(writer, "Sales", name)
    closed = await writer.change("opportunities", deal["id"], milestone=closing)
    assert (closed["closedOn"], closed["probability"]) == (closed["updatedAt"][:10], probability)
    assert closed["lastOpenMilestone"]["name"] == "New"
    given = await writer.change("opportunities", deal["id"], closedOn="2024-05-06")
    assert given["closedOn"] == "2024-05-06"
    refused = await writer.put("opportunities", deal["id"], milestone=closing, probability=50)
    assert complaints(refused)[0][1:] == ("probability", "probability can't be set with a closing milestone")
    again = await writer.change("opportunities", deal["id"], milestone=await milestone(writer, "Sales", "Bid"))
    assert (again["closedOn"], again["probability"], again["lostReason"]) == (None, 40, None)


async def test_only_a_lost_opportunity_has_a_reason(writer: Writer, deal: dict[str, Any]) -> None:
    reason = {"id": (await writer.named("lostreasons", "Price"))["id"]}
    for name in ("New", "Won"):
        step = await milestone(writer, "Sales", name)
        refused = await writer.put("opportunities", deal["id"], milestone=step, lostReason=reason)
        assert complaints(refused) == [("opportunity", "lostReason", "lostReason is for lost opportunities only")]
    lost = await milestone(writer, "Sales", "Lost")
    closed = await writer.change("opportunities", deal["id"], milestone=lost, lostReason=reason)
    assert closed["lostReason"]["name"] == "Price"


async def test_a_milestone_of_another_pipeline_moves_the_opportunity(writer: Writer, deal: dict[str, Any]) -> None:
    moved = await writer.change("opportunities", deal["id"], milestone=await milestone(writer, "Renewals", "Offered"))
    assert (moved["milestone"]["name"], moved["probability"]) == ("Offered", 80)
    assert moved["lastStageChangedAt"] == moved["updatedAt"]


async def test_a_probability_of_its_own_stays_until_the_milestone_changes(writer: Writer, deal: dict[str, Any]) -> None:
    assert (await writer.change("opportunities", deal["id"], probability=33))["probability"] == 33
    assert (await writer.change("opportunities", deal["id"], name="Same step"))["probability"] == 33
    bid = await milestone(writer, "Sales", "Bid")
    assert (await writer.change("opportunities", deal["id"], milestone=bid))["probability"] == 40


async def test_a_value_is_set_with_its_currency_and_cleared_by_null(writer: Writer, deal: dict[str, Any]) -> None:
    value = {"amount": 1200.5, "currency": "EUR"}
    assert (await writer.change("opportunities", deal["id"], value=value))["value"] == value
    alone = await writer.put("opportunities", deal["id"], value={"amount": 3})
    assert complaints(alone) == [("opportunity", "currency", "currency is required")]
    strange = await writer.put("opportunities", deal["id"], value={"amount": 3, "currency": "QQQ"})
    assert complaints(strange)[0][1:] == ("currency", "unknown currency")
    assert (await writer.change("opportunities", deal["id"], value=None))["value"] is None


async def test_a_duration_goes_with_a_basis_that_isnt_fixed(writer: Writer, deal: dict[str, Any]) -> None:
    monthly = await writer.change("opportunities", deal["id"], durationBasis="MONTH", duration=6)
    assert (monthly["durationBasis"], monthly["duration"]) == ("MONTH", 6)
    refused = await writer.put("opportunities", deal["id"], durationBasis="FIXED", duration=6)
    assert complaints(refused)[0][1] == "duration"
    assert (await writer.change("opportunities", deal["id"], durationBasis="FIXED"))["duration"] is None


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        pytest.param({"party": None}, "party", "party is required", id="a party can't be cleared"),
        pytest.param({"party": {"id": 1}}, "party", "party not found", id="no such party"),
        pytest.param({"party": {"name": "Customer"}}, "party", "party not found", id="by id only"),
        pytest.param({"name": ""}, "name", "name is required", id="nor can the name"),
        pytest.param({"milestone": None}, "milestone", "milestone is required", id="nor the milestone"),
        pytest.param({"milestone": {"id": 1}}, "milestone", "milestone not found", id="no such milestone"),
        pytest.param({"milestone": {"name": "Bid"}}, "milestone", "milestone not found", id="milestones go by id"),
        pytest.param({"probability": 101}, "probability", "probability is invalid", id="more than sure"),
        pytest.param({"durationBasis": "AGES"}, "durationBasis", "durationBasis is invalid", id="no such basis"),
        pytest.param({"expectedCloseOn": "soon"}, "expectedCloseOn", "expectedCloseOn is invalid", id="date in words"),
        pytest.param(
            {"closedOn": "2025-01-01"}, "closedOn", "closedOn is for closed opportunities only", id="still open"
        ),
        pytest.param({"owner": None}, "owner", "owner or team is required", id="somebody must look after it"),
    ],
)
async def test_what_an_opportunity_refuses(
    writer: Writer, deal: dict[str, Any], changes: dict[str, Any], field: str, message: str
) -> None:
    assert complaints(await writer.put("opportunities", deal["id"], **changes)) == [("opportunity", field, message)]
    assert await writer.show("opportunities", deal["id"]) == deal


@pytest.mark.parametrize(
    ("path", "key", "missing"),
    [("opportunities", "opportunity", ["party", "name", "milestone"]), ("kases", "kase", ["party", "name"])],
)
async def test_every_required_field_that_is_missing_is_named(
    writer: Writer, path: str, key: str, missing: list[str]
) -> None:
    expected = [(key, name, f"{name} is required") for name in missing]
    assert complaints(await writer.post(path)) == expected


async def test_a_team_alone_can_look_after_it(writer: Writer, deal: dict[str, Any]) -> None:
    sales = {"id": (await writer.named("teams", "Sales"))["id"]}
    changed = await writer.change("opportunities", deal["id"], owner=None, team=sales)
    assert (changed["owner"], changed["team"]["name"]) == (None, "Sales")
    alone = await writer.put("opportunities", deal["id"], team=None)
    assert complaints(alone) == [("opportunity", "owner", "owner or team is required")]


async def test_tracks_start_at_creation_only(writer: Writer, party: dict[str, Any]) -> None:
    definition = (await writer.named("trackdefinitions", "Offer and follow up", "description"))["id"]
    new = await milestone(writer, "Sales", "New")
    made = await writer.make("opportunities", party={"id": party["id"]}, name="D", milestone=new, tracks=[definition])
    (track,) = (await writer.get(f"opportunities/{made['id']}/tracks"))["tracks"]
    assert track["description"] == "Offer and follow up"
    assert "tracks" not in made
    await writer.change("opportunities", made["id"], tracks=[definition])
    assert len((await writer.get(f"opportunities/{made['id']}/tracks"))["tracks"]) == 1
    wrong = await writer.post("kases", party={"id": party["id"]}, name="P", tracks=[definition])
    assert complaints(wrong) == [("kase", "tracks", "track definition not found")]


async def test_a_project_is_opened_closed_and_placed_on_a_board(writer: Writer, party: dict[str, Any]) -> None:
    project = await writer.make("kases", party={"id": party["id"]}, name="P", startOn="2025-01-02")
    assert (project["status"], project["closedOn"], project["stage"]) == ("OPEN", None, None)
    assert project["startOn"] == "2025-01-02"
    closed = await writer.change("kases", project["id"], status="CLOSED")
    assert closed["closedOn"] == closed["updatedAt"][:10]
    assert (await writer.change("kases", project["id"], status="OPEN"))["closedOn"] is None
    stages = (await writer.get("stages"))["stages"]
    for given in (stages[0]["id"], {"id": stages[0]["id"]}):
        assert (await writer.change("kases", project["id"], stage=given))["stage"]["name"] == stages[0]["name"]
    assert (await writer.change("kases", project["id"], stage=None))["stage"] is None


async def test_whether_a_projects_start_is_written_is_a_knob(writer: Writer, party: dict[str, Any]) -> None:
    writer.world.turn(project_start_on="ignored")
    project = await writer.make("kases", party={"id": party["id"]}, name="P", startOn="2025-01-02")
    assert project["startOn"] is None


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        pytest.param({"party": None}, "party", "party is required", id="a party can't be cleared"),
        pytest.param({"status": "DONE"}, "status", "status is invalid", id="there are two statuses"),
        pytest.param({"stage": {"id": 1}}, "stage", "stage not found", id="no such stage"),
        pytest.param({"opportunity": {"id": 1}}, "opportunity", "opportunity not found", id="no such opportunity"),
        pytest.param({"owner": None}, "owner", "owner or team is required", id="somebody must look after it"),
    ],
)
async def test_what_a_project_refuses(
    writer: Writer, party: dict[str, Any], changes: dict[str, Any], field: str, message: str
) -> None:
    project = await writer.make("kases", party={"id": party["id"]}, name="P")
    assert complaints(await writer.put("kases", project["id"], **changes)) == [("kase", field, message)]


async def test_tags_and_fields_belong_to_their_entity(writer: Writer, deal: dict[str, Any]) -> None:
    field = {"definition": {"name": "Discount in percent"}, "value": 5}
    changed = await writer.change("opportunities", deal["id"], tags=[{"name": "urgent"}], fields=[field])
    assert [tag["name"] for tag in changed["tags"]] == ["Urgent"]
    assert changed["fields"][0]["value"] == "5"
    foreign = {"definition": {"name": "Customer number"}, "value": "K-1"}
    answer = await writer.put("opportunities", deal["id"], fields=[foreign])
    assert complaints(answer) == [("opportunity", "definition", "definition not found")]


@pytest.mark.parametrize(("path", "key"), [("opportunities", "opportunity"), ("kases", "kase")])
async def test_contacts_are_added_once_and_taken_away(
    writer: Writer, party: dict[str, Any], deal: dict[str, Any], path: str, key: str
) -> None:
    record = deal if path == "opportunities" else await writer.make("kases", party={"id": party["id"]}, name="P")
    other = await writer.make("parties", type="person", firstName="Contact")
    address = f"{path}/{record['id']}/parties/{other['id']}"
    added = await writer.send("POST", address)
    assert (added.status, added.text) == (204, "")
    assert [each["id"] for each in (await writer.get(f"{path}/{record['id']}/parties"))["parties"]] == [other["id"]]
    again = await writer.send("POST", address)
    assert complaints(again) == [(key, "party", f"party is already a contact for this {key}")]
    assert (await writer.send("DELETE", address)).status == 204
    assert (await writer.get(f"{path}/{record['id']}/parties"))["parties"] == []
    for method, wrong in (
        ("DELETE", address),
        ("POST", f"{path}/{record['id']}/parties/1"),
        ("POST", f"{path}/1/parties/2"),
    ):
        assert (await writer.send(method, wrong)).status == 404, (method, wrong)


async def test_a_deleted_opportunity_takes_its_work_and_leaves_the_project(
    writer: Writer, party: dict[str, Any], deal: dict[str, Any]
) -> None:
    project = await writer.make("kases", party={"id": party["id"]}, name="P", opportunity={"id": deal["id"]})
    note = await writer.make("entries", type="note", content="N", opportunity={"id": deal["id"]})
    assert (await writer.delete("opportunities", deal["id"])).status == 204
    assert (await writer.send("GET", f"entries/{note['id']}")).status == 404
    assert (await writer.show("kases", project["id"]))["opportunity"] is None
