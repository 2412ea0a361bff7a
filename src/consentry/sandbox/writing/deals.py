"""Writing opportunities and projects."""

from typing import Any, Final

from consentry.sandbox.readers import Call
from consentry.sandbox.records import Record
from consentry.sandbox.seed.draw import party_reference
from consentry.sandbox.writing.draft import Draft
from consentry.sandbox.writing.fields import Fields, choice, currency, day, fill, find, number, reference, text, whole
from consentry.sandbox.writing.holders import HOLDERS, check_holders
from consentry.sandbox.writing.marks import field_values, note_missing, tags
from consentry.sandbox.writing.ripple import forget_deal, rename
from consentry.sandbox.writing.shape import READ_ONLY, Check, Shape
from consentry.sandbox.writing.tracks import check_tracks, start_tracks

_VALUE: Final[Fields] = {"amount": number, "currency": currency}


def put_party(draft: Draft, name: str) -> None:
    """Take a party by its id."""
    given = draft.given[name]
    found = None if given is None else find(draft, "parties", given)
    if given is not None and found is None:
        draft.refuse(name, f"{name} not found")
    draft.values[name] = None if found is None else party_reference(found)


def _value(draft: Draft, name: str) -> None:
    """Take an amount, which needs its currency with it."""
    given = draft.given[name]
    if given is None:
        draft.values[name] = None
        return
    if not isinstance(given, dict):
        draft.refuse(name, f"{name} is invalid")
        return
    part = draft.part(draft.resource, given, None)
    fill(part, _VALUE)
    if part.values.get("amount") is not None and part.values.get("currency") is None:
        draft.refuse("currency", "currency is required")
    draft.values[name] = {"amount": part.values.get("amount"), "currency": part.values.get("currency")}


def _check_milestone(draft: Draft) -> None:
    """Let the milestone decide probability, closing date and lost reason."""
    milestone = _milestone(draft)
    if milestone is None:
        return
    before = (draft.known or {}).get("milestone") or {}
    moved = before.get("id") != milestone["id"]
    closed = milestone["complete"]
    if closed and draft.given.get("probability") is not None:
        draft.refuse("probability", "probability can't be set with a closing milestone")
    elif moved and draft.given.get("probability") is None:
        draft.values["probability"] = milestone["probability"]
    if moved:
        draft.values["lastStageChangedAt"] = draft.call.now
    if not closed:
        draft.values["lastOpenMilestone"] = draft.values["milestone"]
    _check_closing(draft, closed=closed, lost=closed and milestone["probability"] == 0)


def _milestone(draft: Draft) -> dict[str, Any] | None:
    named = draft.values.get("milestone")
    record = None if named is None else draft.crm["milestones"].find(named["id"])
    return None if record is None else record.decode()


def _check_closing(draft: Draft, *, closed: bool, lost: bool) -> None:
    if closed:
        draft.values["closedOn"] = draft.values["closedOn"] or draft.call.now[:10]
    elif draft.given.get("closedOn") is not None:
        draft.refuse("closedOn", "closedOn is for closed opportunities only")
    else:
        draft.values["closedOn"] = None
    if lost:
        return
    if draft.given.get("lostReason") is not None:
        draft.refuse("lostReason", "lostReason is for lost opportunities only")
    draft.values["lostReason"] = None


def _check_duration(draft: Draft) -> None:
    if draft.values["durationBasis"] is None:
        draft.values["durationBasis"] = "FIXED"
    if draft.values["durationBasis"] != "FIXED":
        return
    if draft.given.get("duration") is not None:
        draft.refuse("duration", "duration must be null with the duration basis FIXED")
    draft.values["duration"] = None


def _check_status(draft: Draft) -> None:
    before = (draft.known or {}).get("status")
    if draft.values["status"] != before:
        draft.values["closedOn"] = draft.call.now[:10] if draft.values["status"] == "CLOSED" else None


def _check_start(draft: Draft) -> None:
    if draft.call.knobs.project_start_on == "ignored":
        draft.values["startOn"] = (draft.known or {}).get("startOn")


def _note_missing(path: str) -> Check:
    return lambda draft: note_missing(path, draft)


def _kept(draft: Draft, record: Record, path: str) -> None:
    if draft.is_new:
        start_tracks(draft, path, record)
    elif draft.known is not None and draft.known["name"] != draft.values["name"]:
        rename(draft.crm, path, record.id, {"id": record.id, "name": draft.values["name"]})


def delete_opportunity(call: Call, record: Record) -> None:
    """Delete an opportunity with its tasks and entries."""
    forget_deal(call.crm, "opportunities", record.id, at=call.now)


def delete_project(call: Call, record: Record) -> None:
    """Delete a project with its tasks and entries."""
    forget_deal(call.crm, "kases", record.id, at=call.now)


OPPORTUNITY: Final = Shape(
    path="opportunities",
    key="opportunity",
    kind="opportunity",
    fields={
        "party": put_party,
        "lostReason": reference("lostreasons", "name"),
        "name": text,
        "description": text,
        **HOLDERS,
        "milestone": reference("milestones", "name"),
        "value": _value,
        "expectedCloseOn": day,
        "probability": whole(0, 100),
        "durationBasis": choice("FIXED", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"),
        "duration": whole(0),
        "closedOn": day,
        "tags": tags("opportunities"),
        "fields": field_values("opportunities"),
    },
    fresh={
        "name": None,
        "description": None,
        "party": None,
        "owner": None,
        "team": None,
        "milestone": None,
        "lastOpenMilestone": None,
        "value": None,
        "expectedCloseOn": None,
        "probability": None,
        "durationBasis": "FIXED",
        "duration": None,
        "closedOn": None,
        "lostReason": None,
        "lastContactedAt": None,
        "lastStageChangedAt": None,
        "tags": [],
        "fields": [],
        "missingImportantFields": False,
    },
    required=("party", "name", "milestone"),
    ignored=(*READ_ONLY, "lastStageChangedAt", "lastOpenMilestone", "tracks"),
    checks=(
        _check_milestone,
        _check_duration,
        check_holders(needed=True),
        check_tracks("OPPORTUNITY"),
        _note_missing("opportunities"),
    ),
    kept=lambda draft, record: _kept(draft, record, "opportunities"),
)
PROJECT: Final = Shape(
    path="kases",
    key="kase",
    kind="kase",
    fields={
        "party": put_party,
        "name": text,
        "description": text,
        **HOLDERS,
        "status": choice("OPEN", "CLOSED"),
        "opportunity": reference("opportunities", "name"),
        "stage": reference("stages", "name", bare=True),
        "startOn": day,
        "expectedCloseOn": day,
        "tags": tags("kases"),
        "fields": field_values("kases"),
    },
    fresh={
        "party": None,
        "name": None,
        "description": None,
        "owner": None,
        "team": None,
        "status": "OPEN",
        "opportunity": None,
        "stage": None,
        "startOn": None,
        "expectedCloseOn": None,
        "closedOn": None,
        "lastContactedAt": None,
        "tags": [],
        "fields": [],
        "missingImportantFields": False,
    },
    required=("party", "name", "status"),
    ignored=(*READ_ONLY, "closedOn", "tracks"),
    checks=(
        _check_status,
        _check_start,
        check_holders(needed=True),
        check_tracks("CASEFILE"),
        _note_missing("kases"),
    ),
    kept=lambda draft, record: _kept(draft, record, "kases"),
)
