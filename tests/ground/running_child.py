"""A process that runs a source, and may kill itself at any moment of it."""

import asyncio
import os
import signal
import threading
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection

from consentry import app, credentials
from consentry.core.clock import FakeClock
from consentry.flows.model import Source
from consentry.settings import Settings
from ground.running_sources import Runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the process is to do."""

    source: Source
    credential_id: int
    fence: int  # of the last run
    now: datetime
    dies_after: float  # seconds


def main(settings: Settings, order: Order, line: Connection) -> None:
    """Run the source, and say how it ended, if it comes to that."""
    line.send(asyncio.run(_run(settings, order)))


async def _run(settings: Settings, order: Order) -> str:
    clock = FakeClock(order.now)
    async with app.open(settings, clock=clock) as opened:
        credential = await credentials.get(opened.credentials, order.credential_id)
        runner = Runner(app=opened, credential=credential, clock=clock, fence=order.fence)
        death = threading.Timer(order.dies_after, os.kill, (os.getpid(), signal.SIGKILL))
        death.daemon = True
        death.start()
        ended = await runner.run(order.source)
        death.cancel()
        return ended.status
