"""Writing what records refer to: tags, custom field definitions, pipelines, boards, lists, track definitions, goals."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid5

from consentry.sandbox.readers import Call, Reply, render_record
from consentry.sandbox.records import Record
from consentry.sandbox.seed import Job
from consentry.sandbox.writing.draft import Draft, NotEntitled, unwrap
from consentry.sandbox.writing.fields import (
    Setter,
    choice,
    currency,
    day,
    fill,
    find,
    flag,
    items,
    number,
    place_of,
    reference,
    require,
    text,
    whole,
)
from consentry.sandbox.writing.holders import USER_KEYS
from consentry.sandbox.writing.shape import NO_CONTENT, READ_ONLY, Check, Shape, create, get, undeletable

ENTITIES: Final = ("parties", "opportunities", "kases")
FIELD_TYPES: Final = ("text", "date", "list", "boolean", "number", "link", "multiselect", "largetext")
_SUMS: Final = ("7b05186c-c342-343f-8236-121dfbb2ae45", "bbc7a4b4-78eb-3bbd-85bb-9f20ec2e3f5d")
_COUNTS: Final = (
    "18305eb9-2c50-35ba-88e5-876be543e055",
    "264be3b0-490b-3d73-ae0d-d02b488ba1eb",
    "1659cb58-2401-30eb-aa82-c42771aea74e",
)
_MOST_ACTIVE: Final = 30
_MOST_TITLES: Final = 50
_JOBS: Final = UUID("5f0d6a2e-7d0c-4c59-9d6e-0e5f2b8f9a11")


# -- rules that several share


def _unique(path: str, member: str = "name", *, within: str | None = None) -> Check:
    """Make the check that no other record of a collection, or of the same holder in it, has the name."""

    def check(draft: Draft) -> None:
        name = draft.values.get(member)
        if not isinstance(name, str) or member not in draft.given:
            return
        own = None if draft.known is None else draft.known["id"]
        holder = None if within is None else (draft.values.get(within) or {}).get("id")
        others = (record.decode() for record in draft.crm[path].all() if record.id != own)
        if any(_same(each, member, name, within, holder) for each in others):
            draft.refuse(member, f"{member} must be unique")

    return check


def _same(other: dict[str, Any], member: str, name: str, within: str | None, holder: int | None) -> bool:
    if within is not None and (other.get(within) or {}).get("id") != holder:
        return False
    return str(other[member]).casefold() == name.casefold()


def _at_most(path: str, most: int) -> Check:
    """Make the check that there aren't too many; archived ones don't count."""

    def check(draft: Draft) -> None:
        if draft.is_new and sum(not r.decode().get("deleted", False) for r in draft.crm[path].all()) >= most:
            draft.refuse("id", f"no more than {most} can be active")

    return check


def archive(path: str) -> Callable[[Call, Record], None]:
    """Make the deletion that only archives."""

    def delete(call: Call, record: Record) -> None:
        call.crm[path].change(record.id, {"deleted": True}, at=call.now)

    return delete


def restorer(shape: Shape) -> Callable[[Call], Reply]:
    """Make the writer that brings an archived record back."""

    def write(call: Call) -> Reply:
        _need_administrator(call)
        record = call.crm[shape.path].change(get(call, shape.path).id, {"deleted": False}, at=call.now)
        return Reply(body=render_record(call, shape.key, record))

    return write


def _need_administrator(call: Call) -> None:
    if not call.user.administrator:
        raise NotEntitled("Only an administrator may do that.")


# -- tags and custom fields


def tag_shape(entity: str) -> Shape:
    """Return what can be written to the tags of an entity."""
    path = f"{entity}/tags"

    def kept(draft: Draft, record: Record) -> None:
        shown = {key: draft.values[key] for key in ("name", "dataTag")}
        for wearer in draft.crm[entity].by("tag", str(record.id)):
            worn = [each | shown if each["id"] == record.id else each for each in wearer.decode()["tags"]]
            draft.crm[entity].change(wearer.id, {"tags": worn}, at=None)

    def check_plain(draft: Draft) -> None:
        if draft.known is None or draft.values["dataTag"] or not draft.known["dataTag"]:
            return
        if draft.crm[f"{entity}/fields/definitions"].of(("tag", draft.known["id"])):
            draft.refuse("dataTag", "delete the field definitions of the tag first")

    return Shape(
        path=path,
        key="tag",
        kind=f"{entity} tag",
        fields={"name": text, "description": text, "dataTag": flag},
        fresh={"name": None, "description": None, "dataTag": False},
        required=("name",),
        checks=(_unique(path), check_plain),
        kept=kept,
        stamped=False,
    )


def tag_remover(entity: str) -> Callable[[Call], Reply]:
    """Make the deletion of a tag: it goes from every record that wears it, with its own fields and their values."""

    def write(call: Call) -> Reply:
        record = get(call, f"{entity}/tags")
        for definition in call.crm[f"{entity}/fields/definitions"].of(("tag", record.id)):
            _forget_definition(call, entity, definition.id)
        for wearer in call.crm[entity].by("tag", str(record.id)):
            worn = [each for each in wearer.decode()["tags"] if each["id"] != record.id]
            call.crm[entity].change(wearer.id, {"tags": worn}, at=None)
        call.crm[f"{entity}/tags"].remove(record.id, at=call.now)
        return _long_running(call, "delete tag") if call.knobs.tag_deletion == "job" else NO_CONTENT

    return write


def _forget_definition(call: Call, entity: str, definition: int) -> None:
    for holder in call.crm[entity].by("definition", str(definition)):
        left = [each for each in holder.decode()["fields"] if each["definition"]["id"] != definition]
        call.crm[entity].change(holder.id, {"fields": left}, at=None)
    call.crm[f"{entity}/fields/definitions"].remove(definition, at=call.now)


def _long_running(call: Call, action: str) -> Reply:
    job = uuid5(_JOBS, f"{call.crm.site['subdomain']} {len(call.crm.jobs)}")
    call.crm.jobs[job] = Job(action=action)
    return Reply(body=b"", status=202, headers={"Location": f"/api/v2/jobs/{job}"})


def definition_shape(entity: str) -> Shape:
    """Return what can be written to the custom field definitions of an entity."""
    path = f"{entity}/fields/definitions"

    def check(draft: Draft) -> None:
        draft.values["displayOrder"] = len(draft.crm[path])
        listed = draft.values["type"] in ("list", "multiselect")
        if listed and not draft.values["options"]:
            draft.refuse("options", "options is required")
        if not listed:
            if draft.given.get("options"):
                draft.refuse("options", "options are for lists only")
            draft.values.pop("options")
        if entity != "parties" and draft.values["captureRule"] is not None:
            draft.refuse("captureRule", "captureRule is for parties only")

    def tag(draft: Draft, name: str) -> None:
        found = None if draft.given[name] is None else find(draft, f"{entity}/tags", draft.given[name], by="name")
        if draft.given[name] is not None and (found is None or not found["dataTag"]):
            draft.refuse(name, "data tag not found")
        draft.values[name] = None if found is None else {"id": found["id"], "name": found["name"]}

    return Shape(
        path=path,
        key="definition",
        kind=f"definition {entity}",
        fields={
            "name": text,
            "description": text,
            "type": choice(*FIELD_TYPES),
            "tag": tag,
            "captureRule": choice("person", "organisation"),
            "options": _options,
            "important": flag,
        },
        fresh={
            "description": None,
            "captureRule": None,
            "important": False,
            "displayOrder": 0,
            "name": None,
            "type": None,
            "options": None,
            "tag": None,
        },
        required=("name", "type"),
        ignored=(*READ_ONLY, "displayOrder"),
        checks=(_unique(path), check),
        stamped=False,
        parents=lambda values: [] if values["tag"] is None else [("tag", values["tag"]["id"])],
    )


def _options(draft: Draft, name: str) -> None:
    given = draft.given[name]
    if given is not None and not (isinstance(given, list) and all(isinstance(e, str) and e for e in given)):
        draft.refuse(name, f"{name} is invalid")
        return
    draft.values[name] = given


# -- pipelines and boards


def _holder(path: str, key: str) -> Shape:
    return Shape(
        path=path,
        key=key,
        kind=key,
        fields={"name": text, "description": text},
        fresh={"name": None, "description": None, "deleted": False},
        required=("name",),
        ignored=(*READ_ONLY, "deleted"),
        checks=(_unique(path), _at_most(path, _MOST_ACTIVE)),
        administrator=True,
    )


PIPELINE: Final = _holder("pipelines", "pipeline")
BOARD: Final = _holder("boards", "board")
MILESTONE: Final = Shape(
    path="milestones",
    key="milestone",
    kind="milestone",
    fields={
        "name": text,
        "description": text,
        "complete": flag,
        "probability": whole(0, 100),
        "daysUntilStale": whole(0),
        "pipeline": reference("pipelines", "name", bare=True),
    },
    fresh={
        "name": None,
        "description": None,
        "complete": False,
        "probability": 0,
        "daysUntilStale": None,
        "pipeline": None,
    },
    required=("name", "pipeline"),
    checks=(_unique("milestones", within="pipeline"),),
)
STAGE: Final = Shape(
    path="stages",
    key="stage",
    kind="stage",
    fields={
        "name": text,
        "description": text,
        "board": reference("boards", "name", bare=True),
        "displayOrder": whole(0),
    },
    fresh={"name": None, "description": None, "board": None, "displayOrder": 0},
    required=("name", "board"),
    checks=(_unique("stages", within="board"),),
    administrator=True,
)


def delete_milestone(call: Call, record: Record) -> None:
    """Delete a milestone that no opportunity is at."""
    if call.crm["opportunities"].by("milestone", str(record.id)):
        raise undeletable("milestone", "milestone is in use")
    call.crm["milestones"].remove(record.id, at=call.now)


def delete_stage(call: Call, record: Record) -> None:
    """Delete a stage that no project is at."""
    if call.crm["kases"].by("stage", str(record.id)):
        raise undeletable("stage", "stage is in use")
    call.crm["stages"].remove(record.id, at=call.now)


def duplicate_pipeline(call: Call) -> Reply:
    """Make a pipeline like another one, milestones included."""
    _need_administrator(call)
    source = get(call, "pipelines")
    values = source.decode()
    copy = create(PIPELINE, call, {"name": f"{values['name']} (copy {call.crm.ids.next('copy')})"})
    for milestone in call.crm["milestones"].of(("pipelines", source.id)):
        step = {key: value for key, value in milestone.decode().items() if key in MILESTONE.fields}
        create(MILESTONE, call, {**step, "pipeline": copy.id})
    headers = {"Location": f"{call.address.removesuffix(f'/{source.id}/duplicate')}/{copy.id}"}
    return Reply(status=201, body=render_record(call, "pipeline", copy), headers=headers)


# -- lists


LOST_REASON: Final = Shape(
    path="lostreasons",
    key="lostReason",
    kind="lost reason",
    fields={"name": text, "includedForConversion": flag},
    fresh={"name": None, "includedForConversion": True},
    required=("name",),
    checks=(_unique("lostreasons"),),
    administrator=True,
)
CATEGORY: Final = Shape(
    path="categories",
    key="category",
    kind="category",
    fields={"name": text, "colour": text},
    fresh={"name": None, "colour": "#596070"},
    required=("name",),
    checks=(_unique("categories"),),
    stamped=False,
)
TITLE: Final = Shape(
    path="titles",
    key="personTitle",
    kind="title",
    fields={"title": text},
    fresh={"title": None},
    required=("title",),
    checks=(_unique("titles", "title"), _at_most("titles", _MOST_TITLES)),
    stamped=False,
    administrator=True,
)
ACTIVITY_TYPE: Final = Shape(
    path="activitytypes",
    key="activityType",
    kind="activity type",
    fields={"name": text, "icon": reference("activitytypes/icons", "displayName", "iconName", "isSystem", "order"),
            "updateLastContacted": flag},
    fresh={"name": None, "icon": None, "updateLastContacted": False},
    required=("name",),
    checks=(_unique("activitytypes"),),
    stamped=False,
)  # fmt: skip


def delete_title(call: Call, record: Record) -> None:
    """Delete a title that nobody has."""
    if call.crm["parties"].by("title", str(record.decode()["title"]).casefold()):
        raise undeletable("personTitle", "title is in use")
    call.crm["titles"].remove(record.id, at=call.now)


def delete_activity_type(call: Call, record: Record) -> None:
    """Delete an activity type unless it is built in."""
    if record.id < 0:
        raise undeletable("activityType", "built-in activity types can't be deleted")
    call.crm["activitytypes"].remove(record.id, at=call.now)


# -- track definitions


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


# -- goals


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


# -- users


def update_user(call: Call) -> Reply:
    """Change the preferences of the token's own user."""
    record = get(call, "users")
    if record.id != call.user.id:
        raise NotEntitled("Only their own preferences can be changed by a user.")
    draft = Draft(call=call, resource="user", given=unwrap(call.body, "user"), known=record.decode())
    fill(draft, _PREFERENCES, ignored=tuple(record.decode()))
    draft.settle()
    changed = call.crm["users"].change(record.id, draft.values, at=None)
    return Reply(body=render_record(call, "user", changed))


_PREFERENCES: Final[dict[str, Setter]] = {
    "locale": choice("en_US", "en_GB", "es_ES"),
    "currency": currency,
    "emailPreference": choice("GMAIL"),
    "clickToCallPreference": choice("SIP", "TEL", "CALLTO", "CIRCLELOOP"),
    "preferredEmailFromAddress": text,
    "timezone": text,
    "taskReminder": flag,
}


def entity_shapes() -> Iterator[tuple[str, Shape, Shape]]:
    """Yield each entity with the shapes of its tags and of its field definitions."""
    for entity in ENTITIES:
        yield entity, tag_shape(entity), definition_shape(entity)
