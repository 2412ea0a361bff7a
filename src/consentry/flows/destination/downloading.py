"""A run's rows as one CSV text, made piece by piece: memory stays flat however many rows there are."""

from collections.abc import AsyncIterator
from typing import Final

from consentry.flows.destination.export import write_heading, write_lines
from consentry.flows.destination.model import RowOutcome, RowResult
from consentry.flows.destination.runs import iterate_rows
from consentry.flows.room import Room

_BATCH: Final = 500


async def export_rows(room: Room, run_id: int, outcome: RowOutcome | None = None) -> AsyncIterator[str]:
    """Yield the rows with their outcomes; raise NotFound before the first piece.

    They are read twice: rows of one run needn't have the same columns, and the heading names all of them.
    """
    columns: dict[str, None] = {}
    async for row in iterate_rows(room, run_id, outcome):
        columns |= dict.fromkeys(row.values)
    names = tuple(columns)
    yield write_heading(names)
    batch: list[RowResult] = []
    async for row in iterate_rows(room, run_id, outcome):
        batch.append(row)
        if len(batch) == _BATCH:
            for piece in write_lines(names, batch):
                yield piece
            batch = []
    for piece in write_lines(names, batch):
        yield piece
