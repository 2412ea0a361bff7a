import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry import settings
from consentry.core.secret import Secret
from consentry.errors import KeyMissing, KeyWrong, LeaseTaken, OperatorError, SealBroken, SettingWrong
from consentry.settings import Settings
from consentry.storage import Database, connect
from consentry.storage.tables import key_checks, secrets
from consentry.vault import (
    SEALED_SUFFIX,
    STEPS,
    Rotating,
    SecretRef,
    Stage,
    Vault,
    find_status,
    open_keyring,
    prepare,
    rotate,
)
from consentry.vault.envelope import key_of, parse_keyset

COUNT = 230  # more than two batches
MOST_ROTATIONS = 30


def ref(number: int) -> SecretRef:
    return SecretRef(owner="credentials", owner_id=number, field="client_secret", version=1 + number % 3)


async def put(database: Database, vault: Vault, place: SecretRef, value: str) -> None:
    async with database.transaction() as connection:
        await vault.put(connection, place, Secret(value))


async def fill(database: Database, vault: Vault, count: int = COUNT) -> None:
    async with database.transaction() as connection:
        for number in range(count):
            await vault.put(connection, ref(number), Secret(f"s3cret-{number}"))


async def check_all(database: Database, vault: Vault, count: int = COUNT) -> None:
    async with database.reading() as connection:
        for number in range(count):
            assert (await vault.open(connection, ref(number))).reveal() == f"s3cret-{number}"


async def keys_in_use(database: Database) -> set[int]:
    """Return the keys that the sealed bytes name, and those that the column beside them names."""
    async with database.reading() as connection:
        rows = (await connection.execute(select(secrets.c.key_id, secrets.c.sealed))).all()
    return {row.key_id for row in rows} | {key_of(row.sealed) for row in rows}


async def checked(database: Database) -> list[int]:
    async with database.reading() as connection:
        return list((await connection.execute(select(key_checks.c.key_id))).scalars())


def in_file(here: Settings) -> list[int]:
    return list(parse_keyset(here.keyset_path.read_text()).keys)


@pytest.fixture
def work(vault: Vault, database: Database, here: Settings) -> Rotating:
    return Rotating(vault=vault, database=database, spool=here.home / "spool")


@pytest.fixture
async def node(here: Settings, vault: Vault, database_url: str) -> AsyncIterator[tuple[Database, Vault]]:
    """Give what another process on the same keyset file has."""
    database = connect(database_url)
    yield database, await open_keyring(here, database)
    await database.close()


class Pause:
    """Stops at a step until it is told to go on."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.is_there = asyncio.Event()
        self.may_go = asyncio.Event()

    async def reached(self, name: str) -> None:
        if name == self._name:
            self.is_there.set()
            await asyncio.wait_for(self.may_go.wait(), 20)


class Watch:
    """Notes every step."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def reached(self, name: str) -> None:
        self.names.append(name)
        await asyncio.sleep(0)


async def test_a_rotation_brings_every_secret_under_a_new_key_and_drops_the_old(
    work: Rotating, database: Database, vault: Vault, here: Settings
) -> None:
    await fill(database, vault)
    [old] = in_file(here)
    seen: list[tuple[int, int]] = []
    told: list[str] = []

    async def record(_connection: AsyncConnection, detail: str) -> None:
        told.append(detail)

    watch = Watch()
    done = await rotate(
        replace(work, progress=lambda done, total: seen.append((done, total)), record=record, steps=watch)
    )
    assert done.old == old
    assert in_file(here) == [done.new]
    assert here.keyset_path.stat().st_mode & 0o777 == 0o600
    assert await keys_in_use(database) == {done.new}
    assert await checked(database) == [done.new]
    await check_all(database, vault)
    assert list(dict.fromkeys(watch.names)) == list(STEPS)
    assert seen == sorted(seen)
    assert seen[-1] == (2 * COUNT, 2 * COUNT)
    assert [f"key {old}" in detail and str(done.new) in detail for detail in told] == [True, True]
    again = await open_keyring(here, database)
    await check_all(database, again)
    assert (await rotate(replace(work, vault=again))).old == done.new, "and it can be done again"


