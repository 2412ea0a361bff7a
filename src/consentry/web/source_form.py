"""The fields of a source as they are typed, and the source that they describe. Pure; its room judges the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from consentry.connectors import Connector
from consentry.core.secret import Secret
from consentry.errors import ConsentryError, FieldError, InvalidInput
from consentry.flows import (
    DEFAULT_FULL_LISTING,
    OWN_KINDS,
    WAREHOUSE_FORMS,
    Deletions,
    ManualRead,
    NewSource,
    Source,
    WarehouseKind,
    WarehouseSpec,
)
from consentry.web.amounts import in_unit
from consentry.web.fields import Entries, Field, at_fields
from consentry.web.manual import read_parameters, read_path, read_records_path
from consentry.web.modes import mode_of
from consentry.web.schedules import (
    PLACES,
    TypedSchedule,
    entered_schedule,
    read_length,
    read_schedule,
    typed_schedule,
)

OTHER: Final = "other"
"""What the form calls all warehouses that dlt writes to; which one it is stands in a list of its own."""
WAREHOUSES: Final[Mapping[str, tuple[str, str]]] = {
    "duckdb": ("DuckDB file", "One file, with nothing to set up. It may stay where Consentry keeps its own."),
    "postgres": ("PostgreSQL", "A database that others read too. Its address is kept in the vault."),
    "parquet": ("Parquet folder", "One file for each table, written anew when a run ends."),
    OTHER: (
        "Another warehouse",
        "Snowflake, BigQuery, SQL Server, a bucket and more: a copy stays in the home, what changed is carried over.",
    ),
}
OTHERS: Final[Mapping[WarehouseKind, str]] = {
    kind: form.title for kind, form in WAREHOUSE_FORMS.items() if kind not in OWN_KINDS
}
DELETIONS: Final[Mapping[Deletions, tuple[str, str]]] = {
    "mark": ("Mark them", "The row stays; _deleted_at says when it was found deleted."),
    "remove": ("Remove them", "The row and its lists go."),
}
_DAYS: Final = in_unit(DEFAULT_FULL_LISTING)

NAME: Final = Field(
    name="name",
    label="Source Name",
    id="source-name",
    required=True,
    max_length=100,
    help="What people and scripts call it.",
)
DATASET: Final = Field(
    name="dataset",
    label="Dataset",
    id="source-dataset",
    max_length=63,
    help="The schema its tables stand in. Empty: the source's name in small letters.",
)
DUCKDB_PATH: Final = Field(
    name="duckdb_path",
    label="File",
    id="duckdb-path",
    max_length=1000,
    help="Empty: warehouse.duckdb in Consentry's home. Many sources can share one file.",
)
PARQUET_PATH: Final = Field(
    name="parquet_path",
    label="Folder",
    id="parquet-path",
    max_length=1000,
    help="Empty: a folder of its own in Consentry's home.",
)
POSTGRES_URL: Final = Field(
    name="postgres_url",
    label="PostgreSQL address",
    id="postgres-url",
    secret=True,
    max_length=1000,
    help="Such as postgresql://user:password@host/database. The password is never shown again.",
)
OTHER_URL: Final = Field(
    name="other_url",
    label="Warehouse address",
    id="other-url",
    secret=True,
    max_length=10_000,
    help="Such as snowflake://user:password@account/database?warehouse=NAME. The password is never shown again.",
)
FIELDS: Final = (NAME, DATASET, DUCKDB_PATH, POSTGRES_URL, PARQUET_PATH, OTHER_URL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedSource:
    """Everything that the form of a source holds, as it was typed."""

    name: str = ""
    mode: str = "prepared"
    streams: tuple[str, ...] = ()
    manual_path: str = ""
    manual_parameters: str = ""
    manual_records: str = ""
    manual_paging: str = "link"
    dataset: str = ""
    warehouse: str = "duckdb"
    duckdb_path: str = ""
    parquet_path: str = ""
    postgres_url: Secret = field(default_factory=lambda: Secret(""))
    other_kind: str = "sqlalchemy"
    other_url: Secret = field(default_factory=lambda: Secret(""))
    deletions: str = "mark"
    full_number: str = str(_DAYS[0])
    full_unit: str = _DAYS[1]
    schedule: TypedSchedule = field(default_factory=TypedSchedule)
    hooks: bool = False

    @property
    def values(self) -> Mapping[str, str]:
        """What text fields show."""
        names = ("name", "dataset", "duckdb_path", "parquet_path", "manual_path", "manual_parameters", "manual_records")
        return {name: getattr(self, name) for name in names}


def read_typed(form: Entries) -> TypedSource:
    """Read what was typed into the form of a source."""
    empty, text = TypedSource(), form.text
    return TypedSource(
        name=" ".join(text("name").split()),
        mode=mode_of(text("mode")),
        streams=tuple(dict.fromkeys(form.texts("stream"))),
        manual_path=text("manual_path"),
        manual_parameters=text("manual_parameters"),
        manual_records=text("manual_records").strip(),
        manual_paging=text("manual_paging", empty.manual_paging),
        dataset=text("dataset").strip(),
        warehouse=text("warehouse", empty.warehouse),
        duckdb_path=text("duckdb_path").strip(),
        parquet_path=text("parquet_path").strip(),
        postgres_url=Secret(text("postgres_url").strip()),
        other_kind=text("other_kind", empty.other_kind),
        other_url=Secret(text("other_url").strip()),
        deletions=text("deletions", empty.deletions),
        full_number=text("full_number", empty.full_number),
        full_unit=text("full_unit", empty.full_unit),
        schedule=entered_schedule(form),
        hooks=text("hooks") == "on",
    )


def typed_of(source: Source, connector: Connector) -> TypedSource:
    """Return what the form shows of a source that is there; the address of its warehouse stays out of it."""
    number, unit = in_unit(source.full_listing_every)
    manual, kind = source.manual, source.warehouse.kind
    typed = TypedSource(
        name=source.name,
        mode="manual" if manual else "prepared",
        streams=source.streams if source.streams is not None else tuple(one.name for one in connector.streams),
        dataset=source.dataset,
        warehouse=kind if kind in OWN_KINDS else OTHER,
        duckdb_path=(source.warehouse.path or "") if kind == "duckdb" else "",
        parquet_path=(source.warehouse.path or "") if kind == "parquet" else "",
        other_kind=kind if kind in OTHERS else TypedSource().other_kind,
        deletions=source.deletions,
        full_number=str(number),
        full_unit=unit,
        schedule=typed_schedule(source.schedule),
        hooks=source.hooks,
    )
    if manual is None:
        return typed
    return replace(
        typed,
        manual_path=manual.path,
        manual_parameters="\n".join(f"{name}={value}" for name, value in manual.parameters.items()),
        manual_records=manual.records_path,
        manual_paging=manual.paging,
    )


def described(
    typed: TypedSource, connector: Connector, credential_id: int, *, has_url: WarehouseKind | None = None
) -> NewSource:
    """Return the source that was described; raise InvalidInput naming every field that can't be read.

    ``has_url``: the kind of warehouse that the source has an address of, which a blank field keeps.
    """
    errors: list[FieldError] = []
    every = read_length(typed.full_number, typed.full_unit)
    if every is None:
        errors.append(FieldError(field="full_number", message="Enter a whole number, at least 1."))
    if not typed.name:
        errors.append(FieldError(field="name", message="Source Name is required."))
    schedule = read_schedule(typed.schedule, errors)
    new = NewSource(
        name=typed.name,
        credential_id=credential_id,
        streams=_streams(typed, connector, errors) if typed.mode != "manual" else None,
        manual=_manual(typed, connector, errors) if typed.mode == "manual" else None,
        dataset=typed.dataset or None,
        warehouse=_warehouse(typed, errors, has_url),
        deletions="remove" if typed.deletions == "remove" else "mark",
        full_listing_every=every or DEFAULT_FULL_LISTING,
        schedule=schedule,
        hooks=typed.hooks,
    )
    if errors:
        raise InvalidInput(*errors)
    return new


def read_manual(typed: TypedSource, connector: Connector) -> ManualRead:
    """Return the reading request that was typed; raise InvalidInput."""
    path = read_path(typed.manual_path, connector)
    return ManualRead(
        path=path.removeprefix("/" + connector.api_prefix),
        parameters=read_parameters(typed.manual_parameters),
        records_path=read_records_path(typed.manual_records),
        paging="none" if typed.manual_paging == "none" else "link",
    )


def _manual(typed: TypedSource, connector: Connector, errors: list[FieldError]) -> ManualRead | None:
    try:
        return read_manual(typed, connector)
    except InvalidInput as error:
        errors.extend(error.errors)
        return None


def at_its_field(error: ConsentryError, typed: TypedSource) -> ConsentryError:
    """Return what the source's own rules found wrong, at the fields of the form."""

    def place(name: str) -> str:
        if name == "warehouse.path":
            return f"{typed.warehouse}_path"
        if name.startswith("warehouse") and typed.warehouse == OTHER:
            return "other_url"
        return _FIELDS.get(name, _FIELDS.get(name.partition(".")[0], name))

    return at_fields(error, place)


