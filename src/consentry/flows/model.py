"""Sources and runs as values, and the rules that need nothing but values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal, NewType

from consentry.flows.hooks.model import Hook

SourceId = NewType("SourceId", int)
RunId = NewType("RunId", int)
FlowKind = Literal["source", "destination"]
Deletions = Literal["mark", "remove"]
Trigger = Literal["hand", "schedule", "hook"]
WarehouseKind = Literal[
    "duckdb",
    "postgres",
    "parquet",
    "bigquery",
    "clickhouse",
    "databricks",
    "filesystem",
    "motherduck",
    "mssql",
    "redshift",
    "snowflake",
    "sqlalchemy",
    "synapse",
]
OWN_KINDS: Final[tuple[WarehouseKind, ...]] = ("duckdb", "postgres", "parquet")
"""The warehouses that Consentry writes to by itself; to all others dlt carries what is new."""

DEFAULT_FULL_LISTING: Final = timedelta(days=1)
"""How often a stream whose deletions no feed tells is listed whole, unless the person says otherwise."""

RESERVE: Final = 20
"""One in so many calls of the provider's rate limit is left to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a flow runs by itself: every so often, daily at a time, by a cron line, or after each run of a source.

    Times are of the zone. Only destinations follow sources.
    """

    every: timedelta | None = None
    daily_at: str | None = None  # HH:MM
    cron: str | None = None  # five fields
    after_source: int | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualRead:
    """A list of the connector's API that no stream declares, as a person described it."""

    path: str  # under the connector's API prefix
    parameters: Mapping[str, str]
    records_path: str  # where the records are in the answer: "parties", or "" for the only list there is
    paging: Literal["link", "none"] = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseSpec:
    """Where a dataset lives. What an address keeps secret rests in the vault, never here."""

    kind: WarehouseKind = "duckdb"
    path: str | None = None  # of the DuckDB file or the Parquet folder; None: warehouse.duckdb in the home
    url: str | None = None  # of every other kind, without its password


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Reads streams of a connector with a credential, and keeps a dataset up to date."""

    id: SourceId
    name: str
    connector: str
    credential_id: int
    credential_name: str
    streams: tuple[str, ...] | None  # None: all that the connector has, also those that it will have
    manual: ManualRead | None
    dataset: str  # the schema in the warehouse
    warehouse: WarehouseSpec
    deletions: Deletions
    full_listing_every: timedelta
    schedule: Schedule | None
    is_active: bool  # a paused source keeps its schedule, and runs only by hand
    next_run_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    last_run: "Run | None" = None
    hooks: bool = False  # whether the provider is to tell of changes as they happen
    events: tuple[Hook, ...] = ()  # what it tells of, or why it doesn't


class RunStatus(StrEnum):
    """How a run is doing."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # for the provider's rate limit, for a warehouse that is busy, or for consent
    SUCCEEDED = "succeeded"
    PARTLY_FAILED = "partly_failed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED: Final = frozenset({RunStatus.SUCCEEDED, RunStatus.PARTLY_FAILED, RunStatus.FAILED, RunStatus.CANCELLED})


class StreamStatus(StrEnum):
    """How one stream of a run is doing."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What went wrong, in words for people: as our errors say it."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a stream's run has done so far."""

    read: int = 0  # records that came, repeated ones included
    new: int = 0
    changed: int = 0
    deleted: int = 0
    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def plus(self, other: "Counts") -> "Counts":
        """Return both together."""
        return Counts(
            read=self.read + other.read,
            new=self.new + other.new,
            changed=self.changed + other.changed,
            deleted=self.deleted + other.deleted,
            requests=self.requests + other.requests,
            bytes=self.bytes + other.bytes,
            seconds=self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRun:
    """One stream in a run."""

    name: str
    status: StreamStatus = StreamStatus.PENDING
    counts: Counts = Counts()
    expected: int | None = None  # records, as far as the last run tells; for the progress bar
    new_columns: tuple[str, ...] = ()  # table.column, which this run added
    error: Trouble | None = None


class RowOutcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    REFUSED = "refused"  # the row has to be mended
    FAILED = "failed"  # it could not be found out, or the provider failed for too long; the next run looks first


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """Rows by outcome; ``waiting`` have none yet."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    refused: int = 0
    failed: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a source or a destination."""

    id: RunId
    kind: FlowKind
    flow_id: int
    flow_name: str
    trigger: Trigger
    status: RunStatus
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    waiting_for: str  # in words, while the status is waiting
    waiting_until: datetime | None
    cancel_asked: bool
    error: Trouble | None
    streams: tuple[StreamRun, ...] = ()
    rows: RowCounts | None = None  # of a destination
    own_requests: int = 0  # of a destination
    retry_of: int | None = None  # the run whose rows are tried again

    @property
    def requests(self) -> int:
        """How many requests it has made."""
        return self.own_requests + self.counts.requests

    @property
    def counts(self) -> Counts:
        """All streams together."""
        total = Counts()
        for stream in self.streams:
            total = total.plus(stream.counts)
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """A source as a person describes it, checked."""

    name: str
    credential_id: int
    streams: tuple[str, ...] | None = None
    manual: ManualRead | None = None
    dataset: str | None = None  # None: the name as a slug
    warehouse: WarehouseSpec = WarehouseSpec()
    deletions: Deletions = "mark"
    full_listing_every: timedelta = DEFAULT_FULL_LISTING
    schedule: Schedule | None = None
    hooks: bool = False


def outcome_of(streams: Mapping[str, StreamStatus]) -> RunStatus:
    """Return what a run came to whose streams ended like this."""
    ends: set[Any] = set(streams.values())
    if ends <= {StreamStatus.SUCCEEDED}:
        return RunStatus.SUCCEEDED
    return RunStatus.PARTLY_FAILED if StreamStatus.SUCCEEDED in ends else RunStatus.FAILED
