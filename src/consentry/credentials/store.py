"""Credentials and grants in the database: their only SQL, but for the lease, the journal and what is pending."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import BindParameter, Row, Select, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.connectors import Account
from consentry.credentials.model import (
    Credential,
    CredentialId,
    Grant,
    GrantId,
    Proposal,
    Standing,
    Status,
    Use,
    name_key,
)
from consentry.errors import Conflict, NotFound
from consentry.storage import announce
from consentry.storage.tables import client_changes, credential_uses, credentials, grants

GrantState = Literal["current", "pending"]
LARGEST_ID = 2**63 - 1
REFRESHED: Final = (Status.AUTHORIZED, Status.REFRESH_FAILING)
"""The statuses in which a grant is kept fresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which credentials a list shows."""

    connector: str | None = None
    status: str | None = None
    q: str | None = None


async def add(connection: AsyncConnection, values: dict[str, Any]) -> CredentialId:
    """Insert a credential; raise Conflict when its name is taken."""
    values = values | {"name_key": name_key(values["name"])}
    try:
        async with connection.begin_nested():
            found = await connection.execute(insert(credentials).values(values).returning(credentials.c.id))
    except IntegrityError as error:
        raise _taken(values["name"]) from error
    credential_id = CredentialId(found.scalar_one())
    await announce(connection, f"credential:{credential_id}")
    return credential_id


async def change(connection: AsyncConnection, credential_id: int, values: dict[str, Any]) -> None:
    """Change columns of a credential; raise Conflict when its new name is taken."""
    if "name" in values:
        values = values | {"name_key": name_key(values["name"])}
    try:
        await connection.execute(_CHANGE, values | {"this": credential_id})
    except IntegrityError as error:
        raise _taken(values["name"]) from error
    await announce(connection, f"credential:{credential_id}")


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a credential named {name} for this connector already.", hint="Choose another name.")


_THIS: Final[BindParameter[int]] = bindparam("this")
_CHANGE: Final = update(credentials).where(credentials.c.id == _THIS)
_CURRENT: Final = and_(grants.c.credential_id == credentials.c.id, grants.c.state == "current")
_STANDING_COLUMNS: Final = (
    "connector",
    "client_id",
    "secret_version",
    "status",
    "failures",
    "refresh_at",
    "lease_fence",
)
_STANDING: Final = (
    select(
        *(credentials.c[name].label(f"credential_{name}") for name in ("id", *_STANDING_COLUMNS)),
        *(column for column in grants.c if column.name != "credential_id"),
    )
    .select_from(credentials.outerjoin(grants, _CURRENT))
    .where(credentials.c.id == _THIS)
)
_LOCK: Final = select(credentials.c.id).where(credentials.c.id == _THIS).with_for_update()


async def lock(connection: AsyncConnection, credential_id: int) -> None:
    """Keep other writers from a credential and its grants until the transaction ends.

    It is a statement of its own: one that waits for the lock would join the grant that it saw before it waited.
    """
    if connection.dialect.name == "postgresql":  # on SQLite, whoever writes is alone
        await connection.execute(_LOCK, {"this": credential_id})


async def get_standing_locked(connection: AsyncConnection, credential_id: int) -> Standing:
    """Return what a refresh has to know, locked against other writers; raise NotFound."""
    await lock(connection, credential_id)
    return await get_standing(connection, credential_id)


async def get_standing(connection: AsyncConnection, credential_id: int) -> Standing:
    """Return what a refresh has to know; raise NotFound."""
    row = (await connection.execute(_STANDING, {"this": credential_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such credential.")
    return Standing(
        id=CredentialId(row.credential_id),
        connector=row.credential_connector,
        client_id=row.credential_client_id,
        secret_version=row.credential_secret_version,
        status=Status(row.credential_status),
        failures=row.credential_failures,
        refresh_at=row.credential_refresh_at,
        lease_fence=row.credential_lease_fence,
        grant=None if row.id is None else _grant(row),
    )


async def remove(connection: AsyncConnection, credential_id: int) -> None:
    """Delete a credential with its grants; nothing may use it any more."""
    await connection.execute(delete(credentials).where(credentials.c.id == credential_id))
    await announce(connection, f"credential:{credential_id}")


async def get(connection: AsyncConnection, credential_id: int, *, lock: bool = False) -> Credential:
    """Return a credential, locked against other writers where asked; raise NotFound."""
    if not 0 < credential_id <= LARGEST_ID:
        raise NotFound("There is no such credential.")
    query = select(credentials).where(credentials.c.id == credential_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFound("There is no such credential.")
    return (await _with_all(connection, [row]))[0]


async def check_name(connection: AsyncConnection, credential: Credential, name: str) -> None:
    """Raise Conflict when another credential of the connector has this name."""
    if any(
        each.connector == credential.connector and each.id != credential.id
        for each in await find_by_name(connection, name)
    ):
        raise _taken(name)


async def find_by_name(connection: AsyncConnection, name: str) -> list[Credential]:
    """Return the credentials of this name, one a connector at most."""
    rows = (await connection.execute(select(credentials).where(credentials.c.name_key == name_key(name)))).all()
    return await _with_all(connection, rows)


async def list_page(
    connection: AsyncConnection, wanted: Filter, *, page: int, per_page: int
) -> tuple[list[Credential], bool]:
    """Return a page of credentials by name, and whether there are more."""
    query = _filtered(select(credentials), wanted).order_by(credentials.c.name_key, credentials.c.id)
    rows = (await connection.execute(query.limit(per_page + 1).offset((page - 1) * per_page))).all()
    return await _with_all(connection, rows[:per_page]), len(rows) > per_page


def _filtered(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.connector:
        query = query.where(credentials.c.connector == wanted.connector)
    if wanted.status:
        query = query.where(credentials.c.status == wanted.status)
    if wanted.q and wanted.q.strip():
        text = name_key(wanted.q)
        in_description = func.lower(credentials.c.description).contains(text, autoescape=True)
        query = query.where(or_(credentials.c.name_key.contains(text, autoescape=True), in_description))
    return query


async def count_by_status(connection: AsyncConnection) -> dict[str, int]:
    """Return how many credentials there are in each status."""
    query = select(credentials.c.status, func.count()).group_by(credentials.c.status)
    return {status: number for status, number in (await connection.execute(query)).all()}


async def list_due(connection: AsyncConnection, now: datetime, limit: int) -> list[CredentialId]:
    """Return the credentials that upkeep should look at now, the longest waiting first."""
    query = (
        select(credentials.c.id)
        .where(credentials.c.refresh_at <= now)
        .where(credentials.c.status.in_(REFRESHED))
        .order_by(credentials.c.refresh_at)
        .limit(limit)
    )
    return [CredentialId(number) for number in (await connection.execute(query)).scalars()]


async def write_used(connection: AsyncConnection, used: dict[int, datetime]) -> None:
    """Write down when tokens were last handed out."""
    for credential_id, moment in used.items():
        query = update(credentials).where(credentials.c.id == credential_id).values(used_at=moment)
        await connection.execute(query)


# --- grants


async def add_grant(
    connection: AsyncConnection, credential_id: int, state: GrantState, values: dict[str, Any]
) -> GrantId:
    """Insert a grant; there is at most one current and one pending grant a credential."""
    values = values | {"credential_id": credential_id, "state": state}
    found = await connection.execute(insert(grants).values(values).returning(grants.c.id))
    return GrantId(found.scalar_one())


async def change_grant(connection: AsyncConnection, grant_id: int, version: int, values: dict[str, Any]) -> bool:
    """Change a grant if it still stands at this version; tell whether it did."""
    mine = {"this": grant_id, "at_version": version}
    return (await connection.execute(_CHANGE_GRANT, values | mine)).rowcount == 1


_CHANGE_GRANT: Final = update(grants).where(grants.c.id == _THIS, grants.c.version == bindparam("at_version"))


async def remove_grant(connection: AsyncConnection, grant_id: int) -> None:
    """Delete a grant."""
    await connection.execute(delete(grants).where(grants.c.id == grant_id))


async def write_account(connection: AsyncConnection, grant_id: int, account: Account) -> None:
    """Write down whose account a grant belongs to, keeping what was known where the answer is silent."""
    known = {
        "account_subdomain": account.subdomain,
        "account_name": account.name,
        "account_url": account.url,
        "upstream_user": account.user,
    }
    values = {column: value for column, value in known.items() if value}
    if values:
        await connection.execute(update(grants).where(grants.c.id == grant_id).values(values))


# --- uses


async def add_use(connection: AsyncConnection, credential_id: int, use: Use) -> None:
    """Write down that a source or destination depends on a credential; raise NotFound."""
    values = {"credential_id": credential_id, "kind": use.kind, "flow_id": use.id, "name": use.name}
    await get(connection, credential_id, lock=True)  # NotFound, rather than a use of nothing
    await connection.execute(insert(credential_uses).values(values))
    await announce(connection, f"credential:{credential_id}")


async def remove_use(connection: AsyncConnection, use: Use) -> None:
    """Write down that a source or destination no longer depends on any credential."""
    mine = (credential_uses.c.kind == use.kind) & (credential_uses.c.flow_id == use.id)
    await connection.execute(delete(credential_uses).where(mine))


# --- rows become values


async def _with_all(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Credential]:
    """Join credentials with their grants, uses and waiting changes: three look-ups, however long the list."""
    ids = [row.id for row in rows]
    if not ids:
        return []
    found_grants = (await connection.execute(select(grants).where(grants.c.credential_id.in_(ids)))).all()
    found_uses = (
        await connection.execute(
            select(credential_uses)
            .where(credential_uses.c.credential_id.in_(ids))
            .order_by(credential_uses.c.kind, credential_uses.c.name)
        )
    ).all()
    waiting = (await connection.execute(select(client_changes).where(client_changes.c.credential_id.in_(ids)))).all()
    proposals = {change.credential_id: _proposal(change) for change in waiting}
    by_state = {(grant.credential_id, grant.state): _grant(grant) for grant in found_grants}
    return [
        _credential(
            row,
            current=by_state.get((row.id, "current")),
            pending=by_state.get((row.id, "pending")),
            uses=tuple(Use(kind=use.kind, id=use.flow_id, name=use.name) for use in found_uses if use[0] == row.id),
            proposal=proposals.get(row.id),
        )
        for row in rows
    ]


def _grant(row: Row[Any]) -> Grant:
    account = Account(
        subdomain=row.account_subdomain, name=row.account_name, url=row.account_url, user=row.upstream_user
    )
    return Grant(
        id=GrantId(row.id),
        version=row.version,
        client_id=row.client_id,
        granted_scope=row.granted_scope,
        has_refresh_token=row.has_refresh_token,
        issued_at=row.issued_at,
        refreshed_at=row.refreshed_at,
        expires_at=row.expires_at,
        account=account if account.subdomain or account.name or account.user else None,
    )


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(client_id=row.client_id, scope=row.scope, has_secret=row.secret_version is not None)


def _credential(
    row: Row[Any], *, current: Grant | None, pending: Grant | None, uses: tuple[Use, ...], proposal: Proposal | None
) -> Credential:
    kept = {name: value for name, value in row._mapping.items() if name in _SAME_NAMED}
    return Credential(
        **kept,
        id=CredentialId(row.id),
        status=Status(row.status),
        grant=current,
        pending_grant=pending,
        proposal=proposal,
        used_by=uses,
    )


_SAME_NAMED = frozenset(
    "connector name description created_by client_id secret_version secret_hint scope version status_reason "
    "status_code status_since verified_status verified_detail verified_at failures refresh_at used_at created_at "
    "updated_at".split()
)
