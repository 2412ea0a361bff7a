"""One refresh: take the lease, look again, write down the intent, ask, keep the reply, commit (RFC 6749 §6).

Each step is durable before the next begins, so a process that dies anywhere leaves what the next holder needs to go on.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit import CONSENTRY, Action, Outcome
from consentry.core.log import get_logger
from consentry.core.secret import Secret
from consentry.credentials import adopt, clients, journal, keeping, lease, store
from consentry.credentials.journal import Issued, JournalEntry, Kind
from consentry.credentials.lease import Keeper, Lease
from consentry.credentials.model import Grant, IssuedToken, Standing, Status, margin, wanted_life
from consentry.credentials.room import Room
from consentry.credentials.verdict import Verdict, judge
from consentry.errors import (
    AuthorizationRequired,
    ConsentryError,
    LeaseTaken,
    NoAnswer,
    NotFound,
    ReauthorizationRequired,
    SealBroken,
)
from consentry.oauth import Client, FormRequest, GrantRefused, token
from consentry.outbound import backoff

PATIENCE_SECONDS: Final = 30.0
_PAUSE_BEFORE_SECOND_TRY: Final = 0.25

log = get_logger("credentials.refresh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Why a refresh is wanted; whoever finds the need met meanwhile has nothing to do."""

    life: timedelta = timedelta(0)  # the token must still live so long
    newer_than: tuple[int, int] | None = None  # grant and version that won't do, however fresh they seem
    trial_secret: Secret | None = None  # a new client secret that is to be proved
    due: bool = False  # upkeep's: the credential's own time for it has come

    def is_met(self, credential: Standing, grant: Grant, now: datetime) -> bool:
        """Tell whether this grant's token already is what was wanted."""
        if self.trial_secret is not None:
            return False
        if self.due:
            return credential.refresh_at is None or credential.refresh_at > now
        if self.newer_than is not None:
            return (grant.id, grant.version) != self.newer_than
        return grant.expires_at - now >= wanted_life(grant.lifetime, self.life)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A refresh whose intent is durable."""

    lease: Lease
    entry: JournalEntry
    credential: Standing
    grant: Grant
    client: Client
    request: FormRequest
    answer_was_lost: bool  # an earlier request with the same token went unanswered


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
        try:
            issued = await _ask(room, begun)
        except ConsentryError as error:
            room.measures.refreshes.labels(error.code).inc()
            return await _fail(room, begun, keeper, error)
        if isinstance(issued, IssuedToken):
            return issued
        await room.steps.reached("refresh.replied")
        await keeping.keep(room, begun.entry, issued)
        await room.steps.reached("refresh.kept")
        renewed = await _commit(room, begun, keeper, issued)
        await room.steps.reached("refresh.committed")
    room.measures.refreshes.labels("done").inc()
    room.measures.refresh_seconds.observe(room.clock.monotonic() - began)
    return renewed or await _after_losing_the_lease(room, credential_id, need, patience)


async def _begin(room: Room, credential_id: int, need: Need, patience: float) -> _Ready | IssuedToken:
    """Take the lease and write down the intent, in one transaction; or return the token that meets the need."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + patience
    dead: str | None = None
    while True:
        try:
            async with room.database.transaction() as connection:
                taken = await lease.take(connection, room.database, credential_id, room.owner, dead=dead)
                if taken is not None:
                    return await _prepare(room, connection, taken, need)
                await store.get_standing(
                    connection, credential_id
                )  # NotFound, rather than waiting for a lease on nothing
        except SealBroken as error:
            raise await mark_broken(room, credential_id, error) from error
        if loop.time() >= ends:
            raise LeaseTaken("Another process is refreshing this credential right now.", retry_after=5.0)
        dead = await lease.wait_until_free(room, credential_id, max(0.0, ends - loop.time()))


async def _prepare(room: Room, connection: AsyncConnection, taken: Lease, need: Need) -> _Ready | IssuedToken:
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
        room.database,
        credential_id=credential.id,
        kind=kind,
        owner=room.owner,
        sent_at=room.clock.now(),
        grant_id=grant.id,
        grant_version=grant.version,
        fence=taken.fence,
    )
    request = token.refresh_request(room.catalogue.get(credential.connector).token_url, client, refresh_token=spent)
    return _Ready(
        lease=taken,
        entry=entry,
        credential=credential,
        grant=grant,
        client=client,
        request=request,
        answer_was_lost=was_lost,
    )


async def settle(room: Room, connection: AsyncConnection, held: Lease) -> bool:
    """Under the lease: put kept replies in use, and clear requests that died; tell whether one went unanswered.

    Requests of consents are left alone: they don't need the lease, and end by themselves.
    """
    was_lost = False
    for entry in await journal.list_of(connection, held.credential_id):
        if entry.kind == "exchange":
            continue
        if entry.state == "replied":
            issued = await journal.open_reply(connection, room.vault, entry.id)
            adopted = await adopt.adopt_refresh(room, connection, entry, issued, held, also={})
            was_lost = was_lost and adopted is None
        else:
            await journal.close_entry(connection, room.vault, entry.id)
            was_lost = True
    return was_lost