_FIELDS: Final = {
    **PLACES,
    "streams": "stream",
    "full_listing_every": "full_number",
    "warehouse": "postgres_url",
    "manual": "manual_path",
    "manual.path": "manual_path",
    "manual.parameters": "manual_parameters",
    "manual.records_path": "manual_records",
}


def _streams(typed: TypedSource, connector: Connector, errors: list[FieldError]) -> tuple[str, ...] | None:
    """Return the chosen streams, or None for all: then those count too that the connector will have."""
    known = [stream.name for stream in connector.streams]
    chosen = tuple(name for name in known if name in typed.streams)
    if not chosen:
        errors.append(FieldError(field="stream", message="Choose at least one stream."))
    return None if len(chosen) == len(known) else chosen


def _warehouse(typed: TypedSource, errors: list[FieldError], has_url: WarehouseKind | None) -> WarehouseSpec:
    match typed.warehouse:
        case "postgres":
            if not typed.postgres_url.reveal() and has_url != "postgres":
                errors.append(FieldError(field="postgres_url", message="Enter the address of the database."))
            return WarehouseSpec(kind="postgres", url=typed.postgres_url.reveal() or None)
        case "parquet":
            return WarehouseSpec(kind="parquet", path=typed.parquet_path or None)
        case "other":
            kind = next((each for each in OTHERS if each == typed.other_kind), None)
            if kind is None:
                errors.append(FieldError(field="other_url", message="Choose a kind of warehouse."))
            elif not typed.other_url.reveal() and has_url != kind:
                errors.append(FieldError(field="other_url", message="Enter the address of the warehouse."))
            return WarehouseSpec(kind=kind or "sqlalchemy", url=typed.other_url.reveal() or None)
        case _:
            return WarehouseSpec(kind="duckdb", path=typed.duckdb_path or None)
