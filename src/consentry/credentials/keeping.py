"""A reply that reached us is kept, whatever happens to the database: in the journal, meanwhile on this node's disk."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from consentry.core.log import get_logger
from consentry.core.secret import Secret
from consentry.credentials import journal
from consentry.credentials.journal import Issued, JournalEntry
from consentry.credentials.room import Room
from consentry.errors import KeyMissing, PassingError, SealBroken, StorageBroken

_TRIES_AT_MOST: Final = 120
_LONGEST_PAUSE: Final = 30.0
_SPOOL_AFTER_SECONDS: Final = 0.5
T = TypeVar("T")

log = get_logger("credentials.keeping")


class Spooled(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a spooled file: the reply, and the journal entry that it belongs to."""

    entry: JournalEntry
    reply: str


async def keep(room: Room, entry: JournalEntry, issued: Issued) -> None:
    """Make a reply durable before anything else can fail; where the database is slow to take it, on disk meanwhile."""
    reply = journal.pack(issued)

    async def once() -> None:
        async with room.database.transaction() as connection:
            await journal.put_reply(connection, room.vault, entry, reply, room.clock.now())

    writing = asyncio.create_task(insist(once), name="keeping a token reply")
    done, _ = await asyncio.wait({writing}, timeout=_SPOOL_AFTER_SECONDS)
    is_spooled = not done and _spool(room, entry, reply)
    await writing
    if is_spooled:
        room.spool.remove(_name(entry))


def _spool(room: Room, entry: JournalEntry, reply: Secret) -> bool:
    """Put the reply on this node's disk; False when the disk won't take it either."""
    text = msgspec.json.encode(Spooled(entry=entry, reply=reply.reveal())).decode()
    try:
        room.spool.put(_name(entry), Secret(text))
    except OSError as error:
        log.error("neither database nor disk takes a token reply; it stays in memory", reason=str(error))
        return False
    log.warning("the database is away; a token reply waits on this node's disk", entry=entry.id)
    return True


async def pick_up(room: Room) -> int:
    """Hand what waits on this node's disk over to the journal; return how much it was.

    A file that can't be opened stays where it is, and holds up none of the others.
    """
    picked = 0
    for name in room.spool.list_names():
        try:
            spooled = msgspec.json.decode(room.spool.open(name).reveal(), type=Spooled)
        except (SealBroken, KeyMissing, msgspec.DecodeError) as error:
            log.error("a reply on this node's disk can't be opened", file=name, reason=type(error).__name__)
            continue
        async with room.database.transaction() as connection:
            await journal.put_reply(connection, room.vault, spooled.entry, Secret(spooled.reply), room.clock.now())
        room.spool.remove(name)
        picked += 1
    return picked


async def insist(work: Callable[[], Awaitable[T]]) -> T:
    """Do a piece of database work, and do it again while the database is away; it must bear being repeated."""
    for tries in range(_TRIES_AT_MOST):
        try:
            return await work()
        except (PassingError, StorageBroken) as error:
            if tries == _TRIES_AT_MOST - 1:
                raise
            log.warning("the database is away; trying again", reason=error.message, tries=tries + 1)
            await asyncio.sleep(min(0.1 * 2**tries, _LONGEST_PAUSE))
    raise AssertionError("unreachable")


def _name(entry: JournalEntry) -> str:
    return f"{entry.id}-{entry.credential_id}-{entry.kind}"
