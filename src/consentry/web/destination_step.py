"""What the last step of a new destination and the page that edits one do: read rows, map, test, preview, keep."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from starlette.responses import Response

from consentry import flows
from consentry.connectors import Connector, Template, TemplateField
from consentry.errors import (
    Conflict,
    ConsentryError,
    FieldError,
    InvalidInput,
    NotFound,
    OwnerError,
    PassingError,
    ProviderError,
    WarehouseRefused,
)
from consentry.flows import Columns, NewDestination, RowsSpec, Source, Upload
from consentry.web.amounts import counted, size
from consentry.web.choices import Choice
from consentry.web.connector_view import ConnectorView
from consentry.web.destination_fields import DestinationFields, destination_fields
from consentry.web.destination_form import (
    UPLOAD,
    TypedDestination,
    at_destination_field,
    carried,
    described_destination,
    read_destination,
    rows_of,
)
from consentry.web.fields import Field
from consentry.web.mapping_fields import (
    ColumnView,
    MappingRow,
    column_views,
    mapping_key,
    mapping_rows,
    match_choices,
    with_suggestions,
)
from consentry.web.mishaps import errors_of, status_of, words_of
from consentry.web.modes import Mode, Tab, mode_of
from consentry.web.row_views import PreviewView, ResultView, Titles, preview_view, trial_views
from consentry.web.visit import SignedInVisit

ROWS_LOOKED_AT: Final = 5
ROWS_PREVIEWED: Final = 10
MOST_SOURCES: Final = 100
_UNNAMED: Final = "This destination"
_ELSEWHERE: Final = (OwnerError, PassingError, ProviderError, WarehouseRefused, NotFound)
"""What can go wrong outside of the form: it is said above it, and nothing typed is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadView:
    """A file that was uploaded."""

    file: str
    name: str
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationForm:
    """Everything that the form of a destination shows."""

    path: str  # where it is sent
    connector: ConnectorView
    api_base: str
    mode: Mode
    tabs: tuple[Tab, ...]
    fields: DestinationFields
    upload: UploadView | None
    has_rows: bool  # whether the rows were looked at, so that they can be mapped
    columns: tuple[ColumnView, ...]
    rows_words: str
    notes: tuple[str, ...]  # what a person should know of the rows
    mapped_for: str
    carried: tuple[tuple[str, str], ...]  # what was chosen and isn't shown just now
    mapping: tuple[MappingRow, ...]
    more: tuple[MappingRow, ...]  # fields that nothing fills
    one_of: tuple[str, ...]  # of which groups a field is needed, in words
    live_problem: str  # why custom fields and allowed values couldn't be read, or empty
    matches: tuple[Choice, ...]
    has_lists: bool
    trial: tuple[ResultView, ...] | None
    preview: PreviewView | None
    said: str  # what was done, in one sentence
    said_of_trial: bool  # whether it is about a test or preview
    wrong: tuple[Field, ...]
    message: str  # what went wrong, beyond single fields
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found out before the form is shown: the rows' columns, and the template's fields as they are now."""

    columns: Columns | None = None
    template: Template | None = None
    fields: tuple[TemplateField, ...] = ()
    allowed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # names by value, by field
    live_problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One form of a destination: for whom it is, and what its page is."""

    visit: SignedInVisit
    connector: Connector
    credential_id: int
    path: str
    tabs: tuple[Tab, ...]
    show: Callable[[DestinationForm, int], Response]
    save: Callable[[NewDestination], Awaitable[Response]]
    kept: RowsSpec | None = None  # of the destination that is edited


@dataclass(slots=True, kw_only=True)
class Found:
    """What a button brought."""

    trial: tuple[ResultView, ...] | None = None
    preview: PreviewView | None = None
    said: str = ""


async def show_form(step: Step, typed: TypedDestination, *, suggests: bool) -> Response:
    """Show the form before anything was sent; an edited destination's rows are looked at."""
    error: ConsentryError | None = None
    seen = await _with_template(step, typed, None)
    if step.kept is not None:
        try:
            seen = await look(step, typed)
        except ConsentryError as problem:
            error = problem
    if seen.columns is not None and seen.template is not None and not suggests:
        typed = replace(typed, mapped_for=mapping_key(seen.template.name, seen.columns))
    return step.show(await form_view(step, typed, seen, error=_placed(error, typed)), 200)


