"""Tokens on their way out: withdrawn at the provider (RFC 7009), tried until done, across restarts, then shredded."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from sqlalchemy import delete, false, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit import CONSENTRY, Action, Outcome
from consentry.connectors import Connector
from consentry.core.log import get_logger
from consentry.core.process import is_surely_dead
from consentry.core.secret import Secret
from consentry.credentials.room import Room
from consentry.errors import ConsentryError, NotFound, SealBroken
from consentry.oauth import Client, revoke
from consentry.outbound import retry
from consentry.storage import database_now
from consentry.storage.tables import revocations
from consentry.vault import SecretRef

ATTEMPTS_AT_MOST: Final = 40
"""With the growing pauses between them this is more than a week; then the record says that it was given up."""
_LEASE_SECONDS: Final = 120.0
TokenKind = Literal["refresh_token", "access_token"]
_IN_ORDER: Final[tuple[TokenKind, ...]] = ("refresh_token", "access_token")

log = get_logger("credentials.revocations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """Tokens that must be withdrawn, with the client they were issued to."""

    credential_id: int
    connector: str
    client: Client
    tokens: dict[TokenKind, Secret]
    reason: str


async def queue(room: Room, connection: AsyncConnection, doomed: Doomed) -> int:
    """Write down, in this transaction, that tokens must be withdrawn; return the number of the task."""
    values: dict[str, Any] = {
        "credential_id": doomed.credential_id,
        "connector": doomed.connector,
        "client_id": doomed.client.client_id,
        "reason": doomed.reason,
        "next_at": room.clock.now(),
        "created_at": room.clock.now(),
    }
    added = await connection.execute(insert(revocations).values(values).returning(revocations.c.id))
    number = int(added.scalar_one())
    await room.vault.put(connection, _ref(number, "client_secret"), doomed.client.client_secret)
    for kind, token in doomed.tokens.items():
        await room.vault.put(connection, _ref(number, kind), token)
    return number


async def carry_out_due(room: Room, limit: int = 20) -> int:
    """Try the revocations whose time has come; return how many were tried."""
    query = select(revocations.c.id).where(revocations.c.next_at <= room.clock.now())
    async with room.database.reading() as connection:
        due = list((await connection.execute(query.order_by(revocations.c.next_at).limit(limit))).scalars())
    for number in due:
        try:
            await carry_out(room, number)
        except ConsentryError as error:
            log.warning("a revocation was put off", number=number, problem=error.code, reason=error.message)
    return len(due)


async def carry_out(room: Room, number: int) -> bool:
    """Try one revocation now, unless somebody else is at it; tell whether it is done for good."""
    async with room.database.transaction() as connection:
        row = await _claim(room, connection, number)
        if row is None:
            return False
        try:
            doomed = await _open(room, connection, row)
        except (SealBroken, NotFound) as error:
            await _finish(room, connection, row, Outcome.FAILED, f"its tokens can't be used any more: {error.code}")
            return True
    await room.steps.reached("revoke.claimed")
    verdict = await _ask(room, doomed)
    await room.steps.reached("revoke.answered")
    async with room.database.transaction() as connection:
        return await _settle(room, connection, row, verdict)


async def _claim(room: Room, connection: AsyncConnection, number: int) -> Any:
    columns = revocations.c
    holder = (await connection.execute(select(columns.lease_owner).where(columns.id == number))).scalar()
    gone = columns.lease_owner == holder if is_surely_dead(holder or "") else false()
    free = or_(columns.lease_until.is_(None), columns.lease_until < database_now(), gone)
    claimed = {
        "lease_owner": room.owner,
        "lease_until": database_now() + _LEASE_SECONDS,
        "attempts": columns.attempts + 1,
    }
    query = update(revocations).where(columns.id == number, free).values(claimed).returning(*columns)
    return (await connection.execute(query)).one_or_none()


async def _open(room: Room, connection: AsyncConnection, row: Any) -> Doomed:
    auth = room.catalogue.get(row.connector).oauth.client_auth
    tokens: dict[TokenKind, Secret] = {}
    for kind in _IN_ORDER:
        try:
            tokens[kind] = await room.vault.open(connection, _ref(row.id, kind))
        except SealBroken:
            continue  # not every grant has both
    secret = await room.vault.open(connection, _ref(row.id, "client_secret"))
    client = Client(client_id=row.client_id, client_secret=secret, auth=auth)
    return Doomed(
        credential_id=row.credential_id, connector=row.connector, client=client, tokens=tokens, reason=row.reason
    )


async def _ask(room: Room, doomed: Doomed) -> revoke.Revoked:
    """Withdraw the refresh token, then the access token; the worst answer counts."""
    connector = room.catalogue.get(doomed.connector)
    verdict = revoke.Revoked.DONE
    for kind in _IN_ORDER:
        token = doomed.tokens.get(kind)
        if token is None:
            continue
        answer = await _ask_everywhere(room, connector, doomed.client, token, kind)
        if answer is not revoke.Revoked.DONE:
            verdict = answer
    return verdict


async def _ask_everywhere(
    room: Room, connector: Connector, client: Client, token: Secret, kind: TokenKind
) -> revoke.Revoked:
    """Ask the revocation addresses in turn, until one of them exists: what is published about them disagrees."""
    answer = revoke.Revoked.NO_SUCH_ENDPOINT
    for path in connector.oauth.revoke_paths:
        request = revoke.revoke_request(connector.base_url + path, client, token=token, kind=kind)
        try:
            reply = await room.outbound.post_form(request.url, request.form, headers=request.headers)
        except ConsentryError as error:
            log.warning("could not reach a revocation endpoint", connector=connector.name, reason=error.message)
            return revoke.Revoked.LATER
        answer = revoke.read_answer(reply.status)
        if answer is not revoke.Revoked.NO_SUCH_ENDPOINT:
            return answer
    return answer


async def _settle(room: Room, connection: AsyncConnection, row: Any, verdict: revoke.Revoked) -> bool:
    room.measures.revocations.labels(verdict.value).inc()
    if verdict is revoke.Revoked.DONE:
        await _finish(room, connection, row, Outcome.DONE, "withdrawn at the provider")
        return True
    if verdict is not revoke.Revoked.LATER or row.attempts >= ATTEMPTS_AT_MOST:
        await _finish(room, connection, row, Outcome.FAILED, f"not withdrawn at the provider: {verdict.value}")
        return True
    pause = retry.backoff(row.attempts, room.randomness.fraction(), longest=timedelta(hours=6))
    values = {"lease_until": None, "lease_owner": None, "next_at": room.clock.now() + pause}
    await connection.execute(update(revocations).where(revocations.c.id == row.id).values(values))
    return False


async def _finish(room: Room, connection: AsyncConnection, row: Any, outcome: Outcome, detail: str) -> None:
    """Record how it ended, and shred the last copies of the tokens."""
    await room.vault.forget(connection, "revocations", row.id)
    await connection.execute(delete(revocations).where(revocations.c.id == row.id))
    await room.trail.record(
        connection,
        CONSENTRY,
        Action.REVOKE,
        outcome,
        credential_id=row.credential_id,
        detail=f"{row.reason}: {detail}",
    )


def _ref(number: int, field: str) -> SecretRef:
    return SecretRef(owner="revocations", owner_id=number, field=field, version=1)
