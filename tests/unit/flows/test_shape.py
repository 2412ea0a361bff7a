"""Records become typed tables: names, kinds, lists, keys and hashes, whatever else comes along."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from consentry.connectors import Field, FieldKind, Stream
from consentry.errors import ColumnChanged, ReplyNotUnderstood
from consentry.flows.shape import plan_of
from consentry.flows.shape.names import LONGEST, Names, fitted, snake


def a_stream(*fields: Field, primary_key: tuple[str, ...] = ("id",)) -> Stream:
    """Return a stream with an id and some more fields."""
    return Stream(
        name="things",
        title="Things",
        meaning="Things.",
        path="/api/v2/things",
        records_key="things",
        primary_key=primary_key,
        fields=(Field(name="id", kind="integer"), *fields),
    )


def shaped(stream: Stream, *records: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table."""
    return {name: table.to_pylist() for name, table in plan_of(stream).shape(list(records)).tables.items()}


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("createdAt", "created_at"),
        ("pictureURL", "picture_url"),
        ("URLOfPicture", "url_of_picture"),
        ("alpha2Code", "alpha2_code"),
        ("id", "id"),
        ("Größe (cm)", "größe_cm_"),
        ("", "column"),
    ],
)
def test_names_are_the_apis_in_snake_case(name: str, column: str) -> None:
    assert snake(name) == column


def test_names_are_given_out_once_and_never_cut_into_each_other() -> None:
    names = Names("taken")
    long = ["x" * 80 + each for each in "ab"]

    assert [names.take("taken"), names.take("Taken"), names.take("free")] == ["taken_2", "Taken_3", "free"]
    assert len({fitted(name) for name in long}) == 2
    assert max(len(fitted("ü" * 60).encode()), *(len(fitted(name)) for name in long)) <= LONGEST


