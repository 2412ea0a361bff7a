"""A process that works on a run of a destination, and may send itself a signal at a named step."""

import asyncio
import os
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing.connection import Connection

from consentry import app, flows
from consentry.core.steps import NoSteps, Steps
from consentry.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the process is to do."""

    run_id: int
    step: str = ""
    signal: int = 0
    time: int = 1  # at which time that the step is reached
    settle: float = 0.2  # seconds that a lost request may still take effect


class AtTime:
    """Sends this process a signal, the n-th time that a step is reached."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._left = order.time

    async def reached(self, name: str) -> None:
        """Count, and strike."""
        if name == self._order.step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), self._order.signal)


def main(settings: Settings, order: Order, line: Connection) -> None:
    """Work on the run to its end, and say how it ended."""
    line.send(asyncio.run(_work(settings, order)))


async def _work(settings: Settings, order: Order) -> str:
    steps: Steps = AtTime(order) if order.step else NoSteps()
    async with app.open(settings, steps=steps) as opened:
        room = replace(opened.flows, settle=timedelta(seconds=order.settle))
        while True:
            claimed = await flows.claim(room, 1, only=order.run_id)
            if claimed:
                await flows.work(room, claimed[0])
            run = await flows.get_run(room, order.run_id)
            if run.status in flows.ENDED:
                return run.status
            await asyncio.sleep(0.05)
