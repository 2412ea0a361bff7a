"""What every warehouse keeps of the contract, looked at from outside with the warehouse's own tools."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from consentry.errors import ColumnChanged, LeaseTaken
from consentry.flows.model import WarehouseKind
from ground.databases import Databases
from ground.flattening import Expected, differences
from ground.warehouses import DEFINITIONS, KINDS, PAIRS, THINGS, Warehouse, a_warehouse, batch_of

FULL: dict[str, Any] = {
    "id": 9_007_199_254_740_993,
    "name": "Zoë — 株式会社 \u202e 🐙 'quoted' \"twice\"\nline\t\\.",
    "isBig": True,
    "price": 1234567.89,
    "weight": 0.1,
    "createdAt": "2024-02-29T23:59:59.123Z",
    "dueOn": "2024-02-29",
    "dueTime": "23:59:59",
    "loose": "as it is",
    "owner": {"id": 7, "name": ""},
    "parts": [{"id": 1, "name": "one"}, {"id": 1, "name": None}],
    "words": ["a", "", "a"],
    "fields": [],
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> WarehouseKind:
    """Name the kind of warehouse; each test runs once on every one."""
    chosen: WarehouseKind = request.param
    return chosen


@pytest.fixture
def warehouse(kind: WarehouseKind, databases: Databases, home: Path) -> Iterator[Warehouse]:
    """Give an empty dataset."""
    with a_warehouse(kind, databases, home) as made:
        yield made


def thing(number: int, **more: Any) -> dict[str, Any]:
    """Return a record with a list of one part."""
    return {"id": number, "name": f"thing {number}", "parts": [{"id": number, "name": "part"}], **more}


def check(warehouse: Warehouse, *records: dict[str, Any]) -> None:
    """Compare the live rows with records."""
    expected = Expected()
    for record in records:
        expected.add(THINGS, record)
    assert differences(expected, warehouse.live()) == []


def test_every_value_comes_out_as_it_went_in(warehouse: Warehouse) -> None:
    empty = {"id": 2} | dict.fromkeys(name for name in FULL if name not in ("id", "owner"))

    written = warehouse.write([FULL, empty, {"id": 3}])

    assert (written.new, written.changed, written.unchanged) == (3, 0, 0)
    check(warehouse, FULL, empty, {"id": 3})
    row = warehouse.live()["things"][str(FULL["id"])]
    assert row["created_at"] == datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=UTC)
    assert (row["due_on"], row["due_time"]) == (date(2024, 2, 29), time(23, 59, 59))
    assert (row["price"], row["weight"], row["is_big"]) == (Decimal("1234567.89"), 0.1, True)
    assert (row["owner_id"], row["owner_name"], row["name"]) == (7, "", FULL["name"])


def test_what_has_no_settled_form_is_kept_as_json(warehouse: Warehouse) -> None:
    warehouse.write([thing(1, loose={"b": [1, None], "a": "ü"}), thing(2, loose=True), thing(3, loose="text")])

    live = warehouse.live()["things"]

    assert [live[key]["loose"] for key in "123"] == ['{"a":"ü","b":[1,null]}', "true", "text"]


def test_a_record_is_new_then_unchanged_then_changed_and_its_lists_follow(warehouse: Warehouse) -> None:
    first = [thing(1), thing(2), thing(3)]
    warehouse.write(first)

    again = warehouse.write(first)
    mixed = warehouse.write([thing(1), thing(2, parts=[]), thing(3, parts=[{"id": 8}, {"id": 9}]), thing(4)])

    assert (again.new, again.changed, again.unchanged) == (0, 0, 3)
    assert (mixed.new, mixed.changed, mixed.unchanged) == (1, 2, 1)
    check(warehouse, thing(1), thing(2, parts=[]), thing(3, parts=[{"id": 8}, {"id": 9}]), thing(4))


def test_the_order_of_members_changes_nothing_and_the_last_of_two_counts(warehouse: Warehouse) -> None:
    warehouse.write([{"id": 1, "name": "a", "owner": {"id": 1, "name": "x"}}])

    same = warehouse.write([{"owner": {"name": "x", "id": 1}, "name": "a", "id": 1}])
    twice = warehouse.write([thing(2, name="old"), thing(2, name="new")])

    assert (same.unchanged, twice.new) == (1, 1)
    assert warehouse.live()["things"]["2"]["name"] == "new"


def test_what_nobody_declared_becomes_columns_and_tables_and_is_told(warehouse: Warehouse) -> None:
    warehouse.write([thing(1)])
    odd = thing(2, mood="good", score=3, deep={"er": {"flag": True}}, pets=[{"legs": 4}], tags=["x"], nothing=None)

    written = warehouse.write([odd])
    later = warehouse.write([thing(3, mood="bad", score=None)])

    told = {"things.mood", "things.score", "things.deep_er_flag", "things.tags", "things__pets.legs"}
    assert told <= set(written.new_columns)
    assert later.new_columns == ()
    live = warehouse.live()
    assert (live["things"]["2"]["mood"], live["things"]["2"]["score"], live["things"]["2"]["deep_er_flag"]) == (
        "good",
        3,
        True,
    )
    assert live["things__pets"]["2#0"]["legs"] == 4
    assert live["things"]["3"]["mood"] == "bad"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", 5),  # text
        ("isBig", "yes"),  # boolean
        ("createdAt", "yesterday"),  # timestamp
        ("owner", "Ada"),  # object
        ("parts", {"id": 1}),  # list
        ("id", 2**70),  # integer
    ],
)
def test_a_value_of_another_type_is_told_and_writes_nothing(warehouse: Warehouse, member: str, value: object) -> None:
    with pytest.raises(ColumnChanged) as raised:
        warehouse.write([thing(1), thing(2) | {member: value}])

    assert "things" in raised.value.message
    assert str(value) not in raised.value.message
    assert warehouse.live().get("things", {}) == {}


def test_a_found_column_keeps_its_type_and_the_whole_batch_stays_out(warehouse: Warehouse) -> None:
    warehouse.write([thing(1, mood=1)], state={"at": 1})

    with pytest.raises(ColumnChanged, match="mood"):
        warehouse.write([thing(2, mood="good")], state={"at": 2})

    check(warehouse, thing(1, mood=1))
    with warehouse.open() as dataset:
        assert dataset.state("things") == {"at": 1}


def test_deleted_records_are_marked_and_live_again_when_they_come_back(warehouse: Warehouse) -> None:
    warehouse.write([thing(1), thing(2)])

    assert warehouse.delete((1,), (1,), (99,)) == 1
    assert warehouse.delete((1,)) == 0
    check(warehouse, thing(2))

    back = warehouse.write([thing(1)])
    assert (back.changed, back.unchanged) == (1, 0)
    check(warehouse, thing(1), thing(2))


def test_deleted_records_are_taken_out_where_the_source_says_so(
    kind: WarehouseKind, databases: Databases, home: Path
) -> None:
    with a_warehouse(kind, databases, home, deletions="remove") as warehouse:
        warehouse.write([thing(1), thing(2)])

        assert warehouse.delete((1,), (99,)) == 1
        check(warehouse, thing(2))
        with warehouse.open() as dataset:
            assert [look.count for look in dataset.look() if look.name == "things__parts"] == [1]


def test_keys_of_several_parts_are_kept_apart(warehouse: Warehouse) -> None:
    records = [{"leftId": 1, "code": "a", "parts": [{"id": 1}]}, {"leftId": 1, "code": "b", "parts": [{"id": 2}]}]
    warehouse.write(records, stream=PAIRS)

    with warehouse.open() as dataset:
        assert sorted(dataset.keys("pairs", {"leftId": 1})) == [(1, "a"), (1, "b")]
        assert dataset.keys("pairs", {"leftId": 2}) == []
    assert warehouse.delete((1, "a"), stream=PAIRS) == 1
    assert set(warehouse.live()["pairs"]) == {"1:b"}


def test_a_full_listing_tells_what_is_missing(warehouse: Warehouse) -> None:
    warehouse.write([thing(1), thing(2), thing(3)])
    with warehouse.open() as dataset:
        dataset.begin_listing("things", state={"listing": 1}, fence=1)
    warehouse.write([thing(1), thing(2, name="other")], seen=True)

    with warehouse.open() as dataset:
        assert dataset.missing("things", 10) == [(3,)]
        assert len(dataset.missing("things", 0)) == 0
        dataset.delete("things", [(3,)], state={}, fence=1, at=warehouse.now())
        assert dataset.missing("things", 10) == []
        dataset.begin_listing("things", state={"listing": 2}, fence=1)
        assert sorted(dataset.missing("things", 10)) == [(1,), (2,)]


def test_known_records_and_keys_written_lately_are_told(warehouse: Warehouse) -> None:
    with warehouse.open() as dataset:
        assert (dataset.state("things"), dataset.keys("things"), dataset.missing("things", 5)) == ({}, [], [])
        assert dataset.known("things", batch_of(THINGS, [thing(1)])) == 0
    warehouse.write([thing(1), thing(2), thing(3)], state={"cursor": "ü", "deep": {"n": 1}})
    warehouse.delete((3,))
    moment = warehouse.now()
    warehouse.write([thing(1), thing(2, name="other")])

    with warehouse.open() as dataset:
        batch = batch_of(THINGS, [thing(1), thing(2), thing(3), thing(4)])
        assert dataset.known("things", batch) == 1
        assert sorted(dataset.keys("things")) == [(1,), (2,)]
        assert dataset.keys("things", written_since=moment) == [(2,)]
        assert dataset.keys("things", {"name": "other"}) == [(2,)]
        assert dataset.keys("things", {"unheardOf": 1}) == []


def test_an_earlier_holder_of_the_run_changes_nothing(warehouse: Warehouse) -> None:
    warehouse.write([thing(1)], state={"by": 5}, fence=5)

    with pytest.raises(LeaseTaken):
        warehouse.write([thing(2)], state={"by": 4}, fence=4)
    with warehouse.open() as dataset:
        with pytest.raises(LeaseTaken):
            dataset.delete("things", [(1,)], state={}, fence=4, at=warehouse.now())
        with pytest.raises(LeaseTaken):
            dataset.begin_listing("things", state={}, fence=4)
        with pytest.raises(LeaseTaken):
            dataset.finish(fence=4)
        assert dataset.state("things") == {"by": 5}

    warehouse.fence = 5
    check(warehouse, thing(1))


def test_custom_fields_are_typed_columns_of_a_view(warehouse: Warehouse) -> None:
    kinds = {1: ("Größe (cm)", "number"), 2: ("Since", "date"), 3: ("VIP", "boolean"), 4: ("Name", "text")}
    warehouse.write(
        [{"id": number, "name": name, "type": of} for number, (name, of) in kinds.items()], stream=DEFINITIONS
    )
    values = [("1.5", 1), ("2024-02-29", 2), (True, 3), ("x", 4)]
    good = thing(1, fields=[{"value": value, "definition": {"id": number}} for value, number in values])
    bad = thing(2, fields=[{"value": "2024-02-30", "definition": {"id": 2}}])
    warehouse.write([good, bad, thing(3)])
    warehouse.finish()

    def wide() -> dict[int, dict[str, Any]]:
        with warehouse.open() as dataset:
            return {row["id"]: row for row in dataset.rows("things_wide", 10)}

    rows = wide()
    assert (rows[1]["since"], rows[1]["vip"], rows[1]["name"]) == (date(2024, 2, 29), True, "thing 1")
    assert (rows[1]["name_2"], rows[2]["since"], rows[3]["since"]) == ("x", None, None)
    assert Decimal("1.5") in rows[1].values()

    warehouse.write([{"id": 5, "name": "Late", "type": "text"}], stream=DEFINITIONS)
    warehouse.finish()
    assert wide()[1]["late"] is None


def test_a_look_shows_tables_with_their_columns_and_live_rows(warehouse: Warehouse) -> None:
    warehouse.write([thing(1), thing(2)])
    warehouse.delete((2,))
    warehouse.finish()

    with warehouse.open() as dataset:
        looks = {look.name: look for look in dataset.look()}
        assert looks["things"].count == 1
        assert [name for name, _ in looks["things"].columns][:2] == ["id", "name"]
        assert not [name for name in looks if name.startswith("_")]
        assert [row["id"] for row in dataset.rows("things", 10)] == [1]


def test_text_that_ends_a_copy_or_holds_nul_goes_in_like_any_other(kind: WarehouseKind, warehouse: Warehouse) -> None:
    odd = {1: "\\.", 2: "a\n\\.\nb", 3: "\\N", 4: 'a,"b"\r\n', 5: "nul \0 there", 6: "", 7: None}

    warehouse.write([{"id": number, "name": text} for number, text in odd.items()])

    rows = warehouse.live()["things"]
    instead = "nul \ufffd there" if kind == "postgres" else odd[5]
    assert {number: rows[str(number)]["name"] for number in odd} == odd | {5: instead}
