import time
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from consentry.core.secret import Secret
from consentry.errors import KeyMissing, SealBroken
from consentry.settings import Settings
from consentry.storage import Database
from consentry.storage.tables import secrets
from consentry.vault import SecretRef, Vault
from consentry.vault.envelope import new_keyset
from consentry.vault.keyring import Keyring

REF = SecretRef(owner="credentials", owner_id=5, field="client_secret", version=1)
OTHER = replace(REF, owner_id=6)


async def put(database: Database, vault: Vault, ref: SecretRef, value: str) -> None:
    async with database.transaction() as connection:
        await vault.put(connection, ref, Secret(value))


async def opened(database: Database, vault: Vault, ref: SecretRef) -> str:
    async with database.reading() as connection:
        return (await vault.open(connection, ref)).reveal()


async def sealed(database: Database, ref: SecretRef) -> bytes:
    async with database.reading() as connection:
        where = (secrets.c.owner == ref.owner, secrets.c.owner_id == ref.owner_id, secrets.c.field == ref.field)
        return bytes((await connection.execute(select(secrets.c.sealed).where(*where))).scalar_one())


async def overwrite(database: Database, ref: SecretRef, value: bytes, *, version: int) -> None:
    """Do what somebody with write access to the database could do."""
    async with database.transaction() as connection:
        where = (secrets.c.owner == ref.owner, secrets.c.owner_id == ref.owner_id, secrets.c.field == ref.field)
        await connection.execute(update(secrets).where(*where).values(sealed=value, version=version))


@pytest.mark.parametrize("value", ["", "s3cret", "пароль 🔑", "lone \ud800 half", "nul \x00", "x" * 100_000])
async def test_a_secret_comes_back_as_it_was_put(database: Database, vault: Vault, value: str) -> None:
    await put(database, vault, REF, value)
    assert await opened(database, vault, REF) == value


async def test_the_database_holds_no_plain_secret(database: Database, vault: Vault) -> None:
    await put(database, vault, REF, "s3cret-that-is-looked-for")
    assert b"s3cret" not in await sealed(database, REF)


async def test_putting_again_replaces_secret_and_version(database: Database, vault: Vault) -> None:
    await put(database, vault, REF, "old")
    await put(database, vault, replace(REF, version=2), "new")
    assert await opened(database, vault, replace(REF, version=2)) == "new"
    with pytest.raises(SealBroken):
        await opened(database, vault, REF)
    async with database.reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(secrets))).scalar_one() == 1


async def test_several_are_put_at_once_each_in_its_own_place(database: Database, vault: Vault) -> None:
    await put(database, vault, REF, "old")
    places = {replace(REF, field=field, version=2): Secret(field * 9) for field in ("client_secret", "b", "c")}
    async with database.transaction() as connection:
        await vault.put_all(connection, {})
        await vault.put_all(connection, places)
    for ref, secret in places.items():
        assert await opened(database, vault, ref) == secret.reveal()


async def test_a_put_shares_the_fate_of_its_transaction(database: Database, vault: Vault) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await vault.put(connection, REF, Secret("s3cret"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    with pytest.raises(SealBroken):
        await opened(database, vault, REF)


async def test_a_value_moved_to_another_row_does_not_open(database: Database, vault: Vault) -> None:
    await put(database, vault, REF, "ours")
    await put(database, vault, OTHER, "theirs")
    one, other = await sealed(database, REF), await sealed(database, OTHER)
    await overwrite(database, REF, other, version=1)
    await overwrite(database, OTHER, one, version=1)
    for ref in (REF, OTHER):
        with pytest.raises(SealBroken, match=f"credentials {ref.owner_id} client_secret"):
            await opened(database, vault, ref)


async def test_a_value_moved_to_another_field_does_not_open(database: Database, vault: Vault) -> None:
    access, refresh = replace(REF, field="access_token"), replace(REF, field="refresh_token")
    await put(database, vault, access, "short-lived")
    await put(database, vault, refresh, "long-lived")
    await overwrite(database, access, await sealed(database, refresh), version=1)
    with pytest.raises(SealBroken):
        await opened(database, vault, access)


async def test_a_value_rolled_back_to_an_older_version_does_not_open(database: Database, vault: Vault) -> None:
    await put(database, vault, REF, "old")
    kept = await sealed(database, REF)
    await put(database, vault, replace(REF, version=2), "new")
    for version in (1, 2):  # whichever version the forger writes beside it
        await overwrite(database, REF, kept, version=version)
        with pytest.raises(SealBroken):
            await opened(database, vault, replace(REF, version=2))


async def test_a_damaged_value_does_not_open_and_breaks_no_other(database: Database, vault: Vault) -> None:
    await put(database, vault, REF, "damaged")
    await put(database, vault, OTHER, "whole")
    whole = await sealed(database, REF)
    damaged = [b"", b"\x00", whole[:-1], whole[:3] + b"\xff" + whole[4:], whole[:-1] + bytes([whole[-1] ^ 1])]
    for value in damaged:
        await overwrite(database, REF, value, version=1)
        with pytest.raises(SealBroken):
            await opened(database, vault, REF)
    assert await opened(database, vault, OTHER) == "whole"


async def test_a_process_without_the_key_says_so(database: Database, vault: Vault) -> None:
    await put(database, vault, REF, "s3cret")
    stranger = Vault(Keyring(new_keyset(), path=None))
    with pytest.raises(KeyMissing):
        await opened(database, stranger, REF)
    with pytest.raises(KeyMissing):
        await put(database, stranger, OTHER, "s3cret")
    with pytest.raises(SealBroken):
        await opened(database, vault, OTHER)


async def test_forgetting_takes_one_field_or_all_of_a_row(database: Database, vault: Vault) -> None:
    refs = [replace(REF, field=field) for field in ("a", "b", "c")]
    for ref in [*refs, OTHER]:
        await put(database, vault, ref, "s3cret")
    async with database.transaction() as connection:
        await vault.forget(connection, "credentials", 5, field="b")
    assert await opened(database, vault, refs[0]) == "s3cret"
    async with database.transaction() as connection:
        await vault.forget(connection, "credentials", 5)
    for ref in refs:
        with pytest.raises(SealBroken):
            await opened(database, vault, ref)
    assert await opened(database, vault, OTHER) == "s3cret"


async def test_a_sealed_file_opens_under_its_own_name_only(vault: Vault) -> None:
    value = vault.seal_alone("7-5-refresh", Secret("reply"))
    assert b"reply" not in value
    assert vault.open_alone("7-5-refresh", value).reveal() == "reply"
    for name, other in (("7-5-exchange", value), ("7-5-refresh", value[:-1]), ("7-5-refresh", b"")):
        with pytest.raises(SealBroken):
            vault.open_alone(name, other)
    with pytest.raises(KeyMissing):
        Vault(Keyring(new_keyset(), path=None)).open_alone("7-5-refresh", value)


async def test_the_vault_remembers_nothing_it_has_opened(database: Database, vault: Vault, here: Settings) -> None:
    await put(database, vault, REF, "s3cret")
    await opened(database, vault, REF)
    await overwrite(database, REF, b"", version=1)
    with pytest.raises(SealBroken):
        await opened(database, vault, REF)


async def test_opening_costs_little(database: Database, vault: Vault) -> None:
    await put(database, vault, REF, "x" * 60)
    best = float("inf")
    async with database.reading() as connection:
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(50):
                await vault.open(connection, REF)
            best = min(best, (time.perf_counter() - began) / 50)
    print(f"opened in {best * 1e6:.0f} µs")
    assert best < 5e-3
