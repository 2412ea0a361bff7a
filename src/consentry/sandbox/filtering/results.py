"""`POST /{entity}/filters/results`.

Names, e-mail addresses, tags, ids and custom fields are looked up by key, so a filter over them stays quick with many.
"""

from datetime import date
from typing import Any

import msgspec

from consentry.sandbox.filtering.conditions import AllOf, AnyOf, Condition, amount_of, holds, parse
from consentry.sandbox.filtering.fields import Field, Sight, Values, find_field
from consentry.sandbox.query import Invalid
from consentry.sandbox.readers import Call, Reader, Reply, render_list
from consentry.sandbox.records import Record
from consentry.sandbox.resources import Resource
from consentry.sandbox.seed import Crm
from consentry.sandbox.writing import Malformed
from consentry.sandbox.writing.marks import as_number


def candidates(crm: Crm, entity: str, level: AllOf) -> dict[int, Record] | None:
    """Return the few records among which all that are meant must be, or None when keys don't tell."""
    for each in level.members:
        found = _among(crm, entity, each)
        if found is not None:
            return found
    return None


def _among(crm: Crm, entity: str, level: Condition | AnyOf | AllOf) -> dict[int, Record] | None:
    match level:
        case Condition():
            return _by_key(crm, entity, level)
        case AllOf():
            return candidates(crm, entity, level)
        case AnyOf(members):
            found: dict[int, Record] = {}
            for each in members:
                part = _among(crm, entity, each)
                if part is None:
                    return None
                found |= part
            return found


def _by_key(crm: Crm, entity: str, condition: Condition) -> dict[int, Record] | None:
    value, collection = condition.value, crm[entity]
    if condition.operator != "is" or value is None or isinstance(value, bool):
        return None
    if condition.name == "id":
        record = collection.find(int(amount_of(value) or 0))
        return {} if record is None else {record.id: record}
    if condition.name == "tag" and isinstance(value, int):
        return {record.id: record for record in collection.by("tag", str(value))}
    if condition.name == "tag":
        tags = crm[f"{entity}/tags"].by("name", value.casefold())
        return {record.id: record for tag in tags for record in collection.by("tag", str(tag.id))}
    key = _key_of(condition)
    return None if key is None else {record.id: record for record in collection.by(condition.name, key)}


def _key_of(condition: Condition) -> str | None:
    """Return the key under which records with the wanted value stand, if there are keys of that name."""
    if not condition.name.startswith("custom:"):
        return str(condition.value).casefold() if condition.name in ("name", "email") else None
    match condition.field.kind:
        case "number":
            return as_number(condition.name, condition.value)
        case "day":
            return str(condition.value)[:10]
        case _:
            return str(condition.value).casefold()


# -- the reader


def filterer(resource: Resource) -> Reader:
    """Make the reader of what a filter in the body finds."""

    def read(call: Call) -> Reply:
        given = _filter_in(call.body)
        conditions = parse(call.crm, resource.path, given.get("conditions"))
        sight = Sight(crm=call.crm, user_id=call.user.id)
        found = _search(call, resource.path, conditions, sight)
        return render_list(call, resource, _ordered(call, resource.path, found, given.get("orderBy"), sight))

    return read


def _filter_in(body: bytes) -> dict[str, Any]:
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed("The body is not JSON.") from error
    given = whole.get("filter") if isinstance(whole, dict) else None
    if not isinstance(given, dict):
        raise Malformed("The body has no object under the key filter.")
    return given


def _search(call: Call, entity: str, conditions: AllOf, sight: Sight) -> list[Record]:
    few = candidates(call.crm, entity, conditions)
    records = call.crm[entity].all(call.knobs.list_order) if few is None else [few[each] for each in sorted(few)]
    today = date.fromisoformat(call.now[:10])
    return [record for record in records if holds(conditions, sight, record.decode(), today)]


def _ordered(call: Call, entity: str, found: list[Record], given: Any, sight: Sight) -> list[Record]:
    if not given or call.knobs.filter_order == "ignored":
        return found
    if not isinstance(given, list):
        raise Invalid("orderBy", "orderBy is invalid")
    for each in reversed(given):
        field = find_field(call.crm, entity, each.get("field") if isinstance(each, dict) else None)
        places = {record.id: _sortable(field, sight, record.decode()) for record in found}
        descending = each.get("direction", "ascending") == "descending"
        found = sorted(found, key=lambda record: places[record.id], reverse=descending)
    return found


def _sortable(field: Field, sight: Sight, values: Values) -> tuple[bool, str, float]:
    there = next((each for each in field.read(sight, values) if each is not None), None)
    if isinstance(there, dict):
        there = there.get("name") or there["id"]
    if isinstance(there, int | float):
        return (False, "", float(there))
    return (there is None, str(there).casefold(), 0.0)
