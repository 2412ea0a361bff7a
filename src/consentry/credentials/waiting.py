"""What is still to be done: token requests in the journal, withdrawals at the provider, replies on this node's disk."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from consentry.credentials.room import Room
from consentry.storage.tables import journal, revocations


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How much waits, and since when the oldest of it."""

    journal: int
    journal_since: datetime | None
    revocations: int
    revocations_since: datetime | None
    spooled: int


async def find_waiting(room: Room) -> Waiting:
    """Return what upkeep has yet to do."""
    async with room.database.reading() as connection:
        entries = (await connection.execute(select(func.count(), func.min(journal.c.sent_at)))).one()
        tokens = (await connection.execute(select(func.count(), func.min(revocations.c.created_at)))).one()
    return Waiting(
        journal=entries[0],
        journal_since=entries[1],
        revocations=tokens[0],
        revocations_since=tokens[1],
        spooled=len(room.spool.list_names()),
    )
