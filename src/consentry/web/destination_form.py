"""The fields of a destination as they are typed, and the destination that they describe. Pure; its room judges it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from urllib.parse import quote, unquote

import msgspec

from consentry.errors import ConsentryError, FieldError, InvalidInput
from consentry.flows import Destination, ManualWrite, Mapped, NewDestination, RowsSpec
from consentry.web.fields import Entries, at_fields
from consentry.web.modes import mode_of
from consentry.web.schedules import PLACES, TypedSchedule, entered_schedule, read_schedule, typed_schedule

Origin = Literal["upload", "table", "sql", "path", "kept"]
ORIGINS: Final[Mapping[Origin, tuple[str, str]]] = {
    "upload": ("Upload a file", "CSV, JSON Lines or Parquet, up to 200 MB. It is kept in Consentry's own database."),
    "table": ("A table of a dataset", "What a source keeps up to date, read anew for each run."),
    "sql": ("An SQL query", "One query over a warehouse. It can only read."),
    "path": ("A file on the machine", "Where Consentry runs. Another program may put a new one there before each run."),
}
METHODS: Final = ("POST", "PUT", "DELETE")
UPLOAD: Final = "upload:"
SAME: Final = "="
"""What a field's select sends that takes the same value for every row."""
COLUMN: Final = "c:"
"""How what a field's select sends begins that is filled by a column."""
_MAP: Final = "map:"
_VALUE: Final = "same:"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedDestination:
    """Everything that the form of a destination holds, as it was typed."""

    name: str = ""
    mode: str = "prepared"
    template: str = ""
    method: str = "POST"
    path: str = ""
    body: str = ""
    origin: str = "upload"
    upload: str = ""  # upload:ID, once a file was sent
    table: str = ""
    sql: str = ""
    sql_source: str = ""  # the id of the source whose warehouse is asked; empty: Consentry's own
    file_path: str = ""
    mapped_for: str = ""  # the template and columns for which the mapping was made
    choices: Mapping[str, str] = field(default_factory=dict)  # by template field: c:column, = or nothing
    values: Mapping[str, str] = field(default_factory=dict)  # by template field: the same for every row
    match_on: str = ""
    nested: str = "add"
    clear: str = "leave"
    stop_after: str = ""
    keep_answers: bool = False
    schedule: TypedSchedule = field(default_factory=TypedSchedule)

    @property
    def is_manual(self) -> bool:
        """Whether a request of one's own is described."""
        return self.mode == "manual"


def read_destination(form: Entries) -> TypedDestination:
    """Read what was typed into the form of a destination."""
    empty, text = TypedDestination(), form.text
    return TypedDestination(
        name=" ".join(text("name").split()),
        mode=mode_of(text("mode")),
        template=text("template"),
        method=text("method", empty.method),
        path=text("path").strip(),
        body=text("body"),
        origin=text("origin", empty.origin),
        upload=text("file") or text("upload"),
        table=text("table").strip(),
        sql=text("sql"),
        sql_source=text("sql_source"),
        file_path=text("file_path").strip(),
        mapped_for=text("mapped_for"),
        choices=_by_field(form, _MAP),
        values=_by_field(form, _VALUE),
        match_on=text("match_on"),
        nested=text("nested", empty.nested),
        clear=text("clear", empty.clear),
        stop_after=text("stop_after").strip(),
        keep_answers=bool(text("keep_answers")),
        schedule=replace(entered_schedule(form), source=text("after_source")),
    )


def map_name(name: str) -> str:
    """Return the name of the select that fills a field: quoted, because browsers change quotes in names."""
    return _MAP + quote(name, safe="")


def value_name(name: str) -> str:
    """Return the name of the input of the value that is the same for every row."""
    return _VALUE + quote(name, safe="")


def _by_field(form: Entries, prefix: str) -> dict[str, str]:
    return {unquote(name.removeprefix(prefix)): form.text(name) for name in form.names() if name.startswith(prefix)}


