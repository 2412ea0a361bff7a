"""Records as Arrow tables, typed and named as a dataset has them, for who reads a stream without keeping a dataset."""

from typing import TYPE_CHECKING, Any

from consentry.connectors import Record, Stream
from consentry.errors import ColumnChanged

if TYPE_CHECKING:
    import pyarrow as pa


class ArrowTables:
    """Takes records of one stream batch by batch, and puts their tables together."""

    def __init__(self, stream: Stream) -> None:
        from consentry.flows.shape import plan_of

        self._plan = plan_of(stream)
        self._parts: dict[str, list[Any]] = {}

    def add(self, records: list[Record]) -> None:
        """Add some records; raise ColumnChanged when a value doesn't fit its column."""
        for name, part in self._plan.shape(records).tables.items():
            self._parts.setdefault(name, []).append(part)

    def whole(self) -> "dict[str, pa.Table]":
        """Return the tables, without the columns that only a warehouse needs; call it after ``add``.

        Raises ColumnChanged when a column that nobody declared came in kinds that have nothing in common.
        """
        joined = {name: _join(name, parts) for name, parts in self._parts.items()}
        own = joined[self._plan.table]
        unneeded = ["_hash"] if self._plan.parent_column == "_key" else ["_key", "_hash"]  # lists point to it
        return joined | {self._plan.table: own.drop_columns(unneeded)}


def _join(name: str, parts: "list[pa.Table]") -> "pa.Table":
    """Put tables together; a column of whole numbers here and of broken ones there has the broken ones' type."""
    import pyarrow as pa

    try:
        return pa.concat_tables(parts, promote_options="permissive").combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ColumnChanged(f"A column of {name} came in kinds that have nothing in common.") from error
