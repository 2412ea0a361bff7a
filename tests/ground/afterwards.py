"""What a process that starts after a crash finds: upkeep as the worker does it, and what is left to do."""

import asyncio

from consentry import credentials
from consentry.app import App
from consentry.credentials import Waiting
from consentry.sandbox import RunningSandbox
from consentry.worker import Worker
from ground.consenting import ADA

TICKS_AT_MOST = 5


async def keep_up(app: App) -> None:
    """Tick as the worker does until nothing is left that can be done now."""
    worker = Worker(app)
    for _ in range(TICKS_AT_MOST):
        await worker.tick(whole=True)
        if is_done(await credentials.find_waiting(app.credentials)):
            return
        await asyncio.sleep(0.1)


def is_done(waiting: Waiting) -> bool:
    """Tell whether nothing waits any more, in the journal, on the disk or for the provider."""
    return (waiting.journal, waiting.revocations, waiting.spooled) == (0, 0, 0)


async def assert_works(app: App, credential_id: int) -> None:
    """See that the provider answers a call with the credential's token, and that nothing was left behind."""
    asking = await credentials.client(app.credentials, ADA, credential_id)
    assert (await asking.get("/api/v2/users/current")).status == 200
    assert is_done(await credentials.find_waiting(app.credentials))


def refreshes(sandbox: RunningSandbox) -> int:
    """Return how many refresh requests the provider has processed."""
    return sandbox.world.journal.counts("token_requests").get("refresh_token", 0)


def living(sandbox: RunningSandbox) -> int:
    """Return how many grants the provider still accepts."""
    return sum(grant.ended is None for grant in sandbox.world.grants.all())
