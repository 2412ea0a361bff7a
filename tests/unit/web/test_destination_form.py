from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.connectors import Catalogue, TemplateField
from consentry.errors import FieldError, InvalidInput
from consentry.flows import (
    Columns,
    Destination,
    DestinationId,
    ManualWrite,
    Mapped,
    NewDestination,
    RawRow,
    RowsSpec,
    Schedule,
)
from consentry.flows.destination.raw import About, Column
from consentry.web.destination_form import (
    TypedDestination,
    at_destination_field,
    carried,
    described_destination,
    map_name,
    read_destination,
    rows_of,
    typed_of_destination,
)
from consentry.web.fields import Entries
from consentry.web.mapping_fields import column_views, mapping_rows, with_suggestions

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WRITING = Catalogue.load().list()[0].writing
assert WRITING is not None
UPSERT = next(template for template in WRITING.templates if template.name == "upsert_person")
COLUMNS = Columns(
    columns=(Column(name="First name", guess="text"), Column(name="E-Mail", guess="text")),
    rows=(RawRow(row=1, values={"First name": "", "E-Mail": "a@b.example"}),),
    about=About(columns=("First name", "E-Mail")),
)
NEW = NewDestination(
    name="People",
    credential_id=1,
    template="upsert_person",
    rows=RowsSpec(file="upload:4"),
    mapping={"emailAddresses": Mapped(column="E-Mail"), "jobTitle": Mapped(value="Advisor")},
    match_on="emailAddresses",
    nested="replace",
    clear_with_null=True,
    stop_after_refusals=20,
    keep_answers=True,
    schedule=Schedule(after_source=3),
)


def destination(new: NewDestination) -> Destination:
    parts = {name: getattr(new, name) for name in NewDestination.__dataclass_fields__}
    return Destination(
        **parts,
        id=DestinationId(1),
        connector="x",
        credential_name="Sales",
        dataset=None,
        is_active=True,
        next_run_at=None,
        created_by="ada",
        created_at=NOW,
        updated_at=NOW,
    )


ORIGINS = [
    RowsSpec(table="sales.people", source_id=3),
    RowsSpec(sql="SELECT 1", source_id=3),
    RowsSpec(sql="SELECT 1"),
    RowsSpec(file="/srv/people.csv"),
    RowsSpec(file="upload:7"),
    RowsSpec(inline=({"a": 1},)),
]


@pytest.mark.parametrize("rows", ORIGINS)
def test_what_the_form_shows_of_a_destination_describes_it_again(rows: RowsSpec) -> None:
    new = replace(NEW, rows=rows)
    assert described_destination(typed_of_destination(destination(new)), 1, kept=rows) == new


def test_a_manual_request_describes_itself_again() -> None:
    manual = ManualWrite(method="PUT", path="parties/{id}", body={"party": {"about": "{about}"}})
    new = replace(NEW, template="manual", manual=manual, mapping={}, match_on=None)
    assert described_destination(typed_of_destination(destination(new)), 1, kept=new.rows) == new


def test_every_field_that_cant_be_read_is_named() -> None:
    typed = TypedDestination(
        mode="manual", body="{", stop_after="x", origin="sql", schedule=typed_of_destination(destination(NEW)).schedule
    )
    with pytest.raises(InvalidInput) as caught:
        described_destination(replace(typed, schedule=replace(typed.schedule, source="")), 1)
    assert {error.field for error in caught.value.errors} == {
        "name",
        "path",
        "body",
        "stop_after",
        "sql",
        "after_source",
    }


@given(st.dictionaries(st.text(min_size=1), st.sampled_from(["c:x", "=", 'c:Größe "m"']), max_size=5))
def test_names_of_fields_come_through_a_form_whatever_they_hold(chosen: dict[str, str]) -> None:
    pairs = [(map_name(name), choice) for name, choice in chosen.items()]
    assert all('"' not in name and "\n" not in name and "\r" not in name for name, _ in pairs)
    assert read_destination(Entries(pairs)).choices == chosen


def test_what_is_carried_is_read_as_it_was() -> None:
    typed = replace(typed_of_destination(destination(NEW)), origin="upload")
    again = read_destination(Entries([*carried(typed, shows_rest=False), ("upload", "upload:4"), ("name", "People")]))
    assert (again.choices, again.values) == (typed.choices, typed.values)
    for name in ("match_on", "nested", "clear", "stop_after", "keep_answers", "schedule"):
        assert getattr(again, name) == getattr(typed, name), name


def test_a_file_that_was_just_sent_counts_more_than_the_one_before() -> None:
    form = Entries([("upload", "upload:1"), ("file", "upload:2")])
    assert rows_of(read_destination(form)) == RowsSpec(file="upload:2")


def test_suggestions_come_once_for_a_file_and_keep_what_was_chosen() -> None:
    fresh = with_suggestions(TypedDestination(template=UPSERT.name), UPSERT.fields, COLUMNS, UPSERT)
    assert dict(fresh.choices) == {"firstName": "c:First name", "emailAddresses": "c:E-Mail"}
    assert fresh.match_on == "emailAddresses"
    emptied = replace(fresh, choices={"firstName": ""})
    assert with_suggestions(emptied, UPSERT.fields, COLUMNS, UPSERT) == emptied, "what was left out stays out"
    other = replace(COLUMNS, columns=COLUMNS.columns[1:])
    moved = with_suggestions(
        replace(fresh, choices={"about": "c:E-Mail", "firstName": "c:First name"}), UPSERT.fields, other, UPSERT
    )
    assert dict(moved.choices) == {"about": "c:E-Mail"}, "a column that is gone goes; one that is used is used once"


def test_the_mapping_shows_what_matters_first_and_loses_no_field() -> None:
    typed = with_suggestions(TypedDestination(template=UPSERT.name), UPSERT.fields, COLUMNS, UPSERT)
    typed = replace(typed, choices={**typed.choices, "fields.Gone": "c:E-Mail"})
    custom = (*UPSERT.fields, TemplateField(name="fields.Size", title="Size"))
    first, more = mapping_rows(UPSERT, custom, {"owner": {"5": "Ada"}}, typed, column_views(COLUMNS, typed), ())
    assert [row.field for row in first] == ["emailAddresses", "firstName", "fields.Gone"]
    assert first[0].is_needed
    assert first[0].example == "a@b.example"
    assert first[1].example == ""
    owner = next(row for row in more if row.field == "owner")
    assert [choice.word for choice in owner.values] == ["Choose a value", "Ada"]
    assert len(first) + len(more) == len(custom) + 1


def test_rules_are_said_at_the_fields_of_the_form() -> None:
    typed = TypedDestination(origin="path")
    places = {
        "rows.file": "file_path",
        "rows": "origin",
        "rows.sql": "sql",
        "mapping.fields.Größe": map_name("fields.Größe"),
        "manual.body": "body",
        "schedule.cron": "cron",
        "stop_after_refusals": "stop_after",
        "match_on": "match_on",
    }
    error = at_destination_field(InvalidInput(*(FieldError(field=name, message="must be") for name in places)), typed)
    assert isinstance(error, InvalidInput)
    assert [fault.field for fault in error.errors] == list(places.values())
    assert {fault.message for fault in error.errors} == {"This must be."}
