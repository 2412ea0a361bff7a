"""The first rows as they would be mapped, before anything is asked or kept. Pure."""

from collections.abc import Sequence

from consentry.connectors import Template, TemplateField
from consentry.errors import FieldError
from consentry.flows.destination.manual import ManualMapper
from consentry.flows.destination.mapping import Mapper, check_mapping
from consentry.flows.destination.model import NewDestination, RowOutcome, RowResult
from consentry.flows.destination.raw import Columns, RawRow, plain
from consentry.flows.destination.work import MapRow


def map_rows(
    new: NewDestination, template: Template, fields: Sequence[TemplateField], columns: Columns
) -> tuple[RowResult, ...]:
    """Return the rows that were looked at, with values by field.

    Raises InvalidInput when the mapping doesn't fit the fields, or names columns that the rows don't have.
    """
    if new.manual is None:
        check_mapping(template, fields, new.mapping, match_on=new.match_on, columns=columns.about.columns)
    map_row: MapRow = (
        ManualMapper(new.manual)
        if new.manual is not None
        else Mapper(template, fields, new.mapping, match_on=new.match_on)
    )
    return tuple(_mapped(map_row, row) for row in columns.rows)


def _mapped(map_row: MapRow, row: RawRow) -> RowResult:
    if row.fault is not None:
        errors = (FieldError(field="", message=row.fault),)
        return RowResult(row=row.row, key="", outcome=RowOutcome.REFUSED, errors=errors, values=row.values)
    mapped = map_row(row.values)
    outcome = RowOutcome.REFUSED if mapped.errors else None
    return RowResult(row=row.row, key="", outcome=outcome, errors=mapped.errors, values=plain(mapped.values))
