"""What the API shows of sources and runs; the password of a warehouse has no field here. Rows are in row_views.py."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from consentry import flows
from consentry.api.fields import View


class ScheduleView(View):
    """When a source or destination runs by itself."""

    every: str | None = Field(description="Such as 15m, 2h or 1d.")
    daily_at: str | None
    cron: str | None
    after_source: int | None = Field(description="After each run of this source; only destinations follow one.")
    timezone: str


class ManualView(View):
    """A list of the provider's API that was described by hand."""

    path: str
    parameters: dict[str, str]
    records_path: str
    paging: Literal["link", "none"]


class WarehouseView(View):
    """Where a dataset lives."""

    type: flows.WarehouseKind
    path: str | None
    url: str | None = Field(description="Without its password, and without parameters that may be secret.")


class TroubleView(View):
    """What went wrong, and in the hint whose move it is."""

    code: str
    message: str
    hint: str


class StreamRunView(View):
    """One stream of a run."""

    name: str
    status: flows.StreamStatus
    read: int = Field(description="Records that came, repeated ones included.")
    new: int
    changed: int
    deleted: int
    requests: int
    bytes: int
    seconds: float
    expected: int | None = Field(description="Records that the last run read, for a progress bar.")
    new_columns: list[str]
    error: TroubleView | None


class TotalsView(View):
    """The rows of a destination's run by outcome; all zero for a source."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = Field(default=0, description="To be mended: the errors of each row say what is wrong.")
    failed: int = Field(default=0, description="Nobody could find out, or the provider failed for too long.")
    deleted: int = 0
    waiting: int = Field(default=0, description="Without an outcome yet.")


class RunView(View):
    """One execution of a source or destination."""

    id: int
    kind: Literal["source", "destination"]
    flow_id: int
    flow_name: str
    trigger: Literal["hand", "schedule", "hook"]
    status: flows.RunStatus
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    waiting_for: str
    waiting_until: datetime | None
    cancel_asked: bool
    requests: int
    error: TroubleView | None
    streams: list[StreamRunView] = Field(description="Of a source.")
    rows: TotalsView = Field(description="Of a destination.")
    retry_of: int | None = Field(description="The run whose refused and failed rows are tried again.")


class HookEventView(View):
    """One event that the provider tells a source of, or why it doesn't."""

    event: str
    stream: str
    state: flows.HookState
    reason: str = Field(description="Why it isn't subscribed, in words; else empty.")
    subscribed_at: datetime | None
    last_delivery_at: datetime | None
    deliveries: int


class SourceView(View):
    """A source, with its last run."""

    id: int
    name: str
    connector: str
    credential_id: int
    credential_name: str
    streams: list[str] | Literal["all"]
    manual: ManualView | None
    dataset: str
    warehouse: WarehouseView
    deletions: Literal["mark", "remove"]
    full_listing_every: str
    schedule: ScheduleView | None
    is_active: bool
    next_run_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    last_run: RunView | None
    hooks: bool = Field(description="Whether the provider is asked to tell of changes as they happen.")
    hook_events: list[HookEventView]


class BegunView(View):
    """The run that was queued."""

    run_id: int


class SampleView(View):
    """The first records of one stream, or why there are none."""

    stream: str
    records: list[dict[str, Any]]
    error: TroubleView | None


def show_source(source: flows.Source) -> SourceView:
    """Return a source as it is shown."""
    same = "id name connector credential_id credential_name dataset deletions is_active next_run_at created_by hooks"
    return SourceView(
        **{name: getattr(source, name) for name in same.split()},
        created_at=source.created_at,
        updated_at=source.updated_at,
        streams="all" if source.streams is None else list(source.streams),
        manual=None if source.manual is None else ManualView.model_validate(source.manual),
        warehouse=WarehouseView(type=source.warehouse.kind, path=source.warehouse.path, url=source.warehouse.url),
        full_listing_every=flows.write_length(source.full_listing_every),
        schedule=None if source.schedule is None else show_schedule(source.schedule),
        last_run=None if source.last_run is None else show_run(source.last_run),
        hook_events=[HookEventView.model_validate(hook) for hook in source.events],
    )


def show_run(run: flows.Run) -> RunView:
    """Return a run as it is shown."""
    same = "id kind flow_id flow_name trigger status queued_at started_at finished_at waiting_for waiting_until"
    return RunView(
        **{name: getattr(run, name) for name in same.split()},
        cancel_asked=run.cancel_asked,
        requests=run.requests,
        error=show_trouble(run.error),
        streams=[_stream(stream) for stream in run.streams],
        rows=show_totals(run.rows) if run.rows else TotalsView(),
        retry_of=run.retry_of,
    )


def show_totals(rows: flows.RowCounts) -> TotalsView:
    """Return rows by outcome as they are shown."""
    return TotalsView.model_validate(rows)


def show_trouble(trouble: flows.Trouble | None) -> TroubleView | None:
    """Return what went wrong as it is shown."""
    return None if trouble is None else TroubleView.model_validate(trouble)


def show_schedule(schedule: flows.Schedule) -> ScheduleView:
    """Return when a flow runs by itself as it is shown."""
    return ScheduleView(
        every=flows.write_length(schedule.every) if schedule.every else None,
        daily_at=schedule.daily_at,
        cron=schedule.cron,
        after_source=schedule.after_source,
        timezone=schedule.timezone,
    )


def _stream(stream: flows.StreamRun) -> StreamRunView:
    counted = "read new changed deleted requests bytes seconds"
    return StreamRunView(
        name=stream.name,
        status=stream.status,
        **{name: getattr(stream.counts, name) for name in counted.split()},
        expected=stream.expected,
        new_columns=list(stream.new_columns),
        error=show_trouble(stream.error),
    )
