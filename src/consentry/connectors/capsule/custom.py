"""Custom fields: named by their definitions, valued by type, and compared with what the record has."""

from collections.abc import Sequence
from typing import Any, Final

from consentry.connectors.capsule.draft import Draft
from consentry.connectors.capsule.scalars import write_day, write_flag, write_number, write_text
from consentry.connectors.comparing import is_blank, loose, number_of, same, tidy
from consentry.connectors.contract import Record
from consentry.connectors.resolving import Unfit, id_of, suggest
from consentry.connectors.writing import CUSTOM, Known, Template, TemplateField, ValueKind

_KINDS: Final[dict[str, ValueKind]] = {"number": "decimal", "date": "date", "boolean": "boolean"}


def custom_fields(template: Template, *, known: Known) -> tuple[TemplateField, ...]:
    """Return the custom fields that a template takes, as fields: fields.Size, or fields.#12 where two have one name."""
    definitions = definitions_for(template, known, template.where.get("type"))
    names = [loose(each.get("name")) for each in definitions]
    return tuple(_as_field(each, alone=names.count(loose(each.get("name"))) == 1) for each in definitions)


def _as_field(definition: Record, *, alone: bool) -> TemplateField:
    name = str(definition.get("name"))
    options = tuple(str(option) for option in definition.get("options") or ())
    tag = definition.get("tag")
    about = [str(definition["description"])] if definition.get("description") else []
    of_tag = [f"Belongs to the data tag {tag.get('name')}."] if isinstance(tag, dict) else []
    return TemplateField(
        name=f"{CUSTOM}{name}" if alone else f"{CUSTOM}#{definition.get('id')}",
        title=name,
        kind=_KINDS.get(str(definition.get("type")), "text"),
        meaning=" ".join([*about, *of_tag]) or f"A custom field, of the type {definition.get('type')}.",
        repeats=takes_several(definition),
        values=options,
        synonyms=(name,),
    )


def takes_several(definition: Record) -> bool:
    """Tell whether a field is a list of which several options may be chosen; how Capsule calls it isn't published."""
    return bool(definition.get("options")) and definition.get("type") != "list"


def definitions_for(template: Template, known: Known, kind: object = None) -> list[Record]:
    """Return the definitions that are known of a template's custom fields, without those of the other kind of party."""
    every = known.records.get(template.custom_fields or "", ())
    return [each for each in every if kind is None or each.get("captureRule") in (None, kind)]


def find_definition(name: str, definitions: Sequence[Record], plural: str) -> Record:
    """Return the definition that fields.Size or fields.#12 means; raises Unfit."""
    asked = name.removeprefix(CUSTOM)
    number = id_of(asked) if asked.startswith("#") else None
    found = [each for each in definitions if number == each.get("id") or _is_named(each, asked)]
    if len(found) == 1:
        return found[0]
    if found:
        ways = " or ".join(f"{CUSTOM}#{each.get('id')}" for each in found)
        raise Unfit(f"There is more than one custom field “{asked}” for {plural}. Write {ways}.")
    names = [str(each.get("name")) for each in definitions]
    raise Unfit(
        f"There is no custom field “{asked}” for {plural}. " + suggest(asked, names, otherwise="There are none.")
    )


def put_custom_fields(draft: Draft) -> None:
    """Send the custom fields that differ from the record's."""
    kind = draft.template.where.get("type") or draft.now("type")
    definitions = definitions_for(draft.template, draft.known, kind)
    items: list[dict[str, Any]] = []
    for name in draft.row:
        if name.startswith(CUSTOM) and draft.says(name):
            try:
                definition = find_definition(name, definitions, draft.resource.plural)
                items += _item(draft, name, definition)
            except Unfit as unfit:
                draft.refuse(name, str(unfit))
    if items:
        draft.body["fields"] = items


def _item(draft: Draft, name: str, definition: Record) -> list[dict[str, Any]]:
    there = value_of(draft.current, definition)
    now = None if there is None else there.get("value")
    wanted = None if draft.clears(name) else write(draft.row[name], definition)
    if is_same(wanted, now, definition):
        return []
    if wanted is None and definition.get("type") == "boolean":
        raise Unfit(f"{definition.get('name')} is yes or no, and Capsule can't empty it. Give one of them.")
    draft.change(name, now, wanted)
    if there is not None and there.get("id") is not None:
        return [{"id": there["id"], "value": wanted}]
    return [{"definition": {"id": definition["id"]}, "value": wanted}]


def value_of(record: Record | None, definition: Record) -> Record | None:
    """Return the record's value of a custom field, with its id."""
    for each in (record or {}).get("fields") or ():
        about = each.get("definition")
        if isinstance(about, dict) and about.get("id") == definition.get("id"):
            return dict(each)
    return None


def is_same(wanted: Any, now: Any, definition: Record) -> bool:
    """Tell whether a custom field has a value already: numbers come back as text, and options in any order."""
    if takes_several(definition) and not is_blank(wanted) and not is_blank(now):
        return {loose(each) for each in split(wanted)} == {loose(each) for each in split(now)}
    if definition.get("type") == "number" and number_of(now) is not None:
        return number_of(wanted) == number_of(now)
    return same(wanted, now)


def split(value: Any) -> list[str]:
    """Return the options that a multi-select value names."""
    several = value if isinstance(value, list) else str(value).split(";")
    return [tidy(each) for each in several if tidy(each)]


def write(value: Any, definition: Record) -> Any:
    """Return a value as the field's type has it; raises Unfit."""
    title, kind = str(definition.get("name")), definition.get("type")
    if takes_several(definition):
        return ";".join(_option(each, definition) for each in split(value))
    if kind == "list" and definition.get("options"):
        return _option(write_text(value, title), definition)
    if kind == "number":
        return write_number(value, title)
    if kind == "date":
        return write_day(value, title)
    return write_flag(value, title) if kind == "boolean" else write_text(value, title)


def _option(value: str, definition: Record) -> str:
    options = [str(option) for option in definition.get("options") or ()]
    found = next((option for option in options if loose(option) == loose(value)), None)
    if found is None:
        words = suggest(value, options, otherwise="It has no options.")
        raise Unfit(f"“{value}” isn't an option of {definition.get('name')}. {words}")
    return found


def _is_named(definition: Record, asked: str) -> bool:
    return loose(definition.get("name")) == loose(asked)
