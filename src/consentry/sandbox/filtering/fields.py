"""The fields that a filter may name: what kind each is, and what a record holds there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from consentry.sandbox.query import Invalid
from consentry.sandbox.seed import Crm, name_of
from consentry.sandbox.seed.countries import COUNTRIES

Kind = Literal["text", "number", "day", "flag", "reference"]
Values = dict[str, Any]
_CODES: Final = {str(country["name"]): str(country["alpha2Code"]) for country in COUNTRIES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a field is read from: the account and the user who asks."""

    crm: Crm
    user_id: int


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a filter: what kind it is, and what a record holds there (several, where it can be several)."""

    kind: Kind
    read: Callable[[Sight, Values], Iterable[Any]]


def _plain(kind: Kind, member: str) -> Field:
    return Field(kind, lambda _sight, values: [values.get(member)])


def _day(member: str) -> Field:
    return Field("day", lambda _sight, values: [(values.get(member) or "")[:10] or None])


def _each(member: str, part: str) -> Field:
    return Field("text", lambda _sight, values: [each.get(part) for each in values.get(member, ())])


def _whether(holds: Callable[[Sight, Values], bool]) -> Field:
    return Field("flag", lambda sight, values: [holds(sight, values)])


def _one(member: str) -> Field:
    return Field("reference", lambda _sight, values: [values.get(member)])


def _country(_sight: Sight, values: Values) -> Iterable[Any]:
    return [_CODES.get(each["country"] or "") for each in values["addresses"]]


def _employer(sight: Sight, values: Values) -> Values:
    record = sight.crm["parties"].find((values.get("organisation") or {}).get("id", 0))
    return {} if record is None else record.decode()


def _has(path: str, child: str) -> Field:
    return _whether(lambda sight, values: bool(sight.crm[child].of((path, values["id"]))))


def _has_open_tasks(path: str) -> Field:
    def holds(sight: Sight, values: Values) -> bool:
        return any(b'"status":"OPEN"' in task.body for task in sight.crm["tasks"].of((path, values["id"])))

    return _whether(holds)


def _shared(path: str) -> dict[str, Field]:
    return {
        "id": _plain("number", "id"),
        "name": Field("text", lambda _sight, values: [name_of(values)]),
        "tag": Field("reference", lambda _sight, values: values.get("tags", ())),
        "owner": _one("owner"),
        "team": _one("team"),
        "hasTags": _whether(lambda _sight, values: bool(values.get("tags"))),
        "addedOn": _day("createdAt"),
        "updatedOn": _day("updatedAt"),
        "lastContactedOn": _day("lastContactedAt"),
        "hasOpenTasks": _has_open_tasks(path),
    }


_PARTY: Final[dict[str, Field]] = {
    **_shared("parties"),
    "type": _plain("text", "type"),
    "title": _plain("text", "title"),
    "jobTitle": _plain("text", "jobTitle"),
    "email": _each("emailAddresses", "address"),
    "phone": _each("phoneNumbers", "number"),
    "website": _each("websites", "address"),
    "city": _each("addresses", "city"),
    "zip": _each("addresses", "zip"),
    "state": _each("addresses", "state"),
    "country": Field("text", _country),
    "hasEmailAddress": _whether(lambda _sight, values: bool(values["emailAddresses"])),
    "hasPhoneNumber": _whether(lambda _sight, values: bool(values["phoneNumbers"])),
    "hasAddress": _whether(lambda _sight, values: bool(values["addresses"])),
    "hasPeople": _has("parties", "parties"),
    "hasOpportunities": _has("parties", "opportunities"),
    "hasCases": _has("parties", "kases"),
    "org.name": Field("text", lambda sight, values: [_employer(sight, values).get("name")]),
    "org.tag": Field("reference", lambda sight, values: _employer(sight, values).get("tags", ())),
}
_DEAL: Final[dict[str, Field]] = {
    "status": _plain("text", "status"),
    "isOwnedByMe": _whether(lambda sight, values: (values["owner"] or {}).get("id") == sight.user_id),
    "closedOn": _day("closedOn"),
    "expectedCloseOn": _day("expectedCloseOn"),
    "party": _one("party"),
    "primaryContact": _one("party"),
    "primaryContactName": Field("text", lambda _sight, values: [name_of(values["party"] or {})]),
}


def _milestone(sight: Sight, values: Values) -> Values:
    record = sight.crm["milestones"].find((values["milestone"] or {}).get("id", 0))
    return {} if record is None else record.decode()


def _deal_status(sight: Sight, values: Values) -> Iterable[Any]:
    milestone = _milestone(sight, values)
    if not milestone.get("complete"):
        return ["OPEN"]
    return ["WON" if milestone["probability"] else "LOST"]


FIELDS: Final[Mapping[str, Mapping[str, Field]]] = {
    "parties": _PARTY,
    "opportunities": {
        **_shared("opportunities"),
        **_DEAL,
        "status": Field("text", _deal_status),
        "pipeline": Field("reference", lambda sight, values: [_milestone(sight, values).get("pipeline")]),
        "milestone": _one("milestone"),
        "probability": _plain("number", "probability"),
        "lostReason": _one("lostReason"),
        "currency": Field("text", lambda _sight, values: [(values["value"] or {}).get("currency")]),
        "expectedValue": Field("number", lambda _sight, values: [(values["value"] or {}).get("amount")]),
        "isOpen": _whether(lambda sight, values: not _milestone(sight, values).get("complete")),
    },
    "kases": {
        **_shared("kases"),
        **_DEAL,
        "board": Field("reference", lambda sight, values: [_board(sight, values)]),
        "stage": _one("stage"),
        "startOn": _day("startOn"),
        "isOpen": _whether(lambda _sight, values: values["status"] == "OPEN"),
    },
}


def _board(sight: Sight, values: Values) -> Values | None:
    record = sight.crm["stages"].find((values["stage"] or {}).get("id", 0))
    board: Values | None = None if record is None else record.decode()["board"]
    return board


def find_field(crm: Crm, entity: str, name: Any) -> Field:
    """Return a field, custom ones included; raises Invalid for one that nobody knows."""
    if isinstance(name, str):
        if name in FIELDS[entity]:
            return FIELDS[entity][name]
        if name.startswith("custom:"):
            return _custom(crm, entity, name.removeprefix("custom:"), lambda _sight, values: values)
        if name.startswith("org.custom:") and entity == "parties":
            return _custom(crm, entity, name.removeprefix("org.custom:"), _employer)
    raise Invalid("field", "invalid field name")


def _custom(crm: Crm, entity: str, number: str, whose: Callable[[Sight, Values], Values]) -> Field:
    definition = crm[f"{entity}/fields/definitions"].find(int(number)) if number.isdecimal() else None
    if definition is None:
        raise Invalid("field", "invalid field name")
    kinds: dict[str, Kind] = {"date": "day", "number": "number", "boolean": "flag"}
    kind = kinds.get(definition.decode()["type"], "text")

    def read(sight: Sight, values: Values) -> Iterable[Any]:
        found = [e["value"] for e in whose(sight, values).get("fields", ()) if e["definition"]["id"] == definition.id]
        return [float(each) for each in found] if kind == "number" else found

    return Field(kind, read)
