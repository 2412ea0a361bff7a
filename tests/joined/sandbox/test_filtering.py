"""Filters over parties, opportunities and projects: what an upsert looks records up with."""

import time
from typing import Any

import pytest

from consentry.sandbox import Sizes, World, start
from ground.applicant import REDIRECT_URI, Applicant
from ground.writer import Writer


async def ask(writer: Writer, conditions: list[Any], path: str = "parties", **more: Any) -> Any:
    body = {"filter": {"conditions": conditions, **more}}
    return await writer.send("POST", f"{path}/filters/results?perPage=100", json=body)


async def found(writer: Writer, conditions: list[Any], path: str = "parties", **more: Any) -> list[str]:
    answer = await ask(writer, conditions, path, **more)
    assert answer.status == 200, answer.text
    return [each.get("name") or f"{each['firstName']} {each['lastName']}" for each in answer.json[path]]


@pytest.fixture
async def people(writer: Writer) -> Writer:
    """Fill the account with three people and an organisation."""
    ben, sales = await writer.named("users", "Ben Okafor"), await writer.named("teams", "Sales")
    await writer.make(
        "parties",
        type="organisation",
        name="Zeiss AG",
        tags=[{"name": "Kundin"}],
        fields=[{"definition": {"name": "Employees"}, "value": 300}],
        addresses=[{"city": "Jena", "country": "Germany", "zip": "07745"}],
    )
    await writer.make(
        "parties",
        type="person",
        firstName="Ada",
        lastName="Best",
        title="Dr",
        jobTitle="Head of Optics",
        organisation={"name": "Zeiss AG"},
        emailAddresses=[{"address": "Ada@x.example"}, {"address": "home@x.example"}],
        phoneNumbers=[{"number": "+44 1"}],
        tags=[{"name": "VIP"}],
        fields=[
            {"definition": {"name": "Customer number"}, "value": "K-1"},
            {"definition": {"name": "Contract ends"}, "value": "2027-01-31"},
            {"definition": {"name": "Wants the newsletter"}, "value": True},
        ],
    )
    await writer.make(
        "parties", type="person", firstName="Bo", lastName="Cid", emailAddresses=[{"address": "bo@x.example"}]
    )
    await writer.make(
        "parties", type="person", firstName="Cy", lastName="Dee", owner={"id": ben["id"]}, team={"id": sales["id"]}
    )
    return writer


