"""One refresh: take the lease, look again, write down the intent, ask, keep the reply, commit (RFC 6749 §6).

Each step is durable before the next begins, so a process that dies anywhere leaves what the next holder needs to go on.
"""

import asyncio
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.log import get_logger
from consentry.credentials import adopt, clients, journal, keeping, lease, store
from consentry.credentials.failing import fail, mark_broken, withdraw_entry
from consentry.credentials.journal import Issued, JournalEntry, Kind
from consentry.credentials.lease import Keeper, Lease, Vacancy
from consentry.credentials.model import IssuedToken
from consentry.credentials.need import Need, Ready, issued_token
from consentry.credentials.room import Room
from consentry.credentials.settling import settle
from consentry.credentials.verdict import LostAnswer
from consentry.errors import (
    AuthorizationRequired,
    ConsentryError,
    LeaseTaken,
    NoAnswer,
    NotFound,
    ReauthorizationRequired,
    SealBroken,
)
from consentry.oauth import Client, GrantRefused, token

PATIENCE_SECONDS: Final = 30.0
_PAUSE_BEFORE_SECOND_TRY: Final = 0.25

log = get_logger("credentials.refresh")


async def refresh(room: Room, credential_id: int, need: Need, *, patience: float = PATIENCE_SECONDS) -> IssuedToken:
    """Refresh a grant, unless somebody else has met the need meanwhile; exactly one request leaves for all of them.

    Raises AuthorizationRequired, ReauthorizationRequired, ClientRejected, ProviderDown, NoAnswer, ReplyNotUnderstood,
    AddressRefused, or LeaseTaken when another holder outlasts ``patience`` seconds.
    """
    began = room.clock.monotonic()
    begun = await _begin(room, credential_id, need, patience)
    if isinstance(begun, IssuedToken):
        return begun
    async with lease.kept(room, begun.lease) as keeper:
        await room.steps.reached("refresh.intent")
        renewed = await _carry_out(room, begun, keeper)
    if renewed is None:
        return await _after_losing_the_lease(room, begun, need, patience)
    room.measures.refreshes.labels("done").inc()
    room.measures.refresh_seconds.observe(room.clock.monotonic() - began)
    return renewed


async def _carry_out(room: Room, ready: Ready, keeper: Keeper) -> IssuedToken | None:
    """Ask, keep, commit; None when a later holder has the lease: what was kept then waits in the journal."""
    try:
        issued = await _ask(room, ready, keeper)
    except LeaseTaken:  # nothing of ours is under way, and whatever went unanswered the later holder knows
        await withdraw_entry(room, ready)
        return None
    except ConsentryError as error:
        room.measures.refreshes.labels(error.code).inc()
        return await fail(room, ready, keeper, error)
    if isinstance(issued, IssuedToken):
        return issued
    await room.steps.reached("refresh.replied")
    await keeping.keep(room, ready.entry, issued)
    await room.steps.reached("refresh.kept")
    renewed = await _commit(room, ready, keeper, issued)
    await room.steps.reached("refresh.committed")
    return renewed


