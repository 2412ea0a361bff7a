"""Which OAuth application acts for a credential: the one in force, or the one an edit proposes until consent comes."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.secret import Secret
from consentry.credentials import pending
from consentry.credentials.model import Credential, Grant, Standing
from consentry.credentials.pending import ClientChange
from consentry.credentials.room import Room
from consentry.errors import SealBroken
from consentry.oauth import Client
from consentry.vault import SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """With which application, and for which scope, consent is asked."""

    client: Client
    scope: str  # as entered; empty means the connector's default


def secret_ref(credential_id: int, version: int) -> SecretRef:
    """Name the client secret in force."""
    return SecretRef(owner="credentials", owner_id=credential_id, field="client_secret", version=version)


def proposed_secret_ref(credential_id: int, version: int) -> SecretRef:
    """Name the client secret that an edit proposes."""
    return SecretRef(owner="client_changes", owner_id=credential_id, field="client_secret", version=version)


async def in_force(room: Room, connection: AsyncConnection, credential: Credential | Standing) -> Client:
    """Return the application that the current grant belongs to; raise SealBroken when its secret can't be opened."""
    return _client(room, credential, credential.client_id, await _secret_in_force(room, connection, credential))


async def _secret_in_force(room: Room, connection: AsyncConnection, credential: Credential | Standing) -> Secret:
    try:
        return await room.vault.open(connection, secret_ref(credential.id, credential.secret_version))
    except SealBroken as error:
        raise SealBroken(
            "The stored client secret of this credential can't be opened any more.",
            hint="Edit the credential and enter its client secret again, then authorize it again.",
        ) from error


async def for_consent(room: Room, connection: AsyncConnection, credential: Credential) -> Asking:
    """Return the application and scope that the next consent is asked with."""
    change = await pending.find_change(connection, credential.id)
    if change is None:
        return Asking(client=await in_force(room, connection, credential), scope=credential.scope)
    secret = await _proposed_secret(room, connection, credential, change)
    return Asking(client=_client(room, credential, change.client_id, secret), scope=change.scope)


async def of_grant(room: Room, connection: AsyncConnection, credential: Credential, grant: Grant) -> Client | None:
    """Return the application that a grant was issued to; None when its secret can't be opened any more."""
    try:
        if grant.client_id == credential.client_id:
            return await in_force(room, connection, credential)
        asking = await for_consent(room, connection, credential)
    except SealBroken:
        return None
    return asking.client if asking.client.client_id == grant.client_id else None


async def replace_secret(
    room: Room, connection: AsyncConnection, credential: Credential | Standing, secret: Secret
) -> dict[str, Any]:
    """Seal a new client secret, and return the columns that go with it."""
    version = credential.secret_version + 1
    await room.vault.put(connection, secret_ref(credential.id, version), secret)
    return {"secret_version": version, "secret_hint": secret.hint(), "updated_at": room.clock.now()}


async def commit_change(
    room: Room, connection: AsyncConnection, credential: Credential, client_id: str
) -> dict[str, Any]:
    """Put a proposed edit in force, and return the columns that go with it; nothing where no edit waits.

    An edit that proposes another application than the one that the consent was for goes on waiting.
    """
    change = await pending.find_change(connection, credential.id)
    if change is None or change.client_id != client_id:
        return {}
    values: dict[str, Any] = {
        "client_id": change.client_id,
        "scope": change.scope,
        "version": credential.version + 1,
        "updated_at": room.clock.now(),
    }
    if change.secret_version is not None:
        secret = await _proposed_secret(room, connection, credential, change)
        values |= await replace_secret(room, connection, credential, secret)
    await drop_change(room, connection, credential.id)
    return values


async def drop_change(room: Room, connection: AsyncConnection, credential_id: int) -> None:
    """Let go of a proposed edit."""
    await room.vault.forget(connection, "client_changes", credential_id)
    await pending.remove_change(connection, credential_id)


async def _proposed_secret(
    room: Room, connection: AsyncConnection, credential: Credential, change: ClientChange
) -> Secret:
    if change.secret_version is None:
        return await _secret_in_force(room, connection, credential)
    return await room.vault.open(connection, proposed_secret_ref(credential.id, change.secret_version))


def _client(room: Room, credential: Credential | Standing, client_id: str, secret: Secret) -> Client:
    auth = room.catalogue.get(credential.connector).oauth.client_auth
    return Client(client_id=client_id, client_secret=secret, auth=auth)
