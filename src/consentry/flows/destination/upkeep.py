"""What is done for destinations every minute: old rows and uploads are let go of, and rows are counted."""

from datetime import timedelta
from typing import Final

from consentry.flows.destination import row_listing, store
from consentry.flows.destination.model import RowOutcome
from consentry.flows.destination.uploads import remove_old_uploads
from consentry.flows.room import Room

ROWS_KEPT: Final = timedelta(days=30)
"""So long after its end a run's rows can be looked at and tried again; its counts stay."""
_RUNS_AT_ONCE: Final = 20
_ROWS_AT_ONCE: Final = 5_000


async def forget_old_rows(room: Room) -> int:
    """Let go of the rows of runs that ended long ago, some in each transaction; return how many runs were looked at."""
    now = room.clock.now()
    async with room.database.reading() as connection:
        old = await row_listing.list_forgettable(connection, now - ROWS_KEPT, _RUNS_AT_ONCE)
    for run_id in old:
        async with room.database.transaction() as connection:
            await row_listing.forget_some(connection, run_id, _ROWS_AT_ONCE, now)
    return len(old)


async def forget_old_uploads(room: Room) -> int:
    """Let go of uploads that nobody used for long and no destination names."""
    async with room.database.reading() as connection:
        named = await store.list_uploads_named(connection)
    return await remove_old_uploads(room, named)


async def count_rows(room: Room) -> None:
    """Show the rows of all runs by outcome, whichever process worked on them."""
    async with room.database.reading() as connection:
        counted = await row_listing.count_all(connection)
    for outcome in RowOutcome:
        room.credentials.measures.rows.labels(outcome.value).set(counted.get(outcome.value, 0))
