"""Sources and runs of the rooms, as a desk shows them."""

from dataclasses import asdict

from consentry.desk.flow_contract import (
    HookEventView,
    ManualView,
    RunView,
    ScheduleView,
    SourceView,
    StreamRunView,
    TotalsView,
    TroubleView,
    WarehouseView,
)
from consentry.flows import (
    Hook,
    ManualRead,
    RowCounts,
    Run,
    Schedule,
    Source,
    StreamRun,
    Trouble,
    WarehouseSpec,
    write_length,
)


def show_source(source: Source) -> SourceView:
    """Return a source as everybody may see it."""
    return SourceView(
        id=source.id,
        name=source.name,
        connector=source.connector,
        credential_id=source.credential_id,
        credential_name=source.credential_name,
        streams="all" if source.streams is None else source.streams,
        manual=_manual(source.manual),
        dataset=source.dataset,
        warehouse=_warehouse(source.warehouse),
        deletions=source.deletions,
        full_listing_every=write_length(source.full_listing_every),
        schedule=show_schedule(source.schedule),
        is_active=source.is_active,
        next_run_at=source.next_run_at,
        created_by=source.created_by,
        created_at=source.created_at,
        updated_at=source.updated_at,
        last_run=show_run(source.last_run) if source.last_run else None,
        hooks=source.hooks,
        hook_events=tuple(_event(each) for each in source.events),
    )


def _event(hook: Hook) -> HookEventView:
    return HookEventView(
        event=hook.event,
        stream=hook.stream,
        state=hook.state.value,
        reason=hook.reason,
        subscribed_at=hook.subscribed_at,
        last_delivery_at=hook.last_delivery_at,
        deliveries=hook.deliveries,
    )


def show_run(run: Run) -> RunView:
    """Return a run with its streams, or its rows counted."""
    return RunView(
        id=run.id,
        kind=run.kind,
        flow_id=run.flow_id,
        flow_name=run.flow_name,
        trigger=run.trigger,
        status=run.status.value,
        queued_at=run.queued_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        waiting_for=run.waiting_for,
        waiting_until=run.waiting_until,
        cancel_asked=run.cancel_asked,
        requests=run.requests,
        error=show_trouble(run.error),
        streams=tuple(_stream(each) for each in run.streams),
        rows=show_totals(run.rows) if run.rows else TotalsView(),
        retry_of=run.retry_of,
    )


def show_totals(rows: RowCounts) -> TotalsView:
    """Return rows counted by outcome."""
    return TotalsView(**asdict(rows))


def show_trouble(trouble: Trouble | None) -> TroubleView | None:
    """Return what went wrong."""
    return TroubleView(code=trouble.code, message=trouble.message, hint=trouble.hint) if trouble else None


def _stream(stream: StreamRun) -> StreamRunView:
    return StreamRunView(
        name=stream.name,
        status=stream.status.value,
        **asdict(stream.counts),
        expected=stream.expected,
        new_columns=stream.new_columns,
        error=show_trouble(stream.error),
    )


def _warehouse(spec: WarehouseSpec) -> WarehouseView:
    return WarehouseView(type=spec.kind, path=spec.path, url=spec.url)


def show_schedule(schedule: Schedule | None) -> ScheduleView | None:
    """Return when a flow runs by itself."""
    if schedule is None:
        return None
    return ScheduleView(
        every=write_length(schedule.every) if schedule.every else None,
        daily_at=schedule.daily_at,
        cron=schedule.cron,
        after_source=schedule.after_source,
        timezone=schedule.timezone,
    )


def _manual(manual: ManualRead | None) -> ManualView | None:
    if manual is None:
        return None
    return ManualView(
        path=manual.path,
        parameters=dict(manual.parameters),
        records_path=manual.records_path,
        paging=manual.paging,
    )
