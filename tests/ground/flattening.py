"""What a dataset has to hold for records as the API gives them, worked out without the code that is tested.

Objects become columns with a prefix, lists become tables of their own, names become snake_case.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

import msgspec

from consentry.connectors import Field, Stream

OURS: Final = ("_synced_at", "_deleted_at", "_key", "_hash", "_parent_id", "_parent_key", "_position")


@dataclass(slots=True)
class Expected:
    """Rows by table and by key, as flat dictionaries of JSON values."""

    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def add(self, stream: Stream, record: Mapping[str, Any]) -> None:
        """Expect a record of a stream, with its lists."""
        table, whole = stream.name, _kept_whole("", stream.fields)
        key = ":".join(str(record[name]) for name in stream.primary_key)
        row = self.tables.setdefault(table, {})[key] = {}
        for name, value in _flatten("", record, whole):
            if isinstance(value, list):
                self._add_list(f"{table}__{name}", key, value)
            else:
                row[name] = value

    def _add_list(self, table: str, parent: str, items: list[Any]) -> None:
        rows = self.tables.setdefault(table, {})
        for position, item in enumerate(items):
            members = dict(_flatten("", item, frozenset())) if isinstance(item, dict) else {"value": item}
            rows[f"{parent}#{position}"] = members


def _kept_whole(prefix: str, fields: Sequence[Field]) -> frozenset[str]:
    """Return the columns that keep an object as one text, because its form isn't settled."""
    names = {prefix + snake(each.name) for each in fields if each.kind == "json"}
    inner = [_kept_whole(f"{prefix}{snake(each.name)}_", each.members) for each in fields if each.kind == "object"]
    return frozenset(names.union(*inner))


def _flatten(prefix: str, value: Mapping[str, Any], whole: frozenset[str]) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        column = prefix + snake(name)
        if isinstance(inner, dict) and column not in whole:
            yield from _flatten(f"{column}_", inner, whole)
        else:
            yield column, inner


def snake(name: str) -> str:
    """Return a name of the API in snake_case."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name))
    return re.sub(r"[^a-z0-9_]+", "_", spaced.lower())


def differences(expected: Expected, found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Return what isn't in the dataset as it should be, in words; at most a few."""
    told: list[str] = []
    for table, rows in expected.tables.items():
        there = found.get(table, {})
        told += [f"{table}: {key} is missing" for key in rows.keys() - there.keys()]
        told += [f"{table}: {key} should not be there" for key in there.keys() - rows.keys()]
        for key in rows.keys() & there.keys():
            told += _differences(table, key, rows[key], there[key])
        if len(told) > 20:
            break
    unexpected = [table for table, rows in found.items() if rows and table not in expected.tables]
    told += [f"{table} should have no rows" for table in unexpected]
    return sorted(told)[:20]


def _differences(table: str, key: str, row: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[str]:
    for name in row.keys() - there.keys():
        if row[name] is not None:
            yield f"{table}.{name} of {key}: no such column, {row[name]!r} expected"
    for name, value in there.items():
        if name not in OURS and not is_same(row.get(name), value):
            yield f"{table}.{name} of {key}: {value!r} instead of {row.get(name)!r}"


def is_same(json: Any, value: Any) -> bool:
    """Tell whether a value of the warehouse is what the API said."""
    match json, value:
        case (None, None):
            return True
        case (None, _) | (_, None):
            return False
        case (bool() | int() | float() | list() | dict(), str()):  # what has no one form is kept as it was spelled
            return bool(msgspec.json.decode(value) == json)
        case (bool(), _) | (_, bool()):
            return bool(json is value)
        case (str(), datetime()):
            return datetime.fromisoformat(json) == value
        case (str(), date()):
            return date.fromisoformat(json) == value
        case (str(), time()):
            return time.fromisoformat(json) == value
        case (str() | int() | float(), Decimal()):
            return Decimal(str(json)) == value
        case _:
            return bool(json == value)
