"""Put and open secrets by reference: the only reader of the table `secrets`, but for the rotation beside it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.clock import Clock, SystemClock
from consentry.core.secret import Secret
from consentry.errors import KeyMissing, SealBroken
from consentry.settings import Settings
from consentry.storage import Database
from consentry.storage.tables import secrets
from consentry.vault import checks
from consentry.vault.envelope import SecretRef, key_of, place_of_file, place_of_row
from consentry.vault.keyring import Keyring, find_keyring, make_keyring

SEALED_SUFFIX: Final = ".sealed"
"""Ends the name of every file that holds what `Vault.seal_alone` returned."""
_ROW: Final = ("owner", "owner_id", "field")
_SELECT: Final = select(secrets.c.sealed).where(*(secrets.c[name] == bindparam(name) for name in _ROW))
_FORGET: Final = delete(secrets).where(*(secrets.c[name] == bindparam(name) for name in _ROW[:2]))
_FORGET_FIELD: Final = _FORGET.where(secrets.c.field == bindparam("field"))
_SET: Final = ("version", "key_id", "sealed")


def _upsert(fresh: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    return fresh.on_conflict_do_update(index_elements=_ROW, set_={name: fresh.excluded[name] for name in _SET})


_UPSERT: Final = {
    "sqlite": _upsert(sqlite.insert(secrets)),
    "postgresql": _upsert(postgresql.insert(secrets)),
}


class Vault:
    """Where secrets rest, sealed. It remembers keys and nothing that they sealed."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    async def put(self, connection: AsyncConnection, ref: SecretRef, secret: Secret) -> None:
        """Seal a secret for one version of its row, in place of what was there.

        Raises KeyMissing when this process lacks the key that seals now.
        """
        await self.put_all(connection, {ref: secret})

    async def put_all(self, connection: AsyncConnection, secrets_by_ref: Mapping[SecretRef, Secret]) -> None:
        """Seal several secrets at once; raises as `put` does."""
        key_id = await checks.hold_primary(connection)
        key = self.keyring.find(key_id)
        if key is None:
            raise _missing(key_id)
        rows = [
            {
                "owner": ref.owner,
                "owner_id": ref.owner_id,
                "field": ref.field,
                "version": ref.version,
                "key_id": key_id,
                "sealed": key.seal(_encode(secret), place_of_row(ref)),
            }
            for ref, secret in secrets_by_ref.items()
        ]
        if rows:
            await connection.execute(_UPSERT[connection.dialect.name], rows)

    async def open(self, connection: AsyncConnection, ref: SecretRef) -> Secret:
        """Return a secret.

        Raises SealBroken when it is absent, damaged, moved or of another version, and KeyMissing when this process
        lacks its key.
        """
        row = {"owner": ref.owner, "owner_id": ref.owner_id, "field": ref.field}
        sealed = (await connection.execute(_SELECT, row)).scalar()
        if sealed is None:
            raise SealBroken(f"No secret is stored for {ref}.")
        try:
            key_id = key_of(sealed)
            key = self.keyring.find(key_id)
            if key is not None:
                return _decode(key.open(sealed, place_of_row(ref)))
        except SealBroken as error:
            raise SealBroken(f"The secret stored for {ref} can't be opened.") from error
        if key_id in await checks.list_checked(connection):
            raise _missing(key_id)
        raise SealBroken(f"The secret stored for {ref} names a key that was dropped or never was.")

    async def forget(self, connection: AsyncConnection, owner: str, owner_id: int, *, field: str | None = None) -> None:
        """Shred the secrets of a row, or one of them; with the row goes the data key."""
        row = {"owner": owner, "owner_id": owner_id}
        if field is None:
            await connection.execute(_FORGET, row)
        else:
            await connection.execute(_FORGET_FIELD, row | {"field": field})

    def seal_alone(self, name: str, secret: Secret) -> bytes:
        """Seal a secret for a file of that name, without the database."""
        return self.keyring.newest_primary().seal(_encode(secret), place_of_file(name))

    def open_alone(self, name: str, sealed: bytes) -> Secret:
        """Return the secret of a file; raise SealBroken or KeyMissing as `open` does."""
        try:
            key_id = key_of(sealed)
            key = self.keyring.find(key_id)
            if key is not None:
                return _decode(key.open(sealed, place_of_file(name)))
        except SealBroken as error:
            raise SealBroken(f"The sealed file {name} can't be opened.") from error
        raise _missing(key_id)


async def open_keyring(settings: Settings, database: Database, *, clock: Clock | None = None) -> Vault:
    """Return the vault of this home, once its keyset has proved that it belongs to this database.

    A keyset is made only when neither the home nor the database ever had one. Raises KeyMissing, KeyWrong or
    SettingWrong, and then nothing may start.
    """
    async with database.reading() as connection:
        fresh = await _is_fresh(connection)
    if fresh:
        await _begin(settings, database, at=(clock or SystemClock()).now())
    keyring = find_keyring(settings)  # looked for last: another process may have made it a moment ago
    if keyring is None:
        raise _absent(settings.keyset_path)
    async with database.reading() as connection:
        await checks.prove(connection, keyring)
    return Vault(keyring)


async def _begin(settings: Settings, database: Database, *, at: datetime) -> None:
    """Give a fresh database its first key; of two processes that start at once, the second adds nothing."""
    async with database.transaction() as connection:
        await checks.freeze(connection)
        if await _is_fresh(connection):
            keyring = find_keyring(settings) or make_keyring(settings.keyset_path)
            await checks.store_first_primary(connection, keyring.keyset.primary, at)


async def _is_fresh(connection: AsyncConnection) -> bool:
    """Tell whether the database never had a key; when in doubt, it had one."""
    sealed = (await connection.execute(select(secrets.c.id).limit(1))).first()
    return (
        sealed is None and await checks.find_primary(connection) is None and not await checks.list_checked(connection)
    )


def _absent(path: Path) -> KeyMissing:
    return KeyMissing(
        f"This database is sealed with a keyset, and there is none at {path}.",
        hint="Put the keyset back there, or point CONSENTRY_KEYSET_FILE or CONSENTRY_KEYSET at it. "
        "A new one is never made for a database that has secrets.",
    )


def _missing(key_id: int) -> KeyMissing:
    return KeyMissing(
        f"This process's keyset lacks key {key_id}, which seals secrets of this database.",
        hint="Give this node the keyset of the node that rotated last, then try again.",
    )


def _encode(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")


def _decode(value: bytes) -> Secret:
    return Secret(value.decode("utf-8", "surrogatepass"))
