"""A process that works on runs: `python -m consentry.runner`. The worker starts it when there is something to do.

It needs much memory, so it isn't the server, and ends when nothing was to do for a while. It ends with its parent too:
the parent holds the other end of its standard input.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from typing import Final

from consentry import app as composition
from consentry import flows
from consentry import settings as configuration
from consentry.app import App
from consentry.core import log, loop
from consentry.core.process import collect_rarely, give_way, keep_what_is_there
from consentry.errors import ConsentryError
from consentry.flows import Claimed, RunStatus, Trouble
from consentry.settings import Settings

AT_ONCE: Final = 8
IDLE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.5
_FAULT: Final = Trouble(
    code="internal_error",
    message="Consentry has a fault that nobody expected.",
    hint="Look into its log, and tell its makers.",
)

logger = log.get_logger("runner")


class Runner:
    """Claims runs and works on them, several at once."""

    def __init__(self, app: App, *, only: int | None = None, idle_seconds: float = IDLE_SECONDS) -> None:
        self._app = app
        self._only = only
        self._idle_seconds = idle_seconds
        self._at_work: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Give back what is at work, and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until told to stop, or until nothing was to do for a while."""
        clock = asyncio.get_running_loop()
        busy_at = clock.time()
        while not self._stopping.is_set():
            if await self._claim() or self._at_work:
                busy_at = clock.time()
            elif self._only is not None or clock.time() - busy_at > self._idle_seconds:
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _LOOK_SECONDS)
        for task in self._at_work:
            task.cancel()
        if self._at_work:
            await asyncio.wait(self._at_work)

    async def _claim(self) -> bool:
        free = AT_ONCE - len(self._at_work)
        if free <= 0:
            return False
        try:
            claimed = await flows.claim(self._app.flows, free, only=self._only)
        except ConsentryError as error:
            logger.warning("could not look for runs", problem=error.code, reason=error.message)
            return False
        for one in claimed:
            task = asyncio.create_task(self._work(one), name=f"run {one.run.id}")
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
        return bool(claimed)

    async def _work(self, claimed: Claimed) -> None:
        try:
            await flows.work(self._app.flows, claimed)
        except ConsentryError as error:
            logger.warning("a run was put off", run_id=claimed.run.id, problem=error.code, reason=error.message)
        except Exception:
            logger.exception("a run failed in a way nobody expected", run_id=claimed.run.id)
            with contextlib.suppress(ConsentryError):
                await flows.finish(self._app.flows, claimed, RunStatus.FAILED, _FAULT)


async def serve(settings: Settings, *, only: int | None = None, follows_stdin: bool = False) -> None:
    """Open the home, and work on runs until there are none."""
    async with composition.open(settings) as app:
        runner = Runner(app, only=only)
        running = asyncio.get_running_loop()
        for wanted in (signal.SIGINT, signal.SIGTERM):
            running.add_signal_handler(wanted, runner.stop)
        if follows_stdin:
            running.add_reader(sys.stdin.fileno(), runner.stop)  # it becomes readable only when the parent has gone
        await runner.run()


def main() -> None:
    """Read the settings from the environment, and work."""
    options = argparse.ArgumentParser(prog="python -m consentry.runner", description="Work on runs.")
    options.add_argument("--run", type=int, default=None, help="work on this run only, and end with it")
    options.add_argument("--child", action="store_true", help="end when standard input is closed")
    chosen = options.parse_args()
    settings = configuration.load()
    log.configure(settings.log_format, settings.log_level)
    if chosen.child:
        give_way()
    collect_rarely()
    keep_what_is_there()
    loop.run(serve(settings, only=chosen.run, follows_stdin=chosen.child))


if __name__ == "__main__":
    main()
