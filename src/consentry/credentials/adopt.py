"""The moment a reply becomes the grant in use: always inside one transaction, together with everything it changes.

A reply that nothing waits for any more is not dropped but withdrawn at the provider.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit import CONSENTRY, Action, Actor, Outcome
from consentry.connectors import Connector
from consentry.core.secret import Secret
from consentry.credentials import clients, journal, pending, revocations, store
from consentry.credentials.journal import Issued, JournalEntry
from consentry.credentials.lease import Lease
from consentry.credentials.model import (
    Credential,
    Grant,
    GrantId,
    IssuedToken,
    Standing,
    Status,
    margin,
    missing_scopes,
)
from consentry.credentials.revocations import Doomed, TokenKind
from consentry.credentials.room import Room
from consentry.errors import Conflict, LeaseTaken, NotFound, SealBroken
from consentry.storage import announce
from consentry.vault import SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What became of a consent's reply."""

    grant_id: GrantId
    needs_decision: bool  # it came from another upstream account; the old grant is still in use


def token_ref(grant_id: int, field: str, version: int) -> SecretRef:
    """Name a token of a grant."""
    return SecretRef(owner="grants", owner_id=grant_id, field=field, version=version)


async def adopt_refresh(
    room: Room,
    connection: AsyncConnection,
    entry: JournalEntry,
    issued: Issued,
    held: Lease,
    *,
    also: Mapping[str, Any],
) -> IssuedToken | None:
    """Put a refresh's reply in use, with ``also`` as columns of its credential; None when it is no longer the newest.

    Raises LeaseTaken, and changes nothing, when a later holder has the lease.
    """
    standing = await store.get_standing_locked(connection, entry.credential_id)
    if standing.lease_fence != held.fence:
        raise LeaseTaken("A later holder is refreshing this credential.", retry_after=1.0)
    await journal.close_entry(connection, room.vault, entry.id)
    grant = standing.grant
    if grant is None or grant.id != entry.grant_id:  # consent came meanwhile
        if room.catalogue.get(standing.connector).oauth.revoke_replaced:
            await withdraw_orphan(room, connection, entry, issued)
        return None
    if grant.version != entry.grant_version:
        return None  # a newer reply is in use; its tokens descend from the same grant, so none is withdrawn
    return await _renew(room, connection, standing, grant, entry, issued, also)


async def _renew(
    room: Room,
    connection: AsyncConnection,
    standing: Standing,
    grant: Grant,
    entry: JournalEntry,
    issued: Issued,
    also: Mapping[str, Any],
) -> IssuedToken:
    connector = room.catalogue.get(standing.connector)
    version = grant.version + 1
    lifetime = issued.lifetime or connector.oauth.unstated_lifetime
    values: dict[str, Any] = {
        "version": version,
        "refreshed_at": issued.received_at,
        "expires_at": issued.received_at + lifetime,
        "granted_scope": issued.scope or grant.granted_scope,
        "has_refresh_token": grant.has_refresh_token or issued.refresh_token is not None,
    }
    access_token = Secret(issued.access_token)
    newest = {token_ref(grant.id, "access_token", version): access_token}
    refresh_token = await _newest_refresh_token(room, connection, grant, issued)
    if refresh_token is not None:
        newest[token_ref(grant.id, "refresh_token", version)] = refresh_token
    await room.vault.put_all(connection, newest)
    await store.change_grant(connection, grant.id, grant.version, values)
    changes = in_use(room, issued.received_at, lifetime) | _well(room, standing.status) | dict(also)
    action = Action.TOKEN_REFRESH
    if entry.kind == "secret_trial":  # a new client secret was proved: it is in force from here on
        action = Action.SECRET_REPLACE
        changes |= await clients.replace_secret(room, connection, standing, issued.client.client_secret)
    await store.change(connection, standing.id, changes)
    await room.trail.record(connection, CONSENTRY, action, Outcome.DONE, credential_id=standing.id)
    return IssuedToken(
        access_token=access_token,
        expires_at=values["expires_at"],
        scope=values["granted_scope"],
        grant_id=grant.id,
        grant_version=version,
    )


