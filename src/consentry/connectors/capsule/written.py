"""What a write was answered with, and what it may have written when its answer was lost."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from consentry.connectors.capsule.finding import has_more
from consentry.connectors.capsule.quirks import error_of_body, line
from consentry.connectors.capsule.resources import RELATIONS, RESOURCES, Resource
from consentry.connectors.capsule.scalars import stamp
from consentry.connectors.comparing import is_blank, loose, moment_of, number_of
from consentry.connectors.contract import Answer, Record, WritingClient
from consentry.connectors.paging import read_object, read_records
from consentry.connectors.writing import Refusal, Request, Template
from consentry.errors import FieldError, NotFound, ReplyNotUnderstood

_CLOCKS: Final = timedelta(minutes=2)
"""How far Capsule's clock may be behind ours."""
_MOST_PAGES: Final = 50
_ITEMS: Final = {resource.item: resource for resource in RESOURCES.values()}
# what an automation of the account may have changed at once, and what only goes in
_UNSETTLED: Final = frozenset(
    {"owner", "team", "stage", "milestone", "probability", "status", "closedOn", "lostReason", "tracks"}
)
_LONGEST: Final = 200


def record_of(template: Template, answer: Answer) -> Record | None:
    """Return the record of a 2xx answer; None where it holds none, as that of a deletion; raises ReplyNotUnderstood."""
    if answer.status == 204 or not answer.body.strip():
        return None
    whole = read_object(answer.body)
    wanted = RESOURCES[template.stream].item if template.stream is not None else None
    if wanted is None:
        found = [value for value in whole.values() if isinstance(value, dict)]
        return found[0] if len(found) == 1 else None
    record = whole.get(wanted)
    if not isinstance(record, dict) or not isinstance(record.get("id"), int):
        raise ReplyNotUnderstood(f"The provider's answer to a write has no {wanted}.")
    return record


def refusal_of(template: Template, answer: Answer) -> Refusal:
    """Return Capsule's reasons out of a 4xx answer, at the fields that it names."""
    try:
        whole = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        whole = None
    several = whole.get("errors") if isinstance(whole, dict) else None
    errors = [
        FieldError(field=_field_of(template, each.get("field")), message=message)
        for each in (several if isinstance(several, list) else ())
        if isinstance(each, dict) and (message := _sentence(line(each.get("message"))))
    ]
    if not errors:
        said = _sentence(error_of_body(answer.body))
        errors = [FieldError(field="", message=said or f"Capsule refused the row with status {answer.status}.")]
    return Refusal(errors=tuple(dict.fromkeys(errors)))


def _sentence(words: str) -> str:
    """Make a sentence of what Capsule says, and say who does."""
    return f"Capsule says: {words[:_LONGEST].rstrip('.')}." if words else ""


def _field_of(template: Template, named: object) -> str:
    """Return the template's field that Capsule's name for it means; nothing when it means none."""
    names = {field.name for field in template.fields}
    parts = [part for part in str(named or "").replace("[", ".").replace("]", "").split(".") if not part.isdecimal()]
    for count in range(len(parts), 0, -1):
        name = ".".join(parts[:count])
        inner = f"{name}.amount" if name == "value" else name
        if name in names or inner in names:
            return name if name in names else inner
    return ""


async def find_written(
    client: WritingClient, template: Template, requests: Sequence[Request], *, since: datetime
) -> Sequence[Sequence[Record]]:
    """Return for each request that makes a record those made since that are as it wanted.

    All of one kind are read by one list of what changed since; notes by the list of what they are about.
    """
    found: list[Sequence[Record]] = [()] * len(requests)
    floor = since - _CLOCKS
    for lists, places in _lists_of(requests, floor).items():
        wanted = [(place, inner) for place, inner in places]
        oldest = _oldest(floor, [inner for _, inner in wanted])
        async for record in _read(client, lists, oldest):
            for place, inner in wanted:
                if is_as_wanted(inner, record, floor):
                    found[place] = (*found[place], record)
    return found


