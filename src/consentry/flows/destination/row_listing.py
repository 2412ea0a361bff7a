"""Rows of destinations' runs as people look at them, try them again, and let go of them: SQL of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.errors import FieldError
from consentry.flows.destination.model import RowOutcome, RowResult
from consentry.flows.destination.row_store import decode_changes, parts_of
from consentry.flows.model import ENDED
from consentry.storage.tables import destination_runs, run_rows, runs

_RETRYABLE: Final = run_rows.c.outcome.in_((RowOutcome.REFUSED, RowOutcome.FAILED)) | run_rows.c.outcome.is_(None)


def _all_of(run_id: int, outcome: RowOutcome | None) -> Select[Any]:
    query = select(run_rows).where(run_rows.c.run_id == run_id)
    return query if outcome is None else query.where(run_rows.c.outcome == outcome)


async def list_page(
    connection: AsyncConnection, run_id: int, *, outcome: RowOutcome | None, page: int, per_page: int
) -> tuple[list[RowResult], bool]:
    """Return a page of a run's rows in order, and whether there are more."""
    query = _all_of(run_id, outcome).order_by(run_rows.c.number)
    rows = (await connection.execute(query.limit(per_page + 1).offset((page - 1) * per_page))).all()
    return [_result(row) for row in rows[:per_page]], len(rows) > per_page


async def list_after(
    connection: AsyncConnection, run_id: int, *, outcome: RowOutcome | None, after: int, limit: int
) -> list[RowResult]:
    """Return the next rows of a run after one of them."""
    query = _all_of(run_id, outcome).where(run_rows.c.number > after).order_by(run_rows.c.number).limit(limit)
    return [_result(row) for row in (await connection.execute(query)).all()]


async def list_to_retry(connection: AsyncConnection, run_id: int, after: int, limit: int) -> list[RowResult]:
    """Return the next rows of a run that were refused, failed, or never came to their turn."""
    query = select(run_rows).where(run_rows.c.run_id == run_id, _RETRYABLE, run_rows.c.number > after)
    rows = (await connection.execute(query.order_by(run_rows.c.number).limit(limit))).all()
    return [_result(row) for row in rows]


async def find_retryable(connection: AsyncConnection, run_id: int, numbers: Sequence[int]) -> set[int]:
    """Return which of these rows of a run can be tried again."""
    found: set[int] = set()
    for part in parts_of(list(numbers)):
        these = run_rows.c.number.in_(part)
        query = select(run_rows.c.number).where(run_rows.c.run_id == run_id, these, _RETRYABLE)
        found.update((await connection.execute(query)).scalars())
    return found


def _result(row: Row[Any]) -> RowResult:
    return RowResult(
        row=row.number,
        key=row.key,
        outcome=None if row.outcome is None else RowOutcome(row.outcome),
        record_id=row.record_id,
        changes=decode_changes(row.changes),
        errors=() if row.errors is None else tuple(FieldError(**each) for each in msgspec.json.decode(row.errors)),
        values=msgspec.json.decode(row.given),
    )


async def list_forgettable(connection: AsyncConnection, ended_before: datetime, limit: int) -> list[int]:
    """Return runs of destinations that ended so long ago that their rows can go."""
    query = (
        select(destination_runs.c.run_id)
        .join(runs, runs.c.id == destination_runs.c.run_id)
        .where(
            destination_runs.c.forgotten_at.is_(None),
            runs.c.finished_at < ended_before,
            runs.c.status.in_([status.value for status in ENDED]),
        )
    )
    return list((await connection.execute(query.order_by(destination_runs.c.run_id).limit(limit))).scalars())


async def forget_some(connection: AsyncConnection, run_id: int, most: int, now: datetime) -> bool:
    """Delete some of a run's rows; tell whether they were the last."""
    some = select(run_rows.c.number).where(run_rows.c.run_id == run_id).limit(most).scalar_subquery()
    gone = await connection.execute(delete(run_rows).where(run_rows.c.run_id == run_id, run_rows.c.number.in_(some)))
    if gone.rowcount >= most:
        return False
    values = {"forgotten_at": now}
    await connection.execute(update(destination_runs).where(destination_runs.c.run_id == run_id).values(values))
    return True


async def count_all(connection: AsyncConnection) -> dict[str, int]:
    """Return the rows of all runs, by outcome."""
    names = [outcome.value for outcome in RowOutcome]
    sums = [func.coalesce(func.sum(destination_runs.c[name]), 0).label(name) for name in names]
    row = (await connection.execute(select(*sums))).one()
    return {name: int(getattr(row, name)) for name in names}
