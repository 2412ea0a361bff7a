"""The mapping of a destination as pages show it: what fills each field of a template. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from consentry.connectors import CUSTOM, Template, TemplateField
from consentry.errors import FieldError
from consentry.flows import Columns, Mapped, suggest
from consentry.web.choices import Choice, choices
from consentry.web.destination_form import COLUMN, SAME, TypedDestination, map_name, value_name, written
from consentry.web.fields import Field, wrong_with
from consentry.web.samples import Cell, cell_of

MOST_EXAMPLES: Final = 3
_ALWAYS_CREATES: Final = ("create", "note")
_GUESSES: Final = {"json": "object", "timestamp": "moment", "date": "day", "boolean": "yes or no", "empty": "nothing"}
_KINDS: Final = {
    "integer": "a whole number",
    "decimal": "a number",
    "boolean": "yes or no",
    "date": "a day",
    "timestamp": "a moment",
    "time": "a time of day",
    "tags": "names with ; between them",
    "json": "JSON",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    """A column that was found, with what it holds."""

    name: str
    guess: str
    examples: tuple[Cell, ...]
    example: str  # the first that isn't empty, for the mapping
    is_used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRow:
    """What fills one field of the template."""

    id: str
    name: str  # of the select
    value_name: str  # of the input for the same value in every row
    title: str
    field: str  # as the template calls it
    about: str  # meaning and kind in words
    is_needed: bool
    columns: tuple[Choice, ...]
    value: str
    values: tuple[Choice, ...]  # the only values there are; empty: any
    example: str  # what the chosen column holds
    wrong: str

    @property
    def as_field(self) -> Field:
        """Return it for the summary of what is wrong."""
        return Field(name=self.name, label=self.title, id=self.id, wrong=self.wrong)


def mapping_key(template: str, columns: Columns) -> str:
    """Return a mark of what a mapping was made for: when that changes, suggestions are made anew."""
    text = "\0".join((template, *columns.names))
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def with_suggestions(
    typed: TypedDestination, fields: Sequence[TemplateField], columns: Columns, template: Template
) -> TypedDestination:
    """Fill in what wasn't chosen for this template and these columns yet; what was and still can be stays."""
    key = mapping_key(template.name, columns)
    if typed.mapped_for == key:
        return typed
    known = {each.name for each in fields}
    kept = {
        name: choice
        for name, choice in typed.choices.items()
        if name in known and (choice == SAME or choice.removeprefix(COLUMN) in columns.names)
    }
    taken = {choice.removeprefix(COLUMN) for choice in kept.values()}
    free = [name for name in columns.names if name not in taken]
    found = {name: one for name, one in suggest(fields, free).items() if name not in kept and one.column is not None}
    made = {**kept, **{name: f"{COLUMN}{one.column}" for name, one in found.items()}}
    match_on = typed.match_on or _first_match(template, made)
    return replace(typed, mapped_for=key, choices=made, match_on=match_on)


def _first_match(template: Template, made: Mapping[str, str]) -> str:
    """Return the first way to find records that the mapping has a column for."""
    for match in template.matches:
        if any(name == match.field or name.startswith(f"{match.field}.") for name in made):
            return match.field
    return ""


def column_views(columns: Columns, typed: TypedDestination) -> tuple[ColumnView, ...]:
    """Return the columns that were found, each with a few values."""
    used = {choice.removeprefix(COLUMN) for choice in typed.choices.values() if choice.startswith(COLUMN)}
    return tuple(
        _column(
            column.name,
            column.guess,
            [row.values.get(column.name) for row in columns.rows],
            is_used=column.name in used,
        )
        for column in columns.columns
    )


def _column(name: str, guess: str, values: Sequence[object], *, is_used: bool) -> ColumnView:
    held = [value for value in values if value not in (None, "", [])]
    examples = tuple(cell_of(value) for value in held[:MOST_EXAMPLES])
    return ColumnView(
        name=name,
        guess=_GUESSES.get(guess, guess),
        examples=examples,
        example=examples[0].text if examples else "",
        is_used=is_used,
    )


def match_choices(template: Template, fields: Sequence[TemplateField], chosen: str) -> tuple[Choice, ...]:
    """Return what can identify a record: the template's ways, and any custom field where it is one."""
    words: dict[str, str] = {}
    for match in template.matches:
        if match.field == CUSTOM:
            words |= {each.name: f"{each.title} (custom field)" for each in fields if each.name.startswith(CUSTOM)}
        else:
            words[match.field] = match.title
    if chosen and chosen not in words:
        words[chosen] = chosen
    return choices(words, chosen or next(iter(words), ""))


