"""What waits for somebody: connect links, authorizations under way, and edits that need consent. Their only SQL."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.credentials.model import Authorization, AuthorizationId, CredentialId
from consentry.storage.tables import authorizations, client_changes, connect_links

KEPT_FOR: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChange:
    """An edit of client ID, secret or scope that is committed together with the consent it needs."""

    client_id: str
    scope: str
    secret_version: int | None
    secret_hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A connect link as it is kept: its token only as a hash."""

    id: int
    credential_id: CredentialId
    created_by: str
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAuthorization:
    """An authorization whose state was just used up, with all that binds it."""

    id: AuthorizationId
    credential_id: CredentialId
    credential_version: int
    nonce_hash: str
    session_id: int | None
    actor: str
    client_id: str
    scope: str
    redirect_uri: str
    issuer: str
    token_url: str
    expires_at: datetime


# --- connect links


async def add_link(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Insert a connect link."""
    await connection.execute(insert(connect_links).values(values))


async def find_link(connection: AsyncConnection, token_hash: str) -> Link | None:
    """Return a connect link by the hash of its token."""
    row = (
        await connection.execute(select(connect_links).where(connect_links.c.token_hash == token_hash))
    ).one_or_none()
    if row is None:
        return None
    return Link(
        id=row.id,
        credential_id=CredentialId(row.credential_id),
        created_by=row.created_by,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


async def take_link(connection: AsyncConnection, token_hash: str, now: datetime) -> Link | None:
    """Use up a connect link, once; None when it is unknown, used or expired."""
    fresh = connect_links.c.used_at.is_(None) & (connect_links.c.expires_at > now)
    query = (
        update(connect_links)
        .where(connect_links.c.token_hash == token_hash, fresh)
        .values(used_at=now)
        .returning(connect_links.c.id)
    )
    if (await connection.execute(query)).one_or_none() is None:
        return None
    return await find_link(connection, token_hash)


# --- authorizations


async def add_authorization(connection: AsyncConnection, values: dict[str, Any]) -> AuthorizationId:
    """Insert an authorization that begins."""
    query = insert(authorizations).values(values | {"status": "begun"}).returning(authorizations.c.id)
    return AuthorizationId((await connection.execute(query)).scalar_one())


async def take(connection: AsyncConnection, state_hash: str) -> TakenAuthorization | None:
    """Use up a state, once and atomically, whoever brings it; None when it is unknown or used."""
    columns = authorizations.c
    query = (
        update(authorizations)
        .where(columns.state_hash == state_hash)
        .values(state_hash=None, status="taken")
        .returning(*columns)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return TakenAuthorization(
        id=AuthorizationId(row.id),
        credential_id=CredentialId(row.credential_id),
        credential_version=row.credential_version,
        nonce_hash=row.nonce_hash,
        session_id=row.session_id,
        actor=row.actor,
        client_id=row.client_id,
        scope=row.scope,
        redirect_uri=row.redirect_uri,
        issuer=row.issuer,
        token_url=row.token_url,
        expires_at=row.expires_at,
    )


async def finish(
    connection: AsyncConnection, authorization_id: int, *, status: str, code: str = "", detail: str = "", hint: str = ""
) -> None:
    """Write down how an authorization ended."""
    values = {"status": status, "code": code, "detail": detail, "hint": hint, "state_hash": None}
    await connection.execute(update(authorizations).where(authorizations.c.id == authorization_id).values(values))


async def find_authorization(connection: AsyncConnection, authorization_id: int) -> Authorization | None:
    """Return an authorization by its id."""
    query = select(authorizations).where(authorizations.c.id == authorization_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _authorization(row)


async def find_credential_version(connection: AsyncConnection, authorization_id: int) -> int | None:
    """Return the version of the credential that an authorization was begun for."""
    query = select(authorizations.c.credential_version).where(authorizations.c.id == authorization_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def find_actor(connection: AsyncConnection, authorization_id: int) -> str | None:
    """Return who began an authorization."""
    query = select(authorizations.c.actor).where(authorizations.c.id == authorization_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def find_nonce_hash(connection: AsyncConnection, authorization_id: int) -> str | None:
    """Return the hash that the browser's cookie of an authorization must have."""
    query = select(authorizations.c.nonce_hash).where(authorizations.c.id == authorization_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def list_of(connection: AsyncConnection, credential_id: int) -> list[int]:
    """Return the authorizations of a credential."""
    query = select(authorizations.c.id).where(authorizations.c.credential_id == credential_id)
    return list((await connection.execute(query)).scalars())


async def list_stale(connection: AsyncConnection, now: datetime) -> list[int]:
    """Return authorizations that have not ended and whose time is over."""
    over = authorizations.c.status.in_(("begun", "taken")) & (authorizations.c.expires_at <= now)
    return list((await connection.execute(select(authorizations.c.id).where(over).limit(500))).scalars())


async def prune(connection: AsyncConnection, now: datetime) -> None:
    """Drop links and ended authorizations that nobody will ask for any more."""
    await connection.execute(delete(connect_links).where(connect_links.c.expires_at < now - KEPT_FOR))
    await connection.execute(delete(authorizations).where(authorizations.c.created_at < now - KEPT_FOR))


def _authorization(row: Row[Any]) -> Authorization:
    return Authorization(
        id=AuthorizationId(row.id),
        credential_id=CredentialId(row.credential_id),
        session_id=row.session_id,
        status=row.status,
        code=row.code,
        detail=row.detail,
        hint=row.hint,
        return_to=row.return_to,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


# --- edits that wait for consent


async def find_change(connection: AsyncConnection, credential_id: int) -> ClientChange | None:
    """Return the edit that waits, if there is one."""
    query = select(client_changes).where(client_changes.c.credential_id == credential_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return ClientChange(
        client_id=row.client_id, scope=row.scope, secret_version=row.secret_version, secret_hint=row.secret_hint
    )


async def put_change(connection: AsyncConnection, credential_id: int, change: ClientChange, now: datetime) -> None:
    """Keep an edit until consent comes, in place of an earlier one."""
    await remove_change(connection, credential_id)
    values = {
        "credential_id": credential_id,
        "client_id": change.client_id,
        "scope": change.scope,
        "secret_version": change.secret_version,
        "secret_hint": change.secret_hint,
        "created_at": now,
    }
    await connection.execute(insert(client_changes).values(values))


async def remove_change(connection: AsyncConnection, credential_id: int) -> None:
    """Drop an edit that waits."""
    await connection.execute(delete(client_changes).where(client_changes.c.credential_id == credential_id))
