"""Ask the provider now: does the credential work, and whose account is it; and a look at what it opens."""

from typing import Any

from consentry.audit import CONSENTRY, Action, Actor, Outcome
from consentry.connectors import Account, Record, read
from consentry.core.log import get_logger
from consentry.credentials import store
from consentry.credentials.adopt import Adopted
from consentry.credentials.client import SignedIn, client
from consentry.credentials.model import CheckResult, Credential
from consentry.credentials.room import Room
from consentry.errors import ConsentryError, FieldError, InvalidInput

log = get_logger("credentials.check")


async def check(room: Room, actor: Actor, credential_id: int) -> CheckResult:
    """Ask the provider now, and write down what it said; only an unknown credential is raised, as NotFound."""
    async with room.database.reading() as connection:
        credential = await store.get(connection, credential_id)
    asking = SignedIn(room, actor, credential, action=Action.TEST)
    account: Account | None = None
    try:
        account = await room.catalogue.get(credential.connector).find_account(asking)
        detail, hint = f"{_whose(account)} answered.", ""
    except ConsentryError as error:
        detail, hint = error.message, error.hint
    result = CheckResult(
        status="success" if account else "failed",
        detail=detail,
        hint=hint,
        account=account,
        checked_at=room.clock.now(),
    )
    await _write(room, actor, credential, result)
    return result


def _whose(account: Account) -> str:
    return f"The account {account.name or account.subdomain}" if account.name or account.subdomain else "The provider"


async def _write(room: Room, actor: Actor, credential: Credential, result: CheckResult) -> None:
    changes: dict[str, Any] = {
        "verified_status": result.status,
        "verified_detail": result.detail,
        "verified_at": result.checked_at,
    }
    async with room.database.transaction() as connection:
        await store.change(connection, credential.id, changes)
        if result.account is not None and credential.grant is not None:
            await store.write_account(connection, credential.grant.id, result.account)
        await room.trail.record(
            connection,
            actor,
            Action.TEST,
            Outcome.DONE if result.status == "success" else Outcome.FAILED,
            credential_id=credential.id,
            detail=result.detail,
        )


async def learn_account(room: Room, credential_id: int, adopted: Adopted) -> None:
    """After consent: ask whose account the grant in use belongs to. It is a comfort; failing changes nothing."""
    if adopted.needs_decision:
        return
    try:
        async with room.database.reading() as connection:
            credential = await store.get(connection, credential_id)
        asking = SignedIn(room, CONSENTRY, credential, action=Action.TEST)
        account = await room.catalogue.get(credential.connector).find_account(asking)
        async with room.database.transaction() as connection:
            await store.write_account(connection, adopted.grant_id, account)
    except ConsentryError as error:
        log.warning("could not learn whose account it is", credential_id=credential_id, reason=error.message)


async def read_sample(room: Room, actor: Actor, credential_id: int, stream_name: str, limit: int) -> list[Record]:
    """Return the first records of a stream; raise InvalidInput for a stream that the connector doesn't have."""
    signed_in = await client(room, actor, credential_id, action=Action.TEST)
    connector = room.catalogue.get(signed_in.credential.connector)
    stream = connector.stream(stream_name)
    if stream is None:
        raise InvalidInput(FieldError(field="stream", message=f"{connector.title} has no stream of this name."))
    records: list[Record] = []
    async for page in read(signed_in, connector, stream, limit=limit, most_parents=5):
        records.extend(page.records)
    return records[:limit]
