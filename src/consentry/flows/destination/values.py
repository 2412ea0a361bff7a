"""One value of a row as its field takes it. A value of another kind is refused in words, never bent. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

import msgspec

from consentry.connectors import TemplateField, ValueKind
from consentry.flows.destination.moments import read_date, read_moment, read_time
from consentry.flows.destination.numbers import Unfit, read_decimal, read_integer
from consentry.flows.destination.raw import DEEPEST, decimal_text, shown

MOST_VALUES: Final = 500
"""Items of one list in one row."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffd]")
_TRUE: Final = ("true", "yes", "1")
_FALSE: Final = ("false", "no", "0")
_EXACT: Final = 2**53


def read_value(field: TemplateField, given: Any) -> Any:
    """Return a value as the field takes it, None where there is none; raise Unfit."""
    if is_empty(given):
        return None
    if field.repeats or field.kind == "tags":
        return _several(field, given)
    return _one(field, given)


def is_empty(given: Any) -> bool:
    """Tell whether a cell holds nothing."""
    return given is None or (isinstance(given, str) and not given.strip()) or (isinstance(given, list) and not given)


def _several(field: TemplateField, given: Any) -> list[Any] | None:
    items = [_item(field, each) for each in _list_of(given, in_json=field.kind == "json" or bool(field.parts))]
    kept: list[Any] = []
    for item in items:
        if item is not None and item not in kept:
            kept.append(item)
    if len(kept) > MOST_VALUES:
        raise Unfit(f"has {len(kept):,} items; {MOST_VALUES} are taken")
    return kept or None


def _list_of(given: Any, *, in_json: bool) -> list[Any]:
    """Return the items of a list, of its JSON, or of a text with ; between them."""
    if isinstance(given, list):
        return given
    if isinstance(given, str):
        text = given.strip()
        if text.startswith("[") or (in_json and text.startswith("{")):
            found = _decoded(text)
            if found is not None:
                return found if isinstance(found, list) else [found]
        return given.split(";")
    return [given]


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return None


def _item(field: TemplateField, given: Any) -> Any:
    if is_empty(given):
        return None
    if isinstance(given, Mapping) and field.parts:
        return _parts(field, given)
    if isinstance(given, Mapping) and field.kind == "tags" and not is_empty(given.get("name")):
        return _text(field, given["name"])  # as the provider writes its tags
    return _one(field, given)


def _parts(field: TemplateField, given: Mapping[str, Any]) -> dict[str, Any] | None:
    # an id is of the list that the item was read from, and means nothing in another
    given = {name: value for name, value in given.items() if name != "id" or "id" in field.parts}
    unknown = [name for name in given if name not in field.parts]
    if unknown:
        raise Unfit(f"has an item with {shown(unknown[0])}; an item takes {', '.join(field.parts)}")
    found = {name: _part(value) for name, value in given.items() if not is_empty(value)}
    return found or None


def _part(value: Any) -> Any:
    if isinstance(value, str):
        return _clean(value)
    _judge_depth(value)
    return value


def _one(field: TemplateField, given: Any) -> Any:
    if field.values and field.kind != "boolean":
        return _among(field, given)
    return _READ[field.kind](field, given)


def _among(field: TemplateField, given: Any) -> str:
    text = _text(field, given)
    for value in field.values:
        if value.casefold() == text.casefold():
            return value
    few = ", ".join(field.values[:12]) + (" …" if len(field.values) > 12 else "")
    raise Unfit(f"isn't one of {few}")


def _text(field: TemplateField, given: Any) -> str:
    if isinstance(given, bool):
        text = "true" if given else "false"
    elif isinstance(given, (int, float, Decimal)):
        text = _digits(given)
    elif isinstance(given, str):
        text = _clean(given)
    elif isinstance(given, (date, datetime, time)):
        text = given.isoformat()
    else:
        raise Unfit("is a list or an object, but the field takes one text")
    if field.longest is not None and len(text) > field.longest:
        raise Unfit(f"has {len(text):,} characters; {field.longest:,} are taken")
    return text


def _clean(text: str) -> str:
    text = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    found = _CONTROL.search(text)
    if found is None:
        return text
    if found[0] == "\ufffd":
        raise Unfit("has a character that was lost on the way; look at the encoding of its file")
    raise Unfit(f"has a character that can't be seen (U+{ord(found[0]):04X})")


def _digits(given: int | float | Decimal) -> str:
    if isinstance(given, float):
        # what was a whole number before a table of numbers made it 12.0
        return str(int(given)) if given.is_integer() and abs(given) < _EXACT else repr(given)
    return decimal_text(given) if isinstance(given, Decimal) else str(given)


def _integer(field: TemplateField, given: Any) -> int:
    match given:
        case bool():
            raise Unfit("isn't a number")
        case int():
            return given
        case float() | Decimal():
            if given != given or given in (float("inf"), float("-inf")) or given != int(given):
                raise Unfit("isn't a whole number")
            return int(given)
        case str():
            return read_integer(given)
    raise Unfit("isn't a number")


def _decimal(field: TemplateField, given: Any) -> Decimal:
    match given:
        case bool():
            raise Unfit("isn't a number")
        case int():
            return Decimal(given)
        case float():
            found = Decimal(repr(given))
        case Decimal():
            found = given
        case str():
            return read_decimal(given)
        case _:
            raise Unfit("isn't a number")
    if not found.is_finite():
        raise Unfit("isn't a number")
    return found


def _boolean(field: TemplateField, given: Any) -> bool:
    if isinstance(given, bool):
        return given
    text = _digits(given) if isinstance(given, (int, float)) else str(given).strip().casefold()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise Unfit("is neither yes nor no; write true or false, yes or no, 1 or 0")


def _date(field: TemplateField, given: Any) -> date:
    if isinstance(given, str):
        return read_date(given)
    if isinstance(given, datetime) or not isinstance(given, date):
        raise Unfit("isn't a date; write it as year, month, day, such as 2025-04-03")
    return given


def _moment(field: TemplateField, given: Any) -> datetime:
    if isinstance(given, str):
        return read_moment(given)
    if isinstance(given, (date, datetime)):
        return read_moment(given.isoformat())
    raise Unfit("isn't a moment; write it such as 2025-04-03T17:30:00Z")


def _time(field: TemplateField, given: Any) -> time:
    if isinstance(given, str):
        return read_time(given)
    if isinstance(given, time):
        return given
    raise Unfit("isn't a time of day; write it as hours and minutes, such as 17:30")


def _reference(field: TemplateField, given: Any) -> str | int:
    if isinstance(given, bool):
        raise Unfit("isn't a name or an id")
    if isinstance(given, Mapping) and not is_empty(given.get("id")):
        given = given["id"]  # a whole record, as the provider writes it
    if isinstance(given, (int, float)):
        return _integer(field, given)
    return _text(field, given)


def _json(field: TemplateField, given: Any) -> Any:
    if isinstance(given, str):
        text = given.strip()
        found = _decoded(text) if text[0] in "[{" else None
        if text[0] in "[{" and found is None:
            raise Unfit("isn't JSON")
        given = _clean(text) if found is None else found
    _judge_depth(given)
    return given


def _judge_depth(value: Any, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise Unfit(f"holds lists and objects more than {DEEPEST} deep")
    for each in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        _judge_depth(each, depth + 1)


_READ: Final[Mapping[ValueKind, Callable[[TemplateField, Any], Any]]] = {
    "text": _text,
    "tags": _text,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _moment,
    "time": _time,
    "reference": _reference,
    "json": _json,
}
