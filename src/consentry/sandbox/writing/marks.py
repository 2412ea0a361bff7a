"""Tags and custom field values of parties, opportunities and projects."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from consentry.sandbox.writing.draft import Draft
from consentry.sandbox.writing.fields import Setter, find, items, place_of, read_day, read_flag, read_text

T = TypeVar("T")


def tags(entity: str) -> Setter:
    """Make the setter of tags: by name, created if missing, or by id."""
    path = f"{entity}/tags"

    def put(draft: Draft, name: str) -> None:
        standing = list(draft.values.get(name) or ())
        for given in items(draft, name):
            at = place_of(standing, given)
            if given.get("_delete") is True:
                if at is None:
                    draft.refuse(name, "tag not found to delete")
                else:
                    del standing[at]
                continue
            tag = _find_or_plan(draft, path, entity, given)
            if tag is None:
                draft.refuse(name, "tag not found")
            elif tag["id"] not in {each["id"] for each in standing}:
                standing.append({key: tag[key] for key in ("id", "name", "dataTag")})
        draft.values[name] = standing

    return put


def _find_or_plan(draft: Draft, path: str, entity: str, given: dict[str, Any]) -> dict[str, Any] | None:
    if "id" in given:
        return find(draft, path, given)
    name = given.get("name")
    if not isinstance(name, str) or not name.strip():
        return None
    there = draft.crm[path].by("name", name.casefold())
    if there:
        return there[0].decode()
    number = draft.crm.new_id(path, f"{entity} tag")
    return draft.plan(path, name, {"id": number, "name": name, "description": None, "dataTag": False})


def field_values(entity: str) -> Setter:
    """Make the setter of custom field values: by definition (id, name or bare id) or by the id of the value."""
    path = f"{entity}/fields/definitions"

    def put(draft: Draft, name: str) -> None:
        standing = [dict(each) for each in draft.values.get(name) or ()]
        for given in items(draft, name):
            at = place_of(standing, given)
            if "id" in given and at is None:
                draft.refuse(name, "field not found")
            elif at is not None and given.get("_delete") is True:
                del standing[at]
            elif at is not None:
                definition = find(draft, path, standing[at]["definition"])
                _write(draft, entity, standing, definition, given)
            else:
                _write(draft, entity, standing, _definition(draft, path, given.get("definition")), given)
        draft.values[name] = standing

    return put


def _definition(draft: Draft, path: str, given: Any) -> dict[str, Any] | None:
    return find(draft, path, given, bare=True, by="name")


def _write(
    draft: Draft,
    entity: str,
    standing: list[dict[str, Any]],
    definition: dict[str, Any] | None,
    given: dict[str, Any],
) -> None:
    """Set, change or clear one value; a definition has one value on a record."""
    if definition is None:
        draft.refuse("definition", "definition not found")
        return
    if definition["captureRule"] not in (None, draft.values.get("type")):
        draft.refuse("definition", f"{definition['name']} is for {definition['captureRule']} only")
        return
    at = next((at for at, each in enumerate(standing) if each["definition"]["id"] == definition["id"]), None)
    try:
        content = read_content(definition, given.get("value"))
    except ValueError as error:
        draft.refuse("value", str(error))
        return
    if content is None:
        if at is not None:
            del standing[at]
    elif at is not None:
        standing[at]["value"] = content
    else:
        tag = definition["tag"]
        value = {
            "id": draft.crm.ids.next(f"{entity} value"),
            "value": content,
            "definition": {"id": definition["id"], "name": definition["name"]},
            "tagId": None if tag is None else tag["id"],
        }
        standing.append(value)


def read_content(definition: dict[str, Any], given: Any) -> str | bool | None:
    """Return a value as Capsule keeps it, None for one that is cleared; raises ValueError with the reason."""
    kind, name = definition["type"], definition["name"]
    if kind == "boolean":
        if given is None:
            raise ValueError(f"{name} can't be cleared")
        return _checked(read_flag, name, given)
    if given is None or given == "":
        return None
    match kind:
        case "number":
            return as_number(name, given)
        case "date":
            return _checked(read_day, name, given)
        case "list":
            return _option(definition, _checked(read_text, name, given))
        case "multiselect":
            chosen = _checked(read_text, name, given)
            return ";".join(_option(definition, each.strip()) for each in chosen.split(";"))
        case _:
            return _checked(read_text, name, given)


def _checked(read: Callable[[Any], T], name: str, given: Any) -> T:
    try:
        return read(given)
    except ValueError as error:
        raise ValueError(f"{name} is invalid") from error


def as_number(name: str, given: Any) -> str:
    """Return a number as text, which is how it comes back; raises ValueError."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError(f"{name} is invalid")
    try:
        read = Decimal(str(given))
    except InvalidOperation as error:
        raise ValueError(f"{name} is invalid") from error
    if not read.is_finite():
        raise ValueError(f"{name} is invalid")
    return format(read.normalize(), "f") if read else "0"


def _option(definition: dict[str, Any], given: str) -> str:
    if given not in definition["options"]:
        raise ValueError(f"{given} is not an option of {definition['name']}")
    return given


def note_missing(entity: str, draft: Draft) -> None:
    """Say on the record whether an important field has no value."""
    filled = {each["definition"]["id"] for each in draft.values.get("fields", ())}
    important = (record.decode() for record in draft.crm[f"{entity}/fields/definitions"].all())
    draft.values["missingImportantFields"] = any(each["important"] and each["id"] not in filled for each in important)