List = tuple[str, str]
"""Path and query of a list, and the key of its records."""


def _lists_of(requests: Sequence[Request], floor: datetime) -> dict[List, list[tuple[int, Mapping[str, Any]]]]:
    lists: dict[List, list[tuple[int, Mapping[str, Any]]]] = {}
    for place, request in enumerate(requests):
        for item, inner in (request.body or {}).items():
            resource = _ITEMS.get(item)
            if request.method == "POST" and resource is not None and isinstance(inner, Mapping):
                lists.setdefault(_list_of(resource, inner, floor), []).append((place, inner))
    return lists


def _list_of(resource: Resource, inner: Mapping[str, Any], floor: datetime) -> List:
    if resource.stream == "entries":
        about, number = next(
            ((name, each["id"]) for name in RELATIONS if isinstance(each := inner.get(name), dict) and "id" in each),
            (None, None),
        )
        path = resource.path if about is None else f"{RESOURCES[RELATIONS[about]].path}/{number}/entries"
        return f"{path}?perPage=50", resource.items
    params = {"since": stamp(floor), "perPage": "100"}
    params |= {"embed": resource.embed} if resource.embed else {}
    params |= {"status": "open,completed,pending"} if resource.stream == "tasks" else {}
    return f"{resource.path}?{urlencode(params, safe=',:')}", resource.items


async def _read(client: WritingClient, which: List, oldest: datetime | None) -> AsyncIterator[Record]:
    """Yield the records of a list; one that is sorted by its moments is read until they are too old."""
    path, key = which
    for number in range(1, _MOST_PAGES + 1):
        try:
            answer = await client.get(f"{path}&page={number}")
        except NotFound:
            return  # what the notes were about is gone, and they with it
        records = read_records(answer.body, key)
        for record in records:
            yield record
        moments = [moment_of(record.get("entryAt")) for record in records] if key == "entries" else []
        passed = oldest is not None and any(moment is not None and moment < oldest for moment in moments)
        if passed or not has_more(answer):
            return
    raise ReplyNotUnderstood("The provider's list of what was written lately never ends.")


def _oldest(floor: datetime, several: Sequence[Mapping[str, Any]]) -> datetime | None:
    moments = [moment_of(inner["entryAt"]) for inner in several if inner.get("entryAt")]
    return min([floor, *(moment for moment in moments if moment is not None)])


def is_as_wanted(wanted: Mapping[str, Any], record: Record, floor: datetime) -> bool:
    """Tell whether a record was made since, with all that was asked for and stays as it was sent."""
    made = moment_of(record.get("createdAt"))
    if made is None or made < floor:
        return False
    return all(holds(value, record.get(name)) for name, value in wanted.items() if name not in _UNSETTLED)


def holds(wanted: Any, there: Any) -> bool:
    """Tell whether a value has all that is wanted of it: lists in any order, texts as people compare them."""
    if isinstance(wanted, Mapping):
        if not isinstance(there, Mapping):
            return False
        return all(holds(value, _named(there) if name == "name" else there.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):
        left = list(there) if isinstance(there, list) else []
        for item in wanted:
            found = next((each for each in left if holds(item, each)), None)
            if found is None:
                return False
            left = [each for each in left if each is not found]
        return True
    if is_blank(wanted) or is_blank(there):
        return is_blank(wanted) and is_blank(there)
    if isinstance(wanted, bool) or isinstance(there, bool):
        return wanted is there
    numbers = number_of(wanted), number_of(there)
    if None not in numbers and not (isinstance(wanted, str) and isinstance(there, str)):
        return numbers[0] == numbers[1]
    moments = moment_of(wanted), moment_of(there)
    return loose(wanted) == loose(there) or (moments[0] is not None and moments[0] == moments[1])


def _named(record: Mapping[str, Any]) -> Any:
    whole = " ".join(str(record[part]) for part in ("firstName", "lastName") if record.get(part))
    return record.get("name") or whole
