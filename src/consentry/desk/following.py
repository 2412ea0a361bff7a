"""Looks at a run again and again until it has ended; who stops looking, asks it to end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from consentry.desk.flow_contract import Flows, RunView
from consentry.errors import Conflict

LOOK_EVERY: Final = 0.5
CANCELLED_WITHIN: Final = 10.0


async def follow(flows: Flows, run_id: int, *, show: Callable[[RunView], None] = lambda _: None) -> RunView:
    """Return a run once it has ended, and show how it goes meanwhile; cancelling this cancels the run."""
    try:
        return await watch(flows, run_id, show=show)
    except asyncio.CancelledError:
        with suppress(Conflict):  # it has ended already
            await flows.cancel_run(run_id)
        await asyncio.wait([asyncio.create_task(watch(flows, run_id, show=show))], timeout=CANCELLED_WITHIN)
        raise


async def watch(flows: Flows, run_id: int, *, show: Callable[[RunView], None] = lambda _: None) -> RunView:
    """Return a run once it has ended, and show how it goes meanwhile; it goes on when nobody watches."""
    while True:
        run = await flows.get_run(run_id)
        show(run)
        if run.has_ended:
            return run
        await asyncio.sleep(LOOK_EVERY)