def carried(typed: TypedDestination, *, shows_rest: bool) -> tuple[tuple[str, str], ...]:
    """Return what the form has to bring along unseen while it doesn't show the mapping, so that nothing is lost.

    ``shows_rest``: how and when it writes is shown all the same.
    """
    mapping = [(map_name(name), choice) for name, choice in typed.choices.items() if choice]
    mapping += [(value_name(name), value) for name, value in typed.values.items() if value]
    if shows_rest:
        return (*mapping, ("match_on", typed.match_on))
    schedule = typed.schedule
    rest = (
        ("match_on", typed.match_on),
        ("nested", typed.nested),
        ("clear", typed.clear),
        ("stop_after", typed.stop_after),
        ("keep_answers", "yes" if typed.keep_answers else ""),
        ("schedule", schedule.kind),
        ("every", schedule.every),
        ("every_unit", schedule.unit),
        ("daily_at", schedule.daily_at),
        ("cron", schedule.cron),
        ("timezone", schedule.timezone),
        ("after_source", schedule.source),
    )
    return (*mapping, *rest)


def typed_of_destination(destination: Destination) -> TypedDestination:
    """Return what the form shows of a destination that is there."""
    rows, manual = destination.rows, destination.manual
    typed = TypedDestination(
        name=destination.name,
        mode="manual" if manual else "prepared",
        template="" if manual else destination.template,
        table=rows.table or "",
        sql=rows.sql or "",
        sql_source="" if rows.source_id is None else str(rows.source_id),
        choices={name: COLUMN + one.column if one.column is not None else SAME for name, one in _given(destination)},
        values={name: written(one.value) for name, one in _given(destination) if one.column is None},
        match_on=destination.match_on or "",
        nested=destination.nested,
        clear="clear" if destination.clear_with_null else "leave",
        stop_after="" if destination.stop_after_refusals is None else str(destination.stop_after_refusals),
        keep_answers=destination.keep_answers,
        schedule=typed_schedule(destination.schedule),
    )
    if manual is not None:
        body = "" if manual.body is None else msgspec.json.format(msgspec.json.encode(manual.body)).decode()
        typed = replace(typed, method=manual.method, path=manual.path, body=body)
    return _with_origin(typed, rows)


def _given(destination: Destination) -> Sequence[tuple[str, Mapped]]:
    return tuple(destination.mapping.items())


def _with_origin(typed: TypedDestination, rows: RowsSpec) -> TypedDestination:
    if rows.file is not None and rows.file.startswith(UPLOAD):
        return replace(typed, origin="upload", upload=rows.file)
    if rows.file is not None:
        return replace(typed, origin="path", file_path=rows.file)
    if rows.inline is not None:
        return replace(typed, origin="kept")
    return replace(typed, origin="sql" if rows.sql is not None else "table")


