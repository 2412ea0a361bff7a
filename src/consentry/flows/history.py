"""The last runs of many sources at once, each with its totals: for lists, where every stream would be too much."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, func, select

from consentry.flows.model import Counts, Run, StreamRun
from consentry.flows.room import Room
from consentry.flows.store import run_of
from consentry.storage.tables import run_streams, runs

TOGETHER: Final = "together"
"""The name of the one stream that stands for all of them."""
_COUNTED: Final = ("read", "new", "changed", "deleted", "requests", "bytes")


async def list_recent(room: Room, source_ids: Iterable[int], each: int) -> dict[int, list[Run]]:
    """Return the last runs of each source, newest first, with their streams put together into one."""
    ids = list(source_ids)
    found: dict[int, list[Run]] = {source_id: [] for source_id in ids}
    if not ids:
        return found
    async with room.database.reading() as connection:
        for row in (await connection.execute(_recent(ids, each))).all():
            found[row.flow_id].append(run_of(row, (StreamRun(name=TOGETHER, counts=_totals(row)),)))
    return found


def _totals(row: Row[Any]) -> Counts:
    whole = {name: int(getattr(row, f"total_{name}") or 0) for name in _COUNTED}  # PostgreSQL adds up to decimals
    return Counts(**whole, seconds=row.total_seconds or 0.0)


def _recent(ids: list[int], each: int) -> Select[Any]:
    place = func.row_number().over(partition_by=runs.c.flow_id, order_by=runs.c.id.desc()).label("place")
    placed = select(runs.c.id, place).where(runs.c.kind == "source", runs.c.flow_id.in_(ids)).subquery()
    last = select(placed.c.id).where(placed.c.place <= each)
    totals = (
        select(run_streams.c.run_id, *(_total(name) for name in (*_COUNTED, "seconds")))
        .where(run_streams.c.run_id.in_(last))
        .group_by(run_streams.c.run_id)
        .subquery()
    )
    columns = [column for column in totals.c if column.name != "run_id"]
    joined = select(*runs.c, *columns).outerjoin(totals, totals.c.run_id == runs.c.id)
    return joined.where(runs.c.id.in_(last)).order_by(runs.c.id.desc())


def _total(name: str) -> ColumnElement[Any]:
    return func.sum(run_streams.c[name]).label(f"total_{name}")
