"""What helps a person describe a destination: a mapping by names, and a look at the first rows as they'd be mapped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from consentry import credentials
from consentry.audit import Actor
from consentry.connectors import Template
from consentry.errors import ConsentryError, FieldError
from consentry.flows.destination.destinations import get_destination
from consentry.flows.destination.form import template_of
from consentry.flows.destination.live_fields import live_fields
from consentry.flows.destination.looking_at_rows import look_at_rows
from consentry.flows.destination.manual import ManualMapper
from consentry.flows.destination.mapping import Mapper
from consentry.flows.destination.model import Destination, Mapped, RowsSpec
from consentry.flows.destination.raw import Columns, RawRow, plain
from consentry.flows.destination.suggesting import suggest
from consentry.flows.destination.work import MapRow
from consentry.flows.model import Trouble
from consentry.flows.room import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Rows that are to be mapped, and which column could fill which field."""

    columns: Columns
    mapping: Mapping[str, Mapped]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRow:
    """One row as it would be mapped; values are as JSON has them."""

    row: int
    values: Mapping[str, Any] = field(default_factory=dict)
    mapped: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Whether a destination can work: what its provider says, and its first rows."""

    status: Literal["success", "failed"]
    detail: str
    hint: str
    columns: Columns | None = None
    rows: tuple[TriedRow, ...] = ()
    trouble: Trouble | None = None  # why there are no rows


async def advise(room: Room, actor: Actor, credential_id: int, template_name: str, rows: RowsSpec) -> Advice:
    """Look at rows, and suggest a mapping for them; raises as ``look_at_rows`` and ``live_fields`` do."""
    columns = await look_at_rows(room, rows)
    live = await live_fields(room, actor, credential_id, template_name)
    return Advice(columns=columns, mapping=suggest([each.field for each in live], columns.names))


async def try_destination(room: Room, actor: Actor, destination_id: int, limit: int) -> Trial:
    """Ask the provider whether the credential works, and map the first rows; raise NotFound."""
    destination = await get_destination(room, destination_id)
    checked = await credentials.check(room.credentials, actor, destination.credential_id)
    said = Trial(status=checked.status, detail=checked.detail, hint=checked.hint)
    if checked.status != "success":
        return said
    try:
        columns = await look_at_rows(room, destination.rows, limit)
        map_row = await _mapper(room, actor, destination)
    except ConsentryError as error:
        trouble = Trouble(code=error.code, message=error.message, hint=error.hint)
        return Trial(status="failed", detail=error.message, hint=error.hint, trouble=trouble)
    rows = tuple(_tried(map_row, row) for row in columns.rows)
    return Trial(status=checked.status, detail=checked.detail, hint=checked.hint, columns=columns, rows=rows)


async def _mapper(room: Room, actor: Actor, destination: Destination) -> MapRow:
    if destination.manual is not None:
        return ManualMapper(destination.manual)
    template: Template = template_of(room.catalogue.get(destination.connector), destination.template)
    live = await live_fields(room, actor, destination.credential_id, destination.template)
    fields = [each.field for each in live]
    return Mapper(template, fields, destination.mapping, match_on=destination.match_on)


def _tried(map_row: MapRow, row: RawRow) -> TriedRow:
    if row.fault is not None:
        return TriedRow(row=row.row, values=row.values, errors=(FieldError(field="", message=row.fault),))
    mapped = map_row(row.values)
    return TriedRow(row=row.row, values=row.values, mapped=plain(mapped.values), errors=mapped.errors)
