"""Records out of a dataset's tables, as the API gave them: what a destination compares its rows with."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from functools import partial
from typing import Any, Final

import msgspec

from consentry.connectors import Record
from consentry.flows.shape import StreamPlan
from consentry.flows.shape.spread import ListPlan, ObjectPlan
from consentry.flows.warehouse.engine import Engine, listed, quoted

_AT_ONCE: Final = 500
_LEFT_OUT: Final = "timestamp"
"""Moments are never compared: nothing writes them."""


def find_ids(engine: Engine, plan: StreamPlan, path: Sequence[str], texts: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield which live records have one of these texts at a path, without regard to case: text and id."""
    place = _place_of(plan, path)
    if place is None:
        return
    table, column, parent = place
    own = engine.place(plan.table)
    plain = f"lower(trim(CAST(c.{quoted(column)} AS text)))"
    joined = f"{engine.place(table)} AS c JOIN {own} AS o ON o.{quoted(plan.parent_column)} = c.{quoted(parent)}"
    for part in _parts(texts):
        marks = ", ".join("?" * len(part))
        chosen = f"o._deleted_at IS NULL AND {plain} IN ({marks})"
        query = f"SELECT {plain}, o.{quoted(plan.keys[0])} FROM {joined} WHERE {chosen}"
        yield from engine.execute(query, *part)


def _place_of(plan: StreamPlan, path: Sequence[str]) -> tuple[str, str, str] | None:
    """Return table and column of a path, and the table's column that names the record."""
    if len(path) == 1:
        found = next((column for name, column, _ in plan.root.scalars if name == path[0]), None)
        return (plan.table, found, plan.parent_column) if found else None
    of_list = next((each for name, each in plan.root.lists if name == path[0]), None)
    if of_list is None or len(path) != 2:
        return None
    found = next((column for name, column, _ in of_list.items.scalars if name == path[1]), None)
    return (of_list.table, found, "_parent_id") if found else None


def read_records(
    engine: Engine, plan: StreamPlan, made: Mapping[str, Mapping[str, str]], ids: Sequence[int]
) -> list[Record]:
    """Return the live records with these ids, with their lists; ``made`` says which columns the tables have."""
    found: list[Record] = []
    for part in _parts(ids):
        found += _read_some(engine, plan, made, part)
    return found


def _read_some(
    engine: Engine, plan: StreamPlan, made: Mapping[str, Mapping[str, str]], ids: Sequence[int]
) -> list[Record]:
    key = plan.keys[0]
    rows = _rows(engine, plan.root, made.get(plan.table, {}), plan.table, key, ids, " AND _deleted_at IS NULL")
    lists = {each.table: _children(engine, each, made, ids) for each in _lists_of(plan.root)}
    return [_record(plan.root, row, partial(_items_of, lists, number)) for number, row in rows]


def _items_of(lists: Mapping[str, Mapping[int, list[Any]]], number: int, each: ListPlan) -> list[Any]:
    return lists[each.table].get(number, [])


def _children(
    engine: Engine, each: ListPlan, made: Mapping[str, Mapping[str, str]], ids: Sequence[int]
) -> dict[int, list[Any]]:
    if each.table not in made:
        return {}
    rows = _rows(engine, each.items, made[each.table], each.table, "_parent_id", ids, " ORDER BY _parent_id, _position")
    found: dict[int, list[Any]] = {}
    takes_scalars = "value" in each.items.known and len(each.items.known) == 1
    for number, row in rows:
        item = _record(each.items, row, lambda _: [])
        found.setdefault(number, []).append(item.get("value") if takes_scalars else item)
    return found


def _rows(
    engine: Engine,
    plan: ObjectPlan,
    made: Mapping[str, str],
    table: str,
    key: str,
    ids: Sequence[int],
    rest: str,
) -> list[tuple[int, dict[str, Any]]]:
    columns = [column for column, kind in _columns_of(plan) if column in made and kind != _LEFT_OUT]
    marks = ", ".join("?" * len(ids))
    query = f"SELECT {listed([key, *columns])} FROM {engine.place(table)} WHERE {quoted(key)} IN ({marks}){rest}"
    return [(row[0], dict(zip(columns, row[1:], strict=True))) for row in engine.execute(query, *ids)]


def _columns_of(plan: ObjectPlan) -> Iterator[tuple[str, str]]:
    for _, column, kind in plan.scalars:
        yield column, kind
    for _, inner in plan.objects:
        yield from _columns_of(inner)


def _lists_of(plan: ObjectPlan) -> Iterator[ListPlan]:
    for _, each in plan.lists:
        yield each
    for _, inner in plan.objects:
        yield from _lists_of(inner)


def _record(plan: ObjectPlan, row: Mapping[str, Any], items: Callable[[ListPlan], list[Any]]) -> Record:
    found: Record = {name: _value(row.get(column), kind) for name, column, kind in plan.scalars if column in row}
    for name, inner in plan.objects:
        within = _record(inner, row, items)
        found[name] = within if any(value not in (None, []) for value in within.values()) else None
    for name, each in plan.lists:
        found[name] = items(each)
    return found


def _value(value: Any, kind: str) -> Any:
    """Return a value as the API gives it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    return _loose(value) if kind == "json" and isinstance(value, str) else value


def _loose(text: str) -> Any:
    """Return what a column of JSON holds: a text as it was, all else as it was encoded."""
    if text not in ("true", "false") and text[:1] not in ("{", "["):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
