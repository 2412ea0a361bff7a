"""What earlier holders of a lease left in the journal is put in use, or cleared away, before anything new begins."""

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.log import get_logger
from consentry.credentials import adopt, journal, keeping, store
from consentry.credentials.journal import Issued, JournalEntry
from consentry.credentials.lease import Lease
from consentry.credentials.room import Room
from consentry.errors import SealBroken

log = get_logger("credentials.settling")


async def settle(room: Room, connection: AsyncConnection, held: Lease) -> bool:
    """Under the lease: put kept replies in use, and clear requests that died.

    Tells whether a request with the refresh token that is now in use went unanswered. Requests of consents are left
    alone: they don't need the lease, and end by themselves.
    """
    unanswered: set[tuple[int | None, int | None]] = set()
    for entry in await journal.list_of(connection, held.credential_id):
        if entry.kind == "exchange":
            continue
        issued = await find_reply(room, connection, entry)
        if issued is not None:
            await adopt.adopt_refresh(room, connection, entry, issued, held, also={})
        else:
            await journal.close_entry(connection, room.vault, entry.id)
            unanswered.add((entry.grant_id, entry.grant_version))
    if not unanswered:
        return False
    grant = (await store.get_standing(connection, held.credential_id)).grant
    return grant is not None and (grant.id, grant.version) in unanswered


async def find_reply(room: Room, connection: AsyncConnection, entry: JournalEntry) -> Issued | None:
    """Return the reply to a request, from the journal or from this node's disk; None when there is none to be read."""
    if entry.state != "replied":
        return keeping.find_spooled(room, entry)
    try:
        return await journal.open_reply(connection, room.vault, entry.id)
    except SealBroken:
        log.error("a kept reply can't be opened; it is given up", credential_id=entry.credential_id)
        return None
