"""The fenced lease: one holder a credential, across threads, processes and nodes, measured by the database's clock.

The fence grows with every holder. Whoever lost the lease can't commit any more, because commits name their fence.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import false, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.log import get_logger
from consentry.core.process import is_surely_dead
from consentry.credentials.room import Room
from consentry.errors import LeaseTaken, PassingError
from consentry.storage import Database
from consentry.storage.tables import credentials

LEASE_SECONDS: Final = 15.0
"""How long a lease lasts without being renewed: after a crash, others wait no longer than this."""
_RENEW_SECONDS: Final = LEASE_SECONDS / 3
_LOOK_SECONDS: Final = 0.02
_LOOK_AT_MOST_SECONDS: Final = 0.25

RETURNED: Final[dict[str, None]] = {"lease_until": None, "lease_owner": None}
"""What a credential's columns are when nobody holds its lease."""

log = get_logger("credentials.lease")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to change one credential's grant, as long as nobody holds a higher fence."""

    credential_id: int
    owner: str
    fence: int


async def take(
    connection: AsyncConnection, database: Database, credential_id: int, owner: str, *, dead: str | None = None
) -> Lease | None:
    """Take the lease in this transaction if it is free, or held by a process that is known to have died."""
    free = or_(
        credentials.c.lease_until.is_(None),
        credentials.c.lease_until < database.now(),
        credentials.c.lease_owner == dead if dead else false(),
    )
    query = (
        update(credentials)
        .where(credentials.c.id == credential_id, free)
        .values(
            lease_owner=owner,
            lease_fence=credentials.c.lease_fence + 1,
            lease_until=database.now() + LEASE_SECONDS,
        )
        .returning(credentials.c.lease_fence)
    )
    fence = (await connection.execute(query)).scalar_one_or_none()
    return None if fence is None else Lease(credential_id=credential_id, owner=owner, fence=fence)


async def give_back(connection: AsyncConnection, lease: Lease) -> None:
    """Free the lease in this transaction, if it is still ours."""
    mine = (credentials.c.id == lease.credential_id) & (credentials.c.lease_fence == lease.fence)
    await connection.execute(update(credentials).where(mine).values(RETURNED))


async def wait_until_free(room: Room, credential_id: int, patience: float) -> str | None:
    """Look, without writing, until the lease seems free; raise LeaseTaken when patience ends first.

    Returns the name of the holder when it is free only because its process has died.
    """
    left = select(credentials.c.lease_owner, (credentials.c.lease_until - room.database.now()).label("seconds")).where(
        credentials.c.id == credential_id
    )
    ends = asyncio.get_running_loop().time() + patience
    pause = _LOOK_SECONDS * (0.5 + room.randomness.fraction())
    while True:
        async with room.database.reading() as connection:
            row = (await connection.execute(left)).one_or_none()
        if row is None or row.seconds is None or row.seconds <= 0:
            return None
        if is_surely_dead(row.lease_owner or ""):
            return str(row.lease_owner)
        if asyncio.get_running_loop().time() + pause > ends:
            raise LeaseTaken("Another process is refreshing this credential right now.", retry_after=5.0)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LOOK_AT_MOST_SECONDS)


class Keeper:
    """Knows whether the lease was given back already, in the transaction that ended the work."""

    def __init__(self) -> None:
        self.is_returned = False


@asynccontextmanager
async def kept(room: Room, lease: Lease) -> AsyncIterator[Keeper]:
    """Renew a lease for as long as the work takes, and give it back at the end."""
    renewal = asyncio.create_task(_renew(room.database, lease), name=f"lease of credential {lease.credential_id}")
    keeper = Keeper()
    try:
        yield keeper
    finally:
        renewal.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewal
        if not keeper.is_returned:
            with contextlib.suppress(PassingError):  # then it runs out by itself
                async with room.database.transaction() as connection:
                    await give_back(connection, lease)


async def _renew(database: Database, lease: Lease) -> None:
    mine = (credentials.c.id == lease.credential_id) & (credentials.c.lease_fence == lease.fence)
    query = update(credentials).where(mine).values(lease_until=database.now() + LEASE_SECONDS)
    while True:
        await asyncio.sleep(_RENEW_SECONDS)
        try:
            async with database.transaction() as connection:
                if (await connection.execute(query)).rowcount == 0:
                    log.warning("lost the lease to a later holder", credential_id=lease.credential_id)
                    return
        except PassingError as error:
            log.warning("could not renew a lease", credential_id=lease.credential_id, reason=error.message)
