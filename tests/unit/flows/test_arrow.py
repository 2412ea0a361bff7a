"""Batches of one stream become one set of tables, also where a column that nobody declared came in several kinds."""

from typing import Any

import pyarrow as pa
import pytest

from consentry.connectors import Field, Stream
from consentry.errors import ColumnChanged
from consentry.flows import ArrowTables

THINGS = Stream(
    name="things",
    title="Things",
    meaning="Things.",
    path="/api/v2/things",
    records_key="things",
    fields=(Field(name="id", kind="integer"),),
)


def joined(*batches: list[dict[str, Any]]) -> pa.Table:
    tables = ArrowTables(THINGS)
    for batch in batches:
        tables.add(batch)
    return tables.whole()["things"]


def test_a_column_that_comes_later_is_empty_before() -> None:
    assert joined([{"id": 1}], [{"id": 2, "late": "x"}])["late"].to_pylist() == [None, "x"]


def test_whole_numbers_and_broken_ones_become_one_column_of_numbers() -> None:
    table = joined([{"id": 1, "size": 2}], [{"id": 2, "size": 2.5}])
    assert table.schema.field("size").type == pa.float64()
    assert table["size"].to_pylist() == [2.0, 2.5]


def test_kinds_that_have_nothing_in_common_are_said() -> None:
    with pytest.raises(ColumnChanged, match="things"):
        joined([{"id": 1, "size": 2}], [{"id": 2, "size": "large"}])
