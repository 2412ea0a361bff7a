"""The fields of a destination as pages show them: endpoints, origins, the mapping, and how rows are written. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from consentry.connectors import Connector, Template
from consentry.errors import FieldError
from consentry.flows import Source
from consentry.web.choices import Choice, Option, choices, options
from consentry.web.destination_form import (
    METHODS,
    ORIGINS,
    TypedDestination,
)
from consentry.web.fields import Field, filled, wrong_with
from consentry.web.schedule_fields import ScheduleFields, schedule_fields

_NESTED: Final = {
    "add": ("Add to them", "What a row brings is added; nothing that the record has is taken away."),
    "replace": ("Make them the same", "What a row doesn't have is taken away from the record."),
}
_CLEAR: Final = {
    "leave": ("Leave the field alone", "An empty cell changes nothing."),
    "clear": ("Empty the field", "An empty cell takes away what the record has there."),
}
_DEEDS: Final = {
    "upsert": "Create or update",
    "create": "Create",
    "update": "Update",
    "delete": "Delete",
    "note": "Add notes",
    "add_tags": "Tags and custom fields",
    "remove_tags": "Tags and custom fields",
    "set_fields": "Tags and custom fields",
}

NAME: Final = Field(
    name="name",
    label="Destination Name",
    id="destination-name",
    required=True,
    max_length=100,
    help="What people and scripts call it.",
)
PATH: Final = Field(
    name="path",
    label="Path",
    id="manual-path",
    required=True,
    max_length=1000,
    help="Under the API, such as parties/{id}/tags. {column} stands for the row's value.",
)
BODY: Final = Field(
    name="body",
    label="Body",
    id="manual-body",
    max_length=20_000,
    help='JSON, such as {"tag": {"name": "{tag}"}}. A text that is only {column} keeps the value\'s kind.',
)
FILE: Final = Field(
    name="file",
    label="File",
    id="rows-file",
    help="Ends in .csv, .tsv, .jsonl, .ndjson, .json or .parquet; its first line names the columns.",
)
TABLE: Final = Field(
    name="table",
    label="Table",
    id="rows-table",
    max_length=200,
    help="Dataset and table with a dot between, such as sales_crm.parties_wide.",
)
SQL: Final = Field(
    name="sql",
    label="Query",
    id="rows-sql",
    max_length=20_000,
    help="Such as SELECT id, name FROM sales_crm.parties WHERE about IS NULL.",
)
FILE_PATH: Final = Field(
    name="file_path",
    label="Path of the file",
    id="rows-path",
    max_length=1000,
    help="Whole, such as /srv/exports/people.csv. It is opened anew for each run.",
)
STOP_AFTER: Final = Field(
    name="stop_after",
    label="Stop after refused rows",
    id="stop-after",
    max_length=9,
    help="A run that goes wrong ends after so many. Empty: it goes on to the last row.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointGroup:
    """Endpoints that do a similar thing."""

    title: str
    endpoints: tuple["Endpoint", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A template to choose."""

    name: str
    title: str
    meaning: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationFields:
    """Everything that a destination can be given, but for the mapping."""

    name: Field
    groups: tuple[EndpointGroup, ...]
    endpoint_meaning: str
    endpoint_wrong: str
    methods: tuple[Choice, ...]
    path: Field
    body: Field
    origins: tuple[Option, ...]
    origin_wrong: str
    file: Field
    table: Field
    tables: tuple[str, ...]  # to choose from
    sql: Field
    sql_sources: tuple[Choice, ...]
    file_path: Field
    stop_after: Field
    nested: tuple[Option, ...]
    clear: tuple[Option, ...]
    keep_answers: bool
    schedule: ScheduleFields

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, for the summary of what is wrong."""
        places = (self.name, self._endpoint, self.path, self.body, self._origin, self.file, self.table, self.sql)
        return (*places, self.file_path, self.stop_after, *self.schedule.fields)

    @property
    def _endpoint(self) -> Field:
        return Field(name="template", label="Endpoint", id="endpoint", wrong=self.endpoint_wrong)

    @property
    def _origin(self) -> Field:
        return Field(name="origin", label="Rows", id="origin-upload", wrong=self.origin_wrong)


def destination_fields(
    typed: TypedDestination, connector: Connector, sources: Sequence[Source], errors: Iterable[FieldError]
) -> DestinationFields:
    """Return the fields with what was typed and what is wrong with it."""
    found = tuple(errors)
    values = {
        "name": typed.name,
        "path": typed.path,
        "body": typed.body,
        "table": typed.table,
        "sql": typed.sql,
        "file_path": typed.file_path,
        "stop_after": typed.stop_after,
    }
    shown = (NAME, PATH, BODY, FILE, TABLE, SQL, FILE_PATH, STOP_AFTER)
    by_name = {field.name: field for field in filled(shown, values, found)}
    chosen = _template(connector, typed.template)
    origins = [*ORIGINS.items()]
    if typed.origin == "kept":
        origins.append(("kept", ("The rows it was made with", "They stand in the destination itself.")))
    return DestinationFields(
        name=by_name["name"],
        groups=_groups(connector, typed.template),
        endpoint_meaning=chosen.meaning if chosen else "",
        endpoint_wrong=wrong_with("template", found),
        methods=choices({method: method for method in METHODS}, typed.method),
        path=by_name["path"],
        body=by_name["body"],
        origins=options(origins, typed.origin),
        origin_wrong=wrong_with("origin", found),
        file=by_name["file"],
        table=by_name["table"],
        tables=_tables(sources, connector),
        sql=by_name["sql"],
        sql_sources=choices({"": "Consentry's own", **_names(sources)}, typed.sql_source),
        file_path=by_name["file_path"],
        stop_after=by_name["stop_after"],
        nested=options(_NESTED.items(), typed.nested),
        clear=options(_CLEAR.items(), typed.clear),
        keep_answers=typed.keep_answers,
        schedule=schedule_fields(typed.schedule, found, _names(sources)),
    )


def _template(connector: Connector, name: str) -> Template | None:
    return connector.writing.template(name) if connector.writing else None


def _names(sources: Sequence[Source]) -> dict[str, str]:
    return {str(source.id): source.name for source in sources}


def _groups(connector: Connector, chosen: str) -> tuple[EndpointGroup, ...]:
    """Return the templates in groups, in the order of the connector; manual has its own tab."""
    groups: dict[str, list[Endpoint]] = {}
    for template in connector.writing.templates if connector.writing else ():
        if template.deed != "manual":
            endpoint = Endpoint(
                name=template.name,
                title=template.title,
                meaning=template.meaning,
                is_chosen=template.name == chosen,
            )
            groups.setdefault(_DEEDS.get(template.deed, template.deed), []).append(endpoint)
    return tuple(EndpointGroup(title=title, endpoints=tuple(found)) for title, found in groups.items())


def _tables(sources: Sequence[Source], connector: Connector) -> tuple[str, ...]:
    """Return the tables that datasets have of their streams, to choose from; others can be typed."""
    found: list[str] = []
    for source in sources:
        names = source.streams or tuple(stream.name for stream in connector.streams)
        found += [f"{source.dataset}.{name}" for name in names] if source.manual is None else []
    return tuple(found)
