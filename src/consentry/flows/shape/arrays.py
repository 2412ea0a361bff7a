"""Values of one column as an Arrow array of the column's kind; what doesn't fit is told in words, without the value."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa

ScalarKind = Literal["integer", "decimal", "double", "boolean", "text", "timestamp", "date", "time", "json"]

ARROW: Final[Mapping[ScalarKind, pa.DataType]] = {
    "integer": pa.int64(),
    "decimal": pa.decimal128(38, 9),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "json": pa.string(),
}
FITTING: Final[Mapping[ScalarKind, frozenset[type]]] = {
    "integer": frozenset({int}),
    "decimal": frozenset({int, float}),
    "double": frozenset({int, float}),
    "boolean": frozenset({bool}),
    "text": frozenset({str}),
    "timestamp": frozenset({str}),
    "date": frozenset({str}),
    "time": frozenset({str}),
}
WORDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number with decimals",
    str: "a text",
    list: "a list",
    dict: "an object",
}
_NONE: Final = type(None)
_encode: Final = msgspec.json.Encoder().encode
_FINEST: Final = Decimal("1e-9")


class Misfit(Exception):
    """Says in words what came instead of a value of the column's kind."""


def kinds_in(values: Sequence[Any]) -> set[type]:
    """Return the Python types of the values that aren't null."""
    kinds = set(map(type, values))
    kinds.discard(_NONE)
    return kinds


def array_of(kind: ScalarKind, values: list[Any]) -> pa.Array:
    """Return values as an array of a kind; raise Misfit when one doesn't fit."""
    kinds = kinds_in(values)
    if not kinds:
        return pa.nulls(len(values), ARROW[kind])
    if kind == "json":
        return pa.array([_json(value) for value in values], ARROW[kind])
    if misfits := kinds - FITTING[kind]:
        raise Misfit(WORDS.get(misfits.pop(), "something else"))
    if kind in _PARSERS:
        return _parsed(kind, values)
    try:
        return pa.array(_decimals(values) if kind == "decimal" else values, ARROW[kind])
    except (pa.ArrowInvalid, OverflowError) as error:
        raise Misfit("a number that is too large") from error
    except UnicodeEncodeError as error:
        raise Misfit("a text that isn't Unicode") from error


def found_kind(values: Sequence[Any]) -> ScalarKind:
    """Return the kind for values of which nothing was declared."""
    kinds = kinds_in(values)
    if kinds == {bool}:
        return "boolean"
    if kinds == {str}:
        return "text"
    if kinds == {int}:
        return "integer" if all(value is None or -(2**63) <= value < 2**63 for value in values) else "json"
    return "double" if kinds and kinds <= {int, float} else "json"


def _json(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else _encode(value).decode()


def _decimals(values: list[Any]) -> list[Decimal | None]:
    """Take numbers as they were written; what is finer than a billionth is rounded."""
    return [None if value is None else Decimal(repr(value)).quantize(_FINEST) for value in values]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


_PARSERS: Final[Mapping[ScalarKind, Callable[[str], Any]]] = {
    "timestamp": _moment,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def _parsed(kind: ScalarKind, values: list[str | None]) -> pa.Array:
    """Read texts as moments, dates or times: in one go where they have the usual form, else one by one."""
    try:
        return pa.array(values, pa.string()).cast(ARROW[kind])
    except pa.ArrowInvalid:
        pass
    try:
        parse = _PARSERS[kind]
        return pa.array([None if value is None else parse(value) for value in values], ARROW[kind])
    except (ValueError, pa.ArrowInvalid) as error:
        raise Misfit(f"a text that is no {kind}") from error