def written(value: Any) -> str:
    """Return a value as a person would type it."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(each, str | int) for each in value):
        return "; ".join(str(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def rows_of(typed: TypedDestination, kept: RowsSpec | None = None) -> RowsSpec:
    """Return where rows come from; ``kept`` is where they came from before, for rows that no form shows.

    Raises InvalidInput when nothing is named.
    """
    source_id = int(typed.sql_source) if typed.sql_source.isascii() and typed.sql_source.isdigit() else None
    match typed.origin:
        case "kept" if kept is not None:
            return kept
        case "table":
            _need(typed.table, "table", "Enter the table, such as sales_crm.parties.")
            return RowsSpec(table=typed.table, source_id=_kept_source(typed, kept))
        case "sql":
            _need(typed.sql.strip(), "sql", "Enter the query.")
            return RowsSpec(sql=typed.sql.strip(), source_id=source_id)
        case "path":
            _need(typed.file_path, "file_path", "Enter the whole path of the file, from / on.")
            return RowsSpec(file=typed.file_path)
        case _:
            _need(typed.upload, "file", "Choose a file.")
            return RowsSpec(file=typed.upload)


def _need(given: str, name: str, words: str) -> None:
    if not given:
        raise InvalidInput(FieldError(field=name, message=words))


def _kept_source(typed: TypedDestination, kept: RowsSpec | None) -> int | None:
    """Return whose dataset a table is of, where that was said before and the table is still the same."""
    return kept.source_id if kept is not None and kept.table == typed.table else None


def described_destination(
    typed: TypedDestination, credential_id: int, *, kept: RowsSpec | None = None, unnamed: str = ""
) -> NewDestination:
    """Return the destination that was described; raise InvalidInput naming every field that can't be read.

    ``unnamed`` is what one without a name is called: while it is only tried, it needs none.
    """
    errors: list[FieldError] = []
    name = typed.name or unnamed
    if not name:
        errors.append(FieldError(field="name", message="Destination Name is required."))
    if not typed.template and not typed.is_manual:
        errors.append(FieldError(field="template", message="Choose an endpoint."))
    new = NewDestination(
        name=name,
        credential_id=credential_id,
        template="manual" if typed.is_manual else typed.template,
        rows=_rows(typed, kept, errors),
        mapping={} if typed.is_manual else _mapping(typed, errors),
        match_on=None if typed.is_manual else typed.match_on or None,
        nested="replace" if typed.nested == "replace" else "add",
        clear_with_null=typed.clear == "clear",
        stop_after_refusals=_stop_after(typed, errors),
        keep_answers=typed.keep_answers,
        manual=_manual(typed, errors) if typed.is_manual else None,
        schedule=read_schedule(typed.schedule, errors),
    )
    if errors:
        raise InvalidInput(*errors)
    return new


def _rows(typed: TypedDestination, kept: RowsSpec | None, errors: list[FieldError]) -> RowsSpec:
    try:
        return rows_of(typed, kept)
    except InvalidInput as error:
        errors.extend(error.errors)
        return RowsSpec()


def _mapping(typed: TypedDestination, errors: list[FieldError]) -> dict[str, Mapped]:
    found: dict[str, Mapped] = {}
    for name, choice in typed.choices.items():
        if choice.startswith(COLUMN):
            found[name] = Mapped(column=choice.removeprefix(COLUMN))
        elif choice == SAME:
            value = typed.values.get(name, "").strip()
            found[name] = Mapped(value=value)
            if not value:
                errors.append(FieldError(field=map_name(name), message="Enter the value for every row."))
    return found


def _stop_after(typed: TypedDestination, errors: list[FieldError]) -> int | None:
    text = typed.stop_after
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) <= 9):
        errors.append(FieldError(field="stop_after", message="Enter a whole number, at least 1, or nothing."))
        return None
    return int(text)


def _manual(typed: TypedDestination, errors: list[FieldError]) -> ManualWrite:
    if not typed.path:
        errors.append(FieldError(field="path", message="Enter the path to write to."))
    body = None
    if typed.body.strip():
        try:
            body = msgspec.json.decode(typed.body.encode())
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            errors.append(FieldError(field="body", message="Write the body as JSON, with {column} inside its texts."))
    return ManualWrite(method=typed.method, path=typed.path, body=body)


def at_destination_field(error: ConsentryError, typed: TypedDestination) -> ConsentryError:
    """Return what the destination's own rules found wrong, at the fields of the form."""
    return at_fields(error, lambda name: _place(name, typed))


def _place(name: str, typed: TypedDestination) -> str:
    if name.startswith("mapping."):
        return map_name(name.removeprefix("mapping."))
    if name == "rows.file":
        return "file_path" if typed.origin == "path" else "file"
    if name in ("rows", "rows.inline"):
        return "origin"
    return _FIELDS.get(name, name)


_FIELDS: Final = {
    **PLACES,
    "rows.table": "table",
    "rows.sql": "sql",
    "rows.source_id": "sql_source",
    "manual": "path",
    "manual.method": "method",
    "manual.path": "path",
    "manual.body": "body",
    "stop_after_refusals": "stop_after",
    "schedule.after_source": "after_source",
}
