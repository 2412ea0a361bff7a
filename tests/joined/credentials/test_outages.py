"""The database is taken away between a provider's reply and its commit; a kept reply comes back all the same."""

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from consentry import app as composition
from consentry import credentials
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.credentials import Status
from consentry.errors import RefreshFailing, StorageBusy
from consentry.sandbox import RunningSandbox
from consentry.settings import Settings
from consentry.worker import Worker
from ground.afterwards import assert_works, is_done, keep_up, refreshes
from ground.children import doing
from ground.consenting import ADA, add_credential, begin, connected, give_consent, register
from ground.outages import away

LONG = bool(os.environ.get("CONSENTRY_SOAK"))
PAGES_BYTES = 16 * 1024  # less than the database's own files have, more than a sealed reply needs


async def spooled(home: Path) -> None:
    """Wait until a reply lies on this node's disk."""
    for _ in range(2000):
        if list((home / "spool").glob("*.sealed")):
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("no reply was spooled")


async def add_connected(settings: Settings, sandbox: RunningSandbox) -> int:
    async with composition.open(settings) as app:
        return (await connected(app, sandbox)).id


async def lose_process_and_database(settings: Settings, database_url: str, number: int) -> None:
    """The database goes just after the reply came, and then the process that holds the reply dies."""
    async with doing(settings, "refresh", "refresh.replied", signal.SIGSTOP, credential=number) as holder:
        await holder.stopped()
        with away(database_url):
            holder.wake()
            await spooled(settings.home)
            holder.kill()
            assert await holder.ended() == -signal.SIGKILL


async def test_a_reply_waits_on_the_disk_for_the_database(
    settings: Settings, sandbox: RunningSandbox, database_url: str
) -> None:
    number = await add_connected(settings, sandbox)
    await lose_process_and_database(settings, database_url, number)
    async with composition.open(settings) as app:
        await keep_up(app)
        await assert_works(app, number)
        assert (await credentials.token(app.credentials, ADA, number)).grant_version == 2
    assert refreshes(sandbox) == 1
    assert sandbox.world.grants.reuses_detected == 0


async def test_a_reply_on_the_disk_is_found_by_who_needs_it_before_any_worker(
    settings: Settings, sandbox: RunningSandbox, database_url: str
) -> None:
    number = await add_connected(settings, sandbox)
    await lose_process_and_database(settings, database_url, number)
    async with composition.open(settings) as app:
        forced = await credentials.token(app.credentials, ADA, number, force=True)
        assert forced.grant_version == 2
        await keep_up(app)
        await assert_works(app, number)
    assert refreshes(sandbox) == 1


async def test_a_consent_waits_on_the_disk_for_the_database(
    settings: Settings, sandbox: RunningSandbox, database_url: str
) -> None:
    async with composition.open(settings) as app:
        credential = await add_credential(app, register(sandbox, app.settings.redirect_uri))
        begun = await begin(app, credential.id)
        query = await give_consent(begun.authorize_url)
    cookies = {begun.cookie_name: begun.cookie_value.reveal()}
    step = "authorize.replied"
    async with doing(settings, "complete", step, signal.SIGSTOP, query=query, cookies=cookies) as holder:
        await holder.stopped()
        with away(database_url):
            holder.wake()
            await spooled(settings.home)
            holder.kill()
            await holder.ended()
    async with composition.open(settings) as app:
        await keep_up(app)
        assert (await credentials.get_authorization(app.credentials, begun.id)).status == "connected"
        await assert_works(app, credential.id)


async def test_who_outlives_the_outage_puts_its_reply_in_use_itself(
    settings: Settings, sandbox: RunningSandbox, database_url: str
) -> None:
    number = await add_connected(settings, sandbox)
    async with doing(settings, "refresh", "refresh.replied", signal.SIGSTOP, credential=number) as holder:
        await holder.stopped()
        with away(database_url):
            holder.wake()
            await spooled(settings.home)
        assert await holder.told() == {"version": 2}
        assert await holder.ended() == 0
    async with composition.open(settings) as app:
        await assert_works(app, number)
    assert refreshes(sandbox) == 1


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_reply_waits_where_there_is_room_for_it_when_the_database_has_none(
    settings: Settings, sandbox: RunningSandbox
) -> None:
    number = await add_connected(settings, sandbox)
    async with doing(settings, "refresh", "refresh.replied", credential=number, largest_file=PAGES_BYTES) as holder:
        await spooled(settings.home)
        holder.kill()
        await holder.ended()
    async with composition.open(settings) as app:
        await keep_up(app)
        await assert_works(app, number)
        assert (await credentials.token(app.credentials, ADA, number)).grant_version == 2
    assert refreshes(sandbox) == 1


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_while_the_database_is_away_each_says_so_and_then_goes_on(
    app: App, sandbox: RunningSandbox, database_url: str, moving_clock: FakeClock
) -> None:
    credential = await connected(app, sandbox)
    moving_clock.advance(timedelta(days=6, hours=23, minutes=55))
    worker = Worker(app)
    with away(database_url):
        for _ in range(3):
            with pytest.raises(StorageBusy):
                await credentials.token(app.credentials, ADA, credential.id)
            await worker.tick(whole=True)
    await keep_up(app)
    await assert_works(app, credential.id)
    assert (await credentials.get(app.credentials, credential.id)).status is Status.AUTHORIZED
    assert refreshes(sandbox) == 1


@pytest.mark.soak
@pytest.mark.skipif(not LONG, reason="it waits as long as a writer waits for a lock, half a minute; run make soak")
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_database_locked_for_longer_than_anybody_waits_is_said(
    app: App, sandbox: RunningSandbox, database_url: str, moving_clock: FakeClock
) -> None:
    credential = await connected(app, sandbox)
    moving_clock.advance(timedelta(days=8))
    with away(database_url), pytest.raises((StorageBusy, RefreshFailing)):
        await credentials.token(app.credentials, ADA, credential.id)
    await keep_up(app)
    await assert_works(app, credential.id)
    assert refreshes(sandbox) == 1
    assert is_done(await credentials.find_waiting(app.credentials))