@pytest.mark.parametrize(
    ("kind", "came", "kept"),
    [
        ("integer", 2**63 - 1, 2**63 - 1),
        ("integer", -5, -5),
        ("decimal", 0.1, Decimal("0.1")),
        ("decimal", 12, Decimal(12)),
        ("double", 3, 3.0),
        ("boolean", False, False),
        ("text", "", ""),
        ("timestamp", "2024-02-29T10:00:00Z", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ("timestamp", "2024-02-29T10:00:00.5+02:00", datetime(2024, 2, 29, 8, 0, 0, 500_000, tzinfo=UTC)),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("time", "09:30:00", time(9, 30)),
        ("json", {"b": 1, "a": [None]}, '{"a":[null],"b":1}'),
        ("json", "a text stays one", "a text stays one"),
        ("json", True, "true"),
    ],
)
def test_each_kind_keeps_its_values_and_null(kind: FieldKind, came: object, kept: object) -> None:
    rows = shaped(a_stream(Field(name="it", kind=kind)), {"id": 1, "it": came}, {"id": 2, "it": None}, {"id": 3})

    assert [row["it"] for row in rows["things"]] == [kept, None, None]


@pytest.mark.parametrize(
    ("kind", "came", "words"),
    [
        ("integer", "5", "a text"),
        ("integer", True, "true or false"),
        ("integer", 2**63, "too large"),
        ("integer", 1.5, "decimals"),
        ("boolean", 1, "a whole number"),
        ("text", 5, "a whole number"),
        ("text", {"secret": 1}, "an object"),
        ("timestamp", "soon", "a text"),
        ("date", "2024-02-30", "a text"),
        ("time", "25:00", "a text"),
        ("decimal", "much", "isn't one"),
        ("object", 5, "something else"),
        ("list", 5, "something else"),
    ],
)
def test_a_value_of_another_kind_is_told_without_being_shown(kind: FieldKind, came: object, words: str) -> None:
    with pytest.raises(ColumnChanged) as raised:
        shaped(a_stream(Field(name="itsName", kind=kind)), {"id": 1, "itsName": came})

    assert "things.its_name" in raised.value.message
    assert words in raised.value.message
    assert "secret" not in raised.value.message


def test_objects_are_flattened_and_lists_become_tables() -> None:
    owner = Field(name="owner", kind="object", members=(Field(name="id", kind="integer"),))
    parts = Field(
        name="partList",
        kind="list",
        members=(Field(name="id", kind="integer"), owner, Field(name="sizes", kind="list")),
    )
    words = Field(name="words", kind="list", members=(Field(name="value", kind="text"),))
    first = {"id": 1, "owner": {"id": 7}, "partList": [{"id": 5, "owner": {"id": 8}, "sizes": [1, 2]}, {"id": 6}]}
    second = {"id": 2, "owner": None, "partList": [], "words": ["a", "a"]}

    rows = shaped(a_stream(owner, parts, words), first, second)

    assert [row["owner_id"] for row in rows["things"]] == [7, None]
    assert rows["things__part_list"] == [
        {"_parent_id": 1, "_position": 0, "id": 5, "owner_id": 8, "sizes": "[1,2]"},
        {"_parent_id": 1, "_position": 1, "id": 6, "owner_id": None, "sizes": None},
    ]
    assert rows["things__words"] == [
        {"_parent_id": 2, "_position": 0, "value": "a"},
        {"_parent_id": 2, "_position": 1, "value": "a"},
    ]


def test_what_nobody_declared_is_kept_as_what_it_is() -> None:
    found = {"flag": True, "count": 3, "share": 0.5, "word": "x", "deep": {"er": {"n": 1}}, "pets": [{"legs": 4}]}

    rows = shaped(a_stream(), {"id": 1, **found, "tags": ["a"], "none": None, "empty": []}, {"id": 2, "share": 1})

    own = {name: value for name, value in rows["things"][0].items() if not name.startswith("_")}
    flat = {"flag": True, "count": 3, "share": 0.5, "word": "x", "deep_er_n": 1, "tags": '["a"]'}
    assert own == {"id": 1} | flat
    assert rows["things__pets"] == [{"_parent_id": 1, "_position": 0, "legs": 4}]
    assert rows["things"][1]["share"] == 1.0


def test_two_members_never_share_a_column() -> None:
    owner = Field(name="owner", kind="object", members=(Field(name="id", kind="integer"),))

    rows = shaped(a_stream(owner), {"id": 1, "owner": {"id": 7}, "ownerId": 8, "_key": "mine"})

    row = rows["things"][0]
    assert (row["owner_id"], row["owner_id_2"], row["_key"], row["_key_2"]) == (7, 8, "1", "mine")


def test_equal_records_have_equal_hashes_and_others_do_not() -> None:
    records = [
        {"id": 1, "a": {"x": 1, "y": [1]}},
        {"a": {"y": [1], "x": 1}, "id": 1},
        {"id": 1, "a": {"x": 1, "y": [1, 2]}},
        {"id": 1, "a": {"x": 1, "y": [1]}, "b": None},
    ]

    hashes = [shaped(a_stream(), record)["things"][0]["_hash"] for record in records]

    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_a_key_of_several_parts_is_one_text_that_lists_repeat() -> None:
    parts = Field(name="parts", kind="list", members=(Field(name="n", kind="integer"),))
    stream = a_stream(Field(name="code", kind="text"), parts, primary_key=("id", "code"))

    rows = shaped(stream, {"id": 1, "code": "a", "parts": [{"n": 1}]}, {"id": 1, "code": "b", "parts": []})

    assert [row["_key"] for row in rows["things"]] == ["1:a", "1:b"]
    assert rows["things__parts"][0]["_parent_id"] == "1:a"


def test_of_two_records_with_one_key_the_last_counts_and_one_without_is_refused() -> None:
    rows = shaped(a_stream(), {"id": 1, "word": "old"}, {"id": 2, "word": "x"}, {"id": 1, "word": "new"})
    assert {row["id"]: row["word"] for row in rows["things"]} == {1: "new", 2: "x"}

    with pytest.raises(ReplyNotUnderstood, match="without id"):
        shaped(a_stream(), {"word": "x"})


def test_tables_have_their_declared_types_also_when_nothing_came() -> None:
    stream = a_stream(Field(name="price", kind="decimal"), Field(name="at", kind="timestamp"))

    schema = plan_of(stream).shape([{"id": 1}]).tables["things"].schema

    assert schema.field("price").type == pa.decimal128(38, 9)
    assert schema.field("at").type == pa.timestamp("us", "UTC")
