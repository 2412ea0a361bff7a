"""Answers to writes: the record, the refusal, and what a lost one may have made."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from consentry.connectors import Answer, Request
from consentry.connectors.capsule import connector
from consentry.connectors.capsule.written import holds
from consentry.errors import NotFound
from ground.capsule_account import person

assert connector.writing is not None
WRITING = connector.writing
SINCE = datetime(2026, 11, 1, 12, tzinfo=UTC)


def template(name: str) -> Any:
    found = WRITING.template(name)
    assert found is not None
    return found


def refused(name: str, *errors: Any, **more: Any) -> list[tuple[str, str]]:
    body = json.dumps({"message": "Validation Failed", "errors": list(errors), **more}).encode()
    refusal = WRITING.refusal_of(template(name), Answer(status=422, headers={}, body=body))
    return [(error.field, error.message) for error in refusal.errors]


@pytest.mark.parametrize(
    ("name", "field", "ours", "why"),
    [
        ("create_organisation", "name", "name", "one name for it"),
        ("create_person", "emailAddresses", "emailAddresses", "a list"),
        ("create_person", "emailAddresses[0].address", "emailAddresses", "an item of a list"),
        ("create_person", "addresses.1.country", "addresses", "a part of an item"),
        ("create_opportunity", "value", "value.amount", "what we take apart"),
        ("create_opportunity", "value.currency", "value.currency", "one of its parts"),
        ("create_project", "stage.id", "stage", "a reference"),
        ("create_person", "country", "", "a name that means nothing here"),
        ("create_person", None, "", "no name"),
    ],
)
def test_a_refusal_stands_at_the_field_that_capsule_names(name: str, field: Any, ours: str, why: str) -> None:
    assert refused(name, {"message": "is wrong.", "field": field, "resource": "x"}) == [
        (ours, "Capsule says: is wrong.")
    ], why


def test_several_reasons_are_all_said_and_one_said_twice_once() -> None:
    two = {"message": "title not found", "field": "title"}
    assert refused("create_person", two, two, {"message": "owner not found", "field": "owner"}) == [
        ("title", "Capsule says: title not found."),
        ("owner", "Capsule says: owner not found."),
    ]


def test_without_details_the_general_message_is_said() -> None:
    assert refused("create_person") == [("", "Capsule says: Validation Failed.")]


def test_the_record_of_an_answer_is_the_one_in_its_wrapper() -> None:
    body = json.dumps({"party": person()}).encode()
    record = WRITING.record_of(template("create_person"), Answer(status=201, headers={}, body=body))
    assert record is not None
    assert record["id"] == 5001
    by_hand = WRITING.record_of(template("manual"), Answer(status=201, headers={}, body=body))
    assert by_hand == record
    several = WRITING.record_of(template("manual"), Answer(status=200, headers={}, body=b'{"parties": []}'))
    assert several is None


@pytest.mark.parametrize(
    ("wanted", "there", "expected", "why"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True, "more is no matter"),
        ({"a": 1}, {"b": 2}, False, "less is"),
        ({"value": 5}, {"value": "5"}, True, "numbers come back as text"),
        ("0123", "123", False, "texts of digits are texts"),
        ([{"name": "vip"}], [{"id": 1, "name": "VIP"}], True, "tags are taken whatever their case"),
        ([{"n": 1}, {"n": 1}], [{"n": 1}], False, "two want two"),
        ([{"n": 1}], None, False, "a list that isn't there"),
        ({"name": "Zoë Müller"}, {"firstName": "Zoë", "lastName": "Müller"}, True, "a whole name"),
        (None, "", True, "nothing is nothing"),
        (False, None, False, "no is something"),
        ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True, "a moment in another zone"),
        ({"id": 5}, None, False, "a reference that isn't there"),
    ],
)
def test_whether_what_is_there_holds_what_was_wanted(wanted: Any, there: Any, expected: bool, why: str) -> None:
    assert holds(wanted, there) is expected, why


class Lists:
    """Gives lists by their path."""

    def __init__(self, lists: dict[str, list[list[dict[str, Any]]]]) -> None:
        self.lists = lists
        self.asked: list[str] = []

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        self.asked.append(path)
        name, _, query = path.partition("?")
        number = int(query.rpartition("page=")[2])
        if name not in self.lists:
            raise NotFound
        pages = self.lists[name]
        headers = {"x-pagination-has-more": "true" if number < len(pages) else "false"}
        key = "entries" if name.endswith("entries") else name.rpartition("/")[2]
        return Answer(status=200, headers=headers, body=json.dumps({key: pages[number - 1]}).encode())

    async def send(self, method: str, path: str, body: Any = None, *, before: Any = None) -> Answer:
        raise AssertionError(path)


def made(**body: Any) -> Request:
    return Request(method="POST", path="/api/v2/parties", body={"party": {"type": "person", **body}})


def there(number: int, at: str, **body: Any) -> dict[str, Any]:
    return person(id=number, createdAt=at, **body)


@pytest.mark.parametrize(
    ("record", "is_found", "why"),
    [
        (there(1, "2026-11-01T12:00:05Z", lastName="Neu"), True, "made since, as wanted"),
        (there(1, "2026-11-01T11:59:00Z", lastName="Neu"), True, "clocks differ by a minute"),
        (there(1, "2026-11-01T11:50:00Z", lastName="Neu"), False, "made before"),
        (there(1, "2026-11-01T12:00:05Z", lastName="Alt"), False, "another one"),
        (there(1, "2026-11-01T12:00:05Z", lastName="Neu", owner=None), True, "an automation may change the owner"),
        (there(1, "2026-11-01T12:00:05Z", lastName="Neu", tags=[]), False, "a tag is missing"),
    ],
)
async def test_what_counts_as_written(record: dict[str, Any], is_found: bool, why: str) -> None:
    client = Lists({"/api/v2/parties": [[record]]})
    request = made(lastName="Neu", owner={"id": 101}, tags=[{"name": "VIP"}])
    found = await WRITING.find_written(client, template("create_person"), [request], since=SINCE)
    assert [len(each) for each in found] == [int(is_found)], why


async def test_many_requests_are_looked_up_by_one_list() -> None:
    pages = [[there(n, "2026-11-01T12:01:00Z", lastName=f"N{n}") for n in range(k, k + 3)] for k in (0, 3, 6)]
    client = Lists({"/api/v2/parties": pages})
    requests = [made(lastName=f"N{number}") for number in (8, 99, 0)]
    found = await WRITING.find_written(client, template("create_person"), requests, since=SINCE)
    assert [[record["id"] for record in each] for each in found] == [[8], [], [0]]
    assert len(client.asked) == 3
    assert "since=2026-11-01T11:58:00Z" in client.asked[0]


def note(number: int, at: str, content: str) -> dict[str, Any]:
    return {"id": number, "type": "note", "createdAt": "2026-11-01T12:00:01Z", "entryAt": at, "content": content} | {
        "party": {"id": 5}
    }


def noted(content: str, **more: Any) -> Request:
    body = {"type": "note", "content": content, "party": {"id": 5}, **more}
    return Request(method="POST", path="/api/v2/entries", body={"entry": body})


async def test_notes_are_read_until_they_are_older_than_what_was_written() -> None:
    pages = [
        [note(4, "2026-11-01T12:00:01Z", "a")],
        [note(3, "2026-10-01T12:00:01Z", "x")],
        [note(2, "2020-01-01T00:00:00Z", "b")],
        [note(1, "2019-01-01T00:00:00Z", "y")],
    ]
    client = Lists({"/api/v2/parties/5/entries": pages})
    found = await WRITING.find_written(client, template("add_note"), [noted("a")], since=SINCE)
    assert ([[each["id"] for each in one] for one in found], len(client.asked)) == ([[4]], 2)
    client = Lists({"/api/v2/parties/5/entries": pages})
    requests = [noted("a"), noted("b", entryAt="2020-01-01T00:00:00Z")]
    found = await WRITING.find_written(client, template("add_note"), requests, since=SINCE)
    assert ([[each["id"] for each in one] for one in found], len(client.asked)) == ([[4], [2]], 4)


async def test_notes_of_what_was_deleted_are_gone() -> None:
    assert await WRITING.find_written(Lists({}), template("add_note"), [noted("a")], since=SINCE) == [()]


async def test_a_request_that_makes_nothing_is_looked_up_nowhere() -> None:
    client = Lists({})
    requests = [
        Request(method="PUT", path="/api/v2/parties/5", body={"party": {}}),
        Request(method="POST", path="/api/v2/resthooks", body={"restHook": {}}),
    ]
    assert await WRITING.find_written(client, template("manual"), requests, since=SINCE) == [(), ()]
    assert client.asked == []
