"""A holder of the lease that sleeps through its lease, and wakes up late: it spends nothing and overwrites nothing."""

import asyncio
import signal
from pathlib import Path

import pytest

from consentry import app as composition
from consentry import credentials
from consentry.credentials import lease
from consentry.sandbox import RunningSandbox
from consentry.settings import Settings
from ground.afterwards import assert_works, keep_up, refreshes
from ground.children import doing
from ground.consenting import ADA, connected
from ground.outages import away


async def test_a_late_holder_changes_nothing(settings: Settings, sandbox: RunningSandbox) -> None:
    async with composition.open(settings) as app:
        unsent = (await connected(app, sandbox, name="Stopped before it asked")).id
        answered = (await connected(app, sandbox, name="Stopped after the answer")).id
        sandbox.world.turn(rotation="rotate_with_grace", grace_seconds=600)
        async with (
            doing(settings, "refresh", "refresh.intent", signal.SIGSTOP, credential=unsent) as early,
            doing(settings, "refresh", "refresh.replied", signal.SIGSTOP, credential=answered) as late,
        ):
            await early.stopped()
            await late.stopped()
            taken_over = await asyncio.gather(
                *(credentials.token(app.credentials, ADA, number, force=True) for number in (unsent, answered))
            )
            assert [token.grant_version for token in taken_over] == [2, 2]
            assert refreshes(sandbox) == 3
            early.wake()
            late.wake()
            assert [await early.told(), await late.told()] == [{"version": 2}, {"version": 2}]
            assert [await early.ended(), await late.ended()] == [0, 0]
        await keep_up(app)
        for number, token in zip((unsent, answered), taken_over, strict=True):
            await assert_works(app, number)
            assert await credentials.token(app.credentials, ADA, number) == token
    assert refreshes(sandbox) == 3, "whoever woke up late has asked for nothing"


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_another_node_lets_a_holder_bring_its_reply_when_the_database_is_back(
    settings: Settings, sandbox: RunningSandbox, database_url: str, tmp_path: Path
) -> None:
    async with composition.open(settings) as app:
        number = (await connected(app, sandbox)).id
    elsewhere = settings.model_copy(update={"home": tmp_path / "other", "keyset_file": settings.keyset_path})
    async with (
        composition.open(elsewhere) as node,
        doing(settings, "refresh", "refresh.replied", signal.SIGSTOP, credential=number) as holder,
    ):
        await holder.stopped()
        with away(database_url):
            holder.wake()
            await asyncio.sleep(lease.LEASE_SECONDS + 1)
            holder.stop()  # so that the other node surely comes first
        wanted = asyncio.create_task(credentials.token(node.credentials, ADA, number, force=True))
        await asyncio.sleep(lease.SILENCE_SECONDS / 3)
        holder.wake()
        assert (await wanted).grant_version == 2
        assert await holder.told() == {"version": 2}
        await keep_up(node)
        await assert_works(node, number)
    assert refreshes(sandbox) == 1, "the reply in the holder's hands was enough for both"
