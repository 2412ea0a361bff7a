"""Consent: the way to the provider and back, and the decision about another account (RFC 6749 §4.1).

State, browser and issuer are judged before a code is exchanged; nothing stands between the reply and its commit.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit import Action, Actor, Outcome
from consentry.core.log import get_logger
from consentry.core.secret import Secret
from consentry.credentials import adopt, check, clients, journal, keeping, pending, store
from consentry.credentials.adopt import Adopted
from consentry.credentials.journal import Issued, JournalEntry
from consentry.credentials.model import (
    AUTHORIZATION_LIFE,
    Authorization,
    AuthorizationId,
    Begun,
    Credential,
)
from consentry.credentials.pending import TakenAuthorization
from consentry.credentials.room import Room
from consentry.errors import (
    AuthorizationFailed,
    ConsentryError,
    NoAnswer,
    NotFound,
    ReplyNotUnderstood,
)
from consentry.oauth import Client, GrantRefused, authorization_url, callback, pkce, token
from consentry.vault import SecretRef

_VERIFIER: Final = "code_verifier"

log = get_logger("credentials.authorize")


def hashed(value: str) -> str:
    """Return the only form in which a state, nonce or link token is kept."""
    return hashlib.sha256(value.encode()).hexdigest()


def cookie_name(room: Room, authorization_id: int) -> str:
    """Return the name of the cookie that binds a browser to one authorization."""
    prefix = "__Host-" if room.is_secure else ""
    return f"{prefix}consentry-flow-{authorization_id}"


async def begin_in_session(room: Room, actor: Actor, session_id: int, credential_id: int, return_to: str) -> Begun:
    """Begin an authorization that only this signed-in session can complete."""
    async with room.database.transaction() as connection:
        return await begin(room, connection, actor, credential_id, session_id=session_id, return_to=return_to)


async def begin(
    room: Room, connection: AsyncConnection, actor: Actor, credential_id: int, *, session_id: int | None, return_to: str
) -> Begun:
    """Begin an authorization in this transaction, bound to a browser, and to a session if there is one."""
    credential = await store.get(connection, credential_id, lock=True)
    connector = room.catalogue.get(credential.connector)
    asking = await clients.for_consent(room, connection, credential)
    scope = connector.scope_to_ask(asking.scope)
    state, nonce = Secret(room.randomness.token(32)), Secret(room.randomness.token(32))
    verifier = pkce.make_verifier(room.randomness)
    expires_at = room.clock.now() + AUTHORIZATION_LIFE
    values: dict[str, Any] = {
        "credential_id": credential.id,
        "credential_version": credential.version,
        "state_hash": hashed(state.reveal()),
        "nonce_hash": hashed(nonce.reveal()),
        "session_id": session_id,
        "actor": actor.name,
        "client_id": asking.client.client_id,
        "scope": scope,
        "redirect_uri": room.redirect_uri,
        "issuer": connector.issuer,
        "token_url": connector.token_url,
        "return_to": return_to,
        "created_at": room.clock.now(),
        "expires_at": expires_at,
    }
    authorization_id = await pending.add_authorization(connection, values)
    await room.vault.put(connection, _verifier_ref(authorization_id), verifier)
    await room.trail.record(connection, actor, Action.AUTHORIZATION_BEGIN, Outcome.DONE, credential_id=credential.id)
    address = authorization_url(
        connector.authorize_url,
        client_id=asking.client.client_id,
        redirect_uri=room.redirect_uri,
        scope=scope,
        state=state,
        verifier=verifier,
    )
    return Begun(
        id=authorization_id,
        authorize_url=address,
        cookie_name=cookie_name(room, authorization_id),
        cookie_value=nonce,
        expires_at=expires_at,
    )


# --- the callback


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exchange:
    """A code that may be exchanged: everything about it has been judged, and the intent is durable."""

    taken: TakenAuthorization
    entry: JournalEntry
    client: Client
    code: Secret
    verifier: Secret
    connector: str


async def complete(
    room: Room, query: str, cookies: Mapping[str, str], session_id: int | None, ip: str
) -> Authorization:
    """Complete the authorization that a callback belongs to, once, for the browser and session that began it.

    What goes wrong is said on the returned authorization. Raises AuthorizationFailed when there is none: the state is
    unknown or was used.
    """
    received = callback.read(query)
    async with room.database.transaction() as connection:
        taken = await pending.take(connection, hashed(received.state.reveal()))
        if taken is None:
            await _record(room, connection, Actor(name="somebody", ip=ip), None, "unknown or used state")
        else:
            await pending.finish(connection, taken.id, status="taken")
    if taken is None:
        raise AuthorizationFailed("This consent was completed already, or has never begun here.")
    actor = Actor(name=taken.actor, ip=ip)
    await room.steps.reached("authorize.taken")
    try:
        exchange = await _judge(room, taken, received, cookies, session_id)
        await room.steps.reached("authorize.intent")
        await _exchange(room, exchange, actor)
    except ConsentryError as error:
        await _end(room, taken, actor, error)
    return await get_authorization(room, taken.id)


async def _judge(
    room: Room,
    taken: TakenAuthorization,
    received: callback.Callback,
    cookies: Mapping[str, str],
    session_id: int | None,
) -> _Exchange:
    """Check browser, session, time, issuer and version; then write down that the code is about to be exchanged."""
    cookie = cookies.get(cookie_name(room, taken.id), "")
    if not hmac.compare_digest(hashed(cookie), taken.nonce_hash):
        raise AuthorizationFailed("Consent came back in another browser than the one that asked for it.")
    if taken.session_id is not None and taken.session_id != session_id:
        raise AuthorizationFailed("Consent came back after the session that asked for it had ended.")
    if taken.expires_at <= room.clock.now():
        raise AuthorizationFailed("Consent took longer than ten minutes, so it no longer counts.")
    async with room.database.transaction() as connection:
        credential = await store.get(connection, taken.credential_id, lock=True)
        connector = room.catalogue.get(credential.connector)
        validated = callback.judge(received, issuer=taken.issuer, iss_required=connector.oauth.always_sends_iss)
        if credential.version != taken.credential_version or taken.token_url != connector.token_url:
            raise AuthorizationFailed("The credential was changed while consent was asked for.")
        asking = await clients.for_consent(room, connection, credential)
        verifier = await room.vault.open(connection, _verifier_ref(taken.id))
        entry = await journal.open_entry(
            connection,
            credential_id=credential.id,
            kind="exchange",
            owner=room.owner,
            sent_at=room.clock.now(),
            authorization_id=taken.id,
        )
    return _Exchange(
        taken=taken,
        entry=entry,
        client=asking.client,
        code=validated.code,
        verifier=verifier,
        connector=credential.connector,
    )


async def _exchange(room: Room, exchange: _Exchange, actor: Actor) -> None:
    """Exchange the code, keep the reply, commit it; then ask whose account it is."""
    issued = await _ask(room, exchange)
    await room.steps.reached("authorize.replied")
    await keeping.keep(room, exchange.entry, issued)
    await room.steps.reached("authorize.kept")
    adopted = await keeping.insist(lambda: commit(room, exchange.entry, issued, actor))
    await room.steps.reached("authorize.committed")
    if adopted is not None:
        await room.flights.run_aside(check.learn_account(room, exchange.entry.credential_id, adopted), patience=5.0)


async def _ask(room: Room, exchange: _Exchange) -> Issued:
    request = token.exchange_request(
        exchange.taken.token_url,
        exchange.client,
        code=exchange.code,
        redirect_uri=exchange.taken.redirect_uri,
        verifier=exchange.verifier,
    )
    try:
        reply = await room.outbound.post_form(request.url, request.form, headers=request.headers)
        read = token.read_reply(reply.status, reply.content_type, reply.body)
    except GrantRefused as error:
        raise AuthorizationFailed("The provider refused the authorization code.") from error
    except NoAnswer as error:
        raise AuthorizationFailed("The provider didn't answer when the code was exchanged.") from error
    issued = journal.issue(read, exchange.client, exchange.connector, room.clock.now())
    if read.lifetime_is_odd:
        await _refuse_reply(room, exchange, issued)
        raise ReplyNotUnderstood("The provider's token reply has a lifetime that can't be meant.")
    return issued


async def _refuse_reply(room: Room, exchange: _Exchange, issued: Issued) -> None:
    """Withdraw tokens that arrived in a reply that can't be believed."""

    async def once() -> None:
        async with room.database.transaction() as connection:
            await adopt.withdraw_orphan(room, connection, exchange.entry, issued)

    await keeping.insist(once)


