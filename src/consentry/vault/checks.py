"""What the database knows about keys: which one seals now, how each proves itself, and a rotation under way."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.errors import Conflict, KeyMissing, KeyWrong, SealBroken
from consentry.storage.tables import facts, key_checks, secrets
from consentry.vault.envelope import MasterKey, place_of_check
from consentry.vault.keyring import Keyring

PRIMARY: Final = "vault.primary_key"
ROTATION: Final = "vault.rotation"
_PROOF: Final = b"consentry"
_SELECT_PRIMARY: Final = select(facts.c.value).where(facts.c.name == PRIMARY).with_for_update(read=True)


class Stage(StrEnum):
    """How far a rotation has come, by what is durable."""

    INTENDED = "intended"  # the new key has a number; it may be in the file or not, and seals nothing
    PREPARED = "prepared"  # the new key is in the file and proves itself
    SWITCHED = "switched"  # everything is sealed with the new key from here on
    RETIRED = "retired"  # nothing is left under the old key, which is still in the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A rotation that has begun and not ended."""

    old: int
    new: int
    stage: Stage


async def freeze(connection: AsyncConnection) -> None:
    """Let every transaction that seals end, and hold new ones until this one ends.

    Sealing locks the primary's row (`hold_primary`), which takes a weak lock of the table; this one conflicts with it
    and queues fairly, so that a steady stream of writers can't starve a rotation. SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("LOCK TABLE facts IN EXCLUSIVE MODE"))


async def hold_primary(connection: AsyncConnection) -> int:
    """Return the id of the key that seals now, and keep it so until the transaction ends."""
    value = (await connection.execute(_SELECT_PRIMARY)).scalar()
    if value is None:
        raise KeyMissing("The database doesn't say which key seals its secrets.")
    return int(value)


async def find_primary(connection: AsyncConnection) -> int | None:
    """Return the id of the key that seals now, or None in a database that never had one."""
    value = (await connection.execute(select(facts.c.value).where(facts.c.name == PRIMARY))).scalar()
    return None if value is None else int(value)


async def store_first_primary(connection: AsyncConnection, key: MasterKey, at: datetime) -> None:
    """Make a key the one that seals, in a database that has none."""
    await connection.execute(insert(facts).values(name=PRIMARY, value=str(key.id)))
    await store_check(connection, key, at)


async def replace_primary(connection: AsyncConnection, old: int, new: int) -> None:
    """Make another key the one that seals; raise Conflict when the old one no longer was."""
    statement = update(facts).where(facts.c.name == PRIMARY, facts.c.value == str(old)).values(value=str(new))
    if (await connection.execute(statement)).rowcount != 1:
        raise Conflict("The vault's primary key has changed meanwhile.")


async def store_check(connection: AsyncConnection, key: MasterKey, at: datetime) -> None:
    """Keep a value by which a key can prove later that it is the same key."""
    sealed = key.seal(_PROOF, place_of_check(key.id))
    await connection.execute(insert(key_checks).values(key_id=key.id, sealed=sealed, created_at=at))


async def forget_check(connection: AsyncConnection, key_id: int) -> None:
    """Forget a key that nothing is sealed with any more."""
    await connection.execute(delete(key_checks).where(key_checks.c.key_id == key_id))


async def list_checked(connection: AsyncConnection) -> list[int]:
    """Return the keys that have been in use and not been dropped, in the order in which they came."""
    rows = await connection.execute(select(key_checks.c.key_id).order_by(key_checks.c.created_at))
    return list(rows.scalars())


async def prove(connection: AsyncConnection, keyring: Keyring) -> None:
    """Raise KeyMissing or KeyWrong unless the keyring holds every key that this database can't do without."""
    stored = {row.key_id: row.sealed for row in await connection.execute(select(key_checks))}
    primary = await find_primary(connection)
    if primary not in stored:
        raise KeyMissing("The database lacks the check value of the key that seals its secrets.")
    needed = {primary, *await count_rows(connection)}
    for key_id, sealed in stored.items():
        key = keyring.find(key_id)
        if key is not None:
            _prove_one(key, sealed)
        elif key_id in needed:
            raise KeyMissing(f"The keyset lacks key {key_id}, which seals secrets of this database.")


def _prove_one(key: MasterKey, sealed: bytes) -> None:
    try:
        key.open(sealed, place_of_check(key.id))
    except SealBroken:
        raise KeyWrong(
            f"Key {key.id} of the keyset isn't the key {key.id} that this database was sealed with."
        ) from None


async def count_rows(connection: AsyncConnection) -> dict[int, int]:
    """Return how many secrets there are under each key."""
    rows = await connection.execute(select(secrets.c.key_id, func.count()).group_by(secrets.c.key_id))
    return {key_id: count for key_id, count in rows}


async def find_rotation(connection: AsyncConnection) -> Rotation | None:
    """Return the rotation under way."""
    value = (await connection.execute(select(facts.c.value).where(facts.c.name == ROTATION))).scalar()
    return None if value is None else msgspec.json.decode(value, type=Rotation)


async def move_rotation(connection: AsyncConnection, old: Rotation | None, new: Rotation | None) -> None:
    """Begin, move on or end a rotation; raise Conflict when somebody else has moved it."""
    if old is None and new is not None:
        await connection.execute(insert(facts).values(name=ROTATION, value=_encode(new)))
        return
    same = (facts.c.name == ROTATION, facts.c.value == _encode(old))
    statement = delete(facts).where(*same) if new is None else update(facts).where(*same).values(value=_encode(new))
    if (await connection.execute(statement)).rowcount != 1:
        raise Conflict("Another process has taken this rotation over.")


def _encode(rotation: Rotation | None) -> str:
    return msgspec.json.encode(rotation).decode()
