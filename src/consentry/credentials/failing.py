"""What is written down when a refresh fails. Before a grant is given up, it is looked for a newer one."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit import CONSENTRY, Action, Outcome
from consentry.credentials import adopt, clients, journal, keeping, lease, store
from consentry.credentials.lease import Keeper
from consentry.credentials.model import IssuedToken, Standing, Status
from consentry.credentials.need import Ready, issued_token
from consentry.credentials.room import Room
from consentry.credentials.settling import settle
from consentry.credentials.verdict import LostAnswer, Verdict, judge
from consentry.errors import (
    AuthorizationRequired,
    ConsentryError,
    LeaseTaken,
    NotFound,
    ReauthorizationRequired,
    SealBroken,
)
from consentry.oauth import GrantRefused
from consentry.outbound import backoff


async def fail(room: Room, ready: Ready, keeper: Keeper, error: ConsentryError) -> IssuedToken:
    """Write down what a failure means, and raise it; or return the token of a newer grant that is there after all."""
    if ready.entry.kind == "secret_trial":
        await _end_trial(room, ready, keeper, error)
        raise error
    verdict = judge(error, answer_was_lost=ready.answer_was_lost)

    async def once() -> IssuedToken | None:
        async with room.database.transaction() as connection:
            return await _write_failure(room, connection, ready, verdict)

    try:
        newer = await keeping.insist(once)
    except NotFound:
        await withdraw_entry(room, ready)
        raise
    keeper.is_returned = True
    if newer is not None:
        return newer
    if verdict.status is Status.REAUTHORIZATION_REQUIRED:
        raise ReauthorizationRequired(verdict.reason) from error
    raise error


async def withdraw_entry(room: Room, ready: Ready) -> None:
    """Take back the intent of a request that never left, or whose credential was deleted meanwhile."""

    async def once() -> None:
        async with room.database.transaction() as connection:
            await journal.close_entry(connection, room.vault, ready.entry.id)

    await keeping.insist(once)


async def _write_failure(room: Room, connection: AsyncConnection, ready: Ready, verdict: Verdict) -> IssuedToken | None:
    if (await store.get_standing_locked(connection, ready.credential.id)).lease_fence != ready.lease.fence:
        raise LeaseTaken("A later holder is refreshing this credential.", retry_after=1.0)
    if not verdict.is_lost:
        await journal.close_entry(connection, room.vault, ready.entry.id)
        await settle(room, connection, ready.lease)  # a late holder's reply may be waiting
    else:
        await journal.mark_unanswered(connection, ready.entry.id, for_good=True)
    credential = await store.get_standing(connection, ready.credential.id)
    await lease.give_back(connection, ready.lease)
    grant = credential.grant
    if grant is None:
        raise AuthorizationRequired
    if (grant.id, grant.version) != (ready.grant.id, ready.grant.version):
        newer = adopt.token_ref(grant.id, "access_token", grant.version)
        return issued_token(grant, await room.vault.open(connection, newer))
    await write_verdict(room, connection, credential, verdict)
    return None


async def write_verdict(room: Room, connection: AsyncConnection, credential: Standing, verdict: Verdict) -> None:
    """Give a credential the status that a failure means, and say when the next try is."""
    now = room.clock.now()
    failures = credential.failures + 1
    changes: dict[str, Any] = {
        "status": verdict.status,
        "status_code": verdict.code,
        "status_reason": verdict.reason,
        "failures": failures,
        "refresh_at": None,
    }
    if verdict.status is not credential.status:
        changes["status_since"] = now
    if verdict.longest_pause is not None:
        changes["refresh_at"] = now + backoff(failures, room.randomness.fraction(), longest=verdict.longest_pause)
    await store.change(connection, credential.id, changes)
    await room.trail.record(
        connection,
        CONSENTRY,
        Action.TOKEN_REFRESH,
        Outcome.FAILED,
        credential_id=credential.id,
        detail=f"{verdict.code}: {verdict.reason}",
    )


async def _end_trial(room: Room, ready: Ready, keeper: Keeper, error: ConsentryError) -> None:
    """A new secret wasn't proved: nothing changes, but that the grant may be spent or refused; upkeep looks soon."""
    is_lost = judge(error, answer_was_lost=False).is_lost or isinstance(error, LostAnswer)

    async def once() -> None:
        async with room.database.transaction() as connection:
            if is_lost:
                await journal.mark_unanswered(connection, ready.entry.id, for_good=True)
            else:
                await journal.close_entry(connection, room.vault, ready.entry.id)
            if is_lost or isinstance(error, GrantRefused):
                await store.change(connection, ready.credential.id, {"refresh_at": room.clock.now()})
            await lease.give_back(connection, ready.lease)

    await keeping.insist(once)
    keeper.is_returned = True


async def mark_broken(room: Room, credential_id: int) -> None:
    """Raise ReauthorizationRequired, and write it down, if a secret of the grant in use really doesn't open.

    It may have been replaced just between the two looks of somebody who found it broken; then all is well.
    """
    async with room.database.transaction() as connection:
        credential = await store.get_standing_locked(connection, credential_id)
        try:
            await _open_all(room, connection, credential)
            return
        except SealBroken as error:
            verdict = judge(error, answer_was_lost=False)
        if credential.status is not Status.REAUTHORIZATION_REQUIRED:
            await write_verdict(room, connection, credential, verdict)
    raise ReauthorizationRequired(verdict.reason)


async def _open_all(room: Room, connection: AsyncConnection, credential: Standing) -> None:
    await clients.in_force(room, connection, credential)
    grant = credential.grant
    if grant is not None:
        for field in ("access_token", "refresh_token") if grant.has_refresh_token else ("access_token",):
            await room.vault.open(connection, adopt.token_ref(grant.id, field, grant.version))
