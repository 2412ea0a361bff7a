"""Looking records up where filters behave in each of the ways that their documentation leaves open."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from consentry.connectors import Answer, Known, Record
from consentry.connectors.capsule import connector
from consentry.errors import ConsentryError, InvalidInput, NotFound, ReplyNotUnderstood, ScopeMissing
from ground.capsule_account import KNOWN, person

assert connector.writing is not None
WRITING = connector.writing
Conditions = list[dict[str, Any]]


def answer(status: int, body: Any, **headers: str) -> Answer:
    return Answer(
        status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=json.dumps(body).encode()
    )


def mailed(number: int, address: str) -> Record:
    return person(id=number, emailAddresses=[{"id": number, "type": None, "address": address}])


PEOPLE = [mailed(number, f"p{number}@x.example") for number in range(1, 6)]


class Filtering:
    """A Capsule of some people, whose filters treat a group as ``of_group`` says."""

    def __init__(self, people: list[Record], of_group: Callable[[list[bool]], bool] | int | None) -> None:
        self.people = people
        self.of_group = of_group
        self.sent: list[Conditions] = []

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        raise NotFound

    async def send(self, method: str, path: str, body: Any = None, *, before: Any = None) -> Answer:
        conditions: Conditions = body["filter"]["conditions"]
        self.sent.append(conditions)
        if isinstance(self.of_group, int) and any("conditions" in each for each in conditions):
            return answer(self.of_group, {"message": "invalid field name"})
        found = [each for each in self.people if all(self.holds(condition, each) for condition in conditions)]
        page = int(path.partition("page=")[2].partition("&")[0])
        size = int(path.partition("perPage=")[2].partition("&")[0])
        has_more = "true" if page * size < len(found) else "false"
        return answer(200, {"parties": found[(page - 1) * size : page * size]}, x_pagination_has_more=has_more)

    def holds(self, condition: dict[str, Any], record: Record) -> bool:
        if "conditions" in condition:
            inner = [self.holds(each, record) for each in condition["conditions"]]
            return True if self.of_group is None else not callable(self.of_group) or self.of_group(inner)
        there = {"id": record["id"], "type": record["type"], "email": record["emailAddresses"][0]["address"]}
        is_it = str(there[condition["field"]]).casefold() == str(condition["value"]).casefold()
        return is_it is (condition["operator"] == "is")


async def find(
    client: Any, values: list[Any], match: str = "emailAddresses", known: Known = KNOWN
) -> dict[Any, list[int]]:
    template = WRITING.template("upsert_person")
    assert template is not None
    found = await WRITING.find(client, template, match, values, known=known)
    return {value: [record["id"] for record in records] for value, records in found.items()}


@pytest.mark.parametrize(
    ("of_group", "why"),
    [
        (any, "as documented: alternatives"),
        (all, "demands: nobody has them all"),
        (None, "ignored: everybody is found"),
        (422, "refused"),
        (400, "not understood"),
    ],
)
@pytest.mark.parametrize("most", [2, 5])
async def test_people_are_found_whatever_a_group_means(of_group: Any, why: str, most: int) -> None:
    values = [f"p{number}@x.example" for number in (1, 3, 9)][:most]
    found = await find(Filtering(PEOPLE, of_group), values)
    assert found == {value: [n for n in (1, 3) if value == f"p{n}@x.example"] for value in values}, why


@pytest.mark.parametrize("of_group", [any, all, None, 422])
async def test_nobody_is_found_only_when_nobody_is_there(of_group: Any) -> None:
    assert await find(Filtering(PEOPLE, of_group), ["a@x.example", "b@x.example"]) == {
        "a@x.example": [],
        "b@x.example": [],
    }


async def test_in_an_empty_account_a_group_is_believed() -> None:
    client = Filtering([], any)
    await find(client, [f"{number}@x.example" for number in range(60)])
    assert len(client.sent) == 5, "three groups, and the proof in two calls"


async def test_a_proven_group_is_not_proven_again() -> None:
    client = Filtering(PEOPLE, any)
    await find(client, [*(f"{number}@x.example" for number in range(60)), "p1@x.example"])
    assert len(client.sent) == 4


async def test_a_person_with_two_of_the_addresses_proves_no_group() -> None:
    both = person(id=1, emailAddresses=[{"address": "a@x.example"}, {"address": "b@x.example"}])
    client = Filtering([both, mailed(2, "c@x.example")], any)
    await find(client, ["a@x.example", "b@x.example"])
    assert len(client.sent) == 1, "found is found"


async def test_one_value_is_asked_for_without_a_group() -> None:
    client = Filtering(PEOPLE, 422)
    assert await find(client, ["p2@x.example", "p2@x.example", "", None]) == {"p2@x.example": [2]}
    assert client.sent == [
        [
            {"field": "type", "operator": "is", "value": "person"},
            {"field": "email", "operator": "is", "value": "p2@x.example"},
        ]
    ]


async def test_what_a_filter_gives_besides_is_left_out() -> None:
    class Generous(Filtering):
        def holds(self, condition: dict[str, Any], record: Record) -> bool:
            return True

    assert await find(Generous(PEOPLE, any), ["p2@x.example"]) == {"p2@x.example": [2]}


async def test_a_long_answer_is_read_page_by_page() -> None:
    people = [mailed(number, "same@x.example") for number in range(1, 251)]
    found = await find(Filtering(people, any), ["same@x.example", "p9@x.example"])
    assert len(found["same@x.example"]) == 250


class Answering:
    """Answers every filter with one status."""

    def __init__(self, status: int, body: Any) -> None:
        self.status, self.body = status, body

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        raise ScopeMissing

    async def send(self, method: str, path: str, body: Any = None, *, before: Any = None) -> Answer:
        return answer(self.status, self.body)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, {}, ScopeMissing),
        (404, {}, NotFound),
        (405, {}, ReplyNotUnderstood),
        (422, {"errors": [{"message": "invalid field name"}]}, InvalidInput),
        (200, {"people": []}, ReplyNotUnderstood),
    ],
)
async def test_a_filter_that_is_not_answered_is_said(status: int, body: Any, error: type[ConsentryError]) -> None:
    with pytest.raises(error):
        await find(Answering(status, body), ["a@x.example"])


async def test_a_custom_field_that_cannot_identify_is_said() -> None:
    for match, words in (("fields.Newsletter", "identifies nobody"), ("fields.Nothing", "There is no custom field")):
        with pytest.raises(InvalidInput) as raised:
            await find(Filtering(PEOPLE, any), ["x"], match)
        assert words in raised.value.errors[0].message


async def test_a_value_that_a_custom_field_cannot_hold_is_asked_of_nobody() -> None:
    client = Filtering(PEOPLE, any)
    assert await find(client, ["many"], "fields.Seats") == {"many": []}
    assert client.sent == []


# --- by ids


class Shelf:
    """Records by id; a call for several fails whole when one is missing."""

    def __init__(self, ids: set[int]) -> None:
        self.ids = ids
        self.asked: list[list[int]] = []

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        wanted = [int(each) for each in path.removeprefix("/api/v2/parties/").partition("?")[0].split(",")]
        self.asked.append(wanted)
        if not set(wanted) <= self.ids:
            raise NotFound
        records = [person(id=number) for number in wanted]
        return answer(200, {"parties": records} if len(records) > 1 else {"party": records[0]})

    async def send(self, method: str, path: str, body: Any = None, *, before: Any = None) -> Answer:
        raise AssertionError(path)


async def test_ids_are_read_ten_a_call_and_missing_ones_narrowed_down() -> None:
    shelf = Shelf(set(range(1, 26)) - {7})
    found = await find(shelf, [*range(1, 26), "3", "none"], "id")
    assert [number for number in range(1, 26) if not found[number]] == [7]
    assert found["3"] == [3]
    assert "none" not in found
    assert len(shelf.asked) <= 3 + 8
    assert all(len(each) <= 10 for each in shelf.asked)


# --- what rows name


async def test_only_names_are_read_beforehand_and_only_once() -> None:
    template = WRITING.template("create_task")
    assert template is not None
    assert WRITING.prepare is not None
    client = Filtering(PEOPLE, any)
    rows: list[dict[str, Any]] = [{"party": 5}, {"party": "6"}, {"party": None}, {}]
    assert await WRITING.prepare(client, template, rows, known=KNOWN) is KNOWN
    assert client.sent == []
    known = await WRITING.prepare(
        client, template, [{"party": "p1@x.example"}, {"party": "P1@x.example"}, {"party": "p2@x.example"}], known=KNOWN
    )
    assert [record["id"] for record in known.records["parties"]] == [1, 2]
    assert len(client.sent) == 1
    again = await WRITING.prepare(client, template, [{"party": "p2@x.example"}], known=known)
    assert again is known
