"""Tracks: the tasks that a track definition sets in motion on a party, opportunity or project."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

from consentry.sandbox.readers import Call, Reply, render_record
from consentry.sandbox.records import Record
from consentry.sandbox.seed.draw import party_reference
from consentry.sandbox.writing.draft import Draft, unwrap
from consentry.sandbox.writing.fields import choice, day, fill, find, read_whole, require, text
from consentry.sandbox.writing.shape import READ_ONLY, Check, Shape

_PARENTS: Final = {"party": "parties", "opportunity": "opportunities", "kase": "kases"}
_RULES: Final = {"parties": "PARTY", "opportunities": "OPPORTUNITY", "kases": "CASEFILE"}


def check_tracks(rule: str) -> Check:
    """Make the check of `tracks`, a list of track definitions that counts at creation only."""

    def check(draft: Draft) -> None:
        given = draft.given.get("tracks")
        if not draft.is_new or given is None:
            return
        if not isinstance(given, list):
            draft.refuse("tracks", "tracks is invalid")
            return
        for each in given:
            definition = find(draft, "trackdefinitions", each, bare=True)
            if definition is None or definition["captureRule"] != rule:
                draft.refuse("tracks", "track definition not found")

    return check


def start_tracks(draft: Draft, path: str, record: Record) -> None:
    """Start the tracks that a new record asked for."""
    for each in draft.given.get("tracks") or ():
        definition = find(draft, "trackdefinitions", each, bare=True)
        if definition is not None:
            _start(draft, definition, path, record.decode(), {"trackDateOn": draft.call.now[:10]})


def create_track(call: Call) -> Reply:
    """Start a track on one party, opportunity or project, which the answer doesn't name."""
    draft = Draft(call=call, resource="track", given=unwrap(call.body, "track"))
    draft.values["trackDateOn"] = call.now[:10]
    fill(draft, TRACK.fields, ignored=(*READ_ONLY, "definition", "tasks", *_PARENTS))
    require(draft, "trackDateOn")
    subjects = [(key, path) for key, path in _PARENTS.items() if draft.given.get(key) is not None]
    definition = find(draft, "trackdefinitions", draft.given.get("definition"), bare=True)
    if len(subjects) != 1:
        draft.refuse("party", "track must be related to exactly one entity")
    if definition is None:
        draft.refuse("definition", "definition is required" if "definition" not in draft.given else "not found")
    draft.settle()
    key, path = subjects[0]
    subject = find(draft, path, draft.given[key], bare=True)
    if subject is None:
        draft.refuse(key, f"{key} not found")
    elif definition is not None and definition["captureRule"] != _RULES[path]:
        draft.refuse("definition", f"the definition is not for {path}")
    draft.settle()
    record = _start(draft, definition or {}, path, subject or {}, draft.values)
    headers = {"Location": f"{call.address}/{record.id}"}
    return Reply(status=201, body=render_record(call, "track", record), headers=headers)


def _start(
    draft: Draft, definition: dict[str, Any], path: str, subject: dict[str, Any], given: dict[str, Any]
) -> Record:
    crm, begin = draft.crm, given["trackDateOn"]
    tasks = [_task(draft, each, path, subject, begin) for each in definition["taskDefinitions"]]
    for task, following in pairwise(tasks):
        task["nextTask"] = {"id": following["id"], "description": following["description"]}
    for task in tasks:
        crm["tasks"].add(task)
    track = {
        "id": crm.new_id("tracks", "track"),
        "description": given.get("description") or definition["description"],
        "trackDateOn": begin,
        "direction": given.get("direction") or definition["direction"],
        "tasks": [{"id": task["id"], "description": task["description"]} for task in tasks],
    }
    return crm["tracks"].add(track, parents=[(path, subject["id"])])


def _task(draft: Draft, step: dict[str, Any], path: str, subject: dict[str, Any], begin: str) -> dict[str, Any]:
    waits = step["daysAfterRule"] == "LAST_TASK"
    member = next(key for key, each in _PARENTS.items() if each == path)
    shown = party_reference(subject) if path == "parties" else {"id": subject["id"], "name": subject["name"]}
    owner = (step.get("trackTaskAssignee") or {}).get("owner") or subject.get("owner")
    return {
        "id": draft.crm.new_id("tasks", "task"),
        "description": step["description"],
        "detail": None,
        "category": step.get("category"),
        "dueOn": _after(begin, step["daysAfter"]),
        "dueTime": None,
        "status": "PENDING" if waits else "OPEN",
        **dict.fromkeys(_PARENTS),
        member: shown,
        "owner": owner,
        "createdAt": draft.call.now,
        "updatedAt": draft.call.now,
        "completedAt": None,
        "completedBy": None,
        "repeat": None,
        "nextTask": None,
        "hasTrack": True,
        "active": not waits,
        "overrideToCurrentUser": False,
        "daysAfter": step["daysAfter"],
        "taskDelayRule": step["daysAfterRule"],
        "taskDayDelayRule": step["dayDelayRule"],
    }


def wake_next(draft: Draft, task: dict[str, Any]) -> None:
    """Open the task that waited for the one completed just now."""
    following = task["nextTask"] and draft.crm["tasks"].find(task["nextTask"]["id"])
    if not following or following.decode()["status"] != "PENDING":
        return
    due = _after(draft.call.now[:10], following.decode()["daysAfter"] or 0)
    changes = {"status": "OPEN", "active": True, "dueOn": due}
    draft.crm["tasks"].change(following.id, changes, at=draft.call.now)


def _after(begin: str, days: int) -> str:
    return (date.fromisoformat(begin) + timedelta(days=read_whole(days))).isoformat()


TRACK: Final = Shape(
    path="tracks",
    key="track",
    kind="track",
    fields={"description": text, "trackDateOn": day, "direction": choice("START_DATE", "END_DATE")},
    required=("trackDateOn",),
    ignored=(*READ_ONLY, "definition", "tasks", *_PARENTS),
    stamped=False,
)
