"""What a home must bring along before anything may start: its keyset, and no other."""

import asyncio
import stat
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from consentry import settings
from consentry.core.secret import Secret
from consentry.errors import KeyMissing, KeyWrong, OperatorError, SettingWrong
from consentry.settings import Settings
from consentry.storage import Database, connect
from consentry.storage.tables import facts, key_checks, secrets
from consentry.vault import SecretRef, Vault, open_keyring
from consentry.vault.envelope import new_keyset, parse_keyset

REF = SecretRef(owner="credentials", owner_id=5, field="client_secret", version=1)


async def test_a_fresh_home_gets_a_keyset_that_only_its_owner_can_read(
    vault: Vault, here: Settings, database: Database
) -> None:
    path = here.keyset_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir() if "keyset" in file.name] == ["keyset.json"]
    assert list(parse_keyset(path.read_text()).keys) == [vault.keyring.keyset.primary.id]
    async with database.reading() as connection:
        stored = str((await connection.execute(select(facts.c.value))).all())
        checks = (await connection.execute(select(key_checks.c.key_id))).scalars().all()
    assert checks == [vault.keyring.keyset.primary.id]
    assert "AesGcmKey" not in stored


async def test_a_folder_that_is_missing_is_made_for_its_owner_only(home: Path, database: Database) -> None:
    await open_keyring(settings.load(home=home, keyset_file=home / "keys" / "ours.json"), database)
    assert stat.S_IMODE((home / "keys").stat().st_mode) == 0o700


async def test_the_next_start_finds_the_same_key(vault: Vault, here: Settings, database: Database) -> None:
    async with database.transaction() as connection:
        await vault.put(connection, REF, Secret("s3cret"))
    again = await open_keyring(here, database)
    async with database.reading() as connection:
        assert (await again.open(connection, REF)).reveal() == "s3cret"


async def test_the_keyset_can_come_from_the_environment(vault: Vault, here: Settings, database: Database) -> None:
    text = here.keyset_path.read_text()
    here.keyset_path.unlink()
    again = await open_keyring(settings.load(home=here.home, keyset=text), database)
    assert list(again.keyring.keyset.keys) == list(vault.keyring.keyset.keys)
    assert not here.keyset_path.exists()


async def test_a_fresh_database_takes_over_the_keyset_that_is_given(home: Path, database: Database) -> None:
    keyset = new_keyset()
    vault = await open_keyring(settings.load(home=home, keyset=keyset.serialize()), database)
    assert list(vault.keyring.keyset.keys) == [keyset.primary.id]
    assert not (home / "keyset.json").exists()


async def test_a_missing_keyset_stops_the_start_and_none_is_made(
    vault: Vault, here: Settings, database: Database
) -> None:
    here.keyset_path.unlink()
    with pytest.raises(KeyMissing, match="there is none at"):
        await open_keyring(here, database)
    assert not here.keyset_path.exists()


@pytest.mark.parametrize("table", [key_checks, facts])
async def test_no_keyset_is_made_for_a_database_that_has_secrets(
    vault: Vault, here: Settings, database: Database, table: object
) -> None:
    """Also when somebody has wiped what proves the keys."""
    async with database.transaction() as connection:
        await vault.put(connection, REF, Secret("s3cret"))
        await connection.execute(delete(key_checks if table is key_checks else facts))
    with pytest.raises(KeyMissing):
        await open_keyring(here, database)
    here.keyset_path.unlink()
    with pytest.raises(KeyMissing):
        await open_keyring(here, database)
    assert not here.keyset_path.exists()


async def test_the_keyset_of_another_home_stops_the_start(vault: Vault, here: Settings, database: Database) -> None:
    here.keyset_path.write_text(new_keyset().serialize())
    with pytest.raises(KeyMissing, match="lacks key"):
        await open_keyring(here, database)


async def test_another_key_under_the_same_number_stops_the_start(
    vault: Vault, here: Settings, database: Database
) -> None:
    forged = new_keyset()
    text = forged.serialize().replace(str(forged.primary.id), str(vault.keyring.keyset.primary.id))
    here.keyset_path.write_text(text)
    with pytest.raises(KeyWrong, match="isn't the key"):
        await open_keyring(here, database)


async def test_a_forged_check_value_stops_the_start(vault: Vault, here: Settings, database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(update(key_checks).values(sealed=b"forged"))
    with pytest.raises(KeyWrong):
        await open_keyring(here, database)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o777])
async def test_a_keyset_that_others_can_use_stops_the_start(
    vault: Vault, here: Settings, database: Database, mode: int
) -> None:
    here.keyset_path.chmod(mode)
    with pytest.raises(SettingWrong) as caught:
        await open_keyring(here, database)
    assert caught.value.hint == f"Run: chmod 600 {here.keyset_path}"


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"not a keyset"])
async def test_a_file_that_is_no_keyset_stops_the_start_even_of_a_fresh_home(
    here: Settings, database: Database, content: bytes
) -> None:
    here.keyset_path.touch(0o600)
    here.keyset_path.write_bytes(content)
    with pytest.raises(KeyWrong, match=r"keyset\.json"):
        await open_keyring(here, database)
    assert here.keyset_path.read_bytes() == content


async def test_a_folder_in_place_of_the_keyset_stops_the_start(here: Settings, database: Database) -> None:
    here.keyset_path.mkdir()
    with pytest.raises(OperatorError):
        await open_keyring(here, database)


async def test_a_keyset_made_by_a_start_that_was_killed_is_taken_over(here: Settings, database: Database) -> None:
    keyset = new_keyset()
    here.keyset_path.touch(0o600)
    here.keyset_path.write_text(keyset.serialize())
    vault = await open_keyring(here, database)
    assert list(vault.keyring.keyset.keys) == [keyset.primary.id]


async def test_starts_at_the_same_moment_agree_on_one_key(here: Settings, database_url: str) -> None:
    nodes = [connect(database_url) for _ in range(4)]
    vaults = await asyncio.gather(*(open_keyring(here, node) for node in nodes))
    assert len({vault.keyring.keyset.primary.id for vault in vaults}) == 1
    assert len(list(here.home.glob("keyset*"))) == 1
    for node in nodes:
        await node.close()


async def test_a_second_node_with_a_home_of_its_own_needs_the_first_ones_keyset(
    vault: Vault, here: Settings, database: Database, tmp_path: Path
) -> None:
    second = settings.load(home=tmp_path / "second")
    with pytest.raises(KeyMissing):
        await open_keyring(second, database)
    assert not second.keyset_path.exists()
    shared = settings.load(home=tmp_path / "second", keyset_file=here.keyset_path)
    assert (await open_keyring(shared, database)).keyring.keyset.keys.keys() == vault.keyring.keyset.keys.keys()


async def test_a_secret_whose_key_number_is_damaged_does_not_stop_the_start(
    vault: Vault, here: Settings, database: Database
) -> None:
    async with database.transaction() as connection:
        await vault.put(connection, REF, Secret("s3cret"))
        await connection.execute(update(secrets).values(key_id=42))
    await open_keyring(here, database)


async def test_sealing_for_a_file_goes_on_when_the_keyset_file_is_in_disorder(
    vault: Vault, here: Settings, database: Database
) -> None:
    here.keyset_path.write_text("in disorder")
    assert vault.open_alone("a", vault.seal_alone("a", Secret("reply"))).reveal() == "reply"
    here.keyset_path.unlink()
    assert vault.open_alone("a", vault.seal_alone("a", Secret("reply"))).reveal() == "reply"
