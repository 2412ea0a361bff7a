"""Create, edit, copy and delete credentials. What others rely on is never half changed."""

from dataclasses import replace
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit import Action, Actor, Outcome
from consentry.core.secret import Secret
from consentry.credentials import adopt, clients, pending, revocations, store
from consentry.credentials.form import LONGEST, clean_edit, clean_new
from consentry.credentials.model import Credential, CredentialEdit, CredentialId, InUse, NewCredential, Status
from consentry.credentials.need import Need
from consentry.credentials.pending import ClientChange
from consentry.credentials.refresh import refresh
from consentry.credentials.room import Room
from consentry.errors import (
    ClientRejected,
    Conflict,
    ConsentryError,
    FieldError,
    InvalidInput,
    NotFound,
    OwnerError,
    PassingError,
    ProviderError,
)

_NAMES_TRIED: Final = 100


async def create(room: Room, actor: Actor, new: NewCredential) -> Credential:
    """Add a credential; raise InvalidInput with every field that can't be, or Conflict when the name is taken."""
    try:
        room.catalogue.get(new.connector)
    except NotFound as error:
        raise InvalidInput(FieldError(field="connector", message="There is no such connector.")) from error
    cleaned = clean_new(new)
    async with room.database.transaction() as connection:
        credential_id = await _insert(room, connection, actor, cleaned)
        await room.trail.record(
            connection, actor, Action.CREDENTIAL_CREATE, Outcome.DONE, credential_id=credential_id, detail=cleaned.name
        )
        return await store.get(connection, credential_id)


async def _insert(room: Room, connection: AsyncConnection, actor: Actor, new: NewCredential) -> CredentialId:
    now = room.clock.now()
    values: dict[str, Any] = {
        "connector": new.connector,
        "name": new.name,
        "description": new.description,
        "created_by": actor.name,
        "client_id": new.client_id,
        "secret_version": 1,
        "secret_hint": new.client_secret.hint(),
        "scope": new.scope,
        "version": 1,
        "status": Status.AUTHORIZATION_REQUIRED,
        "status_since": now,
        "created_at": now,
        "updated_at": now,
    }
    credential_id = await store.add(connection, values)
    await room.vault.put(connection, clients.secret_ref(credential_id, 1), new.client_secret)
    return credential_id


async def edit(room: Room, actor: Actor, credential_id: int, wanted: CredentialEdit) -> Credential:
    """Change a credential; where a grant is in use, a new client ID or scope needs consent first, a new secret a proof.

    Raises InvalidInput, NotFound, Conflict (name taken, or the provider refused the new secret: the old one stays), or
    ProviderDown and NoAnswer when the new secret could not be tried: then nothing of it is kept either.
    """
    wanted = clean_edit(wanted)
    async with room.database.transaction() as connection:
        credential = await store.get(connection, credential_id, lock=True)
        to_try = await _find_to_try(connection, credential, wanted)
        if to_try is None:
            await _write_edit(room, connection, actor, credential, wanted)
        elif wanted.name is not None:
            await store.check_name(connection, credential, wanted.name)
    if to_try is not None:  # first, so that nothing of the edit is kept when the provider refuses the secret
        await _try_secret(room, actor, credential, to_try)
        async with room.database.transaction() as connection:
            credential = await store.get(connection, credential_id, lock=True)
            await _write_edit(room, connection, actor, credential, replace(wanted, client_secret=None))
    async with room.database.reading() as connection:
        return await store.get(connection, credential_id)


async def _find_to_try(connection: AsyncConnection, credential: Credential, wanted: CredentialEdit) -> Secret | None:
    """Return the new client secret of an edit, if the grant in use can prove it."""
    if credential.grant is None or not credential.grant.has_refresh_token:
        return None
    waiting = await pending.find_change(connection, credential.id)
    aims_elsewhere = _aim(credential, waiting, wanted) != (credential.client_id, credential.scope)
    return None if aims_elsewhere else wanted.client_secret


def _aim(credential: Credential, waiting: ClientChange | None, wanted: CredentialEdit) -> tuple[str, str]:
    """Return the client ID and scope that are aimed at: as edited, else as an earlier edit left them."""
    client_id = wanted.client_id or (waiting.client_id if waiting else credential.client_id)
    scope = wanted.scope if wanted.scope is not None else (waiting.scope if waiting else credential.scope)
    return client_id, scope


async def _write_edit(
    room: Room, connection: AsyncConnection, actor: Actor, credential: Credential, wanted: CredentialEdit
) -> None:
    """Write an edit, or as much of it as needs no consent; the rest waits for it."""
    changes: dict[str, Any] = {"updated_at": room.clock.now()}
    changes |= {field: value for field in ("name", "description") if (value := getattr(wanted, field)) is not None}
    waiting = await pending.find_change(connection, credential.id)
    client_id, scope = _aim(credential, waiting, wanted)
    is_other_client = (client_id, scope) != (credential.client_id, credential.scope)
    secret = wanted.client_secret
    if credential.grant is not None and is_other_client:
        await _propose(room, connection, credential, waiting, client_id=client_id, scope=scope, secret=secret)
        changes["version"] = credential.version + 1
    else:
        changes |= {"client_id": client_id, "scope": scope}
        if secret is not None:
            changes |= await clients.replace_secret(room, connection, credential, secret)
        if waiting is not None:  # edited back to what is in force
            await clients.drop_change(room, connection, credential.id)
        if is_other_client or secret is not None or waiting is not None:
            changes["version"] = credential.version + 1
    await store.change(connection, credential.id, changes)
    fields = ("name", "description", "client_id", "scope", "client_secret")
    detail = ", ".join(field for field in fields if getattr(wanted, field) is not None)
    await room.trail.record(
        connection, actor, Action.CREDENTIAL_EDIT, Outcome.DONE, credential_id=credential.id, detail=detail
    )


