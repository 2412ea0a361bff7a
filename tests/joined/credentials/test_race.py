"""Four processes with 25 threads each find one token stale: one refresh request leaves, and nobody fails."""

import os
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from consentry import app as composition
from consentry.core.clock import FakeClock
from consentry.sandbox import RunningSandbox
from consentry.settings import Settings
from ground import racing
from ground.afterwards import refreshes
from ground.children import child, environment_of
from ground.consenting import connected

PROCESSES: Final = 4
THREADS: Final = 25
ROUNDS: Final = 200 if os.environ.get("CONSENTRY_SOAK") else 5


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_stale_token_is_refreshed_once_by_all_of_them(settings: Settings, sandbox: RunningSandbox) -> None:
    eight_days_ago = FakeClock(datetime.now(UTC) - timedelta(days=8))  # what is connected then has long expired now
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(composition.open(settings, clock=eight_days_ago))
        work = (racing.main, environment_of(settings), THREADS)
        racers = [await stack.enter_async_context(child(*work)) for _ in range(PROCESSES)]
        assert [await racer.told() for racer in racers] == ["ready"] * PROCESSES
        for number in range(1, ROUNDS + 1):
            credential = await connected(app, sandbox, name=f"Round {number}")
            for racer in racers:
                racer.line.send(credential.id)
            told = [await racer.told() for racer in racers]
            assert all(tokens == told[0] and len(tokens) == 1 for tokens in told), f"round {number}: {told}"
            assert not told[0][0].startswith("failed")
            assert refreshes(sandbox) == number
            assert sandbox.world.grants.reuses_detected == 0
        for racer in racers:
            racer.line.send(None)
        assert [await racer.ended() for racer in racers] == [0] * PROCESSES