async def test_an_empty_vault_rotates_too(work: Rotating, here: Settings) -> None:
    done = await rotate(work)
    assert in_file(here) == [done.new]


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_any_step_a_rotation_goes_on_with_the_same_key(
    step: str, database: Database, database_url: str, here: Settings, vault: Vault
) -> None:
    await fill(database, vault, 12)
    [old] = in_file(here)
    script = Path(__file__).with_name("rotating.py")
    child = await asyncio.create_subprocess_exec(sys.executable, script, here.home, database_url, step)
    assert await asyncio.wait_for(child.wait(), 60) == -signal.SIGKILL

    restarted = await open_keyring(here, database)
    before = in_file(here)
    for running in (restarted, vault):  # a process that started after, and one that ran all the time
        await check_all(database, running, 12)
        await put(database, running, ref(3), "s3cret-3")

    if step == "ended":
        assert (await find_status(restarted, database)).rotation is None
    else:
        done = await rotate(Rotating(vault=restarted, database=database, spool=here.home / "spool"))
        assert done.old == old
        if set(before) - {old}:
            assert set(before) - {old} == {done.new}, "the key that was kept first is the key that is used"
    assert old not in in_file(here)
    assert len(in_file(here)) == 1
    assert await keys_in_use(database) == set(in_file(here))
    assert await checked(database) == in_file(here)
    for running in (restarted, vault, await open_keyring(here, database)):
        await check_all(database, running, 12)
    assert [path.name for path in here.home.glob("keyset.json*new")] == []


async def test_secrets_come_and_go_while_a_rotation_runs(
    work: Rotating, database: Database, vault: Vault, node: tuple[Database, Vault], here: Settings
) -> None:
    await fill(database, vault)
    other_database, other = node
    over = asyncio.Event()
    versions = dict.fromkeys(range(1000, 1010), 0)

    async def write(through: Database, running: Vault, owners: range) -> None:
        for turn in range(100_000):
            if over.is_set():
                return
            owner = owners[turn % len(owners)]
            place = replace(ref(owner), version=versions[owner] + 1)
            async with through.transaction() as connection:
                if turn % 7 == 3:
                    await running.forget(connection, "credentials", owner)
                await running.put(connection, place, Secret(f"v{place.version}"))
                assert (await running.open(connection, place)).reveal() == f"v{place.version}"
            versions[owner] = place.version
            await asyncio.sleep(0)

    writers = [
        asyncio.create_task(write(database, vault, range(1000, 1005))),
        asyncio.create_task(write(other_database, other, range(1005, 1010))),
    ]
    await asyncio.sleep(0.05)
    done = [await rotate(replace(work, steps=Watch())) for _ in range(3)]
    while min(versions.values()) <= 3 and len(done) < MOST_ROTATIONS:  # SQLite gives nobody a turn of their own
        done.append(await rotate(replace(work, steps=Watch())))
    over.set()
    await asyncio.gather(*writers)
    assert min(versions.values()) > 3
    assert await keys_in_use(database) == {done[-1].new} == set(in_file(here))
    async with database.reading() as connection:
        for owner, version in versions.items():
            place = replace(ref(owner), version=version)
            for running in (vault, other):
                assert (await running.open(connection, place)).reveal() == f"v{version}"
    await check_all(database, other)


async def test_the_switch_waits_for_a_transaction_that_seals_and_new_ones_seal_with_the_new_key(
    work: Rotating, database: Database, vault: Vault, node: tuple[Database, Vault]
) -> None:
    other_database, other = node
    watch = Watch()
    async with other_database.transaction() as connection:
        await other.put(connection, ref(1), Secret("s3cret-1"))
        rotation = asyncio.create_task(rotate(replace(work, steps=watch)))
        await asyncio.sleep(0.3)
        assert "switched" not in watch.names, "the old key is still sealing"
        await other.put(connection, ref(0), Secret("s3cret-0"))
    done = await asyncio.wait_for(rotation, 20)
    assert await keys_in_use(database) == {done.new}
    await check_all(database, vault, 2)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite has one writer at a time
async def test_writers_that_never_pause_do_not_keep_a_rotation_waiting(
    work: Rotating, database: Database, node: tuple[Database, Vault]
) -> None:
    """There is a transaction that seals at every moment; the switch gets its turn all the same."""
    other_database, other = node
    over = asyncio.Event()

    async def write(number: int) -> None:
        for _ in range(10_000):
            if over.is_set():
                return
            async with other_database.transaction() as connection:
                await other.put(connection, ref(number), Secret(f"s3cret-{number}"))
                await asyncio.sleep(0.02 + number * 0.007)

    writers = [asyncio.create_task(write(number)) for number in range(8)]
    await asyncio.sleep(0.1)
    try:
        done = await asyncio.wait_for(rotate(work), 10)
    finally:
        over.set()
        await asyncio.gather(*writers)
    assert await keys_in_use(database) == {done.new}
    await check_all(database, other, 8)