async def commit(room: Room, entry: JournalEntry, issued: Issued, actor: Actor) -> Adopted | None:
    """Put a consent's reply in use and end its authorization, in one transaction; it may be repeated after a crash."""
    async with room.database.transaction() as connection:
        number = AuthorizationId(entry.authorization_id or 0)
        await store.lock(connection, entry.credential_id)
        authorization = await pending.find_authorization(connection, number)
        if authorization is not None and authorization.status in ("connected", "pending_account"):
            await journal.close_entry(connection, room.vault, entry.id)  # somebody settled it while we were held up
            return None
        version = await pending.find_credential_version(connection, number)
        adopted = await adopt.adopt_consent(room, connection, entry, issued, actor, version)
        await room.vault.forget(connection, "authorizations", number)
        if authorization is None:
            return adopted
        if adopted is None:
            detail = "The credential was changed or deleted while consent was asked for."
            await pending.finish(connection, number, status="failed", code="authorization_failed", detail=detail)
        else:
            status = "pending_account" if adopted.needs_decision else "connected"
            await pending.finish(connection, number, status=status)
        room.measures.authorizations.labels("done" if adopted else "failed").inc()
        return adopted


async def _end(room: Room, taken: TakenAuthorization, actor: Actor, error: ConsentryError) -> None:
    """Write down why an authorization failed; a grant that was there before is untouched."""
    room.measures.authorizations.labels(error.code).inc()
    log.warning("an authorization failed", authorization_id=taken.id, problem=error.code, reason=error.message)

    async def once() -> None:
        async with room.database.transaction() as connection:
            mine = [each for each in await journal.list_of(connection, taken.credential_id) if _is_of(each, taken)]
            if any(entry.state == "replied" for entry in mine):
                return  # the tokens are here and are kept: upkeep commits them
            for entry in mine:
                await journal.close_entry(connection, room.vault, entry.id)
            await room.vault.forget(connection, "authorizations", taken.id)
            hint = error.hint or "Try again."
            await pending.finish(
                connection, taken.id, status="failed", code=error.code, detail=error.message, hint=hint
            )
            await _record(room, connection, actor, taken.credential_id, error.code)

    await keeping.insist(once)


