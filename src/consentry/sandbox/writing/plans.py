"""Writing track definitions and goals."""

from datetime import date
from typing import Any, Final

from consentry.sandbox.readers import Call
from consentry.sandbox.records import Record
from consentry.sandbox.writing.draft import Draft
from consentry.sandbox.writing.fields import (
    Setter,
    choice,
    currency,
    day,
    fill,
    items,
    number,
    place_of,
    reference,
    require,
    text,
    whole,
)
from consentry.sandbox.writing.holders import USER_KEYS
from consentry.sandbox.writing.shape import READ_ONLY, Shape

_SUMS: Final = ("7b05186c-c342-343f-8236-121dfbb2ae45", "bbc7a4b4-78eb-3bbd-85bb-9f20ec2e3f5d")
_COUNTS: Final = (
    "18305eb9-2c50-35ba-88e5-876be543e055",
    "264be3b0-490b-3d73-ae0d-d02b488ba1eb",
    "1659cb58-2401-30eb-aa82-c42771aea74e",
)
_ASSIGNEE_TYPES: Final = ("TRACK_OWNER", "USER")


def _assignee(draft: Draft, name: str) -> None:
    given = draft.given[name]
    if not isinstance(given, dict) or given.get("assigneeType") not in _ASSIGNEE_TYPES:
        draft.refuse(name, f"{name} is invalid")
        return
    part = draft.part(draft.resource, {"owner": given.get("owner")}, None)
    fill(part, {"owner": reference("users", *USER_KEYS)})
    draft.values[name] = {"assigneeType": given["assigneeType"], "owner": part.values["owner"]}


_STEP: Final[dict[str, Setter]] = {
    "description": text,
    "daysAfterRule": choice("TRACK_START", "LAST_TASK"),
    "daysAfter": whole(0),
    "displayOrder": whole(0),
    "dayDelayRule": choice("TRACK_DAYS", "TRACK_WORKDAYS", "TRACK_WEEKS"),
    "category": reference("categories"),
    "trackTaskAssignee": _assignee,
}


def _steps(draft: Draft, name: str) -> None:
    standing = list(draft.values.get(name) or ())
    for given in items(draft, name):
        at = place_of(standing, given)
        if "id" in given and at is None:
            draft.refuse(name, "task definition not found")
        elif at is not None and given.get("_delete") is True:
            del standing[at]
        elif at is not None:
            standing[at] = _step(draft, given, standing[at], at)
        else:
            standing.append(_step(draft, given, None, len(standing)))
    draft.values[name] = sorted(standing, key=lambda step: step["displayOrder"])


def _step(draft: Draft, given: dict[str, Any], known: dict[str, Any] | None, order: int) -> dict[str, Any]:
    part = draft.part("trackTaskDefinition", given, known)
    if known is None:
        part.values = {"id": draft.crm.ids.next("task definition"), **dict.fromkeys(_STEP)}
        part.values |= {"displayOrder": order, "createdAt": draft.call.now}
    part.values["updatedAt"] = draft.call.now
    fill(part, _STEP, ignored=("id", "createdAt", "updatedAt", "_delete"))
    require(part, "description", "daysAfterRule", "daysAfter", "dayDelayRule", "trackTaskAssignee")
    return part.values


TRACK_DEFINITION: Final = Shape(
    path="trackdefinitions",
    key="trackDefinition",
    kind="track definition",
    fields={
        "description": text,
        "tag": text,
        "captureRule": choice("PARTY", "OPPORTUNITY", "CASEFILE"),
        "direction": choice("START_DATE", "END_DATE"),
        "taskDefinitions": _steps,
    },
    fresh={"description": None, "tag": None, "captureRule": None, "direction": None, "taskDefinitions": []},
    required=("description", "captureRule", "direction"),
)


def _check_goal(draft: Draft) -> None:
    values = draft.values
    if values["pipeline"] is not None and values["milestone"] is not None:
        draft.refuse("milestone", "pipeline and milestone exclude each other")
    if values["type"] in _SUMS and values["currency"] is None:
        draft.refuse("currency", "currency is required")
    if values["type"] in _COUNTS and values["currency"] is not None:
        draft.refuse("currency", "currency is for sums only")
    if values["startOn"] and values["endOn"]:
        if values["endOn"] < values["startOn"]:
            draft.refuse("endOn", "endOn is before startOn")
        values["status"] = _stage_of(values["startOn"], values["endOn"], draft.call.now[:10])


def _stage_of(start: str, end: str, today: str) -> str:
    if date.fromisoformat(today) < date.fromisoformat(start):
        return "UPCOMING"
    return "ACTIVE" if today <= end else "MISSED"


def _user(draft: Draft, name: str) -> None:
    reference("users", *USER_KEYS, bare=True)(draft, name)


GOAL: Final = Shape(
    path="goals",
    key="goal",
    kind="goal",
    fields={
        "name": text,
        "frequency": choice("DAILY", "WEEKLY", "MONTHLY", "YEARLY", "FIXED"),
        "startOn": day,
        "endOn": day,
        "type": choice(*_SUMS, *_COUNTS),
        "value": number,
        "currency": currency,
        "user": _user,
        "pipeline": reference("pipelines", "name"),
        "milestone": reference("milestones", "name"),
    },
    fresh={
        "name": None,
        "frequency": None,
        "startOn": None,
        "endOn": None,
        "type": None,
        "value": None,
        "currency": None,
        "user": None,
        "status": None,
        "pipeline": None,
        "milestone": None,
    },
    required=("name", "frequency", "startOn", "endOn", "type", "value", "user"),
    ignored=(*READ_ONLY, "status"),
    checks=(_check_goal,),
)


def delete_goal(call: Call, record: Record) -> None:
    """Delete a goal with its periods."""
    for period in call.crm["goals/periods"].of(("goals", record.id)):
        call.crm["goals/periods"].remove(period.id, at=call.now)
    call.crm["goals"].remove(record.id, at=call.now)