async def _begin(room: Room, credential_id: int, need: Need, patience: float) -> Ready | IssuedToken:
    """Take the lease and write down the intent, in one transaction; or return the token that meets the need."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + patience
    vacancy: Vacancy | None = None
    while True:
        try:
            async with room.database.transaction() as connection:
                taken = await lease.take(connection, credential_id, room.owner, vacancy)
                if taken is not None:
                    return await _prepare(room, connection, taken, need)
                # NotFound, rather than waiting for a lease on nothing
                await store.get_standing(connection, credential_id)
        except SealBroken:
            await mark_broken(room, credential_id)
            raise
        if loop.time() > ends + 2 * lease.SILENCE_SECONDS:
            raise LeaseTaken("Other processes are refreshing this credential again and again.", retry_after=5.0)
        vacancy = await lease.wait_until_free(room, credential_id, max(0.0, ends - loop.time()))


async def _prepare(room: Room, connection: AsyncConnection, taken: Lease, need: Need) -> Ready | IssuedToken:
    """Under the lease: settle what others left, look again, and write down the intent if it is still needed."""
    was_lost = await settle(room, connection, taken)
    credential = await store.get_standing(connection, taken.credential_id)
    grant = credential.grant
    if grant is None:
        raise AuthorizationRequired
    if need.is_met(credential, grant, room.clock.now()):
        access_token = await room.vault.open(connection, adopt.token_ref(grant.id, "access_token", grant.version))
        await lease.give_back(connection, taken)
        return issued_token(grant, access_token)
    if not grant.has_refresh_token:
        raise ReauthorizationRequired("The provider gave no refresh token, so the grant ends with its access token.")
    client = await clients.in_force(room, connection, credential)
    kind: Kind = "refresh"
    if need.trial_secret is not None:
        client, kind = (
            Client(client_id=client.client_id, client_secret=need.trial_secret, auth=client.auth),
            "secret_trial",
        )
    spent = await room.vault.open(connection, adopt.token_ref(grant.id, "refresh_token", grant.version))
    entry = await journal.open_entry(
        connection,
        credential_id=credential.id,
        kind=kind,
        owner=room.owner,
        sent_at=room.clock.now(),
        grant_id=grant.id,
        grant_version=grant.version,
        fence=taken.fence,
    )
    request = token.refresh_request(room.catalogue.get(credential.connector).token_url, client, refresh_token=spent)
    return Ready(
        lease=taken,
        entry=entry,
        credential=credential,
        grant=grant,
        client=client,
        request=request,
        answer_was_lost=was_lost,
    )


async def _ask(room: Room, ready: Ready, keeper: Keeper) -> Issued | IssuedToken:
    """Send the request; when no answer comes, look whether somebody else rotated, then try the old token once more."""
    await keeping.insist(keeper.confirm)
    try:
        return await _send(room, ready)
    except NoAnswer:
        log.warning("no answer to a refresh; looking again, then trying once more", credential_id=ready.credential.id)
    newer = await keeping.insist(lambda: _look_again(room, ready))
    if newer is not None:
        return newer
    await room.steps.reached("refresh.unanswered")
    await asyncio.sleep(_PAUSE_BEFORE_SECOND_TRY * (1 + room.randomness.fraction()))
    await keeping.insist(keeper.confirm)
    try:
        return await _send(room, ready)
    except GrantRefused as error:
        raise LostAnswer from error


async def _look_again(room: Room, ready: Ready) -> IssuedToken | None:
    """Write down that no answer came; return the token of a grant that is newer than the one that was spent."""
    async with room.database.transaction() as connection:
        await journal.mark_unanswered(connection, ready.entry.id)
        grant = (await store.get_standing_locked(connection, ready.credential.id)).grant
        if grant is None or (grant.id, grant.version) == (ready.grant.id, ready.grant.version):
            return None
        await journal.close_entry(connection, room.vault, ready.entry.id)
        newer = adopt.token_ref(grant.id, "access_token", grant.version)
        return issued_token(grant, await room.vault.open(connection, newer))


async def _send(room: Room, ready: Ready) -> Issued:
    reply = await room.outbound.post_form(ready.request.url, ready.request.form, headers=ready.request.headers)
    read = token.read_reply(reply.status, reply.content_type, reply.body)
    if read.lifetime_is_odd:
        log.warning("a token reply has a lifetime that can't be meant", credential_id=ready.credential.id)
    return journal.issue(read, ready.client, ready.credential.connector, room.clock.now())


async def _commit(room: Room, ready: Ready, keeper: Keeper, issued: Issued) -> IssuedToken | None:
    """Put the reply in use and give the lease back; None leaves it in the journal for a later holder."""

    async def once() -> IssuedToken | None:
        async with room.database.transaction() as connection:
            return await adopt.adopt_refresh(room, connection, ready.entry, issued, ready.lease, also=lease.RETURNED)

    try:
        renewed = await keeping.insist(once)
    except LeaseTaken:
        return None
    except NotFound:
        await _withdraw(room, ready.entry, issued)
        raise
    keeper.is_returned = renewed is not None
    return renewed


async def _withdraw(room: Room, entry: JournalEntry, issued: Issued) -> None:
    """The credential was deleted while its refresh was under way: what arrived is withdrawn."""
    async with room.database.transaction() as connection:
        await journal.close_entry(connection, room.vault, entry.id)
        await adopt.withdraw_orphan(room, connection, entry, issued)


async def _after_losing_the_lease(room: Room, ready: Ready, need: Need, patience: float) -> IssuedToken:
    """As the next holder, put in use what waits in the journal, or take what is newer."""
    credential_id = ready.credential.id
    begun = await _begin(room, credential_id, Need(life=need.life, newer_than=need.newer_than), patience)
    if not isinstance(begun, IssuedToken):
        async with room.database.transaction() as connection:
            await journal.close_entry(connection, room.vault, begun.entry.id)
            await lease.give_back(connection, begun.lease)
        raise LeaseTaken("Another holder was faster; look again.", retry_after=1.0)
    if need.trial_secret is not None:
        async with room.database.reading() as connection:
            standing = await store.get_standing(connection, credential_id)
        if standing.secret_version == ready.credential.secret_version:
            raise LeaseTaken("Another holder was faster, so the new client secret was not tried.", retry_after=1.0)
    return begun
