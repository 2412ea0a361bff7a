"""Hints wait here until a run reads the records that they name. Only ids are kept, and only so many of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.log import get_logger
from consentry.flows.hooks.model import EVERYTHING, Hint
from consentry.flows.model import RunStatus, StreamStatus
from consentry.storage.tables import hook_hints, hook_queues, run_streams, runs

COLLECT: Final = timedelta(seconds=2)
"""So long the hints of a burst are collected before a run reads them."""
MOST: Final = 1_000
"""With more hints than this waiting for one source, all changes are read instead; single records cost more then."""
KEPT_RUNS: Final = 100
"""So many runs by hooks a source keeps; there can be thousands of them a day."""
GIVE_UP: Final = 10
_TOGETHER: Final = 200
_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_GOOD: Final = (RunStatus.SUCCEEDED, RunStatus.PARTLY_FAILED)

log = get_logger("flows.hooks")


async def put(
    connection: AsyncConnection, source_id: int, stream: str, records: Collection[str], now: datetime
) -> None:
    """Remember records that may have changed; no records at all means everything."""
    await _open_queue(connection, source_id, now)
    if EVERYTHING in await _streams_with_hints(connection, source_id):
        stream, records = EVERYTHING, ()
    await _tell(connection, source_id, stream if records else EVERYTHING, records or [""])
    count = select(func.count()).select_from(hook_hints).where(hook_hints.c.source_id == source_id)
    if records and (await connection.execute(count)).scalar_one() > MOST:
        await connection.execute(delete(hook_hints).where(hook_hints.c.source_id == source_id))
        await _tell(connection, source_id, EVERYTHING, [""])


async def _open_queue(connection: AsyncConnection, source_id: int, now: datetime) -> None:
    """Have a run begin soon, and lock the queue until the transaction ends: hints come and go one after the other."""
    fresh = _insert(connection)(hook_queues).values(source_id=source_id, next_at=now + COLLECT)
    soon = {"next_at": func.coalesce(hook_queues.c.next_at, now + COLLECT)}
    await connection.execute(fresh.on_conflict_do_update(index_elements=["source_id"], set_=soon))


async def _streams_with_hints(connection: AsyncConnection, source_id: int) -> set[str]:
    query = select(hook_hints.c.stream).where(hook_hints.c.source_id == source_id).distinct()
    return set((await connection.execute(query)).scalars())


async def _tell(connection: AsyncConnection, source_id: int, stream: str, records: Collection[str]) -> None:
    rows = [{"source_id": source_id, "stream": stream, "record": record} for record in dict.fromkeys(records)]
    again = {"told": hook_hints.c.told + 1}
    query = _insert(connection)(hook_hints).on_conflict_do_update(
        index_elements=["source_id", "stream", "record"], set_=again
    )
    await connection.execute(query, rows)


def _insert(connection: AsyncConnection) -> "type[postgresql.Insert] | type[sqlite.Insert]":
    return postgresql.Insert if connection.dialect.name == "postgresql" else sqlite.Insert


async def list_due(connection: AsyncConnection, now: datetime, limit: int) -> list[int]:
    """Return the sources whose hints are to be read."""
    query = select(hook_queues.c.source_id).where(hook_queues.c.next_at <= now).order_by(hook_queues.c.next_at)
    return list((await connection.execute(query.limit(limit))).scalars())


async def put_off(connection: AsyncConnection, source_id: int, now: datetime) -> bool:
    """Look at a source's hints again in a minute, unless its run ends before; tell whether they were due."""
    query = update(hook_queues).where(hook_queues.c.source_id == source_id, hook_queues.c.next_at <= now)
    return (await connection.execute(query.values(next_at=now + _FIRST_PAUSE))).rowcount == 1


async def take(connection: AsyncConnection, source_id: int) -> tuple[Hint, ...]:
    """Return what a run is to read: everything if that was told, else the records that were."""
    query = select(hook_hints.c.stream, hook_hints.c.record, hook_hints.c.told)
    rows = (await connection.execute(query.where(hook_hints.c.source_id == source_id))).all()
    hints = tuple(Hint(stream=row.stream, record=row.record, told=row.told) for row in rows)
    return tuple(hint for hint in hints if hint.stream == EVERYTHING) or hints


async def settle(
    connection: AsyncConnection, run_id: int, source_id: int, taken: Sequence[Hint], status: RunStatus, now: datetime
) -> None:
    """Forget what a run has read, but for what was told again meanwhile, and say when the rest is read."""
    lock = select(hook_queues.c.failures).where(hook_queues.c.source_id == source_id).with_for_update()
    failures = (await connection.execute(lock)).scalar_one_or_none()
    if failures is None:
        return  # the source is gone
    ends = await _ends(connection, run_id) if status in _GOOD else {}
    done = [hint for hint in taken if status in _GOOD and ends.get(hint.stream) != StreamStatus.FAILED]
    await _forget(connection, source_id, done)
    is_left = bool(await _streams_with_hints(connection, source_id))
    has_failed = len(done) < len(taken) or status not in _GOOD
    if has_failed and failures + 1 >= GIVE_UP:
        log.warning("hints could not be read, and are left to the next run", source_id=source_id)
        await drop(connection, source_id)
    elif has_failed:
        pause = min(_FIRST_PAUSE * 2**failures, _LONGEST_PAUSE)
        await _set(connection, source_id, next_at=now + pause, failures=failures + 1)
    else:
        await _set(connection, source_id, next_at=now + COLLECT if is_left else None, failures=0)
    await _prune_runs(connection, source_id)


async def drop(connection: AsyncConnection, source_id: int) -> None:
    """Forget every hint of a source."""
    await connection.execute(delete(hook_hints).where(hook_hints.c.source_id == source_id))
    await _set(connection, source_id, next_at=None, failures=0)


async def _set(connection: AsyncConnection, source_id: int, *, next_at: datetime | None, failures: int) -> None:
    query = update(hook_queues).where(hook_queues.c.source_id == source_id)
    await connection.execute(query.values(next_at=next_at, failures=failures))


async def _ends(connection: AsyncConnection, run_id: int) -> Mapping[str, str]:
    query = select(run_streams.c.name, run_streams.c.status).where(run_streams.c.run_id == run_id)
    return {name: status for name, status in (await connection.execute(query)).all()}


async def _forget(connection: AsyncConnection, source_id: int, done: Sequence[Hint]) -> None:
    columns = hook_hints.c
    for start in range(0, len(done), _TOGETHER):
        these = [
            and_(columns.stream == hint.stream, columns.record == hint.record, columns.told == hint.told)
            for hint in done[start : start + _TOGETHER]
        ]
        await connection.execute(delete(hook_hints).where(columns.source_id == source_id, or_(*these)))


async def _prune_runs(connection: AsyncConnection, source_id: int) -> None:
    own = and_(runs.c.kind == "source", runs.c.flow_id == source_id, runs.c.trigger == "hook")
    oldest = select(runs.c.id).where(own).order_by(runs.c.id.desc()).offset(KEPT_RUNS).limit(1)
    bound = (await connection.execute(oldest)).scalar_one_or_none()
    if bound is not None:
        await connection.execute(delete(runs).where(own, runs.c.id <= bound, runs.c.finished_at.is_not(None)))
