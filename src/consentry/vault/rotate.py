"""Change the master key while the system runs: prepare, switch, re-seal, verify, and only then drop the old key.

What has been reached is durable before the next step begins, so that a rotation killed anywhere is gone on with.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.clock import Clock, SystemClock
from consentry.core.steps import NoSteps, Steps
from consentry.errors import KeyMissing, LeaseTaken, OperatorError, SealBroken
from consentry.storage import Database
from consentry.vault import checks, reseal
from consentry.vault.checks import Rotation, Stage
from consentry.vault.envelope import key_of
from consentry.vault.reseal import Progress, Record
from consentry.vault.store import SEALED_SUFFIX, Vault

STEPS: Final = (
    "intended",
    "added",
    "prepared",
    "switched",
    "renamed",
    "resealed some",
    "resealed",
    "verified",
    "retired",
    "dropped",
    "ended",
)
"""The steps in their order; the next begins only when what this one did is durable."""
_WALKS: Final = 5
_NAMED: Final = 5


async def _record_nothing(_connection: AsyncConnection, _detail: str) -> None:
    return None


def _show_nothing(_done: int, _total: int) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotating:
    """What a rotation works with."""

    vault: Vault
    database: Database
    spool: Path  # the folder of this node's sealed files
    record: Record = _record_nothing
    progress: Progress = _show_nothing
    steps: Steps = field(default_factory=NoSteps)
    clock: Clock = field(default_factory=SystemClock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """A rotation that is complete."""

    old: int
    new: int
    shredded: int  # secrets that no key could open, deleted because the caller asked for it


async def rotate(work: Rotating, *, shred_unreadable: bool = False) -> Rotated:
    """Replace the master key, or go on with a replacement that was interrupted.

    Raises LeaseTaken while another process rotates, and OperatorError when somebody has to act before the old key may
    go: nothing is lost then, and rotating again goes on. ``shred_unreadable`` deletes secrets that no key opens.
    """
    shredded = 0
    with work.vault.keyring.locked():
        rotation = await _prepare(work)
        if rotation.stage is Stage.PREPARED:
            rotation = await _switch(work, rotation)
        if rotation.stage is Stage.SWITCHED:
            await _rename(work, rotation)
            shredded = await _reseal(work, rotation, shred=shred_unreadable)
            rotation = await _retire(work, rotation)
        await _drop(work, rotation)
    return Rotated(old=rotation.old, new=rotation.new, shredded=shredded)


async def prepare(work: Rotating) -> Rotation:
    """Only add the next key to the keyset file, so that other nodes can be given the file before anything needs it.

    `rotate` then goes on from there; raises as it does.
    """
    with work.vault.keyring.locked():
        return await _prepare(work)


async def _prepare(work: Rotating) -> Rotation:
    keyring = work.vault.keyring
    keyring.follow()
    async with work.database.reading() as connection:
        rotation, primary = await checks.find_rotation(connection), await checks.find_primary(connection)
    if primary is None or keyring.find(primary) is None:
        raise KeyMissing("This node's keyset lacks the key that seals the secrets of this database.")
    if rotation is None:
        rotation = await _intend(work, None, primary)
    elif rotation.stage is Stage.INTENDED and keyring.find(rotation.new) is None:
        rotation = await _intend(work, rotation, primary)  # killed before its key was kept anywhere: it never was
    if rotation.stage is Stage.INTENDED:
        rotation = await _store_check(work, rotation)
    await _prove(work, rotation)
    return rotation


async def _intend(work: Rotating, before: Rotation | None, primary: int) -> Rotation:
    """Number the new key in the database first: by that number, a rotation that goes on knows the key as its own."""
    keyset, new = work.vault.keyring.keyset.with_new_key()
    rotation = Rotation(old=primary, new=new, stage=Stage.INTENDED)
    try:
        async with work.database.transaction() as connection:
            await checks.move_rotation(connection, before, rotation)
    except IntegrityError:
        raise LeaseTaken("Another node has begun to rotate.") from None
    await work.steps.reached("intended")
    work.vault.keyring.replace(keyset)
    await work.steps.reached("added")
    return rotation


async def _store_check(work: Rotating, rotation: Rotation) -> Rotation:
    key = work.vault.keyring.keyset.keys[rotation.new]
    async with work.database.transaction() as connection:
        await checks.store_check(connection, key, work.clock.now())
        rotation = await _move(connection, rotation, Stage.PREPARED)
    await work.steps.reached("prepared")
    return rotation


async def _prove(work: Rotating, rotation: Rotation) -> None:
    """Raise KeyMissing or KeyWrong unless both keys are at hand and are those that the database knows."""
    needed = {rotation.new} if rotation.stage is Stage.RETIRED else {rotation.old, rotation.new}
    if any(work.vault.keyring.find(key_id) is None for key_id in needed):
        raise KeyMissing(
            "A rotation is under way, and this node's keyset lacks one of its keys.",
            hint="Rotate on the node where it began, or give this node that node's keyset first.",
        )
    async with work.database.reading() as connection:
        await checks.prove(connection, work.vault.keyring)


async def _switch(work: Rotating, rotation: Rotation) -> Rotation:
    """Make the new key the one that seals: once this has committed, nothing new comes under the old key."""
    async with work.database.transaction() as connection:
        await checks.freeze(connection)
        await checks.replace_primary(connection, rotation.old, rotation.new)
        moved = await _move(connection, rotation, Stage.SWITCHED)
        await work.record(connection, f"from key {rotation.old} to key {rotation.new}: the new key seals from here on")
    await work.steps.reached("switched")
    return moved


async def _rename(work: Rotating, rotation: Rotation) -> None:
    """Call the new key primary in the file too: what is sealed without the database goes by that."""
    keyring = work.vault.keyring
    if keyring.keyset.primary.id != rotation.new:
        keyring.replace(keyring.keyset.with_primary(rotation.new))
    await work.steps.reached("renamed")


async def _reseal(work: Rotating, rotation: Rotation, *, shred: bool) -> int:
    """Walk over all secrets until a whole walk finds every one of them open under the new key."""
    shredded = 0
    for walk in range(_WALKS):
        progress = _half(work.progress, second=walk > 0)
        walked = await reseal.walk(work.database, work.vault.keyring, rotation.new, progress, work.steps)
        if walked.unreadable and not shred:
            raise _unreadable(walked.unreadable)
        shredded += await reseal.shred(work.database, walked.unreadable, work.record)
        if walk == 0:
            await work.steps.reached("resealed")
        if not walked.moved and not walked.unreadable:
            await work.steps.reached("verified")
            return shredded
    raise OperatorError(
        "Secrets keep turning up that are not under the new key.",
        hint="Stop every process that runs an older release on this database, then rotate again; it goes on from here.",
    )


def _half(progress: Progress, *, second: bool) -> Progress:
    """Show one walk as half of the way: the first re-seals, the second verifies."""
    return lambda done, total: progress(done + total * second, 2 * total)


async def _retire(work: Rotating, rotation: Rotation) -> Rotation:
    """Let the database forget the old key, if nothing is left under it."""
    waiting = [path.name for path in work.spool.glob("*" + SEALED_SUFFIX) if _needs(path, rotation.old)]
    if waiting:
        raise OperatorError(
            f"The old key is kept: replies of providers wait on this node's disk under it ({len(waiting)}).",
            hint=f"Start Consentry, so that its worker takes them over from {work.spool}; then rotate again.",
        )
    async with work.database.transaction() as connection:
        if rotation.old in await checks.count_rows(connection):
            raise OperatorError("A secret has come back under the old key.", hint="Rotate again; it goes on from here.")
        await checks.forget_check(connection, rotation.old)
        moved = await _move(connection, rotation, Stage.RETIRED)
        await work.record(connection, f"every secret opens with key {rotation.new}: key {rotation.old} is dropped")
    await work.steps.reached("retired")
    return moved


async def _drop(work: Rotating, rotation: Rotation) -> None:
    keyring = work.vault.keyring
    if rotation.old in keyring.keyset.keys:
        keyring.replace(keyring.keyset.with_primary(rotation.new).without(rotation.old))
    await work.steps.reached("dropped")
    async with work.database.transaction() as connection:
        await checks.move_rotation(connection, rotation, None)
    await work.steps.reached("ended")


async def _move(connection: AsyncConnection, rotation: Rotation, stage: Stage) -> Rotation:
    moved = replace(rotation, stage=stage)
    await checks.move_rotation(connection, rotation, moved)
    return moved


def _needs(path: Path, key_id: int) -> bool:
    try:
        return key_of(path.read_bytes()) == key_id
    except FileNotFoundError:  # taken over meanwhile
        return False
    except SealBroken:  # nobody knows what it needs
        return True


def _unreadable(rows: tuple[reseal.Sealed, ...]) -> OperatorError:
    names = "; ".join(str(row.ref) for row in rows[:_NAMED]) + ("; …" if len(rows) > _NAMED else "")
    return OperatorError(
        f"{len(rows)} secrets can't be opened with any key: {names}. The old key is kept.",
        hint="Restore them, or authorize those credentials again, or delete them; then rotate again, "
        "which goes on from here. Rotating can also shred what can't be opened, if it is told to.",
    )
