"""Tags, custom fields, pipelines, boards, lists, track definitions, goals and preferences as they are written."""

from typing import Any

import pytest

from ground.writer import Writer, complaints, key_of

GOAL = {
    "name": "Revenue",
    "frequency": "MONTHLY",
    "startOn": "2020-01-01",
    "endOn": "2099-12-31",
    "type": "bbc7a4b4-78eb-3bbd-85bb-9f20ec2e3f5d",
    "value": 1000,
    "currency": "EUR",
}


@pytest.mark.parametrize(
    ("path", "made", "changed"),
    [
        ("parties/tags", {"name": "New", "description": "Why"}, {"name": "Newer"}),
        ("opportunities/tags", {"name": "New"}, {"dataTag": True}),
        ("kases/tags", {"name": "New"}, {"description": "Why"}),
        ("pipelines", {"name": "Export", "description": "Abroad"}, {"name": "Import"}),
        ("milestones", {"name": "Begun", "pipeline": 700_001, "probability": 10}, {"probability": 20}),
        ("boards", {"name": "Export"}, {"description": "Abroad"}),
        ("stages", {"name": "Begun", "board": 700_001, "displayOrder": 9}, {"displayOrder": 3}),
        ("lostreasons", {"name": "Weather"}, {"includedForConversion": False}),
        ("categories", {"name": "Golf", "colour": "#112233"}, {"colour": "#445566"}),
        ("activitytypes", {"name": "Lunch", "updateLastContacted": True}, {"name": "Dinner"}),
        ("goals", {**GOAL, "user": 3101}, {"value": 5.5}),
    ],
)
async def test_settings_are_made_changed_and_deleted(
    writer: Writer, path: str, made: dict[str, Any], changed: dict[str, Any]
) -> None:
    record = await writer.make(path, **made)
    plain = {key: value for key, value in made.items() if key not in ("pipeline", "board", "user")}
    assert plain.items() <= record.items()
    after = await writer.change(path, record["id"], **changed)
    assert {**record, **changed, "updatedAt": after.get("updatedAt")} == {"updatedAt": None, **after}
    assert (await writer.delete(path, record["id"])).status == 204
    if path in ("pipelines", "boards"):
        assert (await writer.show(path, record["id"]))["deleted"] is True, "these are archived"
        assert (await writer.send("POST", f"{path}/{record['id']}/restore")).json[key_of(path)]["deleted"] is False
    else:
        assert (await writer.send("GET", f"{path}/{record['id']}")).status == 404


@pytest.mark.parametrize(
    ("path", "values", "field", "message"),
    [
        ("parties/tags", {"name": "vip"}, "name", "name must be unique"),
        ("parties/tags", {}, "name", "name is required"),
        ("pipelines", {"name": "sales"}, "name", "name must be unique"),
        ("milestones", {"name": "Bid"}, "pipeline", "pipeline is required"),
        ("milestones", {"name": "Bid", "pipeline": 700_001}, "name", "name must be unique"),
        ("milestones", {"name": "X", "pipeline": 700_001, "probability": 120}, "probability", "probability is invalid"),
        ("stages", {"name": "X", "board": {"id": 1}}, "board", "board not found"),
        ("lostreasons", {"name": "price"}, "name", "name must be unique"),
        ("categories", {"name": 5}, "name", "name is invalid"),
        ("activitytypes", {"name": "note"}, "name", "name must be unique"),
        ("titles", {"title": "dr"}, "title", "title must be unique"),
        ("trackdefinitions", {"description": "X", "captureRule": "PARTY"}, "direction", "direction is required"),
        ("goals", {**GOAL, "user": 1}, "user", "user not found"),
        ("goals", {**GOAL, "user": 3101, "currency": None}, "currency", "currency is required"),
        ("goals", {**GOAL, "user": 3101, "endOn": "2019-01-01"}, "endOn", "endOn is before startOn"),
        (
            "goals",
            {**GOAL, "user": 3101, "pipeline": {"id": 700_001}, "milestone": {"id": 700_001}},
            "milestone",
            "pipeline and milestone exclude each other",
        ),
        (
            "goals",
            {**GOAL, "user": 3101, "type": "264be3b0-490b-3d73-ae0d-d02b488ba1eb"},
            "currency",
            "currency is for sums only",
        ),
    ],
)
async def test_what_settings_refuse(
    writer: Writer, path: str, values: dict[str, Any], field: str, message: str
) -> None:
    assert complaints(await writer.post(path, **values)) == [(key_of(path), field, message)]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("pipelines", {"name": "X"}),
        ("boards", {"name": "X"}),
        ("stages", {"name": "X", "board": 700_001}),
        ("lostreasons", {"name": "X"}),
        ("titles", {"title": "X"}),
    ],
)
async def test_some_settings_are_for_administrators(writer: Writer, path: str, values: dict[str, Any]) -> None:
    ben = Writer(writer.applicant, (await writer.applicant.tokens(user="ben.fresh"))["access_token"])
    assert (await ben.post(path, **values)).status == 403
    number = writer.crm[path].all()[0].id
    assert (await ben.delete(path, number)).status == 403
    assert (await writer.post(path, **values)).status == 201


