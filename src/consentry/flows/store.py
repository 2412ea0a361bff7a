"""Sources and runs in the database: their only SQL, but for flow_store.py and the totals in history.py."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.process import is_surely_dead
from consentry.errors import Conflict, NotFound
from consentry.flows import flow_store
from consentry.flows.columns import decode_schedule, decode_trouble, encode, encode_schedule, encode_trouble
from consentry.flows.hooks import store as hooks_store
from consentry.flows.hooks.model import Hook, HookState
from consentry.flows.model import (
    Counts,
    FlowKind,
    ManualRead,
    NewSource,
    RowCounts,
    RowOutcome,
    Run,
    RunId,
    RunStatus,
    Source,
    SourceId,
    StreamRun,
    StreamStatus,
    WarehouseSpec,
)
from consentry.storage import database_now
from consentry.storage.tables import destination_runs, run_streams, runs, sources

LEASE_SECONDS: Final = 15.0
_COUNTED: Final = ("read", "new", "changed", "deleted", "requests", "bytes", "seconds")


# --- sources


def columns_of(new: NewSource, *, dataset: str, place: str, url: str | None) -> dict[str, Any]:
    """Return the columns that a described source fills."""
    return {
        "name": new.name,
        "name_key": new.name.casefold(),
        "streams": None if new.streams is None else encode(new.streams),
        "manual": None if new.manual is None else encode(asdict(new.manual)),
        "dataset": dataset,
        "warehouse_kind": new.warehouse.kind,
        "warehouse_path": new.warehouse.path,
        "warehouse_url": url,
        "warehouse_key": place,
        "deletions": new.deletions,
        "full_listing_seconds": int(new.full_listing_every.total_seconds()),
        "schedule": encode_schedule(new.schedule),
        "hooks": new.hooks,
    }


async def get(connection: AsyncConnection, source_id: int) -> Source:
    """Return a source with its last run; raise NotFound."""
    return (await _with_last_runs(connection, [await flow_store.get(connection, "source", source_id)]))[0]


async def warehouse_version(connection: AsyncConnection, source_id: int) -> int:
    """Return the version of the sealed address of a source's warehouse; 0 when there is none."""
    query = select(sources.c.warehouse_version).where(sources.c.id == source_id)
    return int((await connection.execute(query)).scalar_one_or_none() or 0)


async def list_page(
    connection: AsyncConnection, *, name: str | None, credential_id: int | None, page: int, per_page: int
) -> tuple[list[Source], bool]:
    """Return a page of sources by name, and whether there are more."""
    rows, more = await flow_store.list_page(
        connection, "source", name=name, credential_id=credential_id, page=page, per_page=per_page
    )
    return await _with_last_runs(connection, rows), more


async def list_of_credential(connection: AsyncConnection, credential_id: int) -> list[Source]:
    """Return every source that uses a credential."""
    query = flow_store.WITH_CREDENTIAL["source"].where(sources.c.credential_id == credential_id).order_by(sources.c.id)
    return [_source(row, None) for row in (await connection.execute(query)).all()]


# --- runs


async def add_run(connection: AsyncConnection, values: dict[str, Any]) -> RunId:
    """Insert a run; raise Conflict when one of its flow hasn't ended.

    Its fence begins above every fence of the flow's earlier runs, also of those that a restored backup forgot: the
    warehouse compares them across runs.
    """
    earlier = select(func.max(runs.c.lease_fence)).where(
        runs.c.kind == values["kind"], runs.c.flow_id == values["flow_id"]
    )
    last = (await connection.execute(earlier)).scalar() or 0
    fence = max(last, int(values["queued_at"].timestamp() * 1000))
    try:
        async with connection.begin_nested():
            found = await connection.execute(insert(runs).values(values | {"lease_fence": fence}).returning(runs.c.id))
    except IntegrityError as error:
        raise Conflict("A run of it is under way already.", hint="Wait until it has ended, or cancel it.") from error
    return RunId(found.scalar_one())


async def open_trigger(connection: AsyncConnection, flow_id: int) -> str | None:
    """Return what began the run of a source that hasn't ended, if there is one."""
    open_run = select(runs.c.trigger).where(runs.c.kind == "source", runs.c.flow_id == flow_id)
    return (await connection.execute(open_run.where(runs.c.finished_at.is_(None)))).scalar_one_or_none()


