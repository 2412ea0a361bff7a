"""``consentry worker``: a worker alone, for installations of several nodes."""

import asyncio
import signal

from consentry.cli.running import read_settings, shown
from consentry.cli.screen import Screen


def worker() -> None:
    """Run a worker alone: it refreshes ahead of time, settles what a crash left, withdraws tokens. Several may run."""
    with shown() as screen:
        asyncio.run(_work(screen))


async def _work(screen: Screen) -> None:
    from consentry import app
    from consentry.worker import working

    stopped = asyncio.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(wanted, stopped.set)
    async with app.open(read_settings(quiet=False)) as opened, working(opened):
        screen.say("The worker ticks. Ctrl-C stops it.")
        await stopped.wait()
