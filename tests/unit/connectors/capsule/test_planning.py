"""What is sent for a row, and what is refused: a table of cases, each with the rule that it shows."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from consentry.connectors import Known, Planned, Record, Wish
from consentry.connectors.capsule import connector
from ground.capsule_account import KNOWN, opportunity, person, task

WRITING = connector.writing
assert WRITING is not None
PLAN, TEMPLATE = WRITING.plan, WRITING.template

Row = dict[str, Any]


def plan(name: str, row: Row, current: Record | None, known: Known = KNOWN, **wish: Any) -> Planned:
    template = TEMPLATE(name)
    assert template is not None, name
    return PLAN(template, row, current, wish=Wish(**wish), known=known)


def sent(planned: Planned) -> Any:
    """Return the inner body of what is sent."""
    assert planned.request is not None, planned.errors
    assert planned.request.body is not None
    return next(iter(planned.request.body.values()))


# --- people: what is sent

PERSON_CASES: list[tuple[str, Row, dict[str, Any], Row]] = [
    ("a text that differs is sent alone", {"jobTitle": "Chief"}, {}, {"jobTitle": "Chief"}),
    ("space around a text isn't a difference", {"jobTitle": " Buyer "}, {}, {}),
    ("case is one: people mend it", {"jobTitle": "buyer"}, {}, {"jobTitle": "buyer"}),
    ("an empty value changes nothing", {"jobTitle": "", "firstName": None}, {}, {}),
    ("an empty value clears where wanted", {"jobTitle": None}, {"clear_with_null": True}, {"jobTitle": None}),
    ("what is empty already isn't cleared again", {"about": ""}, {"clear_with_null": True}, {}),
    ("a title is sent as Capsule spells it", {"title": "dr"}, {}, {"title": "Dr"}),
    ("a title that differs in case alone is the same", {"title": "MS"}, {}, {}),
    (
        "an owner alone would clear the team, so the team goes with it",
        {"owner": "Ben Okafor", "team": "Support"},
        {},
        {"owner": {"id": 102}, "team": {"id": 12}},
    ),
    ("a team alone would keep the owner; both are said", {"team": 12}, {}, {"owner": {"id": 101}, "team": {"id": 12}}),
    ("the same owner by any of its names is no change", {"owner": "ADA", "team": "sales"}, {}, {}),
    ("the same owner by its id is no change", {"owner": 101}, {}, {}),
    (
        "a cleared team leaves the owner",
        {"team": None},
        {"clear_with_null": True},
        {"owner": {"id": 101}, "team": None},
    ),
    ("an organisation is named", {"organisation": "Acme"}, {}, {"organisation": {"name": "Acme"}}),
    ("an organisation by its id", {"organisation": "5003"}, {}, {"organisation": {"id": 5003}}),
    ("the same organisation, named", {"organisation": "NORDLICHT"}, {}, {}),
    ("the same organisation, by id", {"organisation": 5002}, {}, {}),
    ("an organisation is left", {"organisation": None}, {"clear_with_null": True}, {"organisation": None}),
    # lists that are added to
    ("an address that is there is not added, whatever its case", {"emailAddresses": ["ZOE@nordlicht.example"]}, {}, {}),
    (
        "a new address is added",
        {"emailAddresses": ["z@x.example"]},
        {},
        {"emailAddresses": [{"address": "z@x.example"}]},
    ),
    (
        "an address of a type is added beside the others",
        {"emailAddresses.Work": "z@x.example"},
        {},
        {"emailAddresses": [{"type": "Work", "address": "z@x.example"}]},
    ),
    ("an address under another type is there already", {"emailAddresses.Home": "zoe@nordlicht.example"}, {}, {}),
    ("a number is the same without spaces and dashes", {"phoneNumbers": ["+4940123456"]}, {}, {}),
    (
        "one address named twice is added once, with its type",
        {"emailAddresses": ["a@b.example"], "emailAddresses.Home": "A@b.example"},
        {},
        {"emailAddresses": [{"address": "a@b.example", "type": "Home"}]},
    ),
    (
        "an item as an object",
        {"phoneNumbers": [{"number": "1", "type": "Fax", "id": 9}]},
        {},
        {"phoneNumbers": [{"number": "1", "type": "Fax"}]},
    ),
    ("a page is the same by its short name", {"websites.LINKED_IN": "ZOE-M"}, {}, {}),
    ("a page is the same by its whole address", {"websites.LINKED_IN": "http://linkedin.com/in/zoe-m/"}, {}, {}),
    (
        "a plain page has a service of its own",
        {"websites": ["zoe-m"]},
        {},
        {"websites": [{"address": "zoe-m", "service": "URL"}]},
    ),
    (
        "what an address lacks is filled in",
        {"addresses.Office.city": "hamburg", "addresses.Office.zip": "20457"},
        {},
        {"addresses": [{"id": 4, "zip": "20457"}]},
    ),
    (
        "another address of that type is added, never put over the first",
        {"addresses.Office.city": "Bremen"},
        {},
        {"addresses": [{"type": "Office", "city": "Bremen"}]},
    ),
    ("a country by its code", {"addresses.Office.country": "de", "addresses.Office.city": "Hamburg"}, {}, {}),
    (
        "UK is what people write, United Kingdom what Capsule takes",
        {"addresses.Home.country": "UK"},
        {},
        {"addresses": [{"type": "Home", "country": "United Kingdom"}]},
    ),
    ("nothing is taken away from a list that is added to", {"phoneNumbers": []}, {"clear_with_null": True}, {}),
    ("a tag that is there, whatever its case", {"tags": ["vip"]}, {}, {}),
    ("tags out of one text", {"tags": "vip; New ;new"}, {}, {"tags": [{"name": "New"}]}),
    # lists that are made equal
    (
        "an address takes the place of that type's",
        {"emailAddresses.Work": "z@x.example"},
        {"nested": "replace"},
        {"emailAddresses": [{"id": 1, "address": "z@x.example"}]},
    ),
    (
        "another type is left alone by a field that names one",
        {"phoneNumbers.Work": "1"},
        {"nested": "replace"},
        {"phoneNumbers": [{"type": "Work", "number": "1"}]},
    ),
    (
        "a whole list removes what isn't in it",
        {"emailAddresses": ["z@x.example"]},
        {"nested": "replace"},
        {"emailAddresses": [{"id": 1, "_delete": True}, {"address": "z@x.example"}]},
    ),
    (
        "the same address under another type moves",
        {"emailAddresses.Home": "zoe@nordlicht.example"},
        {"nested": "replace"},
        {"emailAddresses": [{"id": 1, "type": "Home"}]},
    ),
    (
        "case of an e-mail address is no change",
        {"emailAddresses": ["Zoe@Nordlicht.example"]},
        {"nested": "replace"},
        {},
    ),
    (
        "a number is written as the row has it",
        {"phoneNumbers.Mobile": "+4940123456"},
        {"nested": "replace"},
        {"phoneNumbers": [{"id": 2, "number": "+4940123456"}]},
    ),
    (
        "a part of an address",
        {"addresses.Office.city": "Bremen"},
        {"nested": "replace"},
        {"addresses": [{"id": 4, "city": "Bremen"}]},
    ),
    (
        "a part of an address is emptied",
        {"addresses.Office.street": None},
        {"nested": "replace", "clear_with_null": True},
        {"addresses": [{"id": 4, "street": None}]},
    ),
    (
        "a type is emptied",
        {"phoneNumbers.Mobile": None},
        {"nested": "replace", "clear_with_null": True},
        {"phoneNumbers": [{"id": 2, "_delete": True}]},
    ),
    (
        "a whole list is emptied",
        {"phoneNumbers": []},
        {"nested": "replace", "clear_with_null": True},
        {"phoneNumbers": [{"id": 2, "_delete": True}]},
    ),
    ("an empty list alone changes nothing", {"phoneNumbers": []}, {"nested": "replace"}, {}),
    (
        "tags are removed by id and added by name",
        {"tags": ["VIP", "New"]},
        {"nested": "replace"},
        {"tags": [{"id": 302, "_delete": True}, {"name": "New"}]},
    ),
    # custom fields
    ("a number came back as text", {"fields.Seats": Decimal(250)}, {}, {}),
    ("a number as text", {"fields.seats": "250.00"}, {}, {}),
    ("a value is changed by its id", {"fields.Seats": 251}, {}, {"fields": [{"id": 8001, "value": 251}]}),
    (
        "a new value by its definition",
        {"fields.Since": date(2026, 1, 31)},
        {},
        {"fields": [{"definition": {"id": 405}, "value": "2026-01-31"}]},
    ),
    ("options in another order", {"fields.Languages": ["deutsch", "english"]}, {}, {}),
    (
        "options as one text",
        {"fields.Languages": "deutsch"},
        {},
        {"fields": [{"id": 8003, "value": "Deutsch"}]},
    ),
    (
        "an option as Capsule spells it",
        {"fields.Industry": "ENERGY"},
        {},
        {"fields": [{"definition": {"id": 403}, "value": "Energy"}]},
    ),
    ("yes is true", {"fields.Newsletter": "yes"}, {}, {}),
    ("no is said, not cleared", {"fields.Newsletter": False}, {}, {"fields": [{"id": 8002, "value": False}]}),
    (
        "a value is cleared",
        {"fields.Seats": None},
        {"clear_with_null": True},
        {"fields": [{"id": 8001, "value": None}]},
    ),
    (
        "one name for both kinds of party means that of people",
        {"fields.Code": "K"},
        {},
        {"fields": [{"definition": {"id": 406}, "value": "K"}]},
    ),
    (
        "two of one name are told by their ids",
        {"fields.#409": "K"},
        {},
        {"fields": [{"definition": {"id": 409}, "value": "K"}]},
    ),
]


@pytest.mark.parametrize(("why", "row", "wish", "body"), PERSON_CASES, ids=[case[0] for case in PERSON_CASES])
def test_what_is_sent_of_a_person(why: str, row: Row, wish: dict[str, Any], body: Row) -> None:
    planned = plan("upsert_person", row, person(), **wish)
    if body:
        assert planned.deed == "change", (why, planned.errors)
        assert sent(planned) == body, why
        assert planned.changes, "a change is shown"
    else:
        assert (planned.deed, planned.request) == ("nothing", None), (why, planned)


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


# --- refusals

NEW = {"name": "X", "party": 5001, "milestone": "Sales / Proposal"}
REFUSED: list[tuple[str, str, Row, Record | None, str, str]] = [
    (
        "no such user",
        "update_person",
        {"owner": "Ann"},
        person(),
        "owner",
        "There is no owner “Ann”. There are: Ada Lovelace and Ben Okafor.",
    ),
    ("a user who left isn't named", "update_person", {"owner": "Ben Old"}, person(), "owner", "There are: Ada"),
    (
        "the owner isn't in the team",
        "update_person",
        {"owner": "ben"},
        person(),
        "owner",
        "isn't a member of the team Sales",
    ),
    (
        "a title that isn't in the settings",
        "update_person",
        {"title": "Sir"},
        person(),
        "title",
        "There are: Ms and Dr.",
    ),
    (
        "no e-mail address",
        "update_person",
        {"emailAddresses.Work": "zoe at x"},
        person(),
        "emailAddresses.Work",
        "isn't an e-mail address",
    ),
    (
        "an address is an object",
        "update_person",
        {"addresses": ["Kai 1"]},
        person(),
        "addresses",
        "An address is an object",
    ),
    (
        "an unknown country",
        "update_person",
        {"addresses.Office.country": "Germoney"},
        person(),
        "addresses.Office.country",
        "“Germoney”",
    ),
    ("an unknown service", "update_person", {"websites.MYSPACE": "zoe"}, person(), "websites.MYSPACE", "LINKED_IN"),
    (
        "an unknown custom field",
        "update_person",
        {"fields.Size": 1},
        person(),
        "fields.Size",
        "There is no custom field “Size”",
    ),
    (
        "two custom fields of one name",
        "update_person",
        {"fields.Note": "x"},
        person(),
        "fields.Note",
        "fields.#408 or fields.#409",
    ),
    ("a number that is none", "update_person", {"fields.Seats": "many"}, person(), "fields.Seats", "takes a number"),
    (
        "an option that isn't there",
        "update_person",
        {"fields.Industry": "Steel"},
        person(),
        "fields.Industry",
        "There are: Energy and Retail.",
    ),
    (
        "one of several options isn't there",
        "update_person",
        {"fields.Languages": "English;Latin"},
        person(),
        "fields.Languages",
        "“Latin”",
    ),
    (
        "yes or no can't be cleared",
        "update_person",
        {"fields.Newsletter": None},
        person(),
        "fields.Newsletter",
        "can't empty it",
    ),
    (
        "no name is left",
        "update_person",
        {"firstName": None, "lastName": None},
        person(),
        "firstName",
        "can't all be emptied",
    ),
    ("a field nobody knows", "update_person", {"shoeSize": 3}, person(), "shoeSize", "takes no field named"),
    (
        "no such person",
        "update_person",
        {"emailAddresses": ["a@b.example"]},
        None,
        "emailAddresses",
        "There is no person with the e-mail address",
    ),
    (
        "an id that isn't there makes nothing new",
        "upsert_person",
        {"id": 7, "lastName": "X"},
        None,
        "id",
        "There is no person with the id “7”.",
    ),
    (
        "an organisation isn't a person",
        "update_person",
        {"firstName": "A"},
        person(type="organisation"),
        "id",
        "is of the type organisation, not person",
    ),
    (
        "an organisation isn't deleted as a person",
        "delete_person",
        {"id": 5001},
        person(type="organisation"),
        "id",
        "not person",
    ),
    (
        "a person without a name",
        "create_person",
        {"jobTitle": "X"},
        None,
        "firstName",
        "First name or Last name is needed",
    ),
    ("an organisation without a name", "create_organisation", {"about": "X"}, None, "name", "Name is needed"),
    (
        "a name can't be emptied",
        "update_organisation",
        {"name": None},
        person(type="organisation", name="N"),
        "name",
        "can't be emptied",
    ),
    (
        "two milestones of one name",
        "create_opportunity",
        NEW | {"milestone": "Won"},
        None,
        "milestone",
        "Sales / Won and Renewals / Won",
    ),
    (
        "an amount without a currency",
        "create_opportunity",
        NEW | {"value.amount": 5},
        None,
        "value.amount",
        "needs its currency",
    ),
    (
        "an amount that is none",
        "create_opportunity",
        NEW | {"value.amount": "lots", "value.currency": "EUR"},
        None,
        "value.amount",
        "takes a number",
    ),
    (
        "an unknown currency",
        "update_opportunity",
        {"value.currency": "XXX"},
        opportunity(),
        "value.currency",
        "There is no currency",
    ),
    (
        "closing sets the probability",
        "update_opportunity",
        {"milestone": "Won", "probability": 40},
        opportunity(),
        "probability",
        "Won, which closes the opportunity",
    ),
    (
        "a new one that is won already",
        "create_opportunity",
        NEW | {"milestone": 902, "probability": 40},
        None,
        "probability",
        "can't be given",
    ),
    (
        "a reason without losing",
        "update_opportunity",
        {"lostReason": "Too expensive"},
        opportunity(),
        "lostReason",
        "Proposal doesn't lose it",
    ),
    (
        "a duration of a fixed value",
        "update_opportunity",
        {"durationBasis": "FIXED", "duration": 3},
        opportunity(),
        "duration",
        "FIXED",
    ),
    ("more than all", "update_opportunity", {"probability": 101}, opportunity(), "probability", "between 0 and 100"),
    (
        "half a percent",
        "update_opportunity",
        {"probability": Decimal("0.5")},
        opportunity(),
        "probability",
        "whole number",
    ),
    ("no contact", "update_opportunity", {"party": None}, opportunity(), "party", "can't be emptied"),
    (
        "nobody looks after it",
        "update_opportunity",
        {"owner": None},
        opportunity(),
        "owner",
        "needs an owner or a team",
    ),
    (
        "a contact nobody read",
        "update_opportunity",
        {"party": "Zoë"},
        opportunity(),
        "party",
        "No record of people and organisations",
    ),
    (
        "a word that isn't allowed",
        "update_opportunity",
        {"durationBasis": "DECADE"},
        opportunity(),
        "durationBasis",
        "it is one of FIXED, HOUR",
    ),
    (
        "a date in words",
        "update_opportunity",
        {"expectedCloseOn": "next week"},
        opportunity(),
        "expectedCloseOn",
        "takes a date such as",
    ),
    (
        "two relations",
        "create_task",
        {"description": "X", "dueOn": "2026-01-01", "party": 1, "kase": 2},
        None,
        "party",
        "about one record at most",
    ),
    ("a task without a day", "create_task", {"description": "X"}, None, "dueOn", "Due on is needed"),
    (
        "tracks hold back, nobody else",
        "update_task",
        {"status": "PENDING"},
        task(),
        "status",
        "can't be set to PENDING",
    ),
    (
        "done without being done",
        "update_task",
        {"completedAt": "2026-01-01T00:00:00Z"},
        task(),
        "completedAt",
        "give the status COMPLETED",
    ),
    ("no owner", "update_task", {"owner": None}, task(), "owner", "can't be emptied"),
    ("no time", "update_task", {"dueTime": "noon"}, task(), "dueTime", "takes a time such as"),
    ("a note about nothing", "add_note", {"content": "X"}, None, "party", "is needed to make a new note"),
    (
        "a note about two",
        "add_note",
        {"content": "X", "party": 1, "opportunity": 2},
        None,
        "party",
        "about one record at most",
    ),
    ("an empty note", "add_note", {"party": 1}, None, "content", "Note is needed"),
    ("no tags to add", "add_party_tags", {"id": 5001, "tags": []}, person(), "tags", "name at least one tag"),
    ("tags of nobody", "add_party_tags", {"id": 7, "tags": ["A"]}, None, "id", "There is no person or organisation"),
    (
        "fields of nobody",
        "set_party_fields",
        {"name": "N", "fields.Seats": 1},
        None,
        "name",
        "There is no person or organisation with the name “N”.",
    ),
    (
        "by hand: another method",
        "manual",
        {"method": "PATCH", "path": "parties/1"},
        None,
        "method",
        "one of POST, PUT and DELETE",
    ),
    ("by hand: no path", "manual", {"method": "PUT"}, None, "path", "Path is needed"),
    (
        "by hand: a body that is no object",
        "manual",
        {"method": "PUT", "path": "parties/1", "body": [1]},
        None,
        "body",
        "JSON object",
    ),
    (
        "by hand: out of the API",
        "manual",
        {"method": "PUT", "path": "../../oauth/token"},
        None,
        "path",
        "has to stay under",
    ),
    (
        "by hand: out of the API, hidden",
        "manual",
        {"method": "PUT", "path": "parties/%2e%2e/x"},
        None,
        "path",
        "has to stay under",
    ),
    (
        "by hand: another host",
        "manual",
        {"method": "PUT", "path": "//evil.example/x"},
        None,
        "path",
        "has to stay under",
    ),
]


@pytest.mark.parametrize(("why", "name", "row", "record", "field", "words"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_is_refused_says_why_at_its_field(
    why: str, name: str, row: Row, record: Record | None, field: str, words: str
) -> None:
    planned = plan(name, row, record, clear_with_null=True)
    assert planned.deed == "refuse", (why, planned.request)
    assert planned.request is None
    said = {error.field: error.message for error in planned.errors}
    assert words in said[field], (why, said)
    assert all(message.endswith((".", "?")) for message in said.values()), said
    assert all(message[0].isupper() or message[0] == "“" for message in said.values()), said


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