ZEISS, ADA, BO, CY = "Zeiss AG", "Ada Best", "Bo Cid", "Cy Dee"


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        pytest.param("email", "is", "ada@X.example", [ADA], id="an address, whatever its case"),
        pytest.param("email", "is", "home@x.example", [ADA], id="any of them"),
        pytest.param("email", "is", "nobody@x.example", [], id="nobody's"),
        pytest.param("email", "is not", "bo@x.example", [ZEISS, ADA, CY], id="all but one"),
        pytest.param("email", "is", None, [ZEISS, CY], id="without any"),
        pytest.param("email", "contains", "@x", [ADA, BO], id="a part"),
        pytest.param("email", "starts with", "HOME", [ADA], id="the beginning"),
        pytest.param("email", "ends with", ".example", [ADA, BO], id="the end"),
        pytest.param("name", "is", "zeiss ag", [ZEISS], id="an organisation by name"),
        pytest.param("name", "is", "Ada Best", [ADA], id="a person by name"),
        pytest.param("name", "starts with", "ada", [ADA], id="part of a name"),
        pytest.param("type", "is", "organisation", [ZEISS], id="a kind"),
        pytest.param("title", "is", "Dr", [ADA], id="a title"),
        pytest.param("jobTitle", "contains", "optics", [ADA], id="a job"),
        pytest.param("phone", "starts with", "+44", [ADA], id="a number"),
        pytest.param("city", "is", "Jena", [ZEISS], id="a place"),
        pytest.param("zip", "is", "07745", [ZEISS], id="a code"),
        pytest.param("country", "is", "DE", [ZEISS], id="a country by its two letters"),
        pytest.param("tag", "is", "vip", [ADA], id="a tag by name"),
        pytest.param("tag", "is not", "VIP", [ZEISS, BO, CY], id="all without it"),
        pytest.param("owner", "is", "ben.fresh", [CY], id="an owner by user name"),
        pytest.param("owner", "is", 3102, [CY], id="or by id"),
        pytest.param("team", "is", "Sales", [CY], id="a team"),
        pytest.param("hasEmailAddress", "is", True, [ADA, BO], id="who has an address"),
        pytest.param("hasPhoneNumber", "is", False, [ZEISS, BO, CY], id="who has no number"),
        pytest.param("hasAddress", "is", True, [ZEISS], id="who has a place"),
        pytest.param("hasPeople", "is", True, [ZEISS], id="who employs"),
        pytest.param("hasTags", "is", True, [ZEISS, ADA], id="who wears a tag"),
        pytest.param("addedOn", "is within last", 1, [ZEISS, ADA, BO, CY], id="new ones"),
        pytest.param("addedOn", "is older than", 1, [], id="old ones"),
        pytest.param("updatedOn", "is after", "2020-01-01", [ZEISS, ADA, BO, CY], id="after a day"),
        pytest.param("updatedOn", "is before", "2020-01-01", [], id="before a day"),
        pytest.param("org.name", "is", ZEISS, [ADA], id="who works there"),
        pytest.param("org.tag", "is", "Kundin", [ADA], id="whose employer wears a tag"),
        pytest.param("custom:Customer number", "is", "k-1", [ADA], id="a custom text"),
        pytest.param("custom:Customer number", "is", None, [ZEISS, BO, CY], id="none"),
        pytest.param("custom:Employees", "is", 300, [ZEISS], id="a custom number"),
        pytest.param("custom:Employees", "is", "300.0", [ZEISS], id="as text, with decimals"),
        pytest.param("custom:Employees", "is greater than", 299, [ZEISS], id="a larger one"),
        pytest.param("custom:Employees", "is less than", 300, [], id="a smaller one"),
        pytest.param("custom:Contract ends", "is", "2027-01-31", [ADA], id="a custom date"),
        pytest.param("custom:Contract ends", "is after", "2027-01-30", [ADA], id="a later one"),
        pytest.param("custom:Wants the newsletter", "is", True, [ADA], id="a custom flag"),
        pytest.param("org.custom:Employees", "is", 300, [ADA], id="a custom number of the employer"),
    ],
)
async def test_a_condition_finds(people: Writer, field: str, operator: str, value: object, expected: list[str]) -> None:
    prefix, _, name = field.partition("custom:")
    if name:
        field = f"{prefix}custom:{(await people.named('parties/fields/definitions', name))['id']}"
    assert await found(people, [{"field": field, "operator": operator, "value": value}]) == expected


def condition(field: str, value: object, operator: str = "is") -> dict[str, object]:
    return {"field": field, "operator": operator, "value": value}


async def test_conditions_on_one_level_all_hold_and_of_a_group_one_does(people: Writer) -> None:
    emails = [condition("email", each) for each in ("bo@x.example", "ada@x.example", "nobody@x.example")]
    assert await found(people, emails) == []
    for group in (emails, {"conditions": emails}):
        assert await found(people, [group]) == [ADA, BO]
        assert await found(people, [condition("type", "person"), group, condition("name", BO)]) == [BO]
    mixed = [[condition("email", "bo@x.example"), condition("type", "organisation")]]
    assert await found(people, mixed) == [ZEISS, BO]
    assert await found(people, []) == [ZEISS, ADA, BO, CY]


async def test_results_come_in_pages_with_embeds_and_a_total(people: Writer) -> None:
    body = {"filter": {"conditions": [condition("type", "person")]}}
    first = await people.send("POST", "parties/filters/results?perPage=2&embed=tags,meta", json=body)
    assert [each["firstName"] for each in first.json["parties"]] == ["Ada", "Bo"]
    assert (first.headers["X-Pagination-Has-More"], first.json["meta"]["totalCount"]) == ("true", 3)
    assert "tags" in first.json["parties"][0]
    assert 'filters/results?perPage=2&embed=tags,meta&page=2>; rel="next"' in first.headers["Link"]


async def test_results_come_in_the_order_asked_for_unless_the_knob_says_otherwise(people: Writer) -> None:
    order = [{"field": "name", "direction": "descending"}]
    assert await found(people, [], orderBy=order) == [ZEISS, CY, BO, ADA]
    people.world.turn(filter_order="ignored")
    assert await found(people, [], orderBy=order) == [ZEISS, ADA, BO, CY]


async def test_a_filter_follows_changes(people: Writer) -> None:
    where = [condition("email", "ada@x.example")]
    number = (await ask(people, where)).json["parties"][0]["id"]
    (address, _) = (await people.show("parties", number))["emailAddresses"]
    await people.change("parties", number, emailAddresses=[{"id": address["id"], "address": "new@x.example"}])
    assert await found(people, where) == []
    assert await found(people, [condition("email", "NEW@x.example")]) == [ADA]
    await people.delete("parties", number)
    assert await found(people, [condition("email", "new@x.example")]) == []


