"""A destination as scripts describe it, field by field as the REST API names them, and the same read as values."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeVar

import msgspec

from consentry.connectors import Nested
from consentry.errors import FieldError, InvalidInput
from consentry.flows.destination.model import Destination, ManualWrite, Mapped, NewDestination, RowsSpec
from consentry.flows.fields import ScheduleFields, fault_of, read_schedule, write_schedule

Shape = TypeVar("Shape")


class _Schedule(ScheduleFields, forbid_unknown_fields=True, kw_only=True):
    after_source: int | None = None


class _Rows(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    table: str | None = None
    sql: str | None = None
    file: str | None = None
    inline: list[dict[str, Any]] | None = None
    source_id: int | None = None


class _Manual(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    method: Literal["POST", "PUT", "DELETE"]
    path: str
    body: Any = None


class _Mapped(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    column: str | None = None
    value: Any = msgspec.UNSET


class _Fields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str
    credential_id: int
    template: str
    rows: _Rows
    mapping: dict[str, Any] = {}  # msgspec makes each struct a dictionary of its own
    match_on: str | None = None
    nested: Nested = "add"
    clear_with_null: bool = False
    stop_after_refusals: int | None = None
    keep_answers: bool = False
    manual: _Manual | None = None
    schedule: _Schedule | None = None


_EMPTIED: Final = ("match_on", "stop_after_refusals", "manual", "schedule")
"""What may be taken away by null; null for another field leaves it as it is."""


def read_new_destination(fields: Mapping[str, Any]) -> NewDestination:
    """Read the description of a new destination; raise InvalidInput naming what can't be read."""
    said = _convert(fields, _Fields)
    schedule = said.schedule
    return NewDestination(
        name=" ".join(said.name.split()),
        credential_id=said.credential_id,
        template=said.template,
        rows=_rows(said.rows),
        mapping=read_mapping(said.mapping),
        match_on=said.match_on,
        nested=said.nested,
        clear_with_null=said.clear_with_null,
        stop_after_refusals=said.stop_after_refusals,
        keep_answers=said.keep_answers,
        manual=_manual(said.manual),
        schedule=read_schedule(schedule, after_source=schedule.after_source if schedule else None),
    )


def read_changed_destination(destination: Destination, changes: Mapping[str, Any]) -> NewDestination:
    """Read what is to be changed of a destination; what isn't named stays."""
    given = {name: value for name, value in changes.items() if value is not None or name in _EMPTIED}
    return read_new_destination(fields_of(destination) | given)


def read_rows(fields: Mapping[str, Any]) -> RowsSpec:
    """Read where rows come from; raise InvalidInput."""
    return _rows(_convert({"rows": dict(fields)}, _OnlyRows).rows)


def read_mapping(fields: Mapping[str, Any]) -> dict[str, Mapped]:
    """Read what fills each field: a column, or the same value for every row; raise InvalidInput."""
    faults: list[FieldError] = []
    found: dict[str, Mapped] = {}
    for name, given in fields.items():
        try:
            said = msgspec.convert(given, _Mapped)
        except msgspec.ValidationError as error:
            place = fault_of(error, "")
            faults.append(FieldError(field=f"mapping.{name}.{place.field}".rstrip("."), message=place.message))
            continue
        if said.column is None and said.value is msgspec.UNSET:
            faults.append(FieldError(field=f"mapping.{name}", message="Give a column, or a value for every row."))
        found[name] = Mapped(column=said.column, value=None if said.value is msgspec.UNSET else said.value)
    if faults:
        raise InvalidInput(*faults)
    return found


def fields_of(destination: Destination) -> dict[str, Any]:
    """Return a destination as it would be described."""
    manual = destination.manual
    return {
        "name": destination.name,
        "credential_id": destination.credential_id,
        "template": destination.template,
        "rows": write_rows(destination.rows),
        "mapping": {name: write_mapped(each) for name, each in destination.mapping.items()},
        "match_on": destination.match_on,
        "nested": destination.nested,
        "clear_with_null": destination.clear_with_null,
        "stop_after_refusals": destination.stop_after_refusals,
        "keep_answers": destination.keep_answers,
        "manual": manual and {"method": manual.method, "path": manual.path, "body": manual.body},
        "schedule": write_schedule(destination.schedule),
    }


def write_mapped(mapped: Mapped) -> dict[str, Any]:
    """Return what fills a field, as it is described."""
    return {"value": mapped.value} if mapped.column is None else {"column": mapped.column}


def write_rows(rows: RowsSpec) -> dict[str, Any]:
    """Return where rows come from, as it is described."""
    return dict(_given(rows))


def _given(rows: RowsSpec) -> Iterator[tuple[str, Any]]:
    for name in ("table", "sql", "file", "source_id"):
        value = getattr(rows, name)
        if value is not None:
            yield name, value
    if rows.inline is not None:
        yield "inline", [dict(row) for row in rows.inline]


class _OnlyRows(msgspec.Struct, kw_only=True):
    rows: _Rows


def _manual(said: _Manual | None) -> ManualWrite | None:
    return None if said is None else ManualWrite(method=said.method, path=said.path, body=said.body)


def _rows(said: _Rows) -> RowsSpec:
    return RowsSpec(
        table=said.table,
        sql=said.sql,
        file=said.file,
        inline=None if said.inline is None else tuple(said.inline),
        source_id=said.source_id,
    )


def _convert(fields: Mapping[str, Any], shape: type[Shape]) -> Shape:
    try:
        return msgspec.convert(dict(fields), shape)
    except msgspec.ValidationError as error:
        raise InvalidInput(fault_of(error, "destination")) from error