async def _propose(
    room: Room,
    connection: AsyncConnection,
    credential: Credential,
    waiting: ClientChange | None,
    *,
    client_id: str,
    scope: str,
    secret: Secret | None,
) -> None:
    """Keep an edit until consent comes; the grant in use goes on with what is in force."""
    version = waiting.secret_version if waiting else None
    hint = waiting.secret_hint if waiting else ""
    if secret is not None:
        version, hint = (version or 0) + 1, secret.hint()
        await room.vault.put(connection, clients.proposed_secret_ref(credential.id, version), secret)
    change = ClientChange(client_id=client_id, scope=scope, secret_version=version, secret_hint=hint)
    await pending.put_change(connection, credential.id, change, room.clock.now())


async def _try_secret(room: Room, actor: Actor, credential: Credential, secret: Secret) -> None:
    """Prove a new client secret by a refresh; it is adopted together with the reply."""
    try:
        await refresh(room, credential.id, Need(trial_secret=secret))
    except ClientRejected as error:
        await _record_refused(room, actor, credential, error)
        raise Conflict(
            "The provider refused the new client secret, so the old one stays.",
            hint="Copy the secret again from the application at the provider, then save.",
        ) from error
    except OwnerError:
        # the client was accepted, only its grant was not: there is nothing that the new secret could break
        async with room.database.transaction() as connection:
            standing = await store.get_standing_locked(connection, credential.id)
            columns = await clients.replace_secret(room, connection, standing, secret)
            await store.change(connection, credential.id, columns)
            await room.trail.record(
                connection, actor, Action.SECRET_REPLACE, Outcome.DONE, credential_id=credential.id, detail="not tried"
            )
    except (PassingError, ProviderError) as error:
        await _record_refused(room, actor, credential, error)
        raise


async def _record_refused(room: Room, actor: Actor, credential: Credential, error: ConsentryError) -> None:
    async with room.database.transaction() as connection:
        await room.trail.record(
            connection, actor, Action.SECRET_REPLACE, Outcome.REFUSED, credential_id=credential.id, detail=error.code
        )


async def copy(room: Room, actor: Actor, credential_id: int, name: str | None) -> Credential:
    """Add a credential like another one, with the same application and without its grant."""
    async with room.database.transaction() as connection:
        original = await store.get(connection, credential_id, lock=True)
        client = await clients.in_force(room, connection, original)
        new = clean_new(
            NewCredential(
                connector=original.connector,
                name=name if name is not None else await _free_name(connection, original),
                description=original.description,
                client_id=original.client_id,
                client_secret=client.client_secret,
                scope=original.scope,
            )
        )
        copy_id = await _insert(room, connection, actor, new)
        await room.trail.record(
            connection,
            actor,
            Action.CREDENTIAL_COPY,
            Outcome.DONE,
            credential_id=copy_id,
            detail=f"{new.name}, from credential {original.id}",
        )
        return await store.get(connection, copy_id)


async def _free_name(connection: AsyncConnection, original: Credential) -> str:
    stem = original.name[: LONGEST["name"] - len(" copy 100")]
    names = [f"{stem} copy", *(f"{stem} copy {number}" for number in range(2, _NAMES_TRIED))]
    for name in names:
        found = await store.find_by_name(connection, name)
        if all(other.connector != original.connector for other in found):
            return name
    raise Conflict("There are very many copies of this credential already.", hint="Give the copy a name of its own.")


async def delete(room: Room, actor: Actor, credential_id: int) -> None:
    """Delete a credential: out of use and shredded at once, withdrawn at the provider as soon as it answers.

    Raises NotFound, or InUse while a source or destination depends on it.
    """
    async with room.database.transaction() as connection:
        credential = await store.get(connection, credential_id, lock=True)
        if credential.used_by:
            raise InUse(credential.used_by)
        tasks = [
            await adopt.withdraw_grant(room, connection, credential, grant, "its credential was deleted")
            for grant in (credential.grant, credential.pending_grant)
            if grant is not None
        ]
        for authorization_id in await pending.list_of(connection, credential.id):
            await room.vault.forget(connection, "authorizations", authorization_id)
        await room.vault.forget(connection, "client_changes", credential.id)
        await room.vault.forget(connection, "credentials", credential.id)
        await store.remove(connection, credential.id)
        await room.trail.record(
            connection,
            actor,
            Action.CREDENTIAL_DELETE,
            Outcome.DONE,
            credential_id=credential.id,
            detail=credential.name,
        )
    await room.steps.reached("delete.committed")
    for task in tasks:
        if task is not None:
            await room.flights.run_aside(revocations.carry_out(room, task), patience=5.0)


async def get(room: Room, credential_id: int) -> Credential:
    """Return a credential; raise NotFound."""
    async with room.database.reading() as connection:
        return await store.get(connection, credential_id)


async def find_by_name(room: Room, name: str) -> Credential | None:
    """Return the credential of this name; raise Conflict when several connectors have one."""
    async with room.database.reading() as connection:
        found = await store.find_by_name(connection, name)
    if len(found) > 1:
        raise Conflict(f"Several connectors have a credential named {name}.", hint="Use its id.")
    return found[0] if found else None


async def list_credentials(
    room: Room,
    *,
    connector: str | None = None,
    status: str | None = None,
    q: str | None = None,
    page: int = 1,
    per_page: int = 50,
) -> tuple[list[Credential], bool]:
    """Return a page of credentials by name, and whether there are more."""
    wanted = store.Filter(connector=connector, status=status, q=q)
    async with room.database.reading() as connection:
        return await store.list_page(connection, wanted, page=page, per_page=per_page)
