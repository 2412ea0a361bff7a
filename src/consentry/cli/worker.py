"""``consentry worker``: a worker alone, for installations of several nodes."""

import asyncio
import signal

from consentry.cli.running import read_settings, shown


def worker() -> None:
    """Run a worker alone: it refreshes ahead of time, settles what a crash left, withdraws tokens. Several may run."""
    with shown():
        asyncio.run(_work())


async def _work() -> None:
    from consentry import app
    from consentry.worker import Worker

    async with app.open(read_settings(quiet=False)) as opened:
        ticking = Worker(opened)
        for wanted in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(wanted, ticking.stop)
        await ticking.run()
