"""The form of a source, as the last step of a new one and the page that edits one show it."""

from dataclasses import dataclass

from consentry.connectors import Connector
from consentry.errors import ConsentryError
from consentry.web.connector_view import ConnectorView
from consentry.web.fields import Field, wrong_with
from consentry.web.mishaps import errors_of, words_of
from consentry.web.modes import Mode, Tab, mode_of
from consentry.web.source_fields import (
    HooksChoice,
    ManualFields,
    SourceFields,
    StreamChoice,
    hooks_choice,
    manual_fields,
    source_fields,
    stream_choices,
)
from consentry.web.source_form import TypedSource
from consentry.web.visit import SignedInVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceForm:
    """Everything that the form of a source shows."""

    connector: ConnectorView
    api_base: str
    mode: Mode
    tabs: tuple[Tab, ...]
    streams: tuple[StreamChoice, ...]
    stream_problem: str  # what is wrong with the choice of streams, or empty
    manual: ManualFields  # the reading request of one's own
    fields: SourceFields
    hooks: HooksChoice
    wrong: tuple[Field, ...]  # the fields that need another look
    message: str  # what went wrong, beyond single fields
    hint: str


def form_view(
    visit: SignedInVisit,
    connector: Connector,
    typed: TypedSource,
    tabs: tuple[Tab, ...],
    error: ConsentryError | None = None,
) -> SourceForm:
    """Put together what the form shows."""
    public_url = visit.app.settings.public_url
    errors = errors_of(error)
    message, hint = words_of(error)
    manual, fields = manual_fields(typed, errors), source_fields(typed, errors)
    return SourceForm(
        connector=ConnectorView.of(connector, public_url),
        api_base=f"{connector.base_url}/{connector.api_prefix}",
        mode=mode_of(typed.mode),
        tabs=tabs,
        streams=stream_choices(connector, typed.streams),
        stream_problem=wrong_with("stream", errors),
        manual=manual,
        fields=fields,
        hooks=hooks_choice(typed, connector, public_url, errors),
        wrong=tuple(field for field in (*manual.fields, *fields.fields) if field.wrong),
        message=message,
        hint=hint,
    )
