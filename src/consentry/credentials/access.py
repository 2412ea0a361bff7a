"""A fresh access token, whenever somebody asks: from memory in microseconds, from the vault, or by a shared refresh."""

import asyncio
from datetime import timedelta
from typing import Final

from consentry.audit import Action, Actor
from consentry.core.log import get_logger
from consentry.credentials import adopt, store
from consentry.credentials.failing import mark_broken
from consentry.credentials.model import Credential, CredentialId, IssuedToken, Status, wanted_life
from consentry.credentials.need import Need, good_until, issued_token
from consentry.credentials.refresh import PATIENCE_SECONDS, refresh
from consentry.credentials.room import Room
from consentry.credentials.tokens import CachedToken
from consentry.errors import (
    AuthorizationRequired,
    CallerError,
    ConsentryError,
    OwnerError,
    ReauthorizationRequired,
    RefreshFailing,
    SealBroken,
)

_PATIENCE_WITH_A_VALID_TOKEN: Final = 1.0
_SHORTEST_USEFUL_LIFE: Final = timedelta(seconds=5)
_REFUSED_AGAIN_SECONDS: Final = 60.0
_JOINS_AT_MOST: Final = 3

log = get_logger("credentials.access")


def cached_token(room: Room, actor: Actor, credential_id: int, min_ttl: timedelta = timedelta(0)) -> IssuedToken | None:
    """Return a fresh token from this process's memory, or None: then ``token`` has to be asked.

    It costs microseconds, may be called from any thread, and counts as a use of the actor's; None also where this
    actor's first use in the minute has yet to be written down.
    """
    cached = _find_cached(room, credential_id, min_ttl)
    if cached is None or not room.uses.count(actor, Action.TOKEN_READ, credential_id):
        return None
    return cached


def _find_cached(room: Room, credential_id: int, min_ttl: timedelta) -> IssuedToken | None:
    room.changes.poll()
    cached = room.tokens.find(credential_id)
    if cached is None:
        return None
    now = room.clock.now()
    if now >= cached.good_until:
        return None
    if min_ttl and cached.token.expires_at - now < wanted_life(cached.lifetime, min_ttl):
        return None
    room.tokens.used[credential_id] = now
    return cached.token


async def token(
    room: Room,
    actor: Actor,
    credential_id: int,
    *,
    min_ttl: timedelta = timedelta(0),
    force: bool = False,
    action: Action = Action.TOKEN_READ,
) -> IssuedToken:
    """Return a fresh access token, refreshing it first where needed.

    Raises NotFound, AuthorizationRequired, ReauthorizationRequired, or RefreshFailing with the time to come back.
    """
    found = None if force else _find_cached(room, credential_id, min_ttl)
    source = "memory"
    if found is None:
        found, source = await _look_or_refresh(room, credential_id, min_ttl, force=force)
    await room.uses.note(actor, action, credential_id)
    room.measures.token_reads.labels(source).inc()
    return found


async def refuse_token(room: Room, credential_id: int, refused: IssuedToken) -> IssuedToken | None:
    """Answer a 401 that came back for a token: one refresh, unless a newer token is there already.

    None when the token that was refused came of such a refresh itself a moment ago: then asking again would not help.
    """
    born = room.tokens.born_of_refusal.get(credential_id)
    name = (refused.grant_id, refused.grant_version)
    if born is not None and born.name == name and room.clock.monotonic() - born.at < _REFUSED_AGAIN_SECONDS:
        return None
    need = Need(newer_than=name)
    state = await _read(room, credential_id)
    if state.token.grant_version == refused.grant_version and state.token.grant_id == refused.grant_id:
        fresh = await _shared_refresh(room, credential_id, need, state, force=True)
        room.tokens.note_birth(credential_id, (fresh.grant_id, fresh.grant_version), room.clock.monotonic())
        return fresh
    return state.token


async def _look_or_refresh(
    room: Room, credential_id: int, min_ttl: timedelta, *, force: bool
) -> tuple[IssuedToken, str]:
    state = await _read(room, credential_id)
    now = room.clock.now()
    room.tokens.used[credential_id] = now
    if not force and state.token.expires_at - now >= wanted_life(state.lifetime, min_ttl):
        return state.token, "vault"
    if not force and not state.can_refresh and state.token.expires_at > now:
        return state.token, "vault"  # it is all there is, and it still works
    newer_than = (state.token.grant_id, state.token.grant_version) if force else None
    need = Need(life=min_ttl, newer_than=newer_than)
    return await _shared_refresh(room, credential_id, need, state, force=force), "refresh"


async def _shared_refresh(
    room: Room, credential_id: int, need: Need, state: CachedToken, *, force: bool
) -> IssuedToken:
    """Join or begin the refresh of this process; a token that still lives is handed out when it takes long or fails."""
    still_valid = state.token.expires_at - room.clock.now() > _SHORTEST_USEFUL_LIFE
    patience = _PATIENCE_WITH_A_VALID_TOKEN if still_valid and not force else PATIENCE_SECONDS
    ends = asyncio.get_running_loop().time() + patience
    for _ in range(_JOINS_AT_MOST):
        flight = room.flights.begin(credential_id, lambda: refresh(room, credential_id, need))
        try:
            async with asyncio.timeout_at(ends):
                renewed = await asyncio.shield(flight)
        except TimeoutError:
            if still_valid:
                return state.token
            raise RefreshFailing("The provider is taking long to refresh the token.", retry_after=5.0) from None
        except (OwnerError, CallerError):
            raise
        except ConsentryError as error:
            if still_valid and not force:
                return state.token
            raise _failing(error) from error
        if need.newer_than is None or (renewed.grant_id, renewed.grant_version) != need.newer_than:
            return renewed
    return renewed


def _failing(error: ConsentryError) -> RefreshFailing:
    """Say that refreshing fails for now, with the reason and whose move it is."""
    pause = getattr(error, "retry_after", 30.0)
    return RefreshFailing(f"Refreshing the token fails for now. {error.message}", hint=error.hint, retry_after=pause)


async def _read(room: Room, credential_id: int) -> CachedToken:
    """Read the grant's token from the vault and remember it; raise what keeps it from being had."""
    try:
        return await _read_once(room, credential_id)
    except SealBroken:
        await mark_broken(room, credential_id)  # it returns when another process replaced the token as we looked
        return await _read_once(room, credential_id)


async def _read_once(room: Room, credential_id: int) -> CachedToken:
    room.changes.poll()
    ticket = room.tokens.ticket()
    async with room.database.reading() as connection:
        credential = await store.get(connection, credential_id)
        _check_status(credential)
        grant = credential.grant
        if grant is None:
            raise AuthorizationRequired
        ref = adopt.token_ref(grant.id, "access_token", grant.version)
        opened = issued_token(grant, await room.vault.open(connection, ref))
    cached = CachedToken(
        token=opened, lifetime=grant.lifetime, good_until=good_until(grant), can_refresh=grant.has_refresh_token
    )
    room.tokens.put(CredentialId(credential_id), cached, ticket)
    return cached


def _check_status(credential: Credential) -> None:
    if credential.status is Status.AUTHORIZATION_REQUIRED:
        raise AuthorizationRequired
    if credential.status is Status.REAUTHORIZATION_REQUIRED:
        raise ReauthorizationRequired(credential.status_reason or None)