async def answer_form(step: Step) -> Response:
    """Do what the button that was pressed says, and show the form again unless it was kept."""
    typed = read_destination(step.visit.form)
    seen, found = Seen(), Found()
    try:
        if step.visit.faults:
            raise InvalidInput(*step.visit.faults)
        seen = await look(step, typed)
        typed, is_fresh = _suggested(typed, seen)
        does = step.visit.form.text("do")
        if does == "save" and not is_fresh:
            new = described_destination(typed, step.credential_id, kept=step.kept)
            if not seen.live_problem:
                _tried(step, seen, new)  # what can't be mapped isn't kept
            return await step.save(new)
        if is_fresh:
            found.said = "The rows were read. Look at the mapping, then save."
        elif does in ("test", "preview"):
            await _try(step, typed, seen, found, does)
        else:
            found.said = "The rows were read."
    except (InvalidInput, Conflict, *_ELSEWHERE) as error:
        if seen.template is None:
            seen = await _with_template(step, typed, seen.columns)
        said = _placed(error, typed)
        return step.show(await form_view(step, typed, seen, error=said), status_of(error))
    return step.show(await form_view(step, typed, seen, found=found), 200)


def _suggested(typed: TypedDestination, seen: Seen) -> tuple[TypedDestination, bool]:
    """Fill in the mapping where it was made for other rows; tell whether it is new to the person."""
    if typed.is_manual or seen.columns is None or seen.template is None:
        return typed, False
    fresh = with_suggestions(typed, seen.fields, seen.columns, seen.template)
    return fresh, fresh.mapped_for != typed.mapped_for


async def _try(step: Step, typed: TypedDestination, seen: Seen, found: Found, does: str) -> None:
    new = described_destination(typed, step.credential_id, kept=step.kept, unnamed=_UNNAMED)
    room, actor = step.visit.app.flows, step.visit.actor
    if does == "test":
        found.trial, found.said = _tried(step, seen, new)
        return
    preview = await flows.preview_new(room, actor, new, ROWS_PREVIEWED)
    found.preview = preview_view(preview, Titles(seen.fields, new.mapping))
    found.said = found.preview.words


def _tried(step: Step, seen: Seen, new: NewDestination) -> tuple[tuple[ResultView, ...], str]:
    writing = step.connector.writing
    template = writing.template(new.template) if writing else None
    if template is None or seen.columns is None:
        raise InvalidInput(FieldError(field="template", message=f"There is no endpoint named {new.template}."))
    rows = flows.map_rows(new, template, seen.fields, seen.columns)
    refused = sum(1 for row in rows if row.errors)
    said = f"{counted(len(rows), 'row')} mapped; nothing was sent."
    if refused:
        said += f" {counted(refused, 'row')} would be refused."
    return trial_views(rows, seen.fields), said


def _placed(error: ConsentryError | None, typed: TypedDestination) -> ConsentryError | None:
    return None if error is None else at_destination_field(error, typed)


async def look(step: Step, typed: TypedDestination) -> Seen:
    """Look at the rows, and read the template's fields as they are now; raise what can't be read."""
    rows = rows_of(typed, step.kept)
    columns = await flows.look_at_rows(step.visit.app.flows, rows, ROWS_LOOKED_AT)
    return await _with_template(step, typed, columns)


async def _with_template(step: Step, typed: TypedDestination, columns: Columns | None) -> Seen:
    writing = step.connector.writing
    template = writing.template(typed.template) if writing and not typed.is_manual else None
    if template is None:
        return Seen(columns=columns)
    if columns is None:
        return Seen(template=template, fields=template.fields)
    try:
        live = await flows.live_fields(step.visit.app.flows, step.visit.actor, step.credential_id, template.name)
    except _ELSEWHERE as error:
        problem = f"Custom fields and allowed values could not be read: {error.message} {error.hint}".strip()
        return Seen(columns=columns, template=template, fields=template.fields, live_problem=problem)
    return Seen(
        columns=columns,
        template=template,
        fields=tuple(each.field for each in live),
        allowed={each.field.name: {one.value: one.name for one in each.allowed} for each in live if each.allowed},
    )


