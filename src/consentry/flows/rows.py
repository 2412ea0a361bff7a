"""The dataset as one run sees it: opened in a thread, let go of soon, and waited for while somebody else has it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from consentry.core.clock import Clock
from consentry.core.ids import Randomness
from consentry.errors import WarehouseBusy
from consentry.flows.warehouse.contract import Dataset
from consentry.flows.work import Cancelled, Watch
from consentry.outbound import backoff

PATIENCE: Final = timedelta(minutes=10)
"""How long a warehouse is waited for that is locked, gone or full."""
LONGEST_PAUSE: Final = timedelta(seconds=30)
IDLE_SECONDS: Final = 0.2
"""So long an open dataset is kept for what comes next; opening takes as long as the work on a short list."""
HELD_SECONDS: Final = 1.0
"""After so long it is closed in any case, so that others can read it."""
T = TypeVar("T")


class Opening(Protocol):
    """What a run is handed to work on its dataset."""

    @property
    def fence(self) -> int:
        """Return the run's fence."""

    @property
    def clock(self) -> Clock:
        """Return the clock that waits go by."""

    @property
    def randomness(self) -> Randomness:
        """Return what spreads waits."""

    @property
    def open_dataset(self) -> Callable[[], AbstractContextManager[Dataset]]:
        """Return what opens the dataset."""


class Rows:
    """Lets the run work on its dataset, without keeping it from others for long."""

    def __init__(self, work: Opening, watch: Watch) -> None:
        self.fence = work.fence
        self._work = work
        self._watch = watch
        self._turn = asyncio.Lock()
        self._open: tuple[ExitStack, Dataset, float] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def use(self, action: Callable[[Dataset], T]) -> T:
        """Let a function work on the open dataset, in a thread, again after a wait while the warehouse is busy.

        Raises what the dataset raises; WarehouseBusy only when it stayed so for ten minutes.
        """
        failures, gives_up = 0, self._work.clock.now() + PATIENCE
        while True:
            try:
                async with self._turn:
                    self._stay_open()
                    found = await _to_its_end(lambda: self._do(action))
                    self._closing = asyncio.create_task(self._close_when_idle(), name="dataset idle")
                    return found
            except WarehouseBusy:
                failures += 1
                if self._work.clock.now() >= gives_up:
                    raise
            pause = backoff(failures, self._work.randomness.fraction(), longest=LONGEST_PAUSE)
            await self._watch.wait("the warehouse, which is busy", self._work.clock.now() + pause)
            if self._watch.is_cancelled():
                raise Cancelled

    async def close(self) -> None:
        """Let go of the dataset."""
        async with self._turn:
            self._stay_open()
            await _to_its_end(self._close)

    def _stay_open(self) -> None:
        closing, self._closing = self._closing, None
        if closing is not None:
            closing.cancel()

    async def _close_when_idle(self) -> None:
        await asyncio.sleep(IDLE_SECONDS)
        async with self._turn:
            self._closing = None  # from here on nobody cancels this
            await _to_its_end(self._close)

    def _do(self, action: Callable[[Dataset], T]) -> T:
        """Work on the dataset. Blocking."""
        steady = self._work.clock.monotonic
        try:
            if self._open is None:
                with ExitStack() as stack:
                    dataset = stack.enter_context(self._work.open_dataset())
                    self._open = stack.pop_all(), dataset, steady()
            _, dataset, opened = self._open
            found = action(dataset)
        except BaseException:
            self._close()
            raise
        if steady() - opened >= HELD_SECONDS:
            self._close()
        return found

    def _close(self) -> None:
        held, self._open = self._open, None
        if held is not None:
            held[0].close()


class Moments:
    """Moments for rows, which never run backwards from run to run, though they may be told by several nodes' clocks."""

    def __init__(self, clock: Clock, latest: datetime | None) -> None:
        self._clock = clock
        self._latest = latest

    def now(self) -> datetime:
        """Return a moment after every other that was given."""
        now = self._clock.now()
        if self._latest is not None and now <= self._latest:
            now = self._latest + timedelta(microseconds=1)
        self._latest = now
        return now


async def _to_its_end(work: Callable[[], T]) -> T:
    """Do blocking work in a thread; whoever is cancelled meanwhile leaves only when the thread has come to its end."""
    doing = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise
