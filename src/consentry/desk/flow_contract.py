"""What a desk does with sources and runs, and the values it answers with: the REST API's, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from consentry.flows import ENDED, Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """When a source or destination runs by itself; one of the first four is given."""

    every: str | None = None  # such as 15m or 2h
    daily_at: str | None = None
    cron: str | None = None
    after_source: int | None = None  # only destinations follow a source
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseView:
    """Where a dataset lives, without what its address keeps secret."""

    type: str = "duckdb"
    path: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualView:
    """A list of the provider's API that was described by hand."""

    path: str
    parameters: dict[str, str] = field(default_factory=dict)
    records_path: str = ""
    paging: str = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleView:
    """What went wrong, and what to do about it."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRunView:
    """One stream of a run."""

    name: str
    status: str = "pending"
    read: int = 0
    new: int = 0
    changed: int = 0
    deleted: int = 0
    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    expected: int | None = None
    new_columns: tuple[str, ...] = ()
    error: TroubleView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsView:
    """The rows of a destination's run by outcome; all zero for a source."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    failed: int = 0
    deleted: int = 0
    waiting: int = 0  # without an outcome yet

    @property
    def written(self) -> int:
        """How many rows made a difference."""
        return self.created + self.changed + self.deleted

    @property
    def bad(self) -> int:
        """How many rows are to be mended or tried again."""
        return self.refused + self.failed

    @property
    def done(self) -> int:
        """How many rows have their outcome."""
        return self.written + self.unchanged + self.bad


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One execution of a source or destination, with its counts and its outcome."""

    id: int
    kind: str = "source"
    flow_id: int
    flow_name: str = ""
    trigger: str = ""
    status: str
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    waiting_for: str = ""
    waiting_until: datetime | None = None
    cancel_asked: bool = False
    requests: int = 0
    error: TroubleView | None = None
    streams: tuple[StreamRunView, ...] = ()  # of a source
    rows: TotalsView = field(default_factory=TotalsView)  # of a destination
    retry_of: int | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen in it."""
        return self.status in ENDED

    @property
    def succeeded(self) -> bool:
        """Whether every stream, or every row, came through."""
        return self.status == "succeeded"

    @property
    def counts(self) -> Counts:
        """All streams together."""
        total = Counts()
        for each in self.streams:
            total = total.plus(
                Counts(
                    read=each.read,
                    new=each.new,
                    changed=each.changed,
                    deleted=each.deleted,
                    requests=each.requests,
                    bytes=each.bytes,
                    seconds=each.seconds,
                )
            )
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class HookEventView:
    """One event that the provider tells a source of, or why it doesn't."""

    event: str
    stream: str = ""
    state: str
    reason: str = ""
    subscribed_at: datetime | None = None
    last_delivery_at: datetime | None = None
    deliveries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """A source as everybody may see it."""

    id: int
    name: str
    connector: str
    credential_id: int
    credential_name: str = ""
    streams: tuple[str, ...] | str = "all"
    manual: ManualView | None = None
    dataset: str
    warehouse: WarehouseView = field(default_factory=WarehouseView)
    deletions: str = "mark"
    full_listing_every: str = ""
    schedule: ScheduleView | None = None
    is_active: bool = True
    next_run_at: datetime | None = None
    created_by: str = ""
    created_at: datetime
    updated_at: datetime
    last_run: RunView | None = None
    hooks: bool = False
    hook_events: tuple[HookEventView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleView:
    """The first records of one stream, or why there are none."""

    stream: str
    records: tuple[dict[str, Any], ...] = ()
    error: TroubleView | None = None


class Flows(Protocol):
    """What a desk does with sources and runs. ``which`` is a name or an id."""

    async def list_sources(self) -> list[SourceView]:
        """Return every source."""

    async def get_source(self, which: str | int) -> SourceView:
        """Return one source with its last run; raise NotFound, or Conflict when the name fits two."""

    async def create_source(self, fields: Mapping[str, Any]) -> SourceView:
        """Add a source, described as the REST API has it; raise InvalidInput for what it doesn't take."""

    async def test_source(self, source_id: int) -> list[SampleView]:
        """Ask the provider now for the first records of each stream."""

    async def set_active(self, source_id: int, *, active: bool) -> SourceView:
        """Let a source run by its schedule, or only by hand."""

    async def delete_source(self, source_id: int) -> None:
        """Delete a source; its dataset stays."""

    async def run_source(self, source_id: int, *, detached: bool = False) -> int:
        """Begin a run, and see to it that somebody works on it; raise Conflict while one is going on.

        ``detached``: it goes on when this process ends.
        """

    async def list_runs(
        self, *, source_id: int | None = None, destination_id: int | None = None, status: str | None, limit: int
    ) -> list[RunView]:
        """Return the newest runs that fit, newest first."""

    async def get_run(self, run_id: int) -> RunView:
        """Return one run with its streams, or its rows counted."""

    async def cancel_run(self, run_id: int) -> RunView:
        """Ask a run to end."""
