"""The worker: a tick that hands chores on. A chore that fails is logged and tried again; it never stops the others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from consentry import accounts, credentials, flows
from consentry.app import App
from consentry.core.log import get_logger
from consentry.errors import ConsentryError
from consentry.runner_child import RunnerChild

TICK_SECONDS: Final = 1.0
_TICKS_A_MINUTE: Final = 60
_PATIENCE_SECONDS: Final = 40.0

Room = TypeVar("Room")

log = get_logger("worker")


class Worker:
    """Ticks once a second until it is stopped."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._stopping = asyncio.Event()
        self._runner = RunnerChild(app)
        self._tending: asyncio.Task[int] | None = None
        self.ticked_at: float | None = None  # steady seconds of the last complete tick

    async def run(self) -> None:
        """Tick until ``stop`` is called."""
        ticks = 0
        await self._do((flows.look_again,), self._app.flows)
        while not self._stopping.is_set():
            is_behind = await self.tick(whole=ticks % _TICKS_A_MINUTE == 0)
            ticks += 1
            if is_behind:
                continue
            pause = TICK_SECONDS * (0.9 + 0.2 * self._app.randomness.fraction())  # several nodes drift apart
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def tick(self, *, whole: bool) -> bool:
        """Do every chore of a second, and those of a minute too when the tick is a whole one.

        Tells whether some chore had a full batch to do, so that there is probably more.
        """
        most = await self._do(credentials.EVERY_SECOND, self._app.credentials)
        await self._do((*flows.EVERY_SECOND, self._start_runner), self._app.flows)
        self._tend()
        if whole:
            await self._do(credentials.EVERY_MINUTE, self._app.credentials)
            await self._do(accounts.EVERY_MINUTE, self._app.accounts)
            await self._do(flows.EVERY_MINUTE, self._app.flows)
        self.ticked_at = self._app.clock.monotonic()
        return most >= credentials.BATCH

    async def _do(self, chores: Sequence[Callable[[Room], Awaitable[int | None]]], room: Room) -> int:
        """Do the chores, one after the other; return the most that one of them had to do."""
        most = 0
        for chore in chores:
            if self._stopping.is_set():
                break
            try:
                most = max(most, await chore(room) or 0)
            except ConsentryError as error:
                log.warning("a chore was put off", chore=chore.__name__, problem=error.code, reason=error.message)
            except Exception:
                log.exception("a chore failed in a way nobody expected", chore=chore.__name__)
        return most

    def _tend(self) -> None:
        """Look after hooks beside the ticks: that asks providers many things, and one of them may be slow."""
        if self._tending is None or self._tending.done():
            self._tending = asyncio.create_task(self._do((flows.tend_due,), self._app.flows), name="hooks")

    async def _start_runner(self, room: flows.Room) -> None:
        """Start a process for runs when there are some that nobody works on."""
        if not self._runner.is_alive and await flows.has_work(room):
            await self._runner.start()

    def stop(self) -> None:
        """End after the chore that is under way."""
        self._stopping.set()

    async def close(self) -> None:
        """End the runner; what it works on is given back."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.wait({self._tending})
        await self._runner.stop()


@asynccontextmanager
async def working(app: App) -> AsyncIterator[Worker]:
    """Keep a worker ticking beside the caller's own work."""
    worker = Worker(app)
    task = asyncio.create_task(worker.run(), name="worker")
    try:
        yield worker
    finally:
        worker.stop()
        done, _ = await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)
        if not done:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await worker.close()
