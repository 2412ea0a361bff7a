"""What is done when nobody asks: settle what a crash left, refresh ahead of time, withdraw tokens, tidy up.

Each chore is a function of its own, so that one that fails holds up none of the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, TypeVar

from consentry.audit import Actor
from consentry.core.log import get_logger
from consentry.credentials import adopt, authorize, journal, keeping, lease, pending, revocations, store
from consentry.credentials.journal import JournalEntry
from consentry.credentials.model import CredentialId, Grant, Status
from consentry.credentials.need import Need
from consentry.credentials.refresh import refresh
from consentry.credentials.room import Room
from consentry.credentials.settling import find_reply, settle
from consentry.errors import ConsentryError, LeaseTaken, NotFound
from consentry.storage import prune

AT_ONCE: Final = 16
"""Refreshes that one process has under way at the same time."""
BATCH: Final = 400
"""The most that a chore does in one go; one that returned as many has probably more to do."""

log = get_logger("credentials.upkeep")

T = TypeVar("T")
Chore = Callable[[Room], Awaitable[int | None]]


async def pick_up_spool(room: Room) -> int:
    """Hand replies that waited on this node's disk over to the journal."""
    return await keeping.pick_up(room)


async def settle_journal(room: Room) -> int:
    """Finish what processes that died have left in the journal; return how much it was."""
    async with room.database.reading() as connection:
        left = await journal.list_left_behind(connection, BATCH)
        moot = await journal.list_moot(connection, BATCH)
    settled = await _do_all(room, left, lambda entry: entry.credential_id, _settle)
    if moot:
        async with room.database.transaction() as connection:
            for number in moot:
                await journal.close_entry(connection, room.vault, number)
    return settled


async def _settle(room: Room, entry: JournalEntry) -> None:
    await (_settle_consent(room, entry) if entry.kind == "exchange" else _settle_refresh(room, entry))


async def _settle_consent(room: Room, entry: JournalEntry) -> None:
    """Commit a consent whose reply was kept; end one whose reply never reached us."""
    async with room.database.transaction() as connection:
        number = entry.authorization_id or 0
        issued = await find_reply(room, connection, entry)
        if issued is None:
            await journal.close_entry(connection, room.vault, entry.id)
            await authorize.end_interrupted(room, connection, number)
            return
        name = await pending.find_actor(connection, number)
    log.info("finishing a consent that was interrupted", credential_id=entry.credential_id)
    await authorize.commit(room, entry, issued, Actor(name=name or "consentry"))


async def _settle_refresh(room: Room, entry: JournalEntry) -> None:
    """Put a kept reply in use; ask once more where none came, and the refresh token may have been spent."""
    async with room.database.reading() as connection:
        try:
            standing = await store.get_standing(connection, entry.credential_id)
        except NotFound:
            standing = None
        has_reply = await find_reply(room, connection, entry) is not None
    if standing is None:
        await _settle_orphan(room, entry)
    elif has_reply or standing.status not in store.REFRESHED:
        await _settle_under_lease(room, entry.credential_id)
    else:
        need = Need(newer_than=(entry.grant_id or 0, entry.grant_version or 0))
        await _fly(room, standing.id, need)


async def _settle_under_lease(room: Room, credential_id: int) -> None:
    vacancy = await lease.wait_until_free(room, credential_id, patience=0)
    async with room.database.transaction() as connection:
        taken = await lease.take(connection, credential_id, room.owner, vacancy)
        if taken is not None:
            was_lost = await settle(room, connection, taken)
            await lease.give_back(connection, taken)
            if was_lost:
                await store.change(connection, credential_id, {"refresh_at": room.clock.now()})


async def _settle_orphan(room: Room, entry: JournalEntry) -> None:
    """The credential was deleted meanwhile: a reply that still arrived is withdrawn."""
    async with room.database.transaction() as connection:
        issued = await find_reply(room, connection, entry)
        if issued is not None:
            await adopt.withdraw_orphan(room, connection, entry, issued)
        await journal.close_entry(connection, room.vault, entry.id)