# -- tags


async def test_a_new_name_of_a_tag_shows_on_every_record(writer: Writer) -> None:
    party = await writer.make("parties", type="person", firstName="A", tags=[{"name": "VIP"}])
    await writer.change("parties/tags", party["tags"][0]["id"], name="Dear")
    assert [tag["name"] for tag in (await writer.show("parties", party["id"]))["tags"]] == ["Dear"]


@pytest.mark.parametrize("as_job", [False, True])
async def test_a_deleted_tag_goes_from_every_record_with_its_fields(writer: Writer, *, as_job: bool) -> None:
    writer.world.turn(tag_deletion="job" if as_job else "at_once")
    field = {"definition": {"name": "Customer since"}, "value": "2020-02-02"}
    party = await writer.make("parties", type="person", firstName="A", tags=[{"name": "Kundin"}], fields=[field])
    answer = await writer.delete("parties/tags", party["tags"][0]["id"])
    assert answer.status == (202 if as_job else 204)
    after = await writer.show("parties", party["id"])
    assert (after["tags"], after["fields"]) == ([], [])
    names = {
        each["name"]
        for each in (await writer.get("parties/fields/definitions?includeDataTagFields=true"))["definitions"]
    }
    assert "Customer since" not in names
    if as_job:
        where = answer.headers["Location"].removeprefix("/api/v2/")
        jobs = [(await writer.get(where))["job"] for _ in range(3)]
        assert [(job["status"], job["progress"]) for job in jobs] == [
            ("RUNNING", 50),
            ("COMPLETED", 100),
            ("COMPLETED", 100),
        ]
        assert jobs[0]["id"] == where.removeprefix("jobs/")


async def test_a_data_tag_with_fields_cant_be_made_plain(writer: Writer) -> None:
    tag = await writer.named("parties/tags", "Kundin")
    refused = await writer.put("parties/tags", tag["id"], dataTag=False)
    assert complaints(refused) == [("tag", "dataTag", "delete the field definitions of the tag first")]


# -- custom field definitions


async def test_a_definition_can_be_used_at_once(writer: Writer) -> None:
    made = await writer.make(
        "parties/fields/definitions", name="Colour", type="list", options=["red", "blue"], important=True
    )
    assert (made["options"], made["important"], made["captureRule"], made["tag"]) == (["red", "blue"], True, None, None)
    field = {"definition": {"id": made["id"]}, "value": "red"}
    party = await writer.make("parties", type="person", firstName="A", fields=[field])
    assert party["fields"][0]["value"] == "red"


async def test_a_definition_can_belong_to_a_data_tag(writer: Writer) -> None:
    made = await writer.make("parties/fields/definitions", name="Discount", type="number", tag={"name": "kundin"})
    assert made["tag"]["name"] == "Kundin"
    nested = (await writer.get(f"parties/tags/{made['tag']['id']}/definitions"))["definitions"]
    assert made["id"] in {each["id"] for each in nested}


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"type": "text"}, "name", "name is required"),
        ({"name": "X"}, "type", "type is required"),
        ({"name": "X", "type": "picture"}, "type", "type is invalid"),
        ({"name": "industry", "type": "text"}, "name", "name must be unique"),
        ({"name": "X", "type": "list"}, "options", "options is required"),
        ({"name": "X", "type": "list", "options": [1]}, "options", "options is invalid"),
        ({"name": "X", "type": "text", "options": ["a"]}, "options", "options are for lists only"),
        ({"name": "X", "type": "text", "tag": {"name": "VIP"}}, "tag", "data tag not found"),
        ({"name": "X", "type": "text", "captureRule": "robot"}, "captureRule", "captureRule is invalid"),
    ],
)
async def test_what_a_definition_refuses(writer: Writer, values: dict[str, Any], field: str, message: str) -> None:
    answer = await writer.post("parties/fields/definitions", **values)
    assert complaints(answer)[0] == ("definition", field, message)


async def test_only_fields_of_parties_have_a_capture_rule(writer: Writer) -> None:
    answer = await writer.post("kases/fields/definitions", name="X", type="text", captureRule="person")
    assert complaints(answer) == [("definition", "captureRule", "captureRule is for parties only")]


async def test_definitions_are_neither_changed_nor_deleted(writer: Writer) -> None:
    definition = await writer.named("parties/fields/definitions", "Industry")
    for method in ("PUT", "DELETE"):
        answer = await writer.send(method, f"parties/fields/definitions/{definition['id']}", json={"definition": {}})
        assert answer.status == 405


# -- pipelines, boards, lists


