import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from consentry import accounts
from consentry.accounts import KeyScope
from consentry.audit import Actor
from consentry.core.clock import FakeClock
from consentry.core.secret import Secret
from consentry.errors import InvalidInput, NotFound, NotSignedIn, TooManyAttempts
from consentry.storage import Changes, connect
from consentry.storage.tables import api_keys

ACTOR = Actor(name="person:ada@example.com", ip="127.0.0.1")
IP = "192.0.2.1"


async def create(room: accounts.Room, *scopes: KeyScope) -> tuple[accounts.ApiKey, Secret]:
    return await accounts.create_api_key(room, ACTOR, name="nightly", scopes=scopes or (KeyScope.READ,))


async def test_a_key_is_recognised_and_carries_its_scopes(room: accounts.Room) -> None:
    api_key, key = await create(room, KeyScope.TOKEN)
    assert re.fullmatch(r"csy_[A-Za-z0-9_-]{43}", key.reveal())
    caller = await accounts.authenticate(room, key.reveal(), IP)
    assert caller.scopes == {KeyScope.TOKEN, KeyScope.READ}
    assert caller.actor == Actor(name=f"key:nightly#{api_key.id}", ip=IP)


async def test_the_key_itself_is_stored_nowhere(room: accounts.Room) -> None:
    _, key = await create(room)
    async with room.database.reading() as connection:
        stored = str((await connection.execute(select(api_keys))).all())
        trail = str((await connection.exec_driver_sql("SELECT * FROM audit")).all())
    assert key.reveal() not in stored + trail
    assert key.reveal()[4:12] not in trail


@pytest.mark.parametrize("key", ["", "csy_", "csy_" + "A" * 43, "Bearer", "ключ", "lone \ud800", "x" * 100_000])
async def test_what_is_no_key_opens_nothing(room: accounts.Room, key: str) -> None:
    await create(room)
    with pytest.raises(NotSignedIn):
        await accounts.authenticate(room, key, IP)


async def test_a_revoked_key_opens_nothing_at_once_also_in_another_process(room: accounts.Room) -> None:
    api_key, key = await create(room)
    database = connect(room.database.url.render_as_string(hide_password=False))
    changes = Changes(database)
    await changes.start()
    other = accounts.open_room(
        database=database, changes=changes, clock=room.clock, randomness=room.randomness, trail=room.trail
    )
    await accounts.authenticate(room, key.reveal(), IP)
    await accounts.authenticate(other, key.reveal(), IP)
    await accounts.revoke_api_key(room, ACTOR, api_key.id)
    with pytest.raises(NotSignedIn, match="revoked"):
        await accounts.authenticate(room, key.reveal(), IP)
    await heard(other, key)
    await accounts.close(other)
    await changes.stop()
    await database.close()


async def heard(room: accounts.Room, key: Secret) -> None:
    """Wait at most two seconds until the other process knows; on SQLite it knows at once."""
    for _ in range(100):
        try:
            await accounts.authenticate(room, key.reveal(), IP)
        except NotSignedIn:
            return
        assert room.database.dialect == "postgresql"
        await asyncio.sleep(0.02)
    pytest.fail("the other process still takes the revoked key")


async def test_an_expired_key_opens_nothing(room: accounts.Room, clock: FakeClock) -> None:
    expires_at = clock.now() + timedelta(days=1)
    _, key = await accounts.create_api_key(room, ACTOR, name="x", scopes=[KeyScope.READ], expires_at=expires_at)
    await accounts.authenticate(room, key.reveal(), IP)
    clock.advance(timedelta(days=1))
    with pytest.raises(NotSignedIn, match="expired"):
        await accounts.authenticate(room, key.reveal(), IP)


async def test_two_keys_stand_side_by_side_while_one_replaces_the_other(room: accounts.Room) -> None:
    first, old = await create(room)
    _, new = await create(room)
    await accounts.authenticate(room, old.reveal(), IP)
    await accounts.authenticate(room, new.reveal(), IP)
    await accounts.revoke_api_key(room, ACTOR, first.id)
    await accounts.authenticate(room, new.reveal(), IP)


async def test_many_unknown_keys_are_slowed_down_and_known_ones_are_not(room: accounts.Room) -> None:
    _, key = await create(room)

    async def guess() -> None:
        for number in range(30):
            with pytest.raises(NotSignedIn):
                await accounts.authenticate(room, f"csy_{number}", IP)

    with pytest.raises(TooManyAttempts):
        await guess()
    await accounts.authenticate(room, key.reveal(), IP)


async def test_the_last_use_is_written_once_a_minute(room: accounts.Room, clock: FakeClock) -> None:
    api_key, key = await create(room)
    first = clock.now()
    await accounts.authenticate(room, key.reveal(), IP)
    await accounts.close(room)
    clock.advance(timedelta(seconds=59))
    await accounts.authenticate(room, key.reveal(), IP)
    await accounts.close(room)
    assert (await accounts.get_api_key(room, api_key.id)).used_at == first
    clock.advance(timedelta(seconds=1))
    await accounts.authenticate(room, key.reveal(), IP)
    await accounts.close(room)
    assert (await accounts.get_api_key(room, api_key.id)).used_at == clock.now()


async def test_bad_input_is_named_field_by_field(room: accounts.Room, clock: FakeClock) -> None:
    with pytest.raises(InvalidInput) as caught:
        await accounts.create_api_key(room, ACTOR, name=" ", scopes=[], expires_at=clock.now())
    assert [wrong.field for wrong in caught.value.errors] == ["name", "scopes", "expires_at"]


async def test_keys_are_listed_newest_first_and_revoking_twice_is_once(room: accounts.Room) -> None:
    first, _ = await create(room)
    second, _ = await create(room)
    listed, more = await accounts.list_api_keys(room)
    assert ([api_key.id for api_key in listed], more) == ([second.id, first.id], False)
    once = await accounts.revoke_api_key(room, ACTOR, first.id)
    assert (await accounts.revoke_api_key(room, ACTOR, first.id)).revoked_at == once.revoked_at
    with pytest.raises(NotFound):
        await accounts.revoke_api_key(room, ACTOR, 99)