async def form_view(
    step: Step,
    typed: TypedDestination,
    seen: Seen,
    *,
    found: Found | None = None,
    error: ConsentryError | None = None,
) -> DestinationForm:
    """Put together what the form shows."""
    found = found or Found()
    errors = errors_of(error)
    message, hint = words_of(error)
    sources, _ = await flows.list_sources(step.visit.app.flows, per_page=MOST_SOURCES)
    fields = destination_fields(typed, step.connector, sources, errors)
    columns = column_views(seen.columns, typed) if seen.columns else ()
    mapping, more = _mapping(typed, seen, columns, errors)
    return DestinationForm(
        path=step.path,
        connector=ConnectorView.of(step.connector, step.visit.app.settings.public_url),
        api_base=f"{step.connector.base_url}/{step.connector.api_prefix}",
        mode=mode_of(typed.mode),
        tabs=step.tabs,
        fields=fields,
        upload=await _upload(step, typed),
        has_rows=seen.columns is not None,
        columns=columns,
        rows_words=_rows_words(seen.columns),
        notes=seen.columns.faults if seen.columns else (),
        mapped_for=typed.mapped_for,
        carried=() if mapping else carried(typed, shows_rest=seen.columns is not None),
        mapping=mapping,
        more=more,
        one_of=_one_of(seen),
        live_problem=seen.live_problem,
        matches=match_choices(seen.template, seen.fields, typed.match_on) if seen.template else (),
        has_lists=any(each.repeats or each.kind == "tags" for each in seen.fields),
        trial=found.trial,
        preview=found.preview,
        said=found.said,
        said_of_trial=found.trial is not None or found.preview is not None,
        wrong=_wrong(fields, (*mapping, *more), errors),
        message=message,
        hint=hint,
    )


def _mapping(
    typed: TypedDestination, seen: Seen, columns: Sequence[ColumnView], errors: Sequence[FieldError]
) -> tuple[tuple[MappingRow, ...], tuple[MappingRow, ...]]:
    if seen.template is None or seen.columns is None:
        return (), ()
    return mapping_rows(seen.template, seen.fields, seen.allowed, typed, columns, errors)


def _wrong(fields: DestinationFields, mapping: Sequence[MappingRow], errors: Sequence[FieldError]) -> tuple[Field, ...]:
    """Return every field that needs another look; what is said of a field that no one sees is said all the same."""
    found = [each for each in fields.fields if each.wrong] + [row.as_field for row in mapping if row.wrong]
    named = {each.name for each in found}
    others = {error.field: error.message for error in errors if error.field not in named}
    return (
        *found,
        *(Field(name=name, label="The form", id="destination-form", wrong=words) for name, words in others.items()),
    )


async def _upload(step: Step, typed: TypedDestination) -> UploadView | None:
    upload = await find_upload(step.visit, typed.upload.removeprefix(UPLOAD))
    return UploadView(file=upload.file, name=upload.name, size=size(upload.size)) if upload else None


async def find_upload(visit: SignedInVisit, number: str) -> Upload | None:
    """Return the uploaded file of a number; None when it isn't one, or the file is gone."""
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    try:
        return await flows.get_upload(visit.app.flows, int(number))
    except NotFound:
        return None


def _rows_words(columns: Columns | None) -> str:
    if columns is None:
        return ""
    about = columns.about
    told = [counted(len(columns.columns), "column")]
    if about.count is not None:
        told.insert(0, counted(about.count, "row"))
    if about.encoding and about.encoding.lower() not in ("utf-8", "utf_8", "utf8"):
        told.append(f"read as {about.encoding}")
    return ", ".join(told)


def _one_of(seen: Seen) -> tuple[str, ...]:
    if seen.template is None or not seen.template.creates:
        return ()
    titles = {each.name: each.title for each in seen.fields}
    required = [each.title for each in seen.template.fields if each.required]
    groups = [" or ".join(titles.get(name, name) for name in group) for group in seen.template.one_of]
    return (*groups, *required)


def source_names(sources: Sequence[Source]) -> dict[int, str]:
    """Return what sources are called, by id."""
    return {int(source.id): source.name for source in sources}
