"""Walk over all secrets in small batches, and bring those that are under another key under the new one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.steps import Steps
from consentry.errors import SealBroken
from consentry.storage import Database
from consentry.storage.tables import secrets
from consentry.vault.envelope import MasterKey, SecretRef, key_of, place_of_row
from consentry.vault.keyring import Keyring

BATCH: Final = 100

Progress = Callable[[int, int], None]
"""Told how much is done, of how much."""
Record = Callable[[AsyncConnection, str], Awaitable[None]]
"""Told what a transaction changes about keys and secrets, inside it: for the audit trail."""

# The bytes as they were read are the condition: a secret that was replaced or forgotten meanwhile is left alone.
_SAME: Final = (secrets.c.id == bindparam("of_id"), secrets.c.sealed == bindparam("as_read"))
_UPDATE: Final = update(secrets).where(*_SAME).values(key_id=bindparam("to_key"), sealed=bindparam("resealed"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A secret as it rests."""

    id: int
    ref: SecretRef
    key_id: int
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What one walk over all secrets found."""

    moved: int  # that were under another key
    unreadable: tuple[Sealed, ...]


async def walk(database: Database, keyring: Keyring, new: int, progress: Progress, steps: Steps) -> Walked:
    """Open every secret, and seal with the new key what wasn't."""
    total = await _count(database)
    moved, done, last_id = 0, 0, 0
    unreadable: list[Sealed] = []
    while batch := await _read(database, last_id):
        changes = []
        for row in batch:
            try:
                changes += _reseal(row, keyring, keyring.keyset.keys[new])
            except SealBroken:
                unreadable.append(row)
        await _write(database, changes)
        moved, done, last_id = moved + len(changes), done + len(batch), batch[-1].id
        progress(done, max(done, total))
        if changes:
            await steps.reached("resealed some")
    return Walked(moved=moved, unreadable=tuple(unreadable))


async def shred(database: Database, rows: tuple[Sealed, ...], record: Record) -> int:
    """Delete secrets as they were read, and return how many were still so."""
    shredded = 0
    for row in rows:
        async with database.transaction() as connection:
            same = (secrets.c.id == row.id, secrets.c.sealed == row.sealed)
            if (await connection.execute(delete(secrets).where(*same))).rowcount:
                await record(connection, f"the unreadable secret {row.ref} is shredded")
                shredded += 1
    return shredded


async def _count(database: Database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(secrets))).scalar_one()


async def _read(database: Database, after: int) -> list[Sealed]:
    async with database.reading() as connection:
        batch = select(secrets).where(secrets.c.id > after).order_by(secrets.c.id).limit(BATCH)
        return [_sealed(row) for row in await connection.execute(batch)]


def _sealed(row: Row[Any]) -> Sealed:
    ref = SecretRef(owner=row.owner, owner_id=row.owner_id, field=row.field, version=row.version)
    return Sealed(id=row.id, ref=ref, key_id=row.key_id, sealed=row.sealed)


def _reseal(row: Sealed, keyring: Keyring, new: MasterKey) -> list[dict[str, object]]:
    """Return the change that brings a secret under the new key, or none; raise SealBroken when it doesn't open."""
    key = keyring.find(key_of(row.sealed))
    if key is None:
        raise SealBroken
    value = key.open(row.sealed, place_of_row(row.ref))
    if key.id == row.key_id == new.id:
        return []
    resealed = new.seal(value, place_of_row(row.ref))
    return [{"of_id": row.id, "as_read": row.sealed, "to_key": new.id, "resealed": resealed}]


async def _write(database: Database, changes: list[dict[str, object]]) -> None:
    if changes:
        async with database.transaction() as connection:
            await connection.execute(_UPDATE, changes)
