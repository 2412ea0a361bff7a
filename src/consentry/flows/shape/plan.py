"""What a stream's records become, compiled from its declared fields."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

import msgspec
import pyarrow as pa

from consentry.connectors import Field, Record, Stream
from consentry.errors import ReplyNotUnderstood
from consentry.flows.shape.columns import ScalarKind
from consentry.flows.shape.names import Names, fitted, snake
from consentry.flows.shape.spread import ListPlan, ObjectPlan, Spread
from consentry.flows.warehouse.contract import Batch

OF_OURS: Final = ("_key", "_hash", "_synced_at", "_deleted_at")
OF_CHILDREN: Final = ("_parent_id", "_position")
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """How one stream's records become tables."""

    stream: Stream
    keys: tuple[str, ...]  # the columns of the primary key
    parent_column: str  # the column of the own table that ``_parent_id`` of its lists repeats: the id, or "_key"
    root: ObjectPlan = field(repr=False)

    @property
    def table(self) -> str:
        """The stream's own table."""
        return self.stream.name

    def shape(self, records: list[Record]) -> Batch:
        """Return the records as tables; of two with the same key the last one counts.

        Raises ColumnChanged when a value doesn't fit its column, ReplyNotUnderstood for a record without its key.
        """
        by_key = {self._key(record): record for record in records}
        keys, rows = list(by_key), list(by_key.values())
        has_number = self.parent_column != "_key"
        spread = Spread(stream=self.stream.name, parent_kind="integer" if has_number else "text")
        own = spread.begin(self.table)
        own.add("_key", "text", pa.array(keys, pa.string()))
        own.add("_hash", "text", pa.array([_hash(record) for record in rows], pa.string()))
        parents = [row[self.stream.primary_key[0]] for row in rows] if has_number else keys
        spread.members(self.root, rows, own, parents=parents)
        return Batch(tables=spread.tables())

    def _key(self, record: Record) -> str:
        parts = [record.get(name) for name in self.stream.primary_key]
        if None in parts:
            names = " and ".join(self.stream.primary_key)
            raise ReplyNotUnderstood(f"A record of the stream {self.stream.name} came without {names}.")
        return ":".join(map(str, parts))


def plan_of(stream: Stream) -> StreamPlan:
    """Compile a stream's declaration."""
    names = Names(*OF_OURS)
    kinds = {each.name: each.kind for each in stream.fields}
    only = stream.primary_key[0]
    has_number = len(stream.primary_key) == 1 and kinds.get(only) == "integer"
    root = _object(stream.fields, names, table=stream.name, prefix="")
    columns = {name: column for name, column, _ in root.scalars}
    return StreamPlan(
        stream=stream,
        keys=tuple(columns.get(name, snake(name)) for name in stream.primary_key),
        parent_column=columns[only] if has_number else "_key",
        root=root,
    )


def _object(fields: tuple[Field, ...], names: Names, *, table: str, prefix: str, in_list: bool = False) -> ObjectPlan:
    scalars: list[tuple[str, str, ScalarKind]] = []
    objects: list[tuple[str, ObjectPlan]] = []
    lists: list[tuple[str, ListPlan]] = []
    for each in fields:
        column = prefix + snake(each.name)
        if each.kind == "object":
            inner = _object(each.members, names, table=table, prefix=column + "_", in_list=in_list)
            objects.append((each.name, inner))
        elif each.kind == "list" and not in_list:
            lists.append((each.name, _list(each.members, f"{table}__{column}")))
        else:
            kind: ScalarKind = "json" if each.kind == "list" else each.kind
            scalars.append((each.name, names.take(column), kind))
    return ObjectPlan(
        scalars=tuple(scalars),
        objects=tuple(objects),
        lists=tuple(lists),
        names=names,
        prefix=prefix,
        table=table,
        in_list=in_list,
    )


def _list(members: tuple[Field, ...], table: str) -> ListPlan:
    name = fitted(table)
    items = _object(members, Names(*OF_CHILDREN), table=name, prefix="", in_list=True)
    return ListPlan(table=name, items=items)


def _hash(record: dict[str, Any]) -> str:
    return blake2b(_encode(record), digest_size=16).hexdigest()
