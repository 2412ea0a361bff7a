"""Compares records with the fields that a stream declares."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final

from consentry.connectors import Field


def complaints(fields: Sequence[Field], record: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Yield each member of a record that isn't declared, or whose value doesn't fit its declaration."""
    known = {field.name: field for field in fields}
    for name, value in record.items():
        if name not in known:
            yield f"{at}{name} is not declared"
        elif value is not None:
            yield from _complaints_of(known[name], value, f"{at}{name}")


def silent(fields: Sequence[Field], records: Sequence[Mapping[str, Any]], at: str = "") -> Iterator[str]:
    """Yield each declared field for which no record has a value."""
    for field in fields:
        values = [record[field.name] for record in records if record.get(field.name) is not None]
        if not values:
            yield f"{at}{field.name}"
        elif field.kind == "object":
            yield from silent(field.members, values, f"{at}{field.name}.")
        elif field.kind == "list":
            items = [item if isinstance(item, dict) else {"value": item} for value in values for item in value]
            yield from silent(field.members, items, f"{at}{field.name}[].")


def _complaints_of(field: Field, value: object, at: str) -> Iterable[str]:
    match field.kind, value:
        case "object", dict():
            return complaints(field.members, value, f"{at}.")
        case "list", list():
            items = [item if isinstance(item, dict) else {"value": item} for item in value]
            return [each for item in items for each in complaints(field.members, item, f"{at}[].")]
    return [] if field.kind in FITS and FITS[field.kind](value) else [f"{at} is not of kind {field.kind}"]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reads(parse: Callable[[str], object]) -> Callable[[object], bool]:
    def can(value: object) -> bool:
        try:
            return isinstance(value, str) and parse(value) is not None
        except ValueError:
            return False

    return can


FITS: Final[dict[str, Callable[[object], bool]]] = {
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "decimal": _is_number,
    "double": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "text": lambda value: isinstance(value, str),
    "timestamp": _reads(datetime.fromisoformat),
    "date": _reads(date.fromisoformat),
    "time": _reads(time.fromisoformat),
    "json": lambda _value: True,
}