async def _fly(room: Room, credential_id: int, need: Need) -> None:
    """Refresh as the one that callers of this process may join; LeaseTaken when another process is at it."""
    await asyncio.shield(room.flights.begin(credential_id, lambda: refresh(room, credential_id, need, patience=0)))


async def refresh_due(room: Room) -> int:
    """Refresh the grants whose time has come, also those that nobody uses; return how many were looked at here."""
    async with room.database.reading() as connection:
        due = await store.list_due(connection, room.clock.now(), BATCH)
    return await _do_all(room, due, lambda credential_id: credential_id, _refresh_one)


async def _do_all(
    room: Room, many: Sequence[T], name: Callable[[T], int], work: Callable[[Room, T], Awaitable[None]]
) -> int:
    """Do the same for many credentials, some at once; return how many weren't somebody else's at this moment.

    One that fails is logged, and holds up none of the others.
    """
    gate = asyncio.Semaphore(AT_ONCE)
    elsewhere = 0

    async def one(each: T) -> None:
        nonlocal elsewhere
        async with gate:
            try:
                await work(room, each)
            except LeaseTaken:  # another process is at it
                elsewhere += 1
            except ConsentryError as error:
                log.warning("put off", credential_id=name(each), problem=error.code, reason=error.message)

    async with asyncio.TaskGroup() as group:
        for each in many:
            group.create_task(one(each))
    return len(many) - elsewhere


async def _refresh_one(room: Room, credential_id: CredentialId) -> None:
    """Refresh one grant; what goes wrong is written on the credential, so here it is only logged."""
    if room.flights.find(credential_id) is not None:
        return
    try:
        await _fly(room, credential_id, Need(due=True))
    except LeaseTaken:
        raise
    except ConsentryError as error:
        log.warning("a refresh failed", credential_id=credential_id, problem=error.code, reason=error.message)
        await _look_later(room, credential_id)


async def _look_later(room: Room, credential_id: CredentialId) -> None:
    """Put off a credential that failed without a word about it, so that it isn't looked at every second."""
    async with room.database.transaction() as connection:
        try:
            credential = await store.get_standing(connection, credential_id)
        except NotFound:
            return
        now = room.clock.now()
        if credential.refresh_at is None or credential.refresh_at > now:
            return
        changes: dict[str, object] = {"refresh_at": now + timedelta(minutes=5)}
        if credential.grant is not None and not credential.grant.has_refresh_token:
            changes = _without_refresh_token(room, credential.grant)
        await store.change(connection, credential_id, changes)


def _without_refresh_token(room: Room, grant: Grant) -> dict[str, object]:
    now = room.clock.now()
    if grant.expires_at > now:
        return {"refresh_at": grant.expires_at}
    return {
        "refresh_at": None,
        "status": Status.REAUTHORIZATION_REQUIRED,
        "status_code": "no_refresh_token",
        "status_reason": "The access token has expired, and the provider gave no refresh token.",
        "status_since": now,
    }


async def withdraw_due(room: Room) -> int:
    """Withdraw tokens at the provider whose turn it is."""
    return await revocations.carry_out_due(room)


async def write_uses(room: Room) -> None:
    """Write down when tokens were last handed out, and the counts of the trail."""
    used = {number: room.tokens.used.pop(number) for number in list(room.tokens.used)}
    if used:
        async with room.database.transaction() as connection:
            await store.write_used(connection, used)
    await room.uses.flush()


async def tidy(room: Room) -> None:
    """End authorizations whose time is over, and drop what nobody will ask for any more."""
    now = room.clock.now()
    async with room.database.transaction() as connection:
        for number in await pending.list_stale(connection, now):
            await authorize.end_interrupted(room, connection, number)
        await pending.prune(connection, now)
    await prune(room.database)


async def count_statuses(room: Room) -> None:
    """Tell the measures how many credentials there are in each status."""
    async with room.database.reading() as connection:
        counted = await store.count_by_status(connection)
    for status in Status:
        room.measures.credentials.labels(status.value).set(counted.get(status.value, 0))


EVERY_SECOND: Final[tuple[Chore, ...]] = (pick_up_spool, settle_journal, refresh_due, withdraw_due)
EVERY_MINUTE: Final[tuple[Chore, ...]] = (write_uses, tidy, count_statuses)
