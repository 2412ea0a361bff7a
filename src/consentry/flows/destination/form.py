"""What a destination may be: every field checked, every fault named. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from consentry.connectors import Connector, Template
from consentry.errors import FieldError, InvalidInput
from consentry.flows.destination.mapping import check_mapping
from consentry.flows.destination.model import MOST_INLINE, NewDestination, RowsSpec
from consentry.flows.form import faults_of_name, stays_below
from consentry.flows.schedule import find_faults

_METHODS: Final = ("POST", "PUT", "DELETE")
_ORIGINS: Final = ("table", "sql", "file", "inline")


def check(new: NewDestination, connector: Connector) -> None:
    """Raise InvalidInput with every field that can't be."""
    faults = list(_faults(new, connector))
    if faults:
        raise InvalidInput(*faults)


def check_rows(rows: RowsSpec) -> None:
    """Raise InvalidInput when rows can't come from there."""
    faults = list(_faults_of_rows(rows))
    if faults:
        raise InvalidInput(*faults)


def template_of(connector: Connector, name: str) -> Template:
    """Return a template; raise InvalidInput when the connector has none of this name."""
    template = connector.writing.template(name) if connector.writing else None
    if template is None:
        raise InvalidInput(FieldError(field="template", message=f"{connector.title} has no template named {name}"))
    return template


def _faults(new: NewDestination, connector: Connector) -> Iterator[FieldError]:
    yield from faults_of_name(new.name)
    yield from _faults_of_rows(new.rows)
    template = connector.writing.template(new.template) if connector.writing else None
    if template is None:
        yield FieldError(field="template", message=f"{connector.title} has no template named {new.template}")
    else:
        yield from _faults_of_mapping(new, template)
        yield from _faults_of_manual(new, template)
    if new.stop_after_refusals is not None and new.stop_after_refusals < 1:
        yield FieldError(field="stop_after_refusals", message="must be 1 or more")
    if new.schedule is not None:
        yield from find_faults(new.schedule, follows=True)


def _faults_of_rows(rows: RowsSpec) -> Iterator[FieldError]:
    given = [name for name in _ORIGINS if getattr(rows, name) is not None]
    if len(given) != 1:
        yield FieldError(field="rows", message="Give one of table, sql, file and inline.")
        return
    value: Any = getattr(rows, given[0])
    if rows.inline is not None:
        if len(rows.inline) > MOST_INLINE:
            yield FieldError(field="rows.inline", message=f"takes up to {MOST_INLINE} rows; more belong into a file")
    elif not value.strip():
        yield FieldError(field=f"rows.{given[0]}", message="must not be empty")


def _faults_of_mapping(new: NewDestination, template: Template) -> Iterator[FieldError]:
    """Find what is wrong as far as it can be told without asking which custom fields there are."""
    try:
        check_mapping(template, template.fields, new.mapping, match_on=new.match_on, knows_custom_fields=False)
    except InvalidInput as error:
        yield from error.errors


def _faults_of_manual(new: NewDestination, template: Template) -> Iterator[FieldError]:
    if template.deed != "manual":
        if new.manual is not None:
            yield FieldError(field="manual", message="is for the template that is described by hand")
        return
    if new.manual is None:
        yield FieldError(field="manual", message="is required")
        return
    if new.manual.method not in _METHODS:
        yield FieldError(field="manual.method", message=f"must be one of {', '.join(_METHODS)}")
    if not stays_below(new.manual.path):
        yield FieldError(field="manual.path", message="must be a path under the connector's API")
