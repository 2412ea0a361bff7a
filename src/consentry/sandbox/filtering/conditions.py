"""The conditions of a filter: on one level all hold, of a nested group one does. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite
from typing import Any, Final

from consentry.sandbox.filtering.fields import Field, Kind, Sight, Values, find_field
from consentry.sandbox.query import Invalid
from consentry.sandbox.seed import Crm

OPERATORS: Final[dict[Kind, frozenset[str]]] = {
    "text": frozenset({"is", "is not", "starts with", "ends with", "contains"}),
    "number": frozenset({"is", "is not", "is greater than", "is less than"}),
    "day": frozenset({"is", "is not", "is after", "is before", "is older than", "is within last", "is within next"}),
    "flag": frozenset({"is", "is not"}),
    "reference": frozenset({"is", "is not"}),
}
_MOST_CONDITIONS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition, checked."""

    name: str
    field: Field
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A group of which one condition must hold."""

    members: tuple["Condition | AllOf", ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """A level whose conditions must all hold."""

    members: tuple["Condition | AnyOf", ...]


# -- conditions


def parse(crm: Crm, entity: str, given: Any) -> AllOf:
    """Return the conditions of a filter, checked; raises Invalid."""
    if not isinstance(given, list) or len(given) > _MOST_CONDITIONS:
        raise Invalid("conditions", "conditions is invalid")
    return AllOf(tuple(_parse_member(crm, entity, each) for each in given))


def _parse_member(crm: Crm, entity: str, given: Any) -> Condition | AnyOf:
    """Read a condition, or a group: a list in the list, or an object with conditions of its own."""
    if isinstance(given, dict) and "conditions" in given:
        given = given["conditions"]
    if isinstance(given, list):
        return AnyOf(tuple(_parse_of_group(crm, entity, each) for each in given))
    return _parse_condition(crm, entity, given)


def _parse_of_group(crm: Crm, entity: str, given: Any) -> Condition | AllOf:
    if isinstance(given, list):
        return parse(crm, entity, given)
    return _parse_condition(crm, entity, given)


def _parse_condition(crm: Crm, entity: str, given: Any) -> Condition:
    if not isinstance(given, dict):
        raise Invalid("conditions", "conditions is invalid")
    name = given.get("field")
    field = find_field(crm, entity, name)
    operator, value = given.get("operator"), given.get("value")
    if operator not in OPERATORS[field.kind]:
        raise Invalid("operator", "invalid operator")
    if not _fits(field.kind, str(operator), value):
        raise Invalid("value", "invalid value")
    return Condition(name=str(name), field=field, operator=str(operator), value=value)


def _fits(kind: Kind, operator: str, value: Any) -> bool:
    if value is None:
        return operator in ("is", "is not")
    match kind:
        case "text":
            return isinstance(value, str)
        case "flag":
            return isinstance(value, bool)
        case "reference":
            return isinstance(value, int | str) and not isinstance(value, bool)
        case "number":
            return amount_of(value) is not None
        case "day":
            return _is_count(value) if operator.startswith(("is older", "is within")) else _is_day(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100_000


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value[:10]))
    except ValueError:
        return False


def amount_of(value: Any) -> float | None:
    """Return a number, also from text or from an amount with its currency."""
    if isinstance(value, dict):
        value = value.get("amount")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = float(value)
    except (ValueError, OverflowError):
        return None
    return amount if isfinite(amount) else None


# -- holding records against them


def holds(level: AllOf | AnyOf | Condition, sight: Sight, values: Values, today: date) -> bool:
    """Tell whether a record is meant."""
    match level:
        case AllOf(members):
            return all(holds(each, sight, values, today) for each in members)
        case AnyOf(members):
            return any(holds(each, sight, values, today) for each in members)
        case Condition():
            return _condition_holds(level, sight, values, today)


def _condition_holds(condition: Condition, sight: Sight, values: Values, today: date) -> bool:
    there = [each for each in condition.field.read(sight, values) if each is not None and each != ""]
    if condition.operator in ("is", "is not"):
        found = not there if condition.value is None else any(_equals(condition, each) for each in there)
        return bool(found) == (condition.operator == "is")
    return any(_compares(condition, each, today) for each in there)


def _equals(condition: Condition, there: Any) -> bool:
    wanted = condition.value
    match condition.field.kind:
        case "reference":
            names = {str(there.get(key)).casefold() for key in ("name", "username") if there.get(key)}
            return bool(there["id"] == wanted) if isinstance(wanted, int) else wanted.casefold() in names
        case "text":
            return str(there).casefold() == str(wanted).casefold()
        case "number":
            return float(there) == amount_of(wanted)
        case "day":
            return str(there) == str(wanted)[:10]
        case "flag":
            return there is wanted


def _compares(condition: Condition, there: Any, today: date) -> bool:
    wanted, operator = condition.value, condition.operator
    match condition.field.kind:
        case "text":
            text, part = str(there).casefold(), str(wanted).casefold()
            if operator == "starts with":
                return text.startswith(part)
            return text.endswith(part) if operator == "ends with" else part in text
        case "number":
            amount = amount_of(wanted) or 0.0
            return float(there) > amount if operator == "is greater than" else float(there) < amount
        case _:
            return _day_compares(operator, date.fromisoformat(str(there)), wanted, today)


def _day_compares(operator: str, there: date, wanted: Any, today: date) -> bool:
    match operator:
        case "is after":
            return there > date.fromisoformat(wanted[:10])
        case "is before":
            return there < date.fromisoformat(wanted[:10])
        case "is older than":
            return there < today - timedelta(days=wanted)
        case "is within last":
            return today - timedelta(days=wanted) <= there <= today
        case _:
            return today <= there <= today + timedelta(days=wanted)