async def _ask(room: Room, ready: _Ready) -> Issued | IssuedToken:
    """Send the request; when no answer comes, look whether somebody else rotated, then try the old token once more."""
    try:
        return await _send(room, ready)
    except NoAnswer:
        log.warning("no answer to a refresh; looking again, then trying once more", credential_id=ready.credential.id)
    async with room.database.transaction() as connection:
        await journal.mark_unanswered(connection, ready.entry.id)
        grant = (await store.get_standing(connection, ready.credential.id)).grant
        if grant is not None and (grant.id, grant.version) != (ready.grant.id, ready.grant.version):
            await journal.close_entry(connection, room.vault, ready.entry.id)
            ref = adopt.token_ref(grant.id, "access_token", grant.version)
            return issued_token(grant, await room.vault.open(connection, ref))
    await room.steps.reached("refresh.unanswered")
    await asyncio.sleep(_PAUSE_BEFORE_SECOND_TRY * (1 + room.randomness.fraction()))
    try:
        return await _send(room, ready)
    except GrantRefused as error:
        raise LostAnswer from error


class LostAnswer(GrantRefused):
    """The answer to a refresh was lost, and the provider no longer accepts the token it replaced."""


async def _send(room: Room, ready: _Ready) -> Issued:
    reply = await room.outbound.post_form(ready.request.url, ready.request.form, headers=ready.request.headers)
    read = token.read_reply(reply.status, reply.content_type, reply.body)
    if read.lifetime_is_odd:
        log.warning("a token reply has a lifetime that can't be meant", credential_id=ready.credential.id)
    return journal.issue(read, ready.client, ready.credential.connector, room.clock.now())


async def _commit(room: Room, ready: _Ready, keeper: Keeper, issued: Issued) -> IssuedToken | None:
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


async def _after_losing_the_lease(room: Room, credential_id: int, need: Need, patience: float) -> IssuedToken:
    """The reply stays in the journal; as the next holder, put it in use or take what is newer."""
    met = Need(life=need.life, newer_than=need.newer_than)
    begun = await _begin(room, credential_id, met, patience)
    if isinstance(begun, IssuedToken):
        return begun
    async with room.database.transaction() as connection:
        await journal.close_entry(connection, room.vault, begun.entry.id)
        await lease.give_back(connection, begun.lease)
    raise LeaseTaken("Another holder was faster; look again.", retry_after=1.0)


async def _fail(room: Room, ready: _Ready, keeper: Keeper, error: ConsentryError) -> IssuedToken:
    """Write down what a failure means; before a grant is given up, look whether a newer one is there."""
    verdict = judge(error, answer_was_lost=ready.answer_was_lost or isinstance(error, LostAnswer))
    if ready.entry.kind == "secret_trial":
        await _end_trial(room, ready, keeper, error)
        raise error

    async def once() -> IssuedToken | None:
        async with room.database.transaction() as connection:
            return await _write_failure(room, connection, ready, verdict)

    newer = await keeping.insist(once)
    keeper.is_returned = True
    if newer is not None:
        return newer
    if verdict.status is Status.REAUTHORIZATION_REQUIRED:
        raise ReauthorizationRequired(verdict.reason) from error
    raise error


async def _write_failure(
    room: Room, connection: AsyncConnection, ready: _Ready, verdict: Verdict
) -> IssuedToken | None:
    if (await store.get_standing(connection, ready.credential.id, lock=True)).lease_fence != ready.lease.fence:
        raise LeaseTaken("A later holder is refreshing this credential.", retry_after=1.0)
    if not verdict.is_lost:
        await journal.close_entry(connection, room.vault, ready.entry.id)
        await settle(room, connection, ready.lease)  # a late holder's reply may be waiting
    else:
        await journal.mark_unanswered(connection, ready.entry.id)
    credential = await store.get_standing(connection, ready.credential.id)
    await lease.give_back(connection, ready.lease)
    grant = credential.grant
    if grant is None:
        raise AuthorizationRequired
    if (grant.id, grant.version) != (ready.grant.id, ready.grant.version):
        return issued_token(
            grant, await room.vault.open(connection, adopt.token_ref(grant.id, "access_token", grant.version))
        )
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


async def _end_trial(room: Room, ready: _Ready, keeper: Keeper, error: ConsentryError) -> None:
    """A new secret wasn't proved: nothing changes, but that the refresh token may have been spent."""

    async def once() -> None:
        async with room.database.transaction() as connection:
            if judge(error, answer_was_lost=False).is_lost:
                await journal.mark_unanswered(connection, ready.entry.id)
                await store.change(connection, ready.credential.id, {"refresh_at": room.clock.now()})
            else:
                await journal.close_entry(connection, room.vault, ready.entry.id)
            await lease.give_back(connection, ready.lease)
        keeper.is_returned = True

    await keeping.insist(once)


async def mark_broken(room: Room, credential_id: int, error: SealBroken) -> ReauthorizationRequired:
    """Give a credential whose secrets don't open the status that says so, and return what its caller is told."""
    verdict = judge(error, answer_was_lost=False)
    async with room.database.transaction() as connection:
        credential = await store.get_standing(connection, credential_id)
        if credential.status is not Status.REAUTHORIZATION_REQUIRED:
            await write_verdict(room, connection, credential, verdict)
    return ReauthorizationRequired(verdict.reason)


def issued_token(grant: Grant, access_token: Secret) -> IssuedToken:
    """Join a grant with its opened access token."""
    return IssuedToken(
        access_token=access_token,
        expires_at=grant.expires_at,
        scope=grant.granted_scope,
        grant_id=grant.id,
        grant_version=grant.version,
    )


def good_until(grant: Grant) -> datetime:
    """Return until when a grant's token is handed out without a thought."""
    return grant.expires_at - margin(grant.lifetime)