@pytest.mark.parametrize(
    ("conditions", "field", "message"),
    [
        pytest.param([condition("mood", "good")], "field", "invalid field name", id="nobody knows it"),
        pytest.param([condition("custom:1", "x")], "field", "invalid field name", id="no such custom field"),
        pytest.param([condition("milestone", 1)], "field", "invalid field name", id="of another entity"),
        pytest.param([condition("email", "x", "is greater than")], "operator", "invalid operator", id="for numbers"),
        pytest.param([condition("addedOn", "x", "is after")], "value", "invalid value", id="not a date"),
        pytest.param([condition("addedOn", "2026-01-01", "is within last")], "value", "invalid value", id="not days"),
        pytest.param([condition("email", 5)], "value", "invalid value", id="not a text"),
        pytest.param([condition("id", "NaN")], "value", "invalid value", id="not a number"),
        pytest.param(["email"], "conditions", "conditions is invalid", id="not a condition"),
    ],
)
async def test_what_a_filter_refuses(writer: Writer, conditions: list[Any], field: str, message: str) -> None:
    answer = await ask(writer, conditions)
    assert answer.status == 422
    assert answer.json["errors"] == [{"message": message, "field": field}]


async def test_a_filter_without_a_filter_is_malformed(writer: Writer) -> None:
    for body in (b"", b"{}", b'{"filter":[]}'):
        assert (await writer.send("POST", "parties/filters/results", data=body)).status == 400
    assert (await ask(writer, [], path="tasks")).status == 404


async def test_opportunities_and_projects_are_found_by_what_is_theirs(people: Writer) -> None:
    party = {"id": (await ask(people, [condition("name", ZEISS)])).json["parties"][0]["id"]}
    steps = {each["name"]: {"id": each["id"]} for each in (await people.get("milestones"))["milestones"]}
    value = {"amount": 500, "currency": "EUR"}
    await people.make("opportunities", party=party, name="Lens", milestone=steps["Bid"], value=value)
    await people.make("opportunities", party=party, name="Prism", milestone=steps["Won"])
    stage = (await people.get("stages"))["stages"][0]
    await people.make("kases", party=party, name="Build", stage=stage["id"])
    await people.make("kases", party=party, name="Ship", status="CLOSED")
    for path, field, given, expected in (
        ("opportunities", "name", "lens", ["Lens"]),
        ("opportunities", "status", "won", ["Prism"]),
        ("opportunities", "milestone", "Bid", ["Lens"]),
        ("opportunities", "pipeline", "Sales", ["Lens", "Prism"]),
        ("opportunities", "probability", 40, ["Lens"]),
        ("opportunities", "expectedValue", {"amount": 500, "currency": "EUR"}, ["Lens"]),
        ("opportunities", "currency", "EUR", ["Lens"]),
        ("opportunities", "isOpen", False, ["Prism"]),
        ("opportunities", "isOwnedByMe", True, ["Lens", "Prism"]),
        ("opportunities", "party", party["id"], ["Lens", "Prism"]),
        ("kases", "status", "CLOSED", ["Ship"]),
        ("kases", "stage", stage["name"], ["Build"]),
        ("kases", "board", stage["board"]["name"], ["Build"]),
        ("kases", "isOpen", True, ["Build"]),
        ("kases", "primaryContactName", ZEISS, ["Build", "Ship"]),
    ):
        assert await found(people, [condition(field, given)], path=path) == expected, field


async def test_neither_a_look_up_nor_a_write_grows_slower_with_the_account() -> None:
    """With sixty times as many parties the same work takes far less than sixty times the processor time."""
    spent = {
        count: await _spend(World(sizes=Sizes(parties=count, opportunities=0, projects=0))) for count in (100, 6000)
    }
    assert spent[6000] < 8 * spent[100]


async def _spend(world: World) -> float:
    world.turn(rate_limit=None)
    with start(world=world) as running:
        application = world.register(name="Consentry", redirect_uri=REDIRECT_URI)
        async with Applicant(running, application) as applicant:
            writer = Writer(applicant, (await applicant.tokens())["access_token"])
            await writer.get("parties?perPage=1")
            began = time.process_time()
            for number in range(40):
                await writer.make("parties", type="organisation", name=f"New {number}")
                assert await found(writer, [[condition("name", f"New {number}"), condition("email", "a@x.example")]])
            return time.process_time() - began