async def test_a_pipeline_is_duplicated_with_its_milestones(writer: Writer) -> None:
    sales = await writer.named("pipelines", "Sales")
    copy = (await writer.send("POST", f"pipelines/{sales['id']}/duplicate")).json["pipeline"]
    steps = [
        [
            (each["name"], each["probability"])
            for each in (await writer.get(f"pipelines/{number}/milestones"))["milestones"]
        ]
        for number in (sales["id"], copy["id"])
    ]
    assert steps[0] == steps[1]


async def test_no_more_than_thirty_pipelines_are_active(writer: Writer) -> None:
    for number in range(28):
        await writer.make("pipelines", name=f"No. {number}")
    assert complaints(await writer.post("pipelines", name="One more"))[0][2] == "no more than 30 can be active"


async def test_what_is_in_use_cant_be_deleted(writer: Writer) -> None:
    step, stage = (await writer.get("milestones"))["milestones"][0], (await writer.get("stages"))["stages"][0]
    party = await writer.make("parties", type="person", lastName="A", title="Dr")
    about = {"party": {"id": party["id"]}, "name": "X"}
    await writer.make("opportunities", **about, milestone={"id": step["id"]})
    await writer.make("kases", **about, stage=stage["id"])
    doctor, herr = [await writer.named("titles", each, "title") for each in ("Dr", "Herr")]
    for path, number, key in (
        ("milestones", step["id"], "milestone"),
        ("stages", stage["id"], "stage"),
        ("titles", doctor["id"], "personTitle"),
    ):
        assert complaints(await writer.delete(path, number))[0][0] == key
    assert (await writer.delete("titles", herr["id"])).status == 204
    assert complaints(await writer.delete("activitytypes", -1))[0][0] == "activityType"


async def test_a_new_title_can_be_given_to_people(writer: Writer) -> None:
    assert (await writer.post("titles", title="Baroness")).status == 201
    assert (await writer.make("parties", type="person", lastName="A", title="baroness"))["title"] == "Baroness"


async def test_the_steps_of_a_track_definition_merge(writer: Writer) -> None:
    step = {
        "description": "Call",
        "daysAfterRule": "TRACK_START",
        "daysAfter": 1,
        "dayDelayRule": "TRACK_DAYS",
        "trackTaskAssignee": {"assigneeType": "USER", "owner": {"id": 3102}},
    }
    made = await writer.make(
        "trackdefinitions",
        description="Start",
        captureRule="PARTY",
        direction="START_DATE",
        taskDefinitions=[step, {**step, "description": "Write", "daysAfterRule": "LAST_TASK"}],
    )
    first, second = made["taskDefinitions"]
    assert (first["description"], first["trackTaskAssignee"]["owner"]["name"]) == ("Call", "Ben Okafor")
    changed = await writer.change(
        "trackdefinitions",
        made["id"],
        taskDefinitions=[{"id": first["id"], "daysAfter": 4}, {"id": second["id"], "_delete": True}],
    )
    assert [(each["id"], each["daysAfter"]) for each in changed["taskDefinitions"]] == [(first["id"], 4)]
    party = await writer.make("parties", type="person", firstName="A")
    await writer.make("tracks", definition=made["id"], party={"id": party["id"]}, trackDateOn="2026-03-01")
    (task,) = (await writer.get("tasks"))["tasks"]
    assert (task["dueOn"], task["owner"]["username"]) == ("2026-03-05", "ben.fresh")
    wrong = await writer.post(
        "trackdefinitions", description="X", captureRule="PARTY", direction="START_DATE", taskDefinitions=[{}]
    )
    assert len(complaints(wrong)) == 5


async def test_a_goal_goes_with_its_periods(writer: Writer) -> None:
    goal = await writer.named("goals", "Deals won")
    assert (await writer.get(f"goals/{goal['id']}/periods"))["goalPeriods"]
    await writer.delete("goals", goal["id"])
    assert len(writer.crm["goals/periods"].of(("goals", goal["id"]))) == 0


# -- preferences


async def test_users_change_their_own_preferences_with_a_scope_of_its_own(writer: Writer) -> None:
    change = {"json": {"user": {"currency": "EUR", "name": "Somebody else", "id": 5}}}
    assert (await writer.send("PUT", "users/3101", **change)).status == 403
    scope = "read write user_preference"
    mine = Writer(writer.applicant, (await writer.applicant.tokens(user="ada.fresh", scope=scope))["access_token"])
    user = (await mine.send("PUT", "users/3101", **change)).json["user"]
    assert (user["currency"], user["name"], user["id"]) == ("EUR", "Ada Marsh", 3101)
    assert (await mine.send("PUT", "users/3102", **change)).status == 403
    refused = await mine.send("PUT", "users/3101", json={"user": {"locale": "xx"}})
    assert complaints(refused) == [("user", "locale", "locale is invalid")]
