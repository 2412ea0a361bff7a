"""A look at rows for who maps them: their columns, what these seem to hold, and the first rows."""

from typing import Final

from consentry.flows.destination.model import RowsSpec
from consentry.flows.destination.origin import open_rows
from consentry.flows.destination.raw import Column, Columns, RawRow, guess
from consentry.flows.room import Room

SHOWN: Final = 20
_GUESSED_BY: Final = 100


async def look_at_rows(room: Room, rows: RowsSpec, limit: int = SHOWN) -> Columns:
    """Return the columns and the first rows. Raises what ``open_rows`` does."""
    wanted = max(limit, _GUESSED_BY)
    found: list[RawRow] = []
    async with open_rows(room, rows, limit=wanted) as origin:
        async for batch in origin.batches():
            found += batch
            if len(found) >= wanted:
                break
    sound = [row for row in found[:wanted] if row.fault is None]
    names = origin.about.columns or tuple(dict.fromkeys(name for row in sound for name in row.values))
    columns = (Column(name=name, guess=guess([row.values.get(name) for row in sound])) for name in names)
    return Columns(columns=tuple(columns), rows=tuple(found[:limit]), about=origin.about)