async def _newest_refresh_token(room: Room, connection: AsyncConnection, grant: Grant, issued: Issued) -> Secret | None:
    """Return the refresh token for the grant's next version; without a new one the old one stays (RFC 6749 §6)."""
    if issued.refresh_token is not None:
        return Secret(issued.refresh_token)
    if grant.has_refresh_token:
        return await room.vault.open(connection, token_ref(grant.id, "refresh_token", grant.version))
    return None


async def adopt_consent(
    room: Room, connection: AsyncConnection, entry: JournalEntry, issued: Issued, actor: Actor, version: int | None
) -> Adopted | None:
    """Put a consent's reply in use, or let it wait when it came from another account.

    None when nobody waits for it: its credential is gone, or no longer at the version that asked.
    """
    await journal.close_entry(connection, room.vault, entry.id)
    try:
        credential = await store.get(connection, entry.credential_id, lock=True)
    except NotFound:
        await withdraw_orphan(room, connection, entry, issued)
        return None
    if credential.version != version:
        await withdraw_orphan(room, connection, entry, issued)
        return None
    connector = room.catalogue.get(credential.connector)
    account = connector.account_of_reply(issued.extra)
    if credential.pending_grant is not None:
        await withdraw_grant(room, connection, credential, credential.pending_grant, "replaced before anybody decided")
    if _is_doubtful(credential, account):
        grant_id = await _insert(room, connection, credential, connector, issued, state="pending")
        await announce(connection, f"credential:{credential.id}")
        await room.trail.record(
            connection,
            actor,
            Action.AUTHORIZATION_COMPLETE,
            Outcome.DONE,
            credential_id=credential.id,
            detail="from another account; it waits for a decision",
        )
        return Adopted(grant_id=grant_id, needs_decision=True)
    grant_id = await _insert(room, connection, credential, connector, issued, state="current")
    await _put_in_use(room, connection, credential, grant_id, actor)
    return Adopted(grant_id=grant_id, needs_decision=False)


def _is_doubtful(credential: Credential, account: str | None) -> bool:
    """Tell whether a new consent may be for another upstream account than the grant in use."""
    known = credential.grant.account if credential.grant else None
    return known is not None and known.subdomain is not None and known.subdomain != account


async def _insert(
    room: Room, connection: AsyncConnection, credential: Credential, connector: Connector, issued: Issued, *, state: str
) -> GrantId:
    """Insert a grant with its sealed tokens; one that is to be current first makes room."""
    if state == "current" and credential.grant is not None:
        reason = "replaced by a newer consent"
        await withdraw_grant(
            room, connection, credential, credential.grant, reason, also=connector.oauth.revoke_replaced
        )
    change = await pending.find_change(connection, credential.id)
    asked = change.scope if change else credential.scope
    lifetime = issued.lifetime or connector.oauth.unstated_lifetime
    values: dict[str, Any] = {
        "version": 1,
        "client_id": issued.client_id,
        "granted_scope": issued.scope or connector.scope_to_ask(asked),
        "has_refresh_token": issued.refresh_token is not None,
        "issued_at": issued.received_at,
        "refreshed_at": issued.received_at,
        "expires_at": issued.received_at + lifetime,
        "account_subdomain": connector.account_of_reply(issued.extra),
    }
    grant_id = await store.add_grant(connection, credential.id, "current" if state == "current" else "pending", values)
    await room.vault.put(connection, token_ref(grant_id, "access_token", 1), Secret(issued.access_token))
    if issued.refresh_token is not None:
        await room.vault.put(connection, token_ref(grant_id, "refresh_token", 1), Secret(issued.refresh_token))
    return grant_id


