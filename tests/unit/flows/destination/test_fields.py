"""A destination as it is described becomes the same values again, and what can't be read is named."""

from datetime import timedelta
from typing import Any

import pytest

from consentry.errors import InvalidInput
from consentry.flows import ManualWrite, Mapped, RowsSpec, Schedule, read_new_destination, read_rows

PLAIN: dict[str, Any] = {"name": "Contacts", "credential_id": 1, "template": "upsert_person", "rows": {"table": "a.b"}}


def test_what_isn_t_said_has_the_safe_way() -> None:
    new = read_new_destination(PLAIN)
    assert (new.nested, new.clear_with_null, new.match_on, new.schedule) == ("add", False, None, None)
    assert (new.mapping, new.rows) == ({}, RowsSpec(table="a.b"))


def test_everything_that_can_be_said_is_read() -> None:
    said = {
        "name": "  Many   words ",
        "mapping": {"owner": {"column": "o"}, "tags": {"value": ["a"]}, "about": {"column": None, "value": None}},
        "manual": {"method": "PUT", "path": "parties/{id}", "body": {"a": 1}},
        "schedule": {"after_source": 7},
        "rows": {"inline": [{"a": 1}], "source_id": 3},
    }
    new = read_new_destination(PLAIN | said)
    assert new.name == "Many words"
    assert new.mapping == {"owner": Mapped(column="o"), "tags": Mapped(value=["a"]), "about": Mapped()}
    assert new.manual == ManualWrite(method="PUT", path="parties/{id}", body={"a": 1})
    assert new.schedule == Schedule(after_source=7)
    assert new.rows == RowsSpec(inline=({"a": 1},), source_id=3)
    assert read_new_destination(PLAIN | {"schedule": {"every": "2h"}}).schedule == Schedule(every=timedelta(hours=2))


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"rows": {"tables": "a"}}, "rows.tables"),
        ({"rows": {"inline": "a"}}, "rows.inline"),
        ({"mapping": {"owner": {}}}, "mapping.owner"),
        ({"mapping": {"owner": 1}}, "mapping.owner"),
        ({"mapping": {"owner": {"columns": "a"}}}, "mapping.owner.columns"),
        ({"mapping": {"owner": {"column": 1}}}, "mapping.owner.column"),
        ({"nested": "merge"}, "nested"),
        ({"schedule": {"every": "soon"}}, "schedule.every"),
        ({"manual": {"path": "a"}}, "manual.method"),
        ({"credential_id": "1"}, "credential_id"),
        ({"wrong": 1}, "wrong"),
    ],
)
def test_what_can_t_be_read_is_named(said: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        read_new_destination(PLAIN | said)
    assert [each.field for each in wrong.value.errors] == [field]


def test_rows_alone_are_named_alike() -> None:
    assert read_rows({"sql": "SELECT 1"}) == RowsSpec(sql="SELECT 1")
    with pytest.raises(InvalidInput) as wrong:
        read_rows({"sql": 1})
    assert [each.field for each in wrong.value.errors] == ["rows.sql"]
