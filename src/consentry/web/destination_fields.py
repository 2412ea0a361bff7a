"""The fields of a destination as pages show them: endpoints, origins, the mapping, and how rows are written. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from consentry.connectors import CUSTOM, Connector, Template, TemplateField
from consentry.errors import FieldError
from consentry.flows import Columns, Mapped, Source, suggest
from consentry.web.choices import Choice, choices
from consentry.web.destination_form import (
    COLUMN,
    METHODS,
    ORIGINS,
    SAME,
    TypedDestination,
    map_name,
    value_name,
    written,
)
from consentry.web.fields import Field, filled
from consentry.web.samples import Cell, cell_of
from consentry.web.schedules import FOLLOWING, UNITS
from consentry.web.source_fields import CRON, DAILY_AT, EVERY, ZONE, Option, options
from consentry.web.source_form import zones

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
    schedules: tuple[Option, ...]
    every: Field
    every_units: tuple[Choice, ...]
    daily_at: Field
    cron: Field
    timezone: Field
    zones: tuple[str, ...]
    sources: tuple[Choice, ...]  # that can be followed
    source_wrong: str

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, for the summary of what is wrong."""
        places = (self.name, self._endpoint, self.path, self.body, self._origin, self.file, self.table, self.sql)
        when = (self.every, self.daily_at, self.cron, self.timezone, self._source)
        return (*places, self.file_path, self.stop_after, *when)

    @property
    def _endpoint(self) -> Field:
        return Field(name="template", label="Endpoint", id="endpoint", wrong=self.endpoint_wrong)

    @property
    def _origin(self) -> Field:
        return Field(name="origin", label="Rows", id="origin-upload", wrong=self.origin_wrong)

    @property
    def _source(self) -> Field:
        return Field(name="after_source", label="Source", id="after-source", wrong=self.source_wrong)


def destination_fields(
    typed: TypedDestination, connector: Connector, sources: Sequence[Source], errors: Iterable[FieldError]
) -> DestinationFields:
    """Return the fields with what was typed and what is wrong with it."""
    found = tuple(errors)
    schedule = typed.schedule
    values = {
        "name": typed.name,
        "path": typed.path,
        "body": typed.body,
        "table": typed.table,
        "sql": typed.sql,
        "file_path": typed.file_path,
        "stop_after": typed.stop_after,
        "every": schedule.every,
        "daily_at": schedule.daily_at,
        "cron": schedule.cron,
        "timezone": schedule.timezone,
    }
    shown = (NAME, PATH, BODY, FILE, TABLE, SQL, FILE_PATH, STOP_AFTER, EVERY, DAILY_AT, CRON, ZONE)
    by_name = {field.name: field for field in filled(shown, values, found)}
    chosen = _template(connector, typed.template)
    origins = [*ORIGINS.items()]
    if typed.origin == "kept":
        origins.append(("kept", ("The rows it was made with", "They stand in the destination itself.")))
    return DestinationFields(
        name=by_name["name"],
        groups=_groups(connector, typed.template),
        endpoint_meaning=chosen.meaning if chosen else "",
        endpoint_wrong=_wrong(found, "template"),
        methods=choices({method: method for method in METHODS}, typed.method),
        path=by_name["path"],
        body=by_name["body"],
        origins=options(origins, typed.origin),
        origin_wrong=_wrong(found, "origin"),
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
        schedules=options([(kind, (word, "")) for kind, word in FOLLOWING.items()], schedule.kind),
        every=by_name["every"],
        every_units=choices(UNITS, schedule.unit),
        daily_at=by_name["daily_at"],
        cron=by_name["cron"],
        timezone=by_name["timezone"],
        zones=zones(),
        sources=choices({"": "Choose a source", **_names(sources)}, schedule.source),
        source_wrong=_wrong(found, "after_source"),
    )


def _template(connector: Connector, name: str) -> Template | None:
    return connector.writing.template(name) if connector.writing else None


def _names(sources: Sequence[Source]) -> dict[str, str]:
    return {str(source.id): source.name for source in sources}


def _wrong(errors: Iterable[FieldError], name: str) -> str:
    return next((error.message for error in errors if error.field == name), "")


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


# --- the mapping


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
        wrong=_wrong(errors, name),
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
