"""Writing tasks and entries."""

from functools import partial
from typing import Any, Final

from consentry.sandbox.records import Record
from consentry.sandbox.seed import Attachment
from consentry.sandbox.writing.deals import put_party
from consentry.sandbox.writing.draft import Draft
from consentry.sandbox.writing.fields import Setter, choice, clock, day, items, moment, place_of, reference, text
from consentry.sandbox.writing.holders import USER_KEYS, token_user
from consentry.sandbox.writing.shape import READ_ONLY, Shape
from consentry.sandbox.writing.tracks import wake_next

_NOTE, _TASK_COMPLETED = -1, -4
_RELATED: Final = ("party", "opportunity", "kase")
RELATIONS: Final[dict[str, Setter]] = {
    "party": put_party,
    "opportunity": reference("opportunities", "name"),
    "kase": reference("kases", "name"),
}


def _status(draft: Draft, name: str) -> None:
    if draft.given[name] == "PENDING" and (draft.known or {}).get("status") != "PENDING":
        draft.refuse(name, "status PENDING can't be set")
    elif draft.given[name] is None:
        draft.refuse(name, f"{name} is required")
    else:
        choice("OPEN", "COMPLETED", "PENDING")(draft, name)


def _repeat(draft: Draft, name: str) -> None:
    given = draft.given[name]
    if given is not None and not isinstance(given, dict):
        draft.refuse(name, f"{name} is invalid")
    draft.values[name] = given


def _check_relation(draft: Draft) -> None:
    if sum(draft.values[each] is not None for each in _RELATED) > 1:
        draft.refuse("party", "task can be related to at most one entity")


def _check_owner(draft: Draft) -> None:
    if draft.values["owner"] is None:
        draft.values["owner"] = token_user(draft)


def _check_completion(draft: Draft) -> None:
    """Set or clear when and by whom the task was completed."""
    done = draft.values["status"] == "COMPLETED"
    if not done:
        draft.values |= {"completedAt": None, "completedBy": None}
        return
    draft.values["completedAt"] = draft.values["completedAt"] or draft.call.now
    draft.values["completedBy"] = draft.values["completedBy"] or draft.call.user.username


def _kept_task(draft: Draft, record: Record) -> None:
    """Write the entry of a task that was completed just now, and wake what follows it."""
    values = record.decode()
    if values["status"] != "COMPLETED" or (draft.known or {}).get("status") == "COMPLETED":
        return
    if any(values[each] is not None for each in _RELATED):
        draft.crm["entries"].add(_completed(draft, values))
    wake_next(draft, values)


def _completed(draft: Draft, task: dict[str, Any]) -> dict[str, Any]:
    kind = draft.crm["activitytypes"].find(_TASK_COMPLETED)
    return {
        **ENTRY.fresh,
        **{each: task[each] for each in _RELATED},
        "id": draft.crm.new_id("entries", "entry"),
        "type": "task",
        "createdAt": draft.call.now,
        "updatedAt": draft.call.now,
        "entryAt": task["completedAt"],
        "content": task["description"],
        "activityType": None if kind is None else _named(kind.decode()),
        "creator": token_user(draft),
        "attachments": [],
    }


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {"id": values["id"], "name": values["name"]}


def _type(draft: Draft, name: str) -> None:
    """Take the type of an entry, which is a note and stays what it is."""
    if draft.is_new and draft.given[name] != "note":
        draft.refuse(name, "only notes can be created")
    elif draft.known is not None and draft.given[name] != draft.known["type"]:
        draft.refuse(name, "type can't be changed")
    else:
        draft.values[name] = draft.given[name]


def _attachments(draft: Draft, name: str) -> None:
    """Add what was uploaded by its token, and take away by id."""
    standing = [dict(each) for each in draft.values.get(name) or ()]
    for given in items(draft, name):
        at = place_of(standing, given)
        if "id" in given and at is None:
            draft.refuse(name, "attachment not found")
        elif at is not None and given.get("_delete") is True:
            draft.later.append(partial(draft.crm.attachments.pop, standing.pop(at)["id"], None))
        elif at is None:
            _attach(draft, standing, given)
    draft.values[name] = standing


def _attach(draft: Draft, standing: list[dict[str, Any]], given: dict[str, Any]) -> None:
    token = given.get("token")
    upload = draft.crm.uploads.get(token) if isinstance(token, str) else None
    if upload is None or not isinstance(token, str):
        draft.refuse("token", "token not found")
        return
    number = draft.crm.ids.next("attachment")
    standing.append(
        {
            "id": number,
            "filename": upload.filename,
            "contentType": upload.content_type,
            "size": len(upload.content),
        }
    )
    draft.later.append(lambda: _take_upload(draft, token, number, upload))


def _take_upload(draft: Draft, token: str, number: int, upload: Attachment) -> None:
    draft.crm.uploads.pop(token, None)
    draft.crm.attachments[number] = upload


def _check_entry(draft: Draft) -> None:
    if draft.known is not None and draft.known["type"] == "task":
        draft.refuse("type", "only notes and emails can be changed")
    if sum(draft.values[each] is not None for each in _RELATED) != 1:
        draft.refuse("party", "entry must be related to exactly one entity")
    if not draft.values["content"] and not draft.values["attachments"]:
        draft.refuse("content", "content or an attachment is required")
    if draft.is_new:
        draft.values["creator"] = token_user(draft)
    draft.values["entryAt"] = draft.values["entryAt"] or draft.call.now
    if draft.values["activityType"] is None:
        note = draft.crm["activitytypes"].find(_NOTE)
        draft.values["activityType"] = None if note is None else _named(note.decode())


TASK: Final = Shape(
    path="tasks",
    key="task",
    kind="task",
    fields={
        **RELATIONS,
        "category": reference("categories", by="name"),
        "description": text,
        "detail": text,
        "dueOn": day,
        "dueTime": clock,
        "status": _status,
        "owner": reference("users", *USER_KEYS),
        "completedAt": moment,
        "repeat": _repeat,
    },
    fresh={
        "description": None,
        "detail": None,
        "category": None,
        "dueOn": None,
        "dueTime": None,
        "status": "OPEN",
        "party": None,
        "opportunity": None,
        "kase": None,
        "owner": None,
        "completedAt": None,
        "completedBy": None,
        "repeat": None,
        "nextTask": None,
        "hasTrack": False,
        "active": True,
        "overrideToCurrentUser": False,
        "daysAfter": None,
        "taskDelayRule": None,
        "taskDayDelayRule": None,
    },
    required=("description", "dueOn"),
    ignored=(
        *(*READ_ONLY, "completedBy", "nextTask", "hasTrack", "active", "overrideToCurrentUser"),
        *("daysAfter", "taskDelayRule", "taskDayDelayRule"),
    ),
    checks=(_check_relation, _check_owner, _check_completion),
    kept=_kept_task,
)
ENTRY: Final = Shape(
    path="entries",
    key="entry",
    kind="entry",
    fields={
        **RELATIONS,
        "type": _type,
        "entryAt": moment,
        "subject": text,
        "content": text,
        "attachments": _attachments,
        "activityType": reference("activitytypes", "name"),
    },
    fresh={
        "type": None,
        "entryAt": None,
        "subject": None,
        "content": None,
        "activityType": None,
        "creator": None,
        "party": None,
        "opportunity": None,
        "kase": None,
        "attachments": [],
    },
    required=("type",),
    ignored=(*READ_ONLY, "creator", "parties", "participants"),
    checks=(_check_entry,),
)
