"""Plain values on their way into a body: read as their kind, compared, and written as Capsule spells them."""

from collections.abc import Callable, Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

from consentry.connectors.capsule.draft import Draft
from consentry.connectors.comparing import clock_of, day_of, loose, moment_of, number_of, same, tidy
from consentry.connectors.resolving import Unfit, name_some
from consentry.connectors.writing import TemplateField, ValueKind


def put_scalar(draft: Draft, field: TemplateField) -> None:
    """Send a plain value where it differs from the record's; raises Unfit."""
    if not draft.says(field.name):
        return
    now = draft.now(field.name)
    if draft.clears(field.name):
        if field.required or field.values:
            raise Unfit(f"{field.title} can't be emptied: a {draft.noun} always has one.")
        wanted = None
    else:
        wanted = encode(draft.row[field.name], field)
    if not same(wanted, comparable(now, field.kind)):
        draft.put(field.name, wanted, old=now, new=wanted)


def encode(value: Any, field: TemplateField) -> Any:
    """Return a value as Capsule spells it; raises Unfit when it isn't of the field's kind."""
    wanted = _WRITERS[field.kind](value, field.title) if field.kind in _WRITERS else write_text(value, field.title)
    if field.longest is not None and isinstance(wanted, str) and len(wanted) > field.longest:
        raise Unfit(f"{field.title} is {len(wanted)} characters long; at most {field.longest} are taken.")
    return one_of(wanted, field.values, field.title) if field.values else wanted


def one_of(value: Any, values: tuple[str, ...], title: str) -> str:
    """Return the allowed value that is meant; raises Unfit."""
    found = next((each for each in values if loose(each) == loose(value)), None)
    if found is None:
        raise Unfit(f"{title} can't be “{value}”: it is one of {name_some(values, most=30)}.")
    return found


def comparable(now: Any, kind: ValueKind) -> Any:
    """Return a value of the record in the form in which it would be written; as it is where it has another form."""
    if now is None:
        return None
    if kind == "timestamp":
        moment = moment_of(now)
        return now if moment is None else stamp(moment)
    if kind == "time":
        clock = clock_of(now)
        return now if clock is None else clock.isoformat("seconds")
    return now


def stamp(moment: Any) -> str:
    """Return an aware moment as Capsule writes it: UTC, in seconds."""
    return str(moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def plain_number(number: Decimal) -> int | float:
    """Return a number as JSON has it: whole where it is."""
    return int(number) if number == number.to_integral_value() else float(number)


def write_text(value: Any, title: str) -> str:
    """Return a text; raises Unfit for what isn't one."""
    if isinstance(value, dict | list):
        raise Unfit(f"{title} takes one text, not a list or an object.")
    return tidy(value)


def write_number(value: Any, title: str) -> int | float:
    """Return a number; raises Unfit."""
    number = number_of(value)
    if number is None:
        raise Unfit(f"{title} takes a number, and “{value}” isn't one.")
    return plain_number(number)


def write_flag(value: Any, title: str) -> bool:
    """Return true or false; raises Unfit."""
    found = value if isinstance(value, bool) else _FLAGS.get(loose(value))
    if found is None:
        raise Unfit(f"{title} takes yes or no, and “{value}” is neither.")
    return found


def write_day(value: Any, title: str) -> str:
    """Return a day; raises Unfit."""
    day = day_of(value)
    if day is None:
        raise Unfit(f"{title} takes a date such as 2026-01-31, and “{value}” isn't one.")
    return day.isoformat()


def _write_whole(value: Any, title: str) -> int:
    number = number_of(value)
    if number is None or number != number.to_integral_value():
        raise Unfit(f"{title} takes a whole number, and “{value}” isn't one.")
    return int(number)


def _write_moment(value: Any, title: str) -> str:
    moment = moment_of(value)
    if moment is None:
        raise Unfit(f"{title} takes a moment such as 2026-01-31T09:30:00Z, and “{value}” isn't one.")
    return stamp(moment)


def _write_clock(value: Any, title: str) -> str:
    clock = clock_of(value)
    if clock is None:
        raise Unfit(f"{title} takes a time such as 14:30, and “{value}” isn't one.")
    return clock.replace(tzinfo=None).isoformat("seconds")


_FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_WRITERS: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "integer": _write_whole,
    "decimal": write_number,
    "boolean": write_flag,
    "date": write_day,
    "timestamp": _write_moment,
    "time": _write_clock,
}
