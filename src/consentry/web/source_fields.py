"""The fields of a source as pages show them, in the Configure step and when a source is edited. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from consentry.connectors import Connector, Stream
from consentry.errors import FieldError
from consentry.flows import why_unreachable
from consentry.web.choices import Choice, Option, choices, options
from consentry.web.fields import Field, filled, wrong_with
from consentry.web.manual import PARAMETERS_FIELD, PATH_FIELD, RECORDS_FIELD
from consentry.web.schedule_fields import ScheduleFields, schedule_fields
from consentry.web.schedules import UNITS
from consentry.web.source_form import (
    DATASET,
    DELETIONS,
    DUCKDB_PATH,
    NAME,
    OTHER_URL,
    OTHERS,
    PARQUET_PATH,
    POSTGRES_URL,
    WAREHOUSES,
    TypedSource,
)

_PAGING: Final = {"link": "Follow the links to further pages", "none": "Everything is on one page"}
_FULL: Final = Field(
    name="full_number",
    label="Full listing every",
    id="full-number",
    help="Only for streams whose deletions nothing else tells: their whole list is compared this often.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamChoice:
    """One stream to choose."""

    name: str
    title: str
    meaning: str
    cost: str  # how changes and deletions are found, and what that costs
    note: str  # what else is to be known, or empty
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HooksChoice:
    """Whether the provider is asked to tell of changes as they happen."""

    is_offered: bool  # the connector has hooks
    is_chosen: bool
    needs: str  # what it takes, in a sentence
    problem: str  # why the provider could not call this Consentry, or empty
    wrong: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFields:
    """Everything that a source can be given, beyond what it reads."""

    name: Field
    dataset: Field
    warehouses: tuple[Option, ...]
    duckdb_path: Field
    postgres_url: Field
    parquet_path: Field
    other_kinds: tuple[Choice, ...]
    other_url: Field
    deletions: tuple[Option, ...]
    full: Field
    full_units: tuple[Choice, ...]
    schedule: ScheduleFields

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, for the summary of what is wrong."""
        places = (self.name, self.dataset, self.duckdb_path, self.postgres_url, self.parquet_path, self.other_url)
        return (*places, self.full, *self.schedule.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualFields:
    """The reading request that a person writes."""

    path: Field
    parameters: Field
    records: Field
    paging: tuple[Choice, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, for the summary of what is wrong."""
        return (self.path, self.parameters, self.records)


def stream_choices(connector: Connector, chosen: Iterable[str]) -> tuple[StreamChoice, ...]:
    """Return the streams to choose from."""
    names = set(chosen)
    return tuple(_choice(stream, is_chosen=stream.name in names) for stream in connector.streams)


def _choice(stream: Stream, *, is_chosen: bool) -> StreamChoice:
    return StreamChoice(
        name=stream.name,
        title=stream.title,
        meaning=stream.meaning,
        cost=stream.cost,
        note=stream.note,
        is_chosen=is_chosen,
    )


def manual_fields(typed: TypedSource, errors: Iterable[FieldError]) -> ManualFields:
    """Return the fields of the manual request."""
    path, parameters, records = filled((PATH_FIELD, PARAMETERS_FIELD, RECORDS_FIELD), typed.values, errors)
    return ManualFields(path=path, parameters=parameters, records=records, paging=choices(_PAGING, typed.manual_paging))


def source_fields(typed: TypedSource, errors: Iterable[FieldError]) -> SourceFields:
    """Return the fields with what was typed and what is wrong with it."""
    found = tuple(errors)
    values = {**typed.values, "full_number": typed.full_number}
    shown = (NAME, DATASET, DUCKDB_PATH, POSTGRES_URL, PARQUET_PATH, OTHER_URL, _FULL)
    by_name: Mapping[str, Field] = {field.name: field for field in filled(shown, values, found)}
    return SourceFields(
        name=by_name["name"],
        dataset=by_name["dataset"],
        warehouses=options(WAREHOUSES.items(), typed.warehouse),
        duckdb_path=by_name["duckdb_path"],
        postgres_url=by_name["postgres_url"],
        parquet_path=by_name["parquet_path"],
        other_kinds=choices({str(kind): title for kind, title in OTHERS.items()}, typed.other_kind),
        other_url=by_name["other_url"],
        deletions=options(DELETIONS.items(), typed.deletions),
        full=by_name["full_number"],
        full_units=choices(UNITS, typed.full_unit),
        schedule=schedule_fields(typed.schedule, found),
    )


def hooks_choice(
    typed: TypedSource, connector: Connector, public_url: str, errors: Iterable[FieldError]
) -> HooksChoice:
    """Return the choice of hooks."""
    hooks = connector.hooks
    return HooksChoice(
        is_offered=hooks is not None,
        is_chosen=typed.hooks,
        needs=hooks.needs if hooks else "",
        problem=why_unreachable(public_url, connector.provider, connector.base_url),
        wrong=wrong_with("hooks", errors),
    )
