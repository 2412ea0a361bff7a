"""What is sent of people: a table of cases, each with the rule that it shows."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ground.capsule_account import person
from ground.planning import Row, plan, sent

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