def mapping_rows(
    template: Template,
    fields: Sequence[TemplateField],
    allowed: Mapping[str, Mapping[str, str]],
    typed: TypedDestination,
    columns: Sequence[ColumnView],
    errors: Iterable[FieldError],
) -> tuple[tuple[MappingRow, ...], tuple[MappingRow, ...]]:
    """Return the rows of the mapping: those that matter first, and the rest, of which none is filled.

    ``allowed`` are the values that a field takes, read live: their names by value, by field.
    """
    found = tuple(errors)
    needed = _needed(template, typed)
    rows = [
        _mapping_row(
            place,
            each,
            allowed.get(each.name) or {one: one for one in each.values},
            typed,
            columns,
            found,
            is_needed=each.name in needed,
        )
        for place, each in enumerate(fields)
    ]
    gone = [
        _gone(len(rows) + place, name, typed, columns, found)
        for place, name in enumerate(typed.choices)
        if typed.choices[name] and all(each.name != name for each in fields)
    ]
    first = [row for row in rows if row.is_needed]
    filled_in = [row for row in rows if not row.is_needed and (typed.choices.get(row.field) or row.wrong)]
    shown = {row.field for row in (*first, *filled_in)}
    return (*first, *filled_in, *gone), tuple(row for row in rows if row.field not in shown)


def _needed(template: Template, typed: TypedDestination) -> set[str]:
    found = {each.name for each in template.fields if each.required and template.deed in _ALWAYS_CREATES}
    found |= {each.name for each in template.fields if each.required and not template.creates}
    match_on = typed.match_on or (template.matches[0].field if template.matches else "")
    parts = any(
        choice and name.startswith(f"{match_on}.") for name, choice in typed.choices.items()
    )  # an address of one type identifies as well as the list of all does
    return found if parts or not match_on else found | {match_on}


def _mapping_row(
    place: int,
    field: TemplateField,
    allowed: Mapping[str, str],
    typed: TypedDestination,
    columns: Sequence[ColumnView],
    errors: Sequence[FieldError],
    *,
    is_needed: bool = False,
) -> MappingRow:
    chosen, value = typed.choices.get(field.name, ""), typed.values.get(field.name, "")
    name = map_name(field.name)
    known = {"": "Choose a value", **allowed} if allowed else {}
    if known and value and value not in known:
        known[value] = value
    return MappingRow(
        id=f"map-{place}",
        name=name,
        value_name=value_name(field.name),
        title=field.title,
        field=field.name,
        about=_about(field),
        is_needed=is_needed,
        columns=_column_choices(columns, chosen),
        value=value,
        values=choices(known, value),
        example=next((each.example for each in columns if f"{COLUMN}{each.name}" == chosen), ""),
        wrong=wrong_with(name, errors),
    )


def _gone(
    place: int, name: str, typed: TypedDestination, columns: Sequence[ColumnView], errors: Sequence[FieldError]
) -> MappingRow:
    """Return a row for a field that the mapping names and the template doesn't have any more."""
    missing = TemplateField(name=name, title=name.removeprefix(CUSTOM), meaning="There is no such field any more.")
    return _mapping_row(place, missing, {}, typed, columns, errors)


def _column_choices(columns: Sequence[ColumnView], chosen: str) -> tuple[Choice, ...]:
    words = {"": "Leave it out"} | {f"{COLUMN}{each.name}": each.name for each in columns}
    if chosen.startswith(COLUMN) and chosen not in words:
        words[chosen] = f"{chosen.removeprefix(COLUMN)} (not there any more)"
    return choices(words | {SAME: "The same for every row"}, chosen)


def _about(field: TemplateField) -> str:
    kind = _KINDS.get(field.kind, "")
    return f"{field.meaning} Takes {kind}." if kind and field.meaning else field.meaning or kind.capitalize()


def mapping_of(mapping: Mapping[str, Mapped], fields: Sequence[TemplateField]) -> tuple[tuple[str, str], ...]:
    """Say what fills what, for the page of a destination: the field's title, and its column or value."""
    titles = {each.name: each.title for each in fields}
    return tuple(
        (
            titles.get(name, name.removeprefix(CUSTOM)),
            one.column if one.column is not None else f"always “{written(one.value)}”",
        )
        for name, one in mapping.items()
    )
