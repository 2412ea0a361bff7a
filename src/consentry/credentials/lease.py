"""The fenced lease: one holder a credential, across threads, processes and nodes, measured by the database's clock.

The fence grows with every holder. Whoever lost the lease can't commit any more, because commits name their fence;
and whoever slept too long to be sure of it asks before a token is spent.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, bindparam, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningUpdate

from consentry.core.log import get_logger
from consentry.core.process import is_surely_dead
from consentry.credentials.room import Room
from consentry.errors import LeaseTaken, StorageBroken, StorageBusy
from consentry.storage import Database, database_now
from consentry.storage.tables import credentials

LEASE_SECONDS: Final = 15.0
"""How long a lease lasts without being renewed."""
SILENCE_SECONDS: Final = 3.0
"""How long a lease that ran out is left alone, unless its holder is known to have died.

The database may have been away: then the holder has a reply in hand, and brings it within a second.
"""
_RENEW_SECONDS: Final = LEASE_SECONDS / 3
_SURE_SECONDS: Final = LEASE_SECONDS / 2
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
    taken_at: float  # steady seconds, from before it was taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacancy:
    """A lease whose holder has died, or has been silent for longer than a lease lasts."""

    fence: int
    is_dead: bool


async def take(
    connection: AsyncConnection, credential_id: int, owner: str, vacancy: Vacancy | None = None
) -> Lease | None:
    """Take the lease in this transaction if nobody has it, or if the vacancy that was seen still stands."""
    began = _steady()
    statement = _TAKE_FREE if vacancy is None else _take_vacant(vacancy)
    fence = (await connection.execute(statement, {"this": credential_id, "mine": owner})).scalar_one_or_none()
    if fence is None:
        return None
    return Lease(credential_id=credential_id, owner=owner, fence=fence, taken_at=began)


_TAKE: Final = (
    update(credentials)
    .where(credentials.c.id == bindparam("this"))
    .values(
        lease_owner=bindparam("mine"),
        lease_fence=credentials.c.lease_fence + 1,
        lease_until=database_now() + LEASE_SECONDS,
    )
    .returning(credentials.c.lease_fence)
)
_TAKE_FREE: Final = _TAKE.where(credentials.c.lease_until.is_(None))


def _take_vacant(vacancy: Vacancy) -> ReturningUpdate[tuple[int]]:
    ran_out = true() if vacancy.is_dead else credentials.c.lease_until < database_now()
    vacated = and_(credentials.c.lease_fence == vacancy.fence, ran_out)
    return _TAKE.where(or_(credentials.c.lease_until.is_(None), vacated))


async def give_back(connection: AsyncConnection, lease: Lease) -> None:
    """Free the lease in this transaction, if it is still ours."""
    await connection.execute(update(credentials).where(_is(lease)).values(RETURNED))


async def wait_until_free(room: Room, credential_id: int, patience: float) -> Vacancy | None:
    """Look, without writing, until the lease seems free; raise LeaseTaken when patience with its holder ends first.

    Returns the vacancy when it is free only because its holder has died or fell silent.
    """
    columns = credentials.c
    look = select(
        columns.lease_owner, columns.lease_fence, (columns.lease_until - database_now()).label("seconds")
    ).where(columns.id == credential_id)
    ends = _steady() + patience
    pause = _LOOK_SECONDS * (0.5 + room.randomness.fraction())
    silent: tuple[int, float] | None = None  # the fence that ran out, and since when we know it
    while True:
        async with room.database.reading() as connection:
            row = (await connection.execute(look)).one_or_none()
        if row is None or row.seconds is None:
            return None
        if is_surely_dead(row.lease_owner or ""):
            return Vacancy(fence=row.lease_fence, is_dead=True)
        if row.seconds > 0:
            silent = None
            if _steady() + pause > ends:
                raise LeaseTaken("Another process is refreshing this credential right now.", retry_after=5.0)
        elif silent is None or silent[0] != row.lease_fence:
            silent = row.lease_fence, _steady()
        elif _steady() - silent[1] >= SILENCE_SECONDS:
            return Vacancy(fence=row.lease_fence, is_dead=False)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LOOK_AT_MOST_SECONDS)


class Keeper:
    """Knows how sure it is that a lease is still ours, and whether it was given back in the work's last transaction."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self.is_returned = False
        self._database = database
        self._lease = lease
        self._renewed_at = lease.taken_at

    async def confirm(self) -> None:
        """Make sure, at the cost of a write if need be, that the lease is ours; raise LeaseTaken when it no longer is.

        A process that was stopped or starved for a while must not spend a token that a later holder has spent already.
        """
        if _steady() - self._renewed_at > _SURE_SECONDS and not await self.renew():
            raise LeaseTaken("A later holder is refreshing this credential.", retry_after=1.0)

    async def renew(self) -> bool:
        """Prolong the lease; False when a later holder has it."""
        began = _steady()
        query = update(credentials).where(_is(self._lease))
        async with self._database.transaction() as connection:
            renewed = await connection.execute(query.values(lease_until=database_now() + LEASE_SECONDS))
        if renewed.rowcount == 0:
            return False
        self._renewed_at = began
        return True


@asynccontextmanager
async def kept(room: Room, lease: Lease) -> AsyncIterator[Keeper]:
    """Renew a lease for as long as the work takes, and give it back at the end."""
    keeper = Keeper(room.database, lease)
    renewal = asyncio.create_task(_renew(keeper, lease), name=f"lease of credential {lease.credential_id}")
    try:
        yield keeper
    finally:
        renewal.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewal
        if not keeper.is_returned:
            with contextlib.suppress(StorageBusy, StorageBroken):  # then it runs out by itself
                async with room.database.transaction() as connection:
                    await give_back(connection, lease)


async def _renew(keeper: Keeper, lease: Lease) -> None:
    """Prolong the lease again and again; while the database is away, look often enough to be back before others."""
    pause = _RENEW_SECONDS
    while True:
        await asyncio.sleep(pause)
        try:
            if not await keeper.renew():
                log.warning("lost the lease to a later holder", credential_id=lease.credential_id)
                return
            pause = _RENEW_SECONDS
        except (StorageBusy, StorageBroken) as error:
            pause = SILENCE_SECONDS / 3
            log.warning("could not renew a lease", credential_id=lease.credential_id, reason=error.message)


def _is(lease: Lease) -> Any:
    return (credentials.c.id == lease.credential_id) & (credentials.c.lease_fence == lease.fence)


def _steady() -> float:
    return asyncio.get_running_loop().time()
