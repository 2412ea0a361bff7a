"""The dataset as one run sees it: opened in a thread for a moment, and waited for while somebody else has it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from consentry.core.clock import Clock
from consentry.errors import WarehouseBusy
from consentry.flows.warehouse.contract import Dataset
from consentry.flows.work import Cancelled, Watch, Work
from consentry.outbound import backoff

PATIENCE: Final = timedelta(minutes=10)
"""How long a warehouse is waited for that is locked, gone or full."""
LONGEST_PAUSE: Final = timedelta(seconds=30)
T = TypeVar("T")


class Rows:
    """Lets the run work on its dataset, without keeping it from others for longer than a batch takes."""

    def __init__(self, work: Work, watch: Watch) -> None:
        self.fence = work.fence
        self._work = work
        self._watch = watch

    async def use(self, action: Callable[[Dataset], T]) -> T:
        """Let a function work on the open dataset, in a thread, again after a wait while the warehouse is busy.

        Raises what the dataset raises; WarehouseBusy only when it stayed so for ten minutes.
        """
        failures, gives_up = 0, self._work.clock.now() + PATIENCE
        while True:
            try:
                return await asyncio.to_thread(self._open_and_do, action)
            except WarehouseBusy:
                failures += 1
                if self._work.clock.now() >= gives_up:
                    raise
            pause = backoff(failures, self._work.randomness.fraction(), longest=LONGEST_PAUSE)
            await self._watch.wait("the warehouse, which is busy", self._work.clock.now() + pause)
            if self._watch.is_cancelled():
                raise Cancelled

    def _open_and_do(self, action: Callable[[Dataset], T]) -> T:
        with self._work.open_dataset() as dataset:
            return action(dataset)


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
