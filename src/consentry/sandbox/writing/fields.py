"""Setters: how one field takes what was sent. Each puts a value into the draft or says what is wrong."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final

from consentry.sandbox.records import stamp
from consentry.sandbox.seed.currencies import CURRENCIES
from consentry.sandbox.writing.draft import Draft

Setter = Callable[[Draft, str], None]
Fields = Mapping[str, Setter]
_CODES: Final = frozenset(str(currency["code"]) for currency in CURRENCIES)
_LARGEST: Final = 2**63 - 1
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def fill(draft: Draft, fields: Fields, *, ignored: Sequence[str] = ()) -> None:
    """Put every field that was sent into the draft, in the order of the fields.

    What nobody knows is ignored or refused, as the knob says.
    """
    for name, put in fields.items():
        if name in draft.given:
            put(draft, name)
    for name in draft.given:
        if name not in fields and name not in ignored and draft.call.knobs.unknown_fields == "refused":
            draft.refuse(name, f"{name} is unknown")


def require(draft: Draft, *names: str) -> None:
    """Refuse a draft in which one of these is missing, unless something is already said about it."""
    said = {complaint.field for complaint in draft.complaints}
    for name in names:
        if draft.values.get(name) in (None, "") and name not in said:
            draft.refuse(name, f"{name} is required")


def _scalar(read: Callable[[Any], Any]) -> Setter:
    """Make a setter of a reader, which raises ValueError for what it doesn't take; null clears."""

    def put(draft: Draft, name: str) -> None:
        given = draft.given[name]
        try:
            draft.values[name] = None if given is None else read(given)
        except ValueError:
            draft.refuse(name, f"{name} is invalid")

    return put


def read_text(given: Any) -> str:
    """Return a text; raises ValueError."""
    if not isinstance(given, str):
        raise ValueError("not a text")
    return given


def read_whole(given: Any) -> int:
    """Return a whole number of 64 bits; raises ValueError."""
    if not isinstance(given, int) or isinstance(given, bool) or abs(given) > _LARGEST:
        raise ValueError("not a whole number")
    return given


def read_number(given: Any) -> float:
    """Return a number; raises ValueError."""
    if not isinstance(given, int | float) or isinstance(given, bool):
        raise ValueError("not a number")
    return float(given)


def read_flag(given: Any) -> bool:
    """Return true or false; raises ValueError."""
    if not isinstance(given, bool):
        raise ValueError("neither true nor false")
    return given


def read_day(given: Any) -> str:
    """Return a date as Capsule writes it; raises ValueError."""
    text = read_text(given)
    if _DAY.fullmatch(text) is None:
        raise ValueError("not a date")
    return date.fromisoformat(text).isoformat()


def read_moment(given: Any) -> str:
    """Return a moment in UTC as Capsule writes it; raises ValueError."""
    text = read_text(given)
    if "T" not in text:
        raise ValueError("not a moment")
    moment = datetime.fromisoformat(text)
    return stamp((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))


def read_clock(given: Any) -> str:
    """Return a time of day with seconds; those may be left out. Raises ValueError."""
    text = read_text(given)
    if len(text) not in (len("09:30"), len("09:30:00")):
        raise ValueError("not a time")
    return time.fromisoformat(text).isoformat("seconds")


text: Final = _scalar(read_text)
number: Final = _scalar(read_number)
flag: Final = _scalar(read_flag)
day: Final = _scalar(read_day)
moment: Final = _scalar(read_moment)
clock: Final = _scalar(read_clock)


def whole(low: int = -_LARGEST, high: int = _LARGEST) -> Setter:
    """Make the setter of a whole number within bounds."""

    def read(given: Any) -> int:
        if not low <= read_whole(given) <= high:
            raise ValueError("out of bounds")
        return int(given)

    return _scalar(read)


def choice(*values: str) -> Setter:
    """Make the setter of one of a few words."""

    def read(given: Any) -> str:
        if given not in values:
            raise ValueError("not among the choices")
        return str(given)

    return _scalar(read)


def known_value(path: str, member: str, message: str) -> Setter:
    """Make the setter of a text that must be a member of a record of a collection, whatever its case."""

    def put(draft: Draft, name: str) -> None:
        given = draft.given[name]
        if given is None or given == "":
            draft.values[name] = None
            return
        there = (str(record.decode()[member]) for record in draft.crm[path].all())
        found = next((each for each in there if isinstance(given, str) and each.casefold() == given.casefold()), None)
        if found is None:
            draft.refuse(name, message)
        else:
            draft.values[name] = found

    return put


def currency(draft: Draft, name: str) -> None:
    """Take the code of a currency."""
    given = draft.given[name]
    if given is not None and given not in _CODES:
        draft.refuse(name, f"unknown {name}")
    draft.values[name] = given


def reference(path: str, *shown: str, bare: bool = False, by: str | None = None) -> Setter:
    """Make the setter of a reference to a record: `{"id": n}`, with `bare` also `n`, with `by` also `{by: text}`."""

    def put(draft: Draft, name: str) -> None:
        given = draft.given[name]
        if given is None:
            draft.values[name] = None
            return
        found = find(draft, path, given, bare=bare, by=by)
        if found is None:
            draft.refuse(name, f"{name} not found")
        else:
            draft.values[name] = found if not shown else {key: found[key] for key in ("id", *shown) if key in found}

    return put


def find(draft: Draft, path: str, given: Any, *, bare: bool = False, by: str | None = None) -> dict[str, Any] | None:
    """Return the record that a reference means, or None."""
    if bare and isinstance(given, int):
        given = {"id": given}
    if not isinstance(given, dict):
        return None
    number = given.get("id")
    if isinstance(number, int) and not isinstance(number, bool):
        record = draft.crm[path].find(number)
        return None if record is None else record.decode()
    wanted = given.get(by) if by is not None else None
    if not isinstance(wanted, str):
        return None
    values = (record.decode() for record in draft.crm[path].all())
    return next((each for each in values if str(each[by or ""]).casefold() == wanted.casefold()), None)


def nested(kind: str, fields: Fields, *, required: Sequence[str], fresh: Mapping[str, Any]) -> Setter:
    """Make the setter of a list of objects that merges: without id is added, with id changed or with `_delete` gone."""

    def put(draft: Draft, name: str) -> None:
        standing = [dict(each) for each in draft.values.get(name) or ()]
        for given in items(draft, name):
            at = place_of(standing, given)
            if "id" in given and at is None:
                draft.refuse(name, f"{kind} not found")
            elif at is not None and given.get("_delete") is True:
                del standing[at]
            elif at is not None:
                standing[at] = _part(draft, given, standing[at])
            else:
                standing.append(_part(draft, given, None))
        draft.values[name] = standing

    def _part(draft: Draft, given: dict[str, Any], known: dict[str, Any] | None) -> dict[str, Any]:
        part = draft.part(kind, given, known)
        if known is None:
            part.values = {"id": draft.crm.ids.next(kind), **fresh}
        fill(part, fields, ignored=("id", "url", "_delete", "_destroy"))
        require(part, *required)
        return part.values

    return put


def items(draft: Draft, name: str) -> list[dict[str, Any]]:
    """Return the objects of a list that was sent; null and an empty list change nothing."""
    given = draft.given[name]
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        draft.refuse(name, f"{name} is invalid")
        return []
    return given


def place_of(standing: list[dict[str, Any]], given: dict[str, Any]) -> int | None:
    """Return where the item with the id of the given one stands, or None."""
    return next((at for at, each in enumerate(standing) if each["id"] == given.get("id")), None)
