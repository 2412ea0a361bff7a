import asyncio
import time
from datetime import timedelta

import pytest

from consentry.audit import Action, Actor, Trail, Uses, list_entries, verify
from consentry.core.clock import FakeClock
from consentry.errors import ConsentryError
from consentry.storage import Database

KEY = Actor(name="key:nightly", ip="192.0.2.7")
ELSEWHERE = Actor(name="key:nightly", ip="198.51.100.9")


@pytest.fixture
def uses(database: Database, clock: FakeClock) -> Uses:
    return Uses(Trail(clock), database, clock)


async def told(database: Database) -> list[tuple[str, str, int | None, str]]:
    async with database.reading() as connection:
        entries, _ = await list_entries(connection)
    return [(entry.ip, str(entry.action), entry.credential_id, entry.detail) for entry in reversed(entries)]


async def test_the_first_use_is_written_and_the_rest_of_the_minute_is_counted(
    database: Database, uses: Uses, clock: FakeClock
) -> None:
    for _ in range(413):
        await uses.note(KEY, Action.TOKEN_READ, 5)
    first = (KEY.ip, "token.read", 5, "")
    assert await told(database) == [first]
    clock.advance(timedelta(seconds=59))
    await uses.flush()
    assert await told(database) == [first], "the minute isn't over"
    clock.advance(timedelta(seconds=1))
    await uses.flush()
    counted = (KEY.ip, "token.read", 5, "412 more times in the minute from 12:00:00 UTC")
    assert await told(database) == [first, counted]
    await uses.flush()
    await uses.close()
    assert await told(database) == [first, counted]
    assert (await verify(database)).ok


async def test_a_new_minute_begins_with_its_own_entry_and_the_count_before(
    database: Database, uses: Uses, clock: FakeClock
) -> None:
    await uses.note(KEY, Action.TOKEN_READ, 5)
    await uses.note(KEY, Action.TOKEN_READ, 5)
    clock.advance(timedelta(seconds=61))
    await uses.note(KEY, Action.TOKEN_READ, 5)
    await uses.note(KEY, Action.TOKEN_READ, 5)
    await uses.close()
    assert [detail for *_, detail in await told(database)] == [
        "",
        "1 more time in the minute from 12:00:00 UTC",
        "",
        "1 more time in the minute from 12:01:01 UTC",
    ]


async def test_actors_addresses_credentials_and_actions_are_kept_apart(database: Database, uses: Uses) -> None:
    for _ in range(2):
        await uses.note(KEY, Action.TOKEN_READ, 5)
        await uses.note(ELSEWHERE, Action.TOKEN_READ, 5)
        await uses.note(KEY, Action.PROXY_USE, 5)
        await uses.note(KEY, Action.TOKEN_READ, 6)
    assert len(await told(database)) == 4
    await uses.close()
    assert len(await told(database)) == 8


async def test_uses_at_the_same_moment_all_wait_for_the_one_entry(database: Database, uses: Uses) -> None:
    callers = [asyncio.create_task(uses.note(KEY, Action.PROXY_USE, 5)) for _ in range(25)]
    await asyncio.sleep(0)
    callers[0].cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    assert [caller.cancelled() for caller in callers] == [True] + [False] * 24
    assert len(await told(database)) == 1
    await uses.close()
    assert (await told(database))[1][3].startswith("24 more times")


async def test_a_use_that_cannot_be_written_fails_and_is_not_taken_for_written(
    database: Database, uses: Uses, clock: FakeClock
) -> None:
    await uses.note(KEY, Action.TOKEN_READ, 5)
    await uses.note(KEY, Action.TOKEN_READ, 5)
    clock.advance(timedelta(seconds=61))
    async with database.transaction() as connection:
        await connection.exec_driver_sql("ALTER TABLE audit RENAME TO put_aside")
    with pytest.raises(ConsentryError):
        await uses.note(KEY, Action.TOKEN_READ, 5)
    with pytest.raises(ConsentryError):
        await uses.flush()
    async with database.transaction() as connection:
        await connection.exec_driver_sql("ALTER TABLE put_aside RENAME TO audit")
    await uses.note(KEY, Action.TOKEN_READ, 5)
    assert [detail for *_, detail in await told(database)] == ["", "1 more time in the minute from 12:00:00 UTC", ""]


async def test_noting_costs_microseconds(database: Database, uses: Uses) -> None:
    await uses.note(KEY, Action.TOKEN_READ, 5)
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(2000):
            await uses.note(KEY, Action.TOKEN_READ, 5)
        best = min(best, (time.perf_counter() - began) / 2000)
    assert best < 20e-6
    assert len(await told(database)) == 1


async def test_it_writes_by_itself_and_at_the_end(database: Database, uses: Uses) -> None:
    async with uses:
        await uses.note(KEY, Action.TOKEN_READ, 5)
        await uses.note(KEY, Action.TOKEN_READ, 5)
    assert len(await told(database)) == 2
