import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, select, update

from consentry.audit import Action, Actor, Outcome, Trail, list_entries, verify
from consentry.core.clock import FakeClock
from consentry.core.secret import Secret
from consentry.storage import Database, connect
from consentry.storage.tables import audit, facts

ADA = Actor(name="person:ada@example.com", ip="192.0.2.7")


@pytest.fixture
def trail(clock: FakeClock) -> Trail:
    return Trail(clock)


async def write(database: Database, trail: Trail, count: int) -> None:
    for number in range(count):
        async with database.transaction() as connection:
            await trail.record(
                connection, ADA, Action.TEST, Outcome.DONE, credential_id=number % 3, detail=f"n{number}"
            )


async def test_an_entry_comes_back_as_it_was_written(database: Database, trail: Trail, clock: FakeClock) -> None:
    async with database.transaction() as connection:
        await trail.record(connection, ADA, Action.SIGN_IN, Outcome.REFUSED, detail="wrong password")
    async with database.reading() as connection:
        [entry], more = await list_entries(connection)
    assert not more
    assert (entry.id, entry.at, entry.actor, entry.ip) == (1, clock.now(), ADA.name, ADA.ip)
    assert (entry.action, entry.outcome, entry.detail) == (Action.SIGN_IN, Outcome.REFUSED, "wrong password")


async def test_an_entry_shares_the_fate_of_its_transaction(database: Database, trail: Trail) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await trail.record(connection, ADA, Action.TEST, Outcome.DONE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert (await verify(database)).entries == 0


async def test_the_trail_is_paged_filtered_and_searched(database: Database, trail: Trail) -> None:
    await write(database, trail, 7)
    async with database.transaction() as connection:
        await trail.record(connection, ADA, Action.REVOKE, Outcome.FAILED, credential_id=1, detail="100% no_answer")
    async with database.reading() as connection:
        first, more = await list_entries(connection, per_page=5)
        second, no_more = await list_entries(connection, per_page=5, page=2)
        of_one, _ = await list_entries(connection, credential_id=1)
        revoked, _ = await list_entries(connection, action=Action.REVOKE)
        found = [
            len((await list_entries(connection, q=q))[0]) for q in ("ADA@", "0% NO_", "_answer", "n%", "failed", "192.")
        ]
    assert [entry.id for entry in [*first, *second]] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert (more, no_more) == (True, False)
    assert [entry.id for entry in of_one] == [8, 5, 2]
    assert [entry.detail for entry in revoked] == ["100% no_answer"]
    assert found == [8, 1, 1, 0, 1, 8]


async def test_secrets_and_what_databases_cannot_hold_stay_out(database: Database, trail: Trail) -> None:
    secret = Secret("S3cr3t-that-was-seen-once")
    detail = f"nul \x00 half \ud800 torn\nline {secret.reveal()} access_token=abcdefghijk " + "x" * 1000
    async with database.transaction() as connection:
        await trail.record(connection, Actor(name="key:\x00" + "k" * 999), Action.TEST, Outcome.FAILED, detail=detail)
    async with database.reading() as connection:
        [entry], _ = await list_entries(connection)
    assert len(entry.detail) == 500
    assert entry.detail.startswith("nul   half   torn line [hidden] access_token=[hidden] xxx")
    assert len(entry.actor) == 200
    assert (await verify(database)).ok


CHANGED = {
    "at": datetime(2031, 1, 1, tzinfo=UTC),
    "actor": "person:eve@example.com",
    "action": "sign.nothing",
    "outcome": "forgotten",
    "credential_id": 99,
    "detail": "",
    "ip": "203.0.113.1",
    "hash": "0" * 64,
}


@pytest.mark.parametrize("column", CHANGED)
async def test_a_changed_entry_breaks_the_chain_there(database: Database, trail: Trail, column: str) -> None:
    await write(database, trail, 5)
    async with database.transaction() as connection:
        await connection.execute(update(audit).where(audit.c.id == 3).values({column: CHANGED[column]}))
    verdict = await verify(database)
    assert (verdict.ok, verdict.entries, verdict.first_broken_id) == (False, 2, 3)
    async with database.reading() as connection:
        assert len((await list_entries(connection))[0]) == 5, "what was tampered with is shown all the same"


async def test_a_missing_or_invented_entry_breaks_the_chain(database: Database, trail: Trail) -> None:
    await write(database, trail, 5)
    whole = await verify(database)
    async with database.transaction() as connection:
        await connection.execute(delete(audit).where(audit.c.id == 4))
    assert (await verify(database)).first_broken_id == 4
    async with database.transaction() as connection:
        await connection.execute(delete(audit).where(audit.c.id == 5))
    shortened = await verify(database)
    assert shortened.ok, "a chain can't know its own end..."
    assert shortened.head != whole.head, "...but who noted its head sees that something was cut off"
    async with database.transaction() as connection:
        row = (await connection.execute(select(audit).where(audit.c.id == 3))).one()
        await connection.execute(insert(audit).values({**row._mapping, "id": 4}))
    assert (await verify(database)).first_broken_id == 4


async def test_the_chain_is_verified_past_one_batch(database: Database, trail: Trail) -> None:
    async with database.transaction() as connection:
        for _ in range(1001):
            await trail.record(connection, ADA, Action.TEST, Outcome.DONE)
    verdict = await verify(database)
    assert (verdict.ok, verdict.entries) == (True, 1001)


async def test_many_writers_make_one_chain(database: Database, database_url: str, trail: Trail) -> None:
    other = connect(database_url)

    async def work(through: Database, number: int) -> None:
        async with through.transaction() as connection:
            await connection.execute(insert(facts).values(name=f"fact {number}", value=""))
            await trail.record(connection, ADA, Action.TEST, Outcome.DONE, credential_id=number)

    await asyncio.gather(*(work((database, other)[number % 2], number) for number in range(40)))
    await other.close()
    verdict = await verify(database)
    assert (verdict.ok, verdict.entries) == (True, 40)