async def promote_pending(room: Room, connection: AsyncConnection, credential: Credential, actor: Actor) -> None:
    """Put the waiting grant in use in place of the current one."""
    waiting = credential.pending_grant
    if waiting is None:
        raise NotFound("No consent from another account is waiting here.")
    change = await pending.find_change(connection, credential.id)
    if waiting.client_id not in (credential.client_id, change.client_id if change else credential.client_id):
        raise Conflict(
            "The client ID was changed since this consent was given, so it can't be put in use.",
            hint="Decline it, then authorize the credential again.",
        )
    connector = room.catalogue.get(credential.connector)
    if credential.grant is not None:
        reason = "replaced by consent from another account"
        await withdraw_grant(
            room, connection, credential, credential.grant, reason, also=connector.oauth.revoke_replaced
        )
    await store.change_grant(connection, waiting.id, waiting.version, {"state": "current"})
    await _put_in_use(room, connection, credential, waiting.id, actor)


async def _put_in_use(
    room: Room, connection: AsyncConnection, credential: Credential, grant_id: GrantId, actor: Actor
) -> None:
    """Make the credential speak of its new grant, and commit the edit that waited for this consent."""
    now_current = (await store.get(connection, credential.id)).grant
    if now_current is None or now_current.id != grant_id:
        raise NotFound("The grant that was to be put in use is gone.")
    changes = await clients.commit_change(room, connection, credential, now_current.client_id)
    changes |= in_use(room, now_current.refreshed_at, now_current.lifetime) | _well(room, credential.status)
    await store.change(connection, credential.id, changes)
    asked = room.catalogue.get(credential.connector).scope_to_ask(changes.get("scope", credential.scope))
    lacking = missing_scopes(asked, now_current.granted_scope)
    await room.trail.record(
        connection,
        actor,
        Action.GRANT_REPLACE if credential.grant else Action.AUTHORIZATION_COMPLETE,
        Outcome.DONE,
        credential_id=credential.id,
        detail=f"not granted: {' '.join(lacking)}" if lacking else "",
    )


async def withdraw_grant(
    room: Room, connection: AsyncConnection, credential: Credential, grant: Grant, reason: str, *, also: bool = True
) -> int | None:
    """Take a grant out of use and shred it here; ``also`` has it withdrawn at the provider."""
    number = await revoke_later(room, connection, credential, grant, reason) if also else None
    await room.vault.forget(connection, "grants", grant.id)
    await store.remove_grant(connection, grant.id)
    return number


async def revoke_later(
    room: Room, connection: AsyncConnection, credential: Credential, grant: Grant, reason: str
) -> int | None:
    """Queue a grant's tokens for withdrawal; None when not one of them can be opened."""
    kinds: tuple[TokenKind, ...] = ("refresh_token", "access_token") if grant.has_refresh_token else ("access_token",)
    tokens: dict[TokenKind, Secret] = {}
    for kind in kinds:
        with contextlib.suppress(SealBroken):
            tokens[kind] = await room.vault.open(connection, token_ref(grant.id, kind, grant.version))
    client = await clients.of_grant(room, connection, credential, grant)
    if client is None or not tokens:
        return None
    doomed = Doomed(
        credential_id=credential.id, connector=credential.connector, client=client, tokens=tokens, reason=reason
    )
    return await revocations.queue(room, connection, doomed)


async def withdraw_orphan(room: Room, connection: AsyncConnection, entry: JournalEntry, issued: Issued) -> None:
    """Queue the withdrawal of tokens that nothing waits for any more."""
    tokens: dict[TokenKind, Secret] = {"access_token": Secret(issued.access_token)}
    if issued.refresh_token:
        tokens["refresh_token"] = Secret(issued.refresh_token)
    doomed = Doomed(
        credential_id=entry.credential_id,
        connector=issued.connector,
        client=issued.client,
        tokens=tokens,
        reason="arrived when nothing waited for it any more",
    )
    await revocations.queue(room, connection, doomed)


def in_use(room: Room, refreshed_at: datetime, lifetime: timedelta) -> dict[str, Any]:
    """Return what a working grant means for its credential: all well, and when upkeep should look next."""
    early = margin(lifetime) * (1 + room.randomness.fraction())  # the jitter spreads those who were born together
    return {"failures": 0, "refresh_at": refreshed_at + lifetime - early}


def _well(room: Room, status: Status) -> dict[str, Any]:
    if status is Status.AUTHORIZED:
        return {}
    now = room.clock.now()
    return {"status": Status.AUTHORIZED, "status_code": "", "status_reason": "", "status_since": now}
