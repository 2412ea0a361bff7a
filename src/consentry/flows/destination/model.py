"""Destinations and their rows as values, and the rules that need nothing but values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NewType

from consentry.connectors import Change, Nested
from consentry.errors import FieldError
from consentry.flows.model import RowCounts, RowOutcome, Run, Schedule

__all__ = [
    "MOST_INLINE",
    "Destination",
    "DestinationId",
    "ManualWrite",
    "Mapped",
    "NewDestination",
    "Preview",
    "RowCounts",
    "RowOutcome",
    "RowResult",
    "RowsSpec",
    "RunRequest",
]

DestinationId = NewType("DestinationId", int)

MOST_INLINE: Final = 10_000
"""Rows that a description may hold itself; more belong into a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSpec:
    """Where rows come from; one of the first four is given."""

    table: str | None = None  # dataset.table, or table of the source's dataset
    sql: str | None = None  # one query over the warehouse
    file: str | None = None  # a whole path on this machine, or upload:ID
    inline: tuple[Mapping[str, Any], ...] | None = None
    source_id: int | None = None  # whose warehouse it is in; None: whose dataset the table names, or the home's


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What fills a field: a column of the rows, or the same value for each."""

    column: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualWrite:
    """A request of one's own: {column} in path and body stands for the row's value."""

    method: str
    path: str  # under the connector's API prefix
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDestination:
    """A destination as a person describes it."""

    name: str
    credential_id: int
    template: str
    rows: RowsSpec
    mapping: Mapping[str, Mapped] = field(default_factory=dict)  # by template field
    match_on: str | None = None  # None: the template's first way, where it has one
    nested: Nested = "add"
    clear_with_null: bool = False
    stop_after_refusals: int | None = None
    keep_answers: bool = False  # as a dataset named after the destination
    manual: ManualWrite | None = None  # of the template manual
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination(NewDestination):
    """Writes rows into a connector with a credential, by a template."""

    id: DestinationId
    connector: str
    credential_name: str
    dataset: str | None  # where answers are kept
    is_active: bool
    next_run_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    last_run: Run | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a run was begun with, besides its destination."""

    rows: RowsSpec | None = None  # instead of those that the destination names
    retry_of: int | None = None  # the run whose rows are tried again
    mended: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)  # values by row of that run


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """One row of a run: what it holds, and what became of it."""

    row: int  # as people count: from 1, a file's heading aside
    key: str  # what identifies it, as text
    outcome: RowOutcome | None
    record_id: int | None = None
    changes: tuple[Change, ...] = ()
    errors: tuple[FieldError, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)  # by column, as they came


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a run would do, with nothing written: outcomes as they would be."""

    counts: RowCounts
    rows: tuple[RowResult, ...]  # the first ones, whole
    total: int  # rows that there are
    looked_at: int  # of them
