"""Mappings: what they may be, and what a row becomes by them."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from consentry.connectors import Match, Template, TemplateField
from consentry.errors import InvalidInput
from consentry.flows.destination.keys import content_hash, key_of, match_value
from consentry.flows.destination.mapping import Mapper, check_mapping
from consentry.flows.destination.model import Mapped
from consentry.flows.destination.suggesting import suggest

FIELDS = (
    TemplateField(name="id", title="Id", kind="integer"),
    TemplateField(name="firstName", title="First name", synonyms=("forename", "vorname")),
    TemplateField(name="lastName", title="Last name", synonyms=("surname",)),
    TemplateField(name="jobTitle", title="Job title", required=True),
    TemplateField(name="owner", title="Owner", kind="reference"),
    TemplateField(name="emailAddresses", title="E-mail addresses", repeats=True, synonyms=("email", "e-mail")),
    TemplateField(name="emailAddresses.Work", title="E-mail address (Work)", synonyms=("work email",)),
    TemplateField(name="bornOn", title="Born on", kind="date"),
    TemplateField(name="fields.Size", title="Size", synonyms=("Size",)),
)
CREATE = Template(
    name="create_person",
    title="Create a person",
    meaning="",
    deed="create",
    stream="parties",
    fields=FIELDS,
    one_of=(("firstName", "lastName"),),
    custom_fields="party_fields",
)
UPSERT = replace(
    CREATE,
    name="upsert_person",
    deed="upsert",
    matches=(
        Match(field="emailAddresses", title="E-mail address", at_once=20, ignores_case=True),
        Match(field="id", title="Id", at_once=10),
        Match(field="fields.", title="Custom field", at_once=10),
    ),
)


def by(**columns: str) -> dict[str, Mapped]:
    return {name.replace("__", "."): Mapped(column=column) for name, column in columns.items()}


def errors_of(template: Template, mapping: dict[str, Mapped], **more: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        check_mapping(template, FIELDS, mapping, **more)
    return {error.field: error.message for error in caught.value.errors}


def test_a_row_becomes_values_of_the_fields_kinds() -> None:
    mapping = by(firstName="fn", bornOn="born", emailAddresses="mails") | {"jobTitle": Mapped(value=" Boss ")}
    found = Mapper(CREATE, FIELDS, mapping)({"fn": "Ann ", "born": "2000-02-29", "mails": "a@b.c; d@e.f", "other": 1})
    assert found.errors == ()
    assert found.values == {
        "jobTitle": "Boss",
        "firstName": "Ann",
        "bornOn": date(2000, 2, 29),
        "emailAddresses": ["a@b.c", "d@e.f"],
    }


def test_every_fault_of_a_row_is_said_with_its_column_and_value_shortened() -> None:
    mapping = by(firstName="fn", jobTitle="job", bornOn="born")
    found = Mapper(CREATE, FIELDS, mapping)({"fn": "A\x07", "job": "", "born": "03/04/2025" + "x" * 500})
    words = {error.field: error.message for error in found.errors}
    assert words.keys() == {"firstName", "jobTitle", "bornOn"}
    assert words["firstName"].startswith("The column fn holds A, which has a character that can't be seen")
    assert words["jobTitle"] == "Job title is required, but it is empty (the column job)."
    assert "x…, which isn't a date" in words["bornOn"]
    assert len(words["bornOn"]) < 220


def test_a_row_needs_one_of_a_group_to_create() -> None:
    found = Mapper(CREATE, FIELDS, by(firstName="a", lastName="b", jobTitle="c"))({"a": None, "b": " ", "c": "x"})
    assert [error.message for error in found.errors] == [
        "First name or Last name is required, but the row has none of them."
    ]


def test_an_upsert_asks_for_what_creates_only_when_it_has_to_create() -> None:
    mapper = Mapper(UPSERT, FIELDS, by(emailAddresses="m"))
    found = mapper({"m": "ann@example.com"})
    assert found.errors == ()
    assert {error.field for error in mapper.missing_to_create(found.values)} == {"jobTitle", "firstName"}


def test_a_row_without_what_its_record_is_found_by_is_refused() -> None:
    found = Mapper(UPSERT, FIELDS, by(emailAddresses="m"))({"m": ""})
    assert [(error.field, error.message) for error in found.errors] == [
        (
            "emailAddresses",
            "E-mail addresses is empty (the column m), and it is what the record is found by.",
        )
    ]


def test_a_mapping_is_refused_with_everything_that_is_wrong_with_it() -> None:
    mapping = by(nickname="n", fields__Colour="c", firstName="gone") | {
        "lastName": Mapped(column="l", value="x"),
    }
    words = errors_of(CREATE, mapping, columns=("n", "c", "l"))
    assert words == {
        "mapping.nickname": "Create a person has no field named nickname.",
        "mapping.fields.Colour": "Create a person has no custom field named Colour.",
        "mapping.lastName": "Give a column or a value for every row, not both.",
        "mapping.firstName": "The rows have no column gone. There are: n, c, l.",
        "mapping.jobTitle": "Job title is required; map a column to it.",
    }


def test_custom_fields_are_let_through_while_nobody_knows_which_there_are() -> None:
    mapping = by(fields__Colour="c", firstName="f", jobTitle="j")
    check_mapping(CREATE, FIELDS, mapping, knows_custom_fields=False)


def test_what_records_are_found_by_must_be_a_way_of_the_template_and_mapped() -> None:
    assert errors_of(UPSERT, by(firstName="f"), match_on="firstName") == {
        "match_on": "Create a person finds records by emailAddresses, id, fields.…."
    }
    assert errors_of(UPSERT, by(firstName="f"), match_on="fields.Size") == {
        "mapping.fields.Size": "Map a column to fields.Size: records are found by it."
    }
    check_mapping(UPSERT, FIELDS, by(emailAddresses__Work="w"))  # a part of the list will do


def test_a_value_for_every_row_is_judged_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        Mapper(UPSERT, FIELDS, by(emailAddresses="m") | {"bornOn": Mapped(value="soon")})
    assert caught.value.errors[0].field == "mapping.bornOn"
    assert caught.value.errors[0].message.startswith("The value for every row is soon, which isn't a date")


def test_keys_name_what_a_record_is_found_by() -> None:
    row = {"emailAddresses": [{"type": "Work", "address": "Ann@Example.com"}], "id": 5, "fields.Size": "XL"}
    assert key_of(UPSERT, None, row) == "ann@example.com"
    assert key_of(UPSERT, "id", row) == "5"
    assert key_of(UPSERT, "fields.Size", row) == "XL"
    assert match_value(UPSERT, "emailAddresses", {"emailAddresses.Work": "w@x.y"}) == "w@x.y"
    long = key_of(UPSERT, "fields.Size", {"fields.Size": "x" * 5_000})
    assert len(long) < 400
    assert long != key_of(UPSERT, "fields.Size", {"fields.Size": "x" * 5_001})


def test_keys_of_rows_that_nothing_identifies_are_made_of_all_that_they_say() -> None:
    row = {"firstName": "Ann", "bornOn": date(2000, 1, 1), "lastName": None}
    assert key_of(CREATE, None, row, 1) != key_of(CREATE, None, row, 2)
    assert key_of(CREATE, None, row, 1) == key_of(CREATE, None, {"bornOn": date(2000, 1, 1), "firstName": "Ann"}, 1)
    assert content_hash(row) != content_hash({**row, "firstName": "Bob"})


@pytest.mark.parametrize(
    ("columns", "wanted", "reason"),
    [
        (["firstName"], {"firstName": "firstName"}, "its own name"),
        (["first_name", "LAST NAME"], {"firstName": "first_name", "lastName": "LAST NAME"}, "however it is written"),
        (["Vorname", "Surname"], {"firstName": "Vorname", "lastName": "Surname"}, "what people say"),
        (["E-Mail"], {"emailAddresses": "E-Mail"}, "signs don't count"),
        (["e-mail", "Email"], {"emailAddresses": "e-mail"}, "a field is filled once"),
        (["work_email"], {"emailAddresses.Work": "work_email"}, "one address of a type"),
        (["owner_id", "owner_name"], {"owner": "owner_name"}, "an id means another person elsewhere"),
        (["owner_id"], {"owner": "owner_id"}, "there is nothing better"),
        (["size"], {"fields.Size": "size"}, "a custom field"),
        (["name", "mail2", "first", "", "!!"], {}, "nothing is guessed"),
        (["born on", "firstName", "forename"], {"firstName": "firstName", "bornOn": "born on"}, "the name counts most"),
    ],
)
def test_columns_are_suggested_for_fields_that_are_called_so(
    columns: list[str], wanted: dict[str, str], reason: str
) -> None:
    assert {name: mapped.column for name, mapped in suggest(FIELDS, columns).items()} == wanted, reason
