"""The accounts room on a real database, with passwords that are quick to check."""

from collections.abc import AsyncIterator

import pytest
from argon2 import PasswordHasher

from consentry import accounts
from consentry.audit import Trail
from consentry.core.clock import FakeClock
from consentry.core.ids import SeededRandomness
from consentry.storage import Changes, Database

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
async def room(database: Database, clock: FakeClock, randomness: SeededRandomness) -> AsyncIterator[accounts.Room]:
    changes = Changes(database)
    await changes.start()
    room = accounts.open_room(
        database=database,
        changes=changes,
        clock=clock,
        randomness=randomness,
        trail=Trail(clock),
        passwords=accounts.Passwords(randomness, QUICK),
    )
    yield room
    await accounts.close(room)
    await changes.stop()
