"""Values of one column as an Arrow array of its kind. A value of another kind is refused, never bent."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa

ScalarKind = Literal["integer", "decimal", "double", "boolean", "text", "timestamp", "date", "time", "json"]

TYPES: Final[dict[ScalarKind, pa.DataType]] = {
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
WORDS: Final[dict[ScalarKind, str]] = {
    "integer": "a whole number",
    "decimal": "an amount",
    "double": "a number",
    "boolean": "true or false",
    "text": "text",
    "timestamp": "a moment",
    "date": "a date",
    "time": "a time of day",
    "json": "JSON",
}
"""What a column holds, for people."""

_CAME: Final[dict[type, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    dict: "an object",
    list: "a list",
}
_NINTH: Final = Decimal("1e-9")
_NONE: Final = type(None)
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class Unfit(Exception):
    """A value isn't of the column's kind; the words say what came, never the value."""


def to_array(values: Sequence[Any], kind: ScalarKind) -> pa.Array:
    """Return the values as an array of the kind; raise Unfit when one of them isn't of it."""
    kinds = set(map(type, values)) - {_NONE}
    if kind == "json":
        return pa.array([_as_json(value) for value in values] if kinds != {str} else values, pa.string())
    for wrong in kinds - _FITS[kind]:
        raise Unfit(_CAME.get(wrong, wrong.__name__))
    return _MAKE[kind](values, kinds)


def kind_of(values: Sequence[Any]) -> ScalarKind | Literal["object", "list"] | None:
    """Return what values are that nobody declared; None while there is none."""
    match set(map(type, values)) - {_NONE}:
        case kinds if not kinds:
            return None
        case kinds if kinds == {bool}:
            return "boolean"
        case kinds if kinds == {int}:
            return "integer"
        case kinds if kinds <= {int, float}:
            return "double"
        case kinds if kinds == {str}:
            return "text"
        case kinds if kinds == {dict}:
            return "object"
        case kinds if kinds == {list}:
            return "list"
    return "json"


def _as_json(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else _encode(value).decode()


def _integers(values: Sequence[Any], kinds: set[type]) -> pa.Array:
    if float in kinds and any(isinstance(value, float) and not value.is_integer() for value in values):
        raise Unfit("a number with decimals")
    try:
        return pa.array(values, pa.int64())
    except (OverflowError, pa.ArrowInvalid):
        raise Unfit("a number that is too large") from None


def _doubles(values: Sequence[Any], kinds: set[type]) -> pa.Array:
    exact = values if kinds == {float} else [None if value is None else float(value) for value in values]
    return pa.array(exact, pa.float64())


def _decimals(values: Sequence[Any], _: set[type]) -> pa.Array:
    try:
        exact = [None if value is None else Decimal(str(value)).quantize(_NINTH) for value in values]
        return pa.array(exact, TYPES["decimal"])
    except (InvalidOperation, pa.ArrowInvalid):
        raise Unfit("something that isn't one, or is too large") from None


def _plain(kind: ScalarKind) -> Callable[[Sequence[Any], set[type]], pa.Array]:
    return lambda values, _: pa.array(values, TYPES[kind])


def _parsed(kind: ScalarKind, parse: Callable[[str], Any]) -> Callable[[Sequence[Any], set[type]], pa.Array]:
    """Read texts: by Arrow where it knows the form, else one by one."""

    def read(values: Sequence[Any], _: set[type]) -> pa.Array:
        try:
            return pa.array(values, pa.string()).cast(TYPES[kind])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            pass
        try:
            return pa.array([None if value is None else parse(value) for value in values], TYPES[kind])
        except ValueError:
            raise Unfit("a text that isn't one") from None

    return read


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _time(text: str) -> time:
    """Read a time of day. One with an offset of its own would lose it."""
    found = time.fromisoformat(text)
    if found.tzinfo is not None:
        raise ValueError
    return found


_FITS: Final[dict[ScalarKind, set[type]]] = {
    "integer": {int, float},
    "decimal": {int, float, str},
    "double": {int, float},
    "boolean": {bool},
    "text": {str},
    "timestamp": {str},
    "date": {str},
    "time": {str},
}
_MAKE: Final[dict[ScalarKind, Callable[[Sequence[Any], set[type]], pa.Array]]] = {
    "integer": _integers,
    "decimal": _decimals,
    "double": _doubles,
    "boolean": _plain("boolean"),
    "text": _plain("text"),
    "timestamp": _parsed("timestamp", _moment),
    "date": _parsed("date", date.fromisoformat),
    "time": _parsed("time", _time),
}