async def test_from_the_switch_on_nothing_is_sealed_with_the_old_key(
    work: Rotating, database: Database, vault: Vault, node: tuple[Database, Vault], here: Settings
) -> None:
    await fill(database, vault, 3)
    pause = Pause("switched")
    rotation = asyncio.create_task(rotate(replace(work, steps=pause)))
    await asyncio.wait_for(pause.is_there.wait(), 20)
    status = await find_status(vault, database)
    other_database, other = node
    await put(other_database, other, ref(7), "s3cret-7")
    async with database.reading() as connection:
        row = (await connection.execute(select(secrets).where(secrets.c.owner_id == 7))).one()
    assert row.key_id == key_of(row.sealed) == status.primary
    assert status.rotation is not None
    assert status.rotation.stage is Stage.SWITCHED
    assert (status.moved, status.secrets) == (0, 3)
    assert [(key.is_primary, key.secrets, key.in_keyset, key.in_database) for key in status.keys] == [
        (False, 3, True, True),
        (True, 0, True, True),
    ]
    pause.may_go.set()
    await rotation
    status = await find_status(vault, database)
    assert (status.rotation, [key.secrets for key in status.keys]) == (None, [4])


async def test_a_secret_that_changes_between_reading_and_writing_keeps_its_change(
    work: Rotating, database: Database, vault: Vault
) -> None:
    """The re-sealed old value must not come over the new one."""
    await fill(database, vault, 150)
    pause = Pause("resealed some")
    rotation = asyncio.create_task(rotate(replace(work, steps=pause)))
    await asyncio.wait_for(pause.is_there.wait(), 20)
    for number in (5, 120):
        await put(database, vault, replace(ref(number), version=9), "new")
    async with database.transaction() as connection:
        await vault.forget(connection, "credentials", 130)
    pause.may_go.set()
    await rotation
    async with database.reading() as connection:
        for number in (5, 120):
            assert (await vault.open(connection, replace(ref(number), version=9))).reveal() == "new"
        with pytest.raises(SealBroken):
            await vault.open(connection, ref(130))


async def test_two_rotations_at_once_are_one_too_many(work: Rotating, here: Settings) -> None:
    pause = Pause("added")
    rotation = asyncio.create_task(rotate(replace(work, steps=pause)))
    await asyncio.wait_for(pause.is_there.wait(), 20)
    with pytest.raises(LeaseTaken):
        await rotate(work)
    pause.may_go.set()
    await rotation
    assert len(in_file(here)) == 1


async def test_nodes_with_files_of_their_own_never_rotate_to_different_keys(
    work: Rotating, database: Database, vault: Vault, here: Settings, tmp_path: Path
) -> None:
    await fill(database, vault, 3)
    second = settings.load(home=tmp_path / "second", keyset=here.keyset_path.read_text())
    second.home.mkdir()
    copy = second.home / "keyset.json"
    copy.touch(0o600)
    copy.write_text(here.keyset_path.read_text())
    there = await open_keyring(settings.load(home=second.home), database)
    begun = await prepare(work)
    elsewhere = replace(work, vault=there, spool=second.home / "spool")
    with pytest.raises(KeyMissing, match="A rotation is under way"):
        await rotate(elsewhere)
    copy.write_text(here.keyset_path.read_text())
    done = await rotate(elsewhere)
    assert (done.old, done.new) == (begun.old, begun.new)
    assert await keys_in_use(database) == {done.new}
    await check_all(database, vault, 3)
    assert done.new in in_file(here), "the node that only began has the new key too"


async def test_preparing_seals_nothing_with_the_new_key_yet(
    work: Rotating, database: Database, vault: Vault, here: Settings
) -> None:
    [old] = in_file(here)
    prepared = await prepare(work)
    await fill(database, vault, 3)
    assert in_file(here) == [old, prepared.new]
    assert await keys_in_use(database) == {old}
    assert await prepare(work) == prepared
    assert (await rotate(work)).new == prepared.new


async def test_a_keyset_from_the_environment_is_not_rotated_but_explained(
    work: Rotating, database: Database, here: Settings
) -> None:
    fixed = await open_keyring(settings.load(home=here.home, keyset=here.keyset_path.read_text()), database)
    with pytest.raises(SettingWrong, match="CONSENTRY_KEYSET") as caught:
        await rotate(replace(work, vault=fixed))
    assert "CONSENTRY_KEYSET_FILE" in caught.value.hint
    assert (await find_status(fixed, database)).rotation is None


async def test_the_old_key_is_kept_while_a_reply_waits_under_it_on_disk(
    work: Rotating, database: Database, vault: Vault, here: Settings
) -> None:
    await fill(database, vault, 3)
    work.spool.mkdir()
    reply = work.spool / f"7-5-refresh{SEALED_SUFFIX}"
    reply.write_bytes(vault.seal_alone("7-5-refresh", Secret("reply")))
    for _ in range(2):
        with pytest.raises(OperatorError, match="The old key is kept"):
            await rotate(work)
        assert len(in_file(here)) == 2
        assert vault.open_alone("7-5-refresh", reply.read_bytes()).reveal() == "reply"
    reply.unlink()
    newer = work.spool / f"8-5-refresh{SEALED_SUFFIX}"
    newer.write_bytes(vault.seal_alone("8-5-refresh", Secret("newer")))
    done = await rotate(work)
    assert in_file(here) == [done.new]
    assert vault.open_alone("8-5-refresh", newer.read_bytes()).reveal() == "newer"


