"""What is sent of other records, of new ones and by hand, and what is known for it."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from consentry.connectors import Known, Record
from ground.capsule_account import KNOWN, opportunity, person, task
from ground.planning import NEW, Row, plan, sent

# --- other records: what is sent

OTHER_CASES: list[tuple[str, str, Row, Record, dict[str, Any], Row]] = [
    (
        "an amount keeps its currency",
        "update_opportunity",
        {"value.amount": 5},
        opportunity(),
        {},
        {"value": {"amount": 5, "currency": "EUR"}},
    ),
    (
        "a currency keeps its amount",
        "update_opportunity",
        {"value.currency": "gbp"},
        opportunity(),
        {},
        {"value": {"amount": 12500.5, "currency": "GBP"}},
    ),
    (
        "numbers are compared as numbers",
        "update_opportunity",
        {"value.amount": Decimal("12500.50")},
        opportunity(),
        {},
        {},
    ),
    (
        "a currency of no amount says nothing",
        "update_opportunity",
        {"value.currency": "EUR"},
        opportunity(value=None),
        {},
        {},
    ),
    (
        "a value is emptied whole",
        "update_opportunity",
        {"value.amount": None},
        opportunity(),
        {"clear_with_null": True},
        {"value": None},
    ),
    (
        "a milestone of the own pipeline",
        "update_opportunity",
        {"milestone": "won"},
        opportunity(),
        {},
        {"milestone": {"id": 902}},
    ),
    (
        "a milestone of another one",
        "update_opportunity",
        {"milestone": "Renewals/Won"},
        opportunity(),
        {},
        {"milestone": {"id": 904}},
    ),
    (
        "the probability that closing sets anyway isn't sent",
        "update_opportunity",
        {"milestone": "Won", "probability": 100},
        opportunity(),
        {},
        {"milestone": {"id": 902}},
    ),
    (
        "a reason goes with losing",
        "update_opportunity",
        {"milestone": "Lost", "lostReason": "too expensive"},
        opportunity(),
        {},
        {"milestone": {"id": 903}, "lostReason": {"id": 61}},
    ),
    (
        "a fixed value loses its duration",
        "update_opportunity",
        {"durationBasis": "fixed"},
        opportunity(),
        {},
        {"durationBasis": "FIXED", "duration": None},
    ),
    (
        "no basis is a fixed one",
        "update_opportunity",
        {"durationBasis": None},
        opportunity(),
        {"clear_with_null": True},
        {"durationBasis": "FIXED", "duration": None},
    ),
    ("a date as text or as one", "update_opportunity", {"expectedCloseOn": "2026-12-15"}, opportunity(), {}, {}),
    (
        "a date that differs",
        "update_opportunity",
        {"expectedCloseOn": date(2027, 1, 1)},
        opportunity(),
        {},
        {"expectedCloseOn": "2027-01-01"},
    ),
    ("tracks are for new records only", "upsert_opportunity", {"tracks": ["Onboarding"]}, opportunity(), {}, {}),
    ("the contact by its id", "update_opportunity", {"party": "5002"}, opportunity(), {}, {"party": {"id": 5002}}),
    ("a time without seconds", "update_task", {"dueTime": "14:00"}, task(), {}, {}),
    ("a time that differs", "update_task", {"dueTime": time(9, 5)}, task(), {}, {"dueTime": "09:05:00"}),
    (
        "another relation takes the place of the first",
        "update_task",
        {"kase": 6501},
        task(),
        {},
        {"kase": {"id": 6501}, "party": None},
    ),
    ("a task of a track may stay held back", "update_task", {"status": "PENDING"}, task(status="PENDING"), {}, {}),
    (
        "a task is completed at a moment",
        "update_task",
        {"status": "completed", "completedAt": datetime(2026, 1, 1, 12, tzinfo=UTC)},
        task(),
        {},
        {"status": "COMPLETED", "completedAt": "2026-01-01T12:00:00Z"},
    ),
    (
        "a moment in another zone is the same",
        "update_task",
        {"completedAt": "2026-01-01T13:00:00+01:00"},
        task(status="COMPLETED", completedAt="2026-01-01T12:00:00Z"),
        {},
        {},
    ),
    ("an owner of a task has no team", "update_task", {"owner": "ben"}, task(), {}, {"owner": {"id": 102}}),
    (
        "tags are added only",
        "add_party_tags",
        {"id": 5001, "tags": ["VIP", "New"], "emailAddresses": "else@x.example"},
        person(),
        {"nested": "replace"},
        {"tags": [{"name": "New"}]},
    ),
    (
        "tags are removed by id",
        "remove_party_tags",
        {"id": 5001, "tags": ["old", "none"]},
        person(),
        {},
        {"tags": [{"id": 302, "_delete": True}]},
    ),
    (
        "custom fields and nothing else",
        "set_party_fields",
        {"name": "Other", "fields.Seats": 9},
        person(),
        {},
        {"fields": [{"id": 8001, "value": 9}]},
    ),
]


@pytest.mark.parametrize(
    ("why", "name", "row", "record", "wish", "body"), OTHER_CASES, ids=[case[0] for case in OTHER_CASES]
)
def test_what_is_sent_of_other_records(
    why: str, name: str, row: Row, record: Record, wish: dict[str, Any], body: Row
) -> None:
    planned = plan(name, row, record, **wish)
    if body:
        assert planned.deed == "change", (why, planned.errors)
        assert sent(planned) == body, why
    else:
        assert planned.deed == "nothing", (why, planned)


# --- new records


def test_a_new_person_is_sent_whole_with_its_type() -> None:
    row = {"firstName": "Zoë", "owner": "ben", "tags": ["A"], "fields.Seats": 3, "emailAddresses": ["a@b.example"]}
    planned = plan("upsert_person", row, None)
    assert planned.deed == "create"
    assert planned.request is not None
    assert (planned.request.method, planned.request.path) == ("POST", "/api/v2/parties?embed=tags,fields")
    assert sent(planned) == {
        "type": "person",
        "firstName": "Zoë",
        "owner": {"id": 102},
        "tags": [{"name": "A"}],
        "emailAddresses": [{"address": "a@b.example"}],
        "fields": [{"definition": {"id": 401}, "value": 3}],
    }
    assert {change.field: change.new for change in planned.changes} == {
        "firstName": "Zoë",
        "owner": "Ben Okafor",
        "tags": ["A"],
        "fields.Seats": 3,
        "emailAddresses": ["a@b.example"],
    }


def test_a_new_opportunity_starts_its_tracks() -> None:
    row = NEW | {"milestone": "Proposal", "tracks": ["onboarding"], "value.amount": Decimal("1.5")}
    planned = plan("create_opportunity", row | {"value.currency": "Euro"}, None)
    assert sent(planned) == {
        "name": "X",
        "party": {"id": 5001},
        "milestone": {"id": 901},
        "value": {"amount": 1.5, "currency": "EUR"},
        "tracks": [71],
    }


def test_a_note_is_a_note() -> None:
    row = {"content": "Hello", "kase": 3, "entryAt": datetime(2020, 1, 2, tzinfo=UTC), "activityType": "site visit"}
    assert sent(plan("add_note", row, None)) == {
        "type": "note",
        "content": "Hello",
        "kase": {"id": 3},
        "entryAt": "2020-01-02T00:00:00Z",
        "activityType": {"id": 31},
    }


def test_creating_looks_at_no_record_that_is_there() -> None:
    planned = plan("create_person", {"lastName": "Müller"}, person())
    assert (planned.deed, planned.record_id) == ("create", None)


def test_empty_values_of_a_new_record_are_left_out_even_where_they_would_clear() -> None:
    planned = plan("create_person", {"lastName": "M", "jobTitle": None, "tags": []}, None, clear_with_null=True)
    assert sent(planned) == {"type": "person", "lastName": "M"}


@pytest.mark.parametrize(
    ("method", "path", "deed", "sent_to"),
    [
        ("POST", "parties/5/tags", "create", "/api/v2/parties/5/tags"),
        ("put", "/api/v2/parties/5?embed=tags", "change", "/api/v2/parties/5?embed=tags"),
        ("Delete", "/parties/5", "delete", "/api/v2/parties/5"),
    ],
)
def test_a_request_by_hand_is_taken_as_it_is(method: str, path: str, deed: str, sent_to: str) -> None:
    planned = plan("manual", {"method": method, "path": path, "body": {"a": None}}, None)
    assert planned.request is not None
    assert (planned.deed, planned.request.method, planned.request.path) == (deed, method.upper(), sent_to)
    assert planned.request.body == {"a": None}


# --- what is known


def test_changes_are_shown_as_people_read_them() -> None:
    row = {"owner": "ben", "team": "support", "organisation": "Acme", "phoneNumbers": ["1"], "fields.Seats": 1}
    planned = plan("upsert_person", row, person())
    assert {change.field: (change.old, change.new) for change in planned.changes} == {
        "owner": ("Ada Lovelace", "Ben Okafor"),
        "team": ("Sales", "Support"),
        "organisation": ("Nordlicht", "Acme"),
        "phoneNumbers": (["+49 40 123-456 (Mobile)"], ["+49 40 123-456 (Mobile)", "1"]),
        "fields.Seats": ("250.0", 1),
    }


def test_a_contact_that_was_read_beforehand_is_meant_by_name_or_address() -> None:
    known = Known(records={**KNOWN.records, "parties": [person(), person(id=5003, lastName="Maier")]})
    for value in ("Zoë Müller", "zoë  müller"):
        planned = plan("create_task", {"description": "X", "dueOn": "2026-01-01", "party": value}, None, known)
        assert sent(planned)["party"] == {"id": 5001}
    unclear = plan(
        "create_task", {"description": "X", "dueOn": "2026-01-01", "party": "zoe@nordlicht.example"}, None, known
    )
    assert "Zoë Müller (#5001) and Zoë Maier (#5003)" in unclear.errors[0].message


def test_where_a_list_could_not_be_read_an_id_is_taken_and_a_name_refused() -> None:
    nothing = Known()
    assert sent(plan("update_person", {"owner": 102, "team": 12}, person(), nothing))["owner"] == {"id": 102}
    refused = plan("update_person", {"owner": "Ben"}, person(), nothing)
    assert "Give the owner by its id" in refused.errors[0].message
    assert sent(plan("update_person", {"title": "Sir"}, person(), nothing)) == {"title": "Sir"}


def test_everything_that_is_wrong_is_said_at_once() -> None:
    row = {"owner": "Ann", "title": "Sir", "fields.Size": 1, "emailAddresses": ["x"], "phoneNumbers": [{"type": "Fax"}]}
    planned = plan("update_person", row, person())
    assert sorted(error.field for error in planned.errors) == [
        "emailAddresses",
        "fields.Size",
        "owner",
        "phoneNumbers",
        "title",
    ]
