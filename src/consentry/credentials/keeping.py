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
from consentry.errors import ConsentryError, KeyMissing, SealBroken, StorageBroken, StorageBusy

_GIVE_UP_SECONDS: Final = 3600.0
_LONGEST_PAUSE: Final = 1.0  # shorter than others leave a lease alone that ran out while the database was away
_SPOOL_AFTER_SECONDS: Final = 0.5
T = TypeVar("T")

log = get_logger("credentials.keeping")


class Spooled(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a spooled file: the reply, and the journal entry that it belongs to."""

    entry: JournalEntry
    reply: str

    def __repr__(self) -> str:
        return "Spooled([hidden])"


async def keep(room: Room, entry: JournalEntry, issued: Issued) -> None:
    """Make a reply durable before anything else can fail; where the database is slow to take it, on disk meanwhile."""
    reply = journal.pack(issued)

    async def once() -> None:
        async with room.database.transaction() as connection:
            await journal.put_reply(connection, room.vault, entry, reply, room.clock.now())

    writing = asyncio.create_task(insist(once), name="keeping a token reply")
    done, _ = await asyncio.wait({writing}, timeout=_SPOOL_AFTER_SECONDS)
    is_spooled = (not done or writing.exception() is not None) and _spool(room, entry, reply)
    await writing
    if is_spooled:
        room.spool.remove(_name(entry))


def _spool(room: Room, entry: JournalEntry, reply: Secret) -> bool:
    """Put the reply on this node's disk; False when the disk won't take it either."""
    text = msgspec.json.encode(Spooled(entry=entry, reply=reply.reveal())).decode()
    try:
        room.spool.put(_name(entry), Secret(text))
    except (OSError, ConsentryError) as error:
        log.error("neither database nor disk takes a token reply; it stays in memory", reason=str(error))
        return False
    log.warning("the database is away; a token reply waits on this node's disk", entry=entry.id)
    return True


def find_spooled(room: Room, entry: JournalEntry) -> Issued | None:
    """Return the reply to a request whose process had no time to bring it from this node's disk to the database."""
    spooled = _open(room, _name(entry)) if _name(entry) in room.spool.list_names() else None
    return journal.unpack(Secret(spooled.reply)) if spooled else None


async def pick_up(room: Room) -> int:
    """Hand what waits on this node's disk over to the journal; return how much it was.

    A file that can't be opened stays where it is, and holds up none of the others.
    """
    picked = 0
    for name in room.spool.list_names():
        spooled = _open(room, name)
        if spooled is None:
            continue
        async with room.database.transaction() as connection:
            await journal.put_reply(connection, room.vault, spooled.entry, Secret(spooled.reply), room.clock.now())
        room.spool.remove(name)
        picked += 1
    return picked


def _open(room: Room, name: str) -> Spooled | None:
    try:
        return msgspec.json.decode(room.spool.open(name).reveal(), type=Spooled)
    except FileNotFoundError:
        return None  # another process of this home was faster
    except (SealBroken, KeyMissing, msgspec.DecodeError, OSError) as error:
        log.error("a reply on this node's disk can't be opened", file=name, reason=type(error).__name__)
        return None


async def insist(work: Callable[[], Awaitable[T]]) -> T:
    """Do a piece of database work, and do it again while the database is away; it must bear being repeated.

    A keyset that lags behind a rotation counts as away too: what was to be sealed would be lost otherwise.
    """
    loop = asyncio.get_running_loop()
    ends, tries = loop.time() + _GIVE_UP_SECONDS, 0
    while True:
        try:
            return await work()
        except (StorageBusy, StorageBroken, KeyMissing) as error:
            if loop.time() > ends:
                raise
            log.warning("the database is away; trying again", reason=error.message, tries=tries + 1)
            await asyncio.sleep(min(0.1 * 2 ** min(tries, 10), _LONGEST_PAUSE))
            tries += 1


def _name(entry: JournalEntry) -> str:
    return f"{entry.id}-{entry.credential_id}-{entry.kind}"