async def test_from_the_switch_on_other_processes_seal_files_with_the_new_key(
    work: Rotating, node: tuple[Database, Vault]
) -> None:
    _, other = node
    pause = Pause("renamed")
    rotation = asyncio.create_task(rotate(replace(work, steps=pause)))
    await asyncio.wait_for(pause.is_there.wait(), 20)
    sealed = other.seal_alone("a", Secret("reply"))
    pause.may_go.set()
    assert key_of(sealed) == (await rotation).new
    assert other.open_alone("a", sealed).reveal() == "reply"


async def damage(database: Database, number: int, change: Callable[[bytes], bytes]) -> None:
    async with database.transaction() as connection:
        where = secrets.c.owner_id == number
        sealed = (await connection.execute(select(secrets.c.sealed).where(where))).scalar_one()
        await connection.execute(update(secrets).where(where).values(sealed=change(sealed)))


async def test_the_old_key_is_kept_while_a_secret_does_not_open(
    work: Rotating, database: Database, vault: Vault, here: Settings
) -> None:
    await fill(database, vault, 8)
    async with database.reading() as connection:
        whole = (await connection.execute(select(secrets.c.sealed).where(secrets.c.owner_id == 4))).scalar_one()
    await damage(database, 4, lambda sealed: sealed[:-1])
    with pytest.raises(OperatorError, match=r"1 secrets .* credentials 4 client_secret"):
        await rotate(work)
    assert len(in_file(here)) == 2
    await damage(database, 4, lambda _: whole)
    done = await rotate(work)
    await check_all(database, vault, 8)
    assert (done.shredded, in_file(here)) == (0, [done.new])


async def test_what_no_key_opens_is_shredded_only_when_that_is_asked_for(
    work: Rotating, database: Database, vault: Vault, here: Settings
) -> None:
    await fill(database, vault, 8)
    await damage(database, 4, lambda sealed: sealed[:-1])
    await damage(database, 6, lambda _: b"")
    told: list[str] = []

    async def record(_connection: AsyncConnection, detail: str) -> None:
        told.append(detail)

    done = await rotate(replace(work, record=record), shred_unreadable=True)
    assert done.shredded == 2
    assert [detail for detail in told if "shredded" in detail] == [
        "the unreadable secret credentials 4 client_secret is shredded",
        "the unreadable secret credentials 6 client_secret is shredded",
    ]
    await check_all(database, vault, 4)
    assert len(in_file(here)) == 1


async def test_a_key_number_that_lies_in_the_table_hides_no_secret_from_the_rotation(
    work: Rotating, database: Database, vault: Vault
) -> None:
    await fill(database, vault, 3)
    prepared = await prepare(work)
    async with database.transaction() as connection:
        await connection.execute(update(secrets).where(secrets.c.owner_id == 1).values(key_id=prepared.new))
    await rotate(work)
    await check_all(database, vault, 3)
    assert await keys_in_use(database) == {prepared.new}


async def test_a_new_key_that_is_not_the_one_the_database_knows_is_never_switched_to(
    work: Rotating, database: Database, vault: Vault, here: Settings
) -> None:
    [old] = in_file(here)
    prepared = await prepare(work)
    async with database.transaction() as connection:
        row = (await connection.execute(select(key_checks).where(key_checks.c.key_id == old))).one()
        await connection.execute(delete(key_checks).where(key_checks.c.key_id == prepared.new))
        await connection.execute(insert(key_checks).values({**row._mapping, "key_id": prepared.new}))
    with pytest.raises(KeyWrong):
        await rotate(work)
    with pytest.raises(KeyWrong):
        await open_keyring(here, database)
    await fill(database, vault, 3)
    assert await keys_in_use(database) == {old}


async def test_a_keyset_behind_a_link_is_replaced_where_it_really_is(
    database: Database, here: Settings, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    vault = await open_keyring(settings.load(home=here.home, keyset_file=tmp_path / "real" / "keys.json"), database)
    here.keyset_path.symlink_to(tmp_path / "real" / "keys.json")
    linked = await open_keyring(here, database)
    done = await rotate(Rotating(vault=linked, database=database, spool=here.home / "spool"))
    assert here.keyset_path.is_symlink()
    assert in_file(here) == [done.new]
    assert vault.keyring.find(done.new) is not None