async def get_run(connection: AsyncConnection, run_id: int) -> Run:
    """Return a run with its streams; raise NotFound."""
    row = (await connection.execute(select(runs).where(runs.c.id == run_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such run.")
    return (await _with_streams(connection, [row]))[0]


async def list_runs(
    connection: AsyncConnection,
    *,
    kind: FlowKind | None,
    flow_id: int | None,
    status: str | None,
    page: int,
    per_page: int,
) -> tuple[list[Run], bool]:
    """Return a page of runs, newest first, and whether there are more."""
    query = select(runs).order_by(runs.c.id.desc())
    if kind is not None:
        query = query.where(runs.c.kind == kind)
    if flow_id is not None:
        query = query.where(runs.c.flow_id == flow_id)
    if status is not None:
        query = query.where(runs.c.status == status)
    rows = (await connection.execute(query.limit(per_page + 1).offset((page - 1) * per_page))).all()
    return await _with_streams(connection, rows[:per_page]), len(rows) > per_page


async def change_run(connection: AsyncConnection, run_id: int, values: dict[str, Any]) -> None:
    """Change columns of a run, whoever holds it."""
    await connection.execute(update(runs).where(runs.c.id == run_id).values(values))


async def change_held(connection: AsyncConnection, run_id: int, fence: int, values: dict[str, Any]) -> bool:
    """Change columns of a run if its lease is still at this fence; tell whether it was."""
    query = update(runs).where(runs.c.id == run_id, runs.c.lease_fence == fence, runs.c.finished_at.is_(None))
    return (await connection.execute(query.values(values))).rowcount == 1


async def list_free(connection: AsyncConnection, limit: int, only: int | None = None) -> list[tuple[RunId, int]]:
    """Return runs that nobody works on, with the fences they stand at: queued, given back, run out or orphaned."""
    ran_out = (runs.c.lease_until < database_now()).label("ran_out")
    query = select(runs.c.id, runs.c.lease_fence, runs.c.lease_owner, runs.c.lease_until, ran_out)
    query = query.where(runs.c.finished_at.is_(None)).order_by(runs.c.id).limit(1000)
    if only is not None:
        query = query.where(runs.c.id == only)
    rows = (await connection.execute(query)).all()
    free = [row for row in rows if row.lease_until is None or row.ran_out or is_surely_dead(row.lease_owner or "")]
    return [(RunId(row.id), row.lease_fence) for row in free[:limit]]


async def take_run(connection: AsyncConnection, run_id: int, fence: int, owner: str, now: datetime) -> bool:
    """Take the lease of a run that stands at this fence; tell whether it was had."""
    values = {
        "lease_owner": owner,
        "lease_fence": fence + 1,
        "lease_until": database_now() + LEASE_SECONDS,
        "status": RunStatus.RUNNING,
        "waiting_for": "",
        "waiting_until": None,
    }
    taken = await change_held(connection, run_id, fence, values)
    started = update(runs).where(runs.c.id == run_id, runs.c.started_at.is_(None)).values(started_at=now)
    if taken:
        await connection.execute(started)
    return taken


async def renew(connection: AsyncConnection, run_id: int, fence: int) -> bool | None:
    """Prolong the lease; tell whether cancelling was asked for, or None when the lease is lost."""
    query = update(runs).where(runs.c.id == run_id, runs.c.lease_fence == fence, runs.c.finished_at.is_(None))
    renewed = query.values(lease_until=database_now() + LEASE_SECONDS).returning(runs.c.cancel_asked)
    asked = (await connection.execute(renewed)).scalar_one_or_none()
    return None if asked is None else bool(asked)


async def is_cancel_asked(connection: AsyncConnection, run_id: int, fence: int) -> bool | None:
    """Tell whether cancelling was asked for, or None when the lease is lost."""
    query = select(runs.c.cancel_asked).where(runs.c.id == run_id, runs.c.lease_fence == fence)
    asked = (await connection.execute(query.where(runs.c.finished_at.is_(None)))).scalar_one_or_none()
    return None if asked is None else bool(asked)


async def write_streams(connection: AsyncConnection, run_id: int, streams: Sequence[tuple[int, StreamRun]]) -> None:
    """Write how streams of a run are doing, each with its place in the run."""
    rows = [_stream_columns(run_id, position, stream) for position, stream in streams]
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(run_streams)
    names = [name for name in rows[0] if name not in ("run_id", "name")]
    query = fresh.on_conflict_do_update(
        index_elements=["run_id", "name"], set_={name: fresh.excluded[name] for name in names}
    )
    await connection.execute(query, rows)


async def last_reads(connection: AsyncConnection, flow_id: int) -> dict[str, int]:
    """Return how many records each stream of the last run that ended well has read."""
    ended = select(runs.c.id).where(runs.c.kind == "source", runs.c.flow_id == flow_id, runs.c.trigger != "hook")
    good = ended.where(runs.c.status.in_((RunStatus.SUCCEEDED, RunStatus.PARTLY_FAILED)))
    newest = (await connection.execute(good.order_by(runs.c.id.desc()).limit(1))).scalar_one_or_none()
    if newest is None:
        return {}
    found = select(run_streams.c.name, run_streams.c.read).where(run_streams.c.run_id == newest)
    return {name: read for name, read in (await connection.execute(found)).all()}


# --- rows become values


async def _with_last_runs(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Source]:
    """Join sources with their hooks, and with their last runs: a look-up each, on an index."""
    events = await hooks_store.list_of_sources(connection, [row.id for row in rows])
    return [_source(row, await find_last_run(connection, "source", row.id), tuple(events[row.id])) for row in rows]


async def find_last_run(connection: AsyncConnection, kind: FlowKind, flow_id: int) -> Run | None:
    """Return the newest run of a flow, if it has one."""
    newest = select(runs).where(runs.c.kind == kind, runs.c.flow_id == flow_id).order_by(runs.c.id.desc())
    last = (await connection.execute(newest.limit(1))).all()
    return (await _with_streams(connection, last))[0] if last else None


async def _with_streams(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Run]:
    ids = [row.id for row in rows]
    if not ids:
        return []
    query = select(run_streams).where(run_streams.c.run_id.in_(ids)).order_by(run_streams.c.position)
    streams: dict[int, list[StreamRun]] = {}
    for row in (await connection.execute(query)).all():
        streams.setdefault(row.run_id, []).append(_stream(row))
    counted = await _row_counts(connection, [row.id for row in rows if row.kind == "destination"])
    return [replace(run_of(row, tuple(streams.get(row.id, ()))), **counted.get(row.id, {})) for row in rows]


async def _row_counts(connection: AsyncConnection, run_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what runs of destinations have beyond other runs."""
    if not run_ids:
        return {}
    query = select(destination_runs).where(destination_runs.c.run_id.in_(run_ids))
    return {row.run_id: _of_rows(row) for row in (await connection.execute(query)).all()}


def _of_rows(row: Row[Any]) -> dict[str, Any]:
    ended = {outcome.value: getattr(row, outcome.value) for outcome in RowOutcome}
    counts = RowCounts(**ended, waiting=max(0, row.total - sum(ended.values())))
    return {"rows": counts, "own_requests": row.requests, "retry_of": row.retry_of}


def _source(row: Row[Any], last_run: Run | None, events: tuple[Hook, ...] = ()) -> Source:
    return Source(
        id=SourceId(row.id),
        name=row.name,
        connector=row.connector,
        credential_id=row.credential_id,
        credential_name=row.credential_name,
        streams=None if row.streams is None else tuple(msgspec.json.decode(row.streams)),
        manual=None if row.manual is None else ManualRead(**msgspec.json.decode(row.manual)),
        dataset=row.dataset,
        warehouse=WarehouseSpec(kind=row.warehouse_kind, path=row.warehouse_path, url=row.warehouse_url),
        deletions=row.deletions,
        full_listing_every=timedelta(seconds=row.full_listing_seconds),
        schedule=None if row.schedule is None else decode_schedule(row.schedule),
        is_active=row.is_active,
        next_run_at=row.next_run_at,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_run=last_run,
        hooks=row.hooks,
        events=tuple(hook for hook in events if hook.state is not HookState.LEAVING),
    )


def run_of(row: Row[Any], streams: tuple[StreamRun, ...]) -> Run:
    """Return a row of runs as a value."""
    return Run(
        id=RunId(row.id),
        kind=row.kind,
        flow_id=row.flow_id,
        flow_name=row.flow_name,
        trigger=row.trigger,
        status=RunStatus(row.status),
        queued_at=row.queued_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        waiting_for=row.waiting_for,
        waiting_until=row.waiting_until,
        cancel_asked=row.cancel_asked,
        error=decode_trouble(row.error),
        streams=streams,
    )


def _stream(row: Row[Any]) -> StreamRun:
    return StreamRun(
        name=row.name,
        status=StreamStatus(row.status),
        counts=Counts(**{name: getattr(row, name) for name in _COUNTED}),
        expected=row.expected,
        new_columns=tuple(msgspec.json.decode(row.new_columns)),
        error=decode_trouble(row.error),
    )


def _stream_columns(run_id: int, position: int, stream: StreamRun) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "name": stream.name,
        "position": position,
        "status": stream.status.value,
        **{name: getattr(stream.counts, name) for name in _COUNTED},
        "expected": stream.expected,
        "new_columns": encode(stream.new_columns),
        "error": encode_trouble(stream.error),
    }
