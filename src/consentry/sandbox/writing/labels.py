"""Writing tags and custom field definitions."""

from collections.abc import Callable, Iterator
from typing import Final
from uuid import UUID, uuid5

from consentry.sandbox.readers import Call, Reply
from consentry.sandbox.records import Record
from consentry.sandbox.seed import Job
from consentry.sandbox.writing.draft import Draft
from consentry.sandbox.writing.fields import choice, find, flag, text
from consentry.sandbox.writing.rules import unique
from consentry.sandbox.writing.shape import NO_CONTENT, READ_ONLY, Shape, get

ENTITIES: Final = ("parties", "opportunities", "kases")
FIELD_TYPES: Final = ("text", "date", "list", "boolean", "number", "link", "multiselect", "largetext")
_JOBS: Final = UUID("5f0d6a2e-7d0c-4c59-9d6e-0e5f2b8f9a11")


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
        checks=(unique(path), check_plain),
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
        checks=(unique(path), check),
        stamped=False,
        parents=lambda values: [] if values["tag"] is None else [("tag", values["tag"]["id"])],
    )


def _options(draft: Draft, name: str) -> None:
    given = draft.given[name]
    if given is not None and not (isinstance(given, list) and all(isinstance(e, str) and e for e in given)):
        draft.refuse(name, f"{name} is invalid")
        return
    draft.values[name] = given


def entity_shapes() -> Iterator[tuple[str, Shape, Shape]]:
    """Yield each entity with the shapes of its tags and of its field definitions."""
    for entity in ENTITIES:
        yield entity, tag_shape(entity), definition_shape(entity)
