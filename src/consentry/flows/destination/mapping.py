"""From a row's columns to the values of a template's fields; what can't be is said in sentences. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from consentry.connectors import CUSTOM, Row, Template, TemplateField
from consentry.errors import FieldError, InvalidInput
from consentry.flows.destination.keys import match_of, match_value
from consentry.flows.destination.model import Mapped
from consentry.flows.destination.numbers import Unfit
from consentry.flows.destination.raw import shown
from consentry.flows.destination.values import is_empty, read_value

_SHOWN_NAMES: Final = 12
_ALWAYS_CREATES: Final = ("create", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRow:
    """A row by template field, and what is wrong with it."""

    values: Row = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()


class Mapper:
    """Turns rows into values of one template's fields.

    ``fields`` are the template's own and, where it takes custom fields, those that are defined now.
    Raises InvalidInput when the mapping doesn't fit them.
    """

    def __init__(
        self,
        template: Template,
        fields: Sequence[TemplateField],
        mapping: Mapping[str, Mapped],
        *,
        match_on: str | None = None,
    ) -> None:
        check_mapping(template, fields, mapping, match_on=match_on)
        self._template = template
        self._match_on = match_of(template, match_on)
        self._mapping = mapping
        self._fields = {each.name: each for each in fields}
        self._same, faults = _constants(self._fields, mapping)
        if faults:
            raise InvalidInput(*faults)
        self._columns = [(self._fields[name], each.column) for name, each in mapping.items() if each.column is not None]

    def __call__(self, given: Mapping[str, Any]) -> MappedRow:
        """Return the row by field; ``given`` is by column, as JSON keeps it."""
        values: dict[str, Any] = dict(self._same)
        errors: list[FieldError] = []
        for target, column in self._columns:
            try:
                values[target.name] = read_value(target, given.get(column))
            except Unfit as why:
                words = f"The column {shown(column)} holds {shown(given[column])}, which {why}."
                errors.append(FieldError(field=target.name, message=words))
        wrong = {error.field for error in errors}
        errors += [each for each in self._missing(values) if each.field not in wrong]
        return MappedRow(values=values, errors=tuple(errors))

    def _missing(self, values: Row) -> Iterable[FieldError]:
        if self._match_on is not None and match_value(self._template, self._match_on, values) is None:
            title = self._title(self._match_on)
            words = f"{title} is empty{self._where(self._match_on)}, and it is what the record is found by."
            yield FieldError(field=self._match_on, message=words)
        if self._template.deed in _ALWAYS_CREATES:
            yield from self.missing_to_create(values)

    def missing_to_create(self, values: Row) -> Iterable[FieldError]:
        """Return what a row lacks to make a record, when there is none yet that it could change."""
        for target in self._fields.values():
            if target.required and not _has(values, target.name):
                words = f"{target.title} is required, but it is empty{self._where(target.name)}."
                yield FieldError(field=target.name, message=words)
        for group in self._template.one_of:
            if not any(_has(values, name) for name in group):
                titles = " or ".join(self._title(name) for name in group)
                yield FieldError(field=group[0], message=f"{titles} is required, but the row has none of them.")

    def _title(self, name: str) -> str:
        found = self._fields.get(name)
        return found.title if found else name

    def _where(self, name: str) -> str:
        mapped = self._mapping.get(name)
        return f" (the column {shown(mapped.column)})" if mapped is not None and mapped.column is not None else ""


def _has(values: Row, name: str) -> bool:
    return any(
        not is_empty(value) for field_name, value in values.items() if field_name == name or _is_part(field_name, name)
    )


def _is_part(field_name: str, name: str) -> bool:
    return field_name.startswith(f"{name}.")


def _constants(
    fields: Mapping[str, TemplateField], mapping: Mapping[str, Mapped]
) -> tuple[dict[str, Any], list[FieldError]]:
    values: dict[str, Any] = {}
    faults: list[FieldError] = []
    for name, mapped in mapping.items():
        if mapped.column is not None:
            continue
        try:
            values[name] = read_value(fields[name], mapped.value)
        except Unfit as why:
            words = f"The value for every row is {shown(mapped.value)}, which {why}."
            faults.append(FieldError(field=f"mapping.{name}", message=words))
    return values, faults


def check_mapping(
    template: Template,
    fields: Sequence[TemplateField],
    mapping: Mapping[str, Mapped],
    *,
    match_on: str | None = None,
    columns: Sequence[str] = (),
    knows_custom_fields: bool = True,
) -> None:
    """Raise InvalidInput with everything in a mapping that can't be.

    ``columns`` are the rows' where they are known; without ``knows_custom_fields`` any custom field is let through.
    """
    faults = [
        *_faults_of_fields(template, fields, mapping, knows_custom_fields=knows_custom_fields),
        *_faults_of_columns(mapping, columns),
        *_faults_of_match(template, mapping, match_on),
        *_faults_of_required(template, fields, mapping),
    ]
    if faults:
        raise InvalidInput(*faults)


def _faults_of_fields(
    template: Template, fields: Sequence[TemplateField], mapping: Mapping[str, Mapped], *, knows_custom_fields: bool
) -> Iterable[FieldError]:
    known = {each.name for each in fields}
    for name, mapped in mapping.items():
        is_custom = name.startswith(CUSTOM) and template.custom_fields is not None
        if name not in known and not (is_custom and not knows_custom_fields):
            what = "custom field" if is_custom else "field"
            words = f"{template.title} has no {what} named {shown(name.removeprefix(CUSTOM) if is_custom else name)}."
            yield FieldError(field=f"mapping.{shown(name)}", message=words)
        if mapped.column is not None and mapped.value is not None:
            words = "Give a column or a value for every row, not both."
            yield FieldError(field=f"mapping.{shown(name)}", message=words)


def _faults_of_columns(mapping: Mapping[str, Mapped], columns: Sequence[str]) -> Iterable[FieldError]:
    for name, mapped in mapping.items():
        if columns and mapped.column is not None and mapped.column not in columns:
            more = " …" if len(columns) > _SHOWN_NAMES else ""
            there = ", ".join(shown(each) for each in columns[:_SHOWN_NAMES]) + more
            words = f"The rows have no column {shown(mapped.column)}. There are: {there}."
            yield FieldError(field=f"mapping.{shown(name)}", message=words)


def _faults_of_match(template: Template, mapping: Mapping[str, Mapped], match_on: str | None) -> Iterable[FieldError]:
    if template.deed == "manual":
        return
    if match_on is not None and template.match(match_on) is None:
        ways = ", ".join(each.field + ("…" if each.field == CUSTOM else "") for each in template.matches)
        words = f"{template.title} finds records by {ways}." if ways else f"{template.title} looks for no record."
        yield FieldError(field="match_on", message=words)
        return
    by = match_of(template, match_on)
    if by is not None and not any(name == by or _is_part(name, by) for name in mapping):
        words = f"Map a column to {by}: records are found by it."
        yield FieldError(field=f"mapping.{by}", message=words)


def _faults_of_required(
    template: Template, fields: Sequence[TemplateField], mapping: Mapping[str, Mapped]
) -> Iterable[FieldError]:
    if template.deed not in _ALWAYS_CREATES:
        return
    for each in fields:
        if each.required and not any(name == each.name or _is_part(name, each.name) for name in mapping):
            yield FieldError(field=f"mapping.{each.name}", message=f"{each.title} is required; map a column to it.")
    for group in template.one_of:
        if not any(name in group or any(_is_part(name, one) for one in group) for name in mapping):
            words = f"One of {', '.join(group)} is required; map a column to it."
            yield FieldError(field=f"mapping.{group[0]}", message=words)
