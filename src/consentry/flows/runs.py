"""Begin, look at, list and cancel runs, and queue those whose time has come."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry import credentials
from consentry.audit import CONSENTRY, Action, Actor, Outcome
from consentry.core.log import get_logger
from consentry.credentials import Status
from consentry.errors import Conflict, NotFound
from consentry.flows import flow, flow_store, store
from consentry.flows.hooks import hints
from consentry.flows.hooks import store as hooks_store
from consentry.flows.model import ENDED, FlowKind, Run, RunId, RunStatus, Source, Trigger
from consentry.flows.room import Room
from consentry.flows.schedule import next_after

LOOK_AGAIN_AFTER: Final = timedelta(minutes=5)
"""A run has the provider's list of hooks looked at, if that was longer ago than this."""
_BATCH: Final = 200

log = get_logger("flows.runs")


async def begin_run(room: Room, actor: Actor, source_id: int, trigger: Trigger = "hand") -> Run:
    """Queue a run; raise NotFound, or Conflict when one of the source hasn't ended."""
    async with room.database.transaction() as connection:
        source = await store.get(connection, source_id)
        run_id = await _queue(room, connection, actor, source, trigger)
        return await store.get_run(connection, run_id)


async def _queue(room: Room, connection: AsyncConnection, actor: Actor, source: Source, trigger: Trigger) -> RunId:
    run_id = await flow.queue_run(room, connection, source, trigger)
    if trigger != "hook":  # there can be thousands of those a day
        await room.trail.record(
            connection, actor, Action.SOURCE_RUN, Outcome.DONE, credential_id=source.credential_id, detail=source.name
        )
        await hooks_store.nudge_old(connection, source.credential_id, room.clock.now(), LOOK_AGAIN_AFTER)
    return run_id


async def queue_due(room: Room) -> int:
    """Queue a run of each source whose time has come, and say when it comes again; return how many were due."""
    now = room.clock.now()
    async with room.database.reading() as connection:
        due = await flow_store.list_due(connection, "source", now, _BATCH)
    for source_id in due:
        async with room.database.transaction() as connection:
            current = await store.get(connection, source_id)
            if not current.is_active or current.next_run_at is None or current.next_run_at > now:
                continue  # another node was faster, or somebody paused it
            if await store.open_trigger(connection, source_id) == "hook":
                continue  # it takes seconds, and a run that is planned must not be left out for it
            following = next_after(current.schedule, current.next_run_at, now)
            await flow_store.change(connection, "source", current.id, {"next_run_at": following})
            try:
                await _queue(room, connection, CONSENTRY, current, "schedule")
            except Conflict:
                log.info("a source is due while its last run goes on; this time is left out", source_id=source_id)
    return len(due)


async def queue_hinted(room: Room) -> int:
    """Queue a run of each source that hints wait for, unless one is under way; return how many had some."""
    now = room.clock.now()
    async with room.database.reading() as connection:
        due = await hints.list_due(connection, now, _BATCH)
    for source_id in due:
        source = await _find(room, source_id)
        if source is None:
            continue
        can_run = source.is_active and await _is_usable(room, source)
        async with room.database.transaction() as connection:
            if await store.open_trigger(connection, source_id) is not None:
                continue  # they wait for its end
            try:
                if can_run:
                    await _queue(room, connection, CONSENTRY, source, "hook")
            except Conflict:
                continue
            await hints.put_off(connection, source_id, now)
    return len(due)


async def _find(room: Room, source_id: int) -> Source | None:
    async with room.database.reading() as connection:
        try:
            return await store.get(connection, source_id)
        except NotFound:
            return None


async def _is_usable(room: Room, source: Source) -> bool:
    """Tell whether a run could begin; hints wait for consent, and don't make one failed run after the other."""
    credential = await credentials.get(room.credentials, source.credential_id)
    return credential.status in (Status.AUTHORIZED, Status.REFRESH_FAILING)


async def get_run(room: Room, run_id: int) -> Run:
    """Return a run; raise NotFound."""
    async with room.database.reading() as connection:
        return await store.get_run(connection, run_id)


async def list_runs(
    room: Room,
    *,
    kind: FlowKind | None = None,
    flow_id: int | None = None,
    status: str | None = None,
    page: int = 1,
    per_page: int = 50,
) -> tuple[list[Run], bool]:
    """Return a page of runs, newest first, and whether there are more."""
    async with room.database.reading() as connection:
        return await store.list_runs(
            connection, kind=kind, flow_id=flow_id, status=status, page=page, per_page=per_page
        )


async def cancel(room: Room, actor: Actor, run_id: int) -> Run:
    """Ask a run to end: at once when nobody works on it yet, else soon. Raises NotFound, or Conflict when it has."""
    now = room.clock.now()
    async with room.database.transaction() as connection:
        run = await store.get_run(connection, run_id)
        if run.status in ENDED:
            raise Conflict("This run has ended already.")
        changes: dict[str, Any] = {"cancel_asked": True}
        if run.status is RunStatus.QUEUED:
            changes |= {"status": RunStatus.CANCELLED, "finished_at": now}
        await store.change_run(connection, run_id, changes)
        await room.trail.record(connection, actor, Action.RUN_CANCEL, Outcome.DONE, detail=run.flow_name)
        return await store.get_run(connection, run_id)


async def has_work(room: Room) -> bool:
    """Tell whether there is a run that nobody works on."""
    async with room.database.reading() as connection:
        return bool(await store.list_free(connection, 1))
