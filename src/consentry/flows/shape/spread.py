"""Spreads rows of records over tables, column by column, along a compiled plan; finds what the plan doesn't know."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import pyarrow as pa

from consentry.errors import ColumnChanged
from consentry.flows.shape.columns import TYPES, WORDS, ScalarKind, Unfit, kind_of, to_array
from consentry.flows.shape.names import Names, fitted, snake

DEEPEST: Final = 3
"""Objects that nobody declared are spread so deep; what lies deeper is kept as JSON."""
_EMPTY: Final[dict[str, Any]] = {}
Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPlan:
    """The members of an object, by the API's names."""

    scalars: tuple[tuple[str, str, ScalarKind], ...]  # name, column, kind
    objects: tuple[tuple[str, "ObjectPlan"], ...]
    lists: tuple[tuple[str, "ListPlan"], ...]
    names: Names  # those that the table has
    prefix: str
    table: str
    in_list: bool  # then lists have no table of their own
    depth: int = 0  # how far below what was declared
    known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        known = frozenset(name for name, *_ in (*self.scalars, *self.objects, *self.lists))
        object.__setattr__(self, "known", known)

    def found(self, name: str) -> "ObjectPlan":
        """Return the plan of a member that nobody declared."""
        return ObjectPlan(
            scalars=(),
            objects=(),
            lists=(),
            names=self.names,
            prefix=f"{self.prefix}{snake(name)}_",
            table=self.table,
            in_list=self.in_list,
            depth=self.depth + 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlan:
    """A list that has a table of its own."""

    table: str
    items: ObjectPlan


@dataclass(slots=True)
class _Table:
    fields: list[pa.Field] = field(default_factory=list)
    arrays: list[pa.Array] = field(default_factory=list)

    def add(self, name: str, kind: ScalarKind, array: pa.Array) -> None:
        """Add a column; of JSON the kind is remembered, because its type is that of text."""
        self.fields.append(pa.field(name, array.type, metadata={"kind": "json"} if kind == "json" else None))
        self.arrays.append(array)


@dataclass(slots=True, kw_only=True)
class Spread:
    """One batch on its way into tables."""

    stream: str
    parent_kind: ScalarKind  # of the column that names a list's record
    _tables: dict[str, _Table] = field(default_factory=dict)
    _taken: dict[int, Names] = field(default_factory=dict)  # this batch's copies of the plan's names

    def begin(self, table: str) -> _Table:
        """Begin a table."""
        return self._tables.setdefault(table, _Table())

    def tables(self) -> dict[str, pa.Table]:
        """Return what has come together."""
        return {
            name: pa.Table.from_arrays(table.arrays, schema=pa.schema(table.fields))
            for name, table in self._tables.items()
        }

    def members(self, plan: ObjectPlan, rows: Rows, into: _Table, *, parents: Sequence[Any]) -> None:
        """Add a column for each member of the rows, and tables for their lists."""
        for name, column, kind in plan.scalars:
            self._column(plan.table, column, kind, _column_of(rows, name), into)
        for name, inner in plan.objects:
            values = _column_of(rows, name)
            self._expect(plan, name, values, dict, "an object")
            self.members(inner, [_EMPTY if value is None else value for value in values], into, parents=parents)
        for name, each in plan.lists:
            self._list(each, _column_of(rows, name), plan, name, parents)
        for name in sorted(set().union(*rows) - plan.known):
            self._found(plan, name, _column_of(rows, name), into, parents)

    def _column(self, table: str, column: str, kind: ScalarKind, values: Sequence[Any], into: _Table) -> None:
        try:
            into.add(column, kind, to_array(values, kind))
        except Unfit as error:
            raise changed(self.stream, table, column, WORDS[kind], str(error)) from None

    def _expect(self, plan: ObjectPlan, name: str, values: Sequence[Any], kind: type, words: str) -> None:
        if not set(map(type, values)) <= {kind, type(None)}:
            raise changed(self.stream, plan.table, plan.prefix + snake(name), words, "something else")

    def _list(self, each: ListPlan, lists: Sequence[Any], plan: ObjectPlan, name: str, parents: Sequence[Any]) -> None:
        self._expect(plan, name, lists, list, "a list")
        counts = [len(items) if items else 0 for items in lists]
        items = list(chain.from_iterable(items for items in lists if items))
        table = self.begin(each.table)
        ids = [parent for parent, count in zip(parents, counts, strict=True) for _ in range(count)]
        table.add("_parent_id", self.parent_kind, pa.array(ids, TYPES[self.parent_kind]))
        table.add("_position", "integer", pa.array([at for count in counts for at in range(count)], pa.int64()))
        rows = self._items(each, items)
        self.members(each.items, rows, table, parents=())

    def _items(self, each: ListPlan, items: list[Any]) -> Rows:
        """Return a list's items as rows; scalars stand in the column ``value``."""
        if set(map(type, items)) <= {dict}:
            return items
        takes_scalars = "value" in each.items.known
        if not takes_scalars and not set(map(type, items)) <= {dict, type(None)}:
            raise changed(self.stream, each.table, "", "objects", "something else")
        return [item if isinstance(item, dict) else {"value": item} if takes_scalars else _EMPTY for item in items]

    def _found(self, plan: ObjectPlan, name: str, values: Sequence[Any], into: _Table, parents: Sequence[Any]) -> None:
        """Keep a member that nobody declared."""
        kind = kind_of(values)
        if kind is None:
            return
        column = f"{plan.prefix}{snake(name)}"
        if kind == "object" and plan.depth < DEEPEST:
            self.members(plan.found(name), [value or _EMPTY for value in values], into, parents=parents)
        elif kind == "list" and not plan.in_list and _holds_objects(values):
            self._found_list(plan, name, values, parents)
        elif kind != "list" or plan.in_list or any(values):
            scalar: ScalarKind = "json" if kind == "object" or kind == "list" else kind
            self._column(plan.table, self._names(plan).take(column), scalar, values, into)

    def _found_list(self, plan: ObjectPlan, name: str, values: Sequence[Any], parents: Sequence[Any]) -> None:
        table = fitted(f"{plan.table}__{plan.prefix}{snake(name)}")
        items = ObjectPlan(
            scalars=(),
            objects=(),
            lists=(),
            names=Names("_parent_id", "_position"),
            prefix="",
            table=table,
            in_list=True,
        )
        self._list(ListPlan(table=table, items=items), values, plan, name, parents)

    def _names(self, plan: ObjectPlan) -> Names:
        return self._taken.setdefault(id(plan.names), plan.names.copy())


def _column_of(rows: Rows, name: str) -> list[Any]:
    """Return what the rows have under a name; the quick way is for when all of them have it."""
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def _holds_objects(lists: Sequence[Any]) -> bool:
    return set(map(type, chain.from_iterable(items for items in lists if items))) == {dict}


def changed(stream: str, table: str, column: str, expected: str, came: str) -> ColumnChanged:
    """Return the error that says which column holds what, and what came instead."""
    where = f"The column {table}.{column}" if column else f"The table {table}"
    return ColumnChanged(f"{where} of the stream {stream} holds {expected}, but now {came} came.")