def _is_of(entry: JournalEntry, taken: TakenAuthorization) -> bool:
    return entry.authorization_id == taken.id


async def end_interrupted(room: Room, connection: AsyncConnection, authorization_id: int) -> None:
    """End an authorization that was begun and never completed, or whose process died on the way."""
    found = await pending.find_authorization(connection, authorization_id)
    if found is None or found.status not in ("begun", "taken"):
        return
    if found.status == "begun":
        code, detail = "timed_out", "Consent was not given within ten minutes."
    else:
        code, detail = "interrupted", "Consentry was interrupted while it completed the consent."
    await room.vault.forget(connection, "authorizations", authorization_id)
    await pending.finish(
        connection, authorization_id, status="failed", code=code, detail=detail, hint="Start again from the credential."
    )


async def _record(
    room: Room, connection: AsyncConnection, actor: Actor, credential_id: int | None, detail: str
) -> None:
    await room.trail.record(
        connection, actor, Action.AUTHORIZATION_COMPLETE, Outcome.REFUSED, credential_id=credential_id, detail=detail
    )


# --- afterwards


async def get_authorization(room: Room, authorization_id: int) -> Authorization:
    """Return how an authorization stands; raise NotFound."""
    async with room.database.reading() as connection:
        found = await pending.find_authorization(connection, authorization_id)
    if found is None:
        raise NotFound("There is no such authorization.")
    return found


async def is_its_browser(room: Room, authorization_id: int, cookies: Mapping[str, str]) -> bool:
    """Tell whether a browser carries the cookie of an authorization."""
    async with room.database.reading() as connection:
        wanted = await pending.find_nonce_hash(connection, authorization_id)
    cookie = cookies.get(cookie_name(room, authorization_id), "")
    return wanted is not None and hmac.compare_digest(hashed(cookie), wanted)


async def confirm_account(room: Room, actor: Actor, credential_id: int, *, accept: bool) -> Credential:
    """Put the grant from another account in use, or withdraw it; raise NotFound when none is waiting."""
    async with room.database.transaction() as connection:
        credential = await store.get(connection, credential_id, lock=True)
        waiting = credential.pending_grant
        if waiting is None:
            raise NotFound("No consent from another account is waiting here.")
        if accept:
            await adopt.promote_pending(room, connection, credential, actor)
        else:
            await adopt.withdraw_grant(room, connection, credential, waiting, "its account was not wanted")
            await store.change(connection, credential.id, {"updated_at": room.clock.now()})
        await room.trail.record(
            connection,
            actor,
            Action.ACCOUNT_CONFIRM,
            Outcome.DONE if accept else Outcome.REFUSED,
            credential_id=credential.id,
            detail=(waiting.account.subdomain or "") if waiting.account else "",
        )
        return await store.get(connection, credential_id)


def _verifier_ref(authorization_id: int) -> SecretRef:
    return SecretRef(owner="authorizations", owner_id=authorization_id, field=_VERIFIER, version=1)
