"""Which tables and columns a dataset has: the three tables of ours, and what was made for each stream."""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from consentry.errors import ColumnChanged, WarehouseRefused
from consentry.flows.warehouse.engine import Engine, quoted

STREAMS: Final = "_consentry_streams"
SEEN: Final = "_consentry_seen"
COLUMNS: Final = "_consentry_columns"
VIEW: Final = "view:"
"""How the kind of a view begins, in the table of columns; a hash of its definition follows."""
Columns = dict[str, str]  # kinds by name
_OURS: Final = {"_synced_at": "timestamp", "_deleted_at": "timestamp"}
_INTERNAL: Final = ("_key", "_hash")
_OF_LISTS: Final = ("_parent_id", "_position")
_FITS: Final = {("integer", "double"), *((kind, "json") for kind in ("text", "integer", "double", "boolean"))}
"""What comes, and what the column holds, where both are not the same and yet it fits."""
_KINDS: Final = {
    pa.int64(): "integer",
    pa.decimal128(38, 9): "decimal",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.string(): "text",
    pa.timestamp("us", "UTC"): "timestamp",
    pa.date32(): "date",
    pa.time64("us"): "time",
}


class Layout:
    """Looks after the tables of one dataset. Everything here belongs to a transaction of the caller's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._run = engine.execute
        self._columns = engine.place(COLUMNS)

    def make_ours(self) -> None:
        """Make the schema and the tables of ours."""
        key = " PRIMARY KEY" if self._engine.keyed else ""
        streams = f"stream text{key}, state text, fence bigint, owner text, is_unpublished boolean"
        columns = "stream text, table_name text, column_name text, kind text"
        self._run(f"CREATE SCHEMA IF NOT EXISTS {self._engine.home}")
        for table, members in ((STREAMS, streams), (SEEN, "stream text, _key text"), (COLUMNS, columns)):
            self._run(f"CREATE TABLE IF NOT EXISTS {self._engine.place(table)} ({members})")

    def tables_of(self, stream: str) -> dict[str, Columns]:
        """Return the tables that were made for a stream, and the kinds of their columns."""
        query = f"SELECT table_name, column_name, kind FROM {self._columns} WHERE stream = ?"
        tables: dict[str, Columns] = {}
        for table, column, kind in self._run(query, stream):
            if not kind.startswith(VIEW):
                tables.setdefault(table, {})[column] = kind
        return tables

    def forget(self, stream: str, names: set[str]) -> None:
        """Let a stream begin anew whose own table somebody dropped; its lists are emptied."""
        for table in self.tables_of(stream):
            if table in names:
                self._run(f"DELETE FROM {self._engine.place(table)}")
            else:
                self._run(f"DELETE FROM {self._columns} WHERE table_name = ?", table)
        self._run(f"DELETE FROM {self._engine.place(SEEN)} WHERE stream = ?", stream)
        self._run(f"DELETE FROM {self._engine.place(STREAMS)} WHERE stream = ?", stream)

    def prepare(
        self, stream: str, arriving: Mapping[str, pa.Table], declared: Mapping[str, pa.Table]
    ) -> tuple[dict[str, Columns], list[str]]:
        """Make the tables and columns that a stream needs; return all of its tables, and what nobody declared before.

        Raises ColumnChanged when a column can't hold what arrives, WarehouseRefused when a table isn't ours.
        """
        made = self.tables_of(stream)
        names: set[str] | None = None
        new: list[str] = []
        for table, rows in arriving.items():
            wanted = kinds_of(rows.schema)
            if table not in made:
                names = self._engine.names() if names is None else names
                self._create(stream, table, wanted, names)
                if made or len(declared[stream].schema) > len(_INTERNAL):
                    known = declared[table].schema.names if table in declared else _OF_LISTS
                    new += [f"{table}.{name}" for name in wanted if name not in known]
                continue
            _compare(stream, table, wanted, made[table])
            added = {name: kind for name, kind in wanted.items() if name not in made[table]}
            self._add(stream, table, added)
            new += [f"{table}.{name}" for name in added]
        return (self.tables_of(stream) if new or arriving.keys() - made.keys() else made), new

    def _create(self, stream: str, table: str, wanted: Columns, names: set[str]) -> None:
        if table in names:
            raise WarehouseRefused(
                f"The warehouse has a table {self._engine.schema}.{table} that Consentry did not make.",
                hint="Rename that table, or give the source another dataset.",
            )
        ours = _OURS if "_key" in wanted else {}
        columns = [f"{quoted(name)} {self._engine.types[kind]}" for name, kind in {**wanted, **ours}.items()]
        self._run(f"CREATE TABLE {self._engine.place(table)} ({', '.join(columns)})")
        if self._engine.keyed:
            unique, by = ("UNIQUE ", "_key") if "_key" in wanted else ("", "_parent_id")
            self._run(f"CREATE {unique}INDEX ON {self._engine.place(table)} ({quoted(by)})")
        self._note(stream, table, {**wanted, **ours})

    def _add(self, stream: str, table: str, columns: Columns) -> None:
        for name, kind in columns.items():
            place = self._engine.place(table)
            self._run(f"ALTER TABLE {place} ADD COLUMN {quoted(name)} {self._engine.types[kind]}")
        self._note(stream, table, columns)

    def _note(self, stream: str, table: str, columns: Columns) -> None:
        if columns:
            rows = ", ".join(["(?, ?, ?, ?)"] * len(columns))
            values = [value for name, kind in columns.items() for value in (stream, table, name, kind)]
            self._run(f"INSERT INTO {self._columns} VALUES {rows}", *values)


def kinds_of(schema: pa.Schema) -> Columns:
    """Return the kinds of a table's columns."""
    return {each.name: "json" if each.metadata else _KINDS[each.type] for each in schema}


def _compare(stream: str, table: str, wanted: Columns, made: Columns) -> None:
    for name, kind in wanted.items():
        there = made.get(name, kind)
        if there != kind and (kind, there) not in _FITS:
            raise ColumnChanged(
                f"The column {table}.{name} of the stream {stream} holds {there} values, but now {kind} values came."
            )
