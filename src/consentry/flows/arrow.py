"""Records as Arrow tables, typed and named as a dataset has them, for who reads a stream without keeping a dataset."""

from typing import TYPE_CHECKING, Any

from consentry.connectors import Record, Stream

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
        """Return the tables, without the columns that only a warehouse needs; call it after ``add``."""
        import pyarrow as pa

        joined = {
            name: pa.concat_tables(parts, promote_options="default").combine_chunks()
            for name, parts in self._parts.items()
        }
        own = joined[self._plan.table]
        unneeded = ["_hash"] if self._plan.parent_column == "_key" else ["_key", "_hash"]  # lists point to it
        return joined | {self._plan.table: own.drop_columns(unneeded)}
