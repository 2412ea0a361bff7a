"""Token reads and proxy calls are too many for an entry each: the first in a minute is written, the rest counted."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit.model import Action, Actor, Outcome
from consentry.audit.store import Trail
from consentry.core.clock import Clock
from consentry.core.log import get_logger
from consentry.errors import ConsentryError
from consentry.storage import Database

WINDOW_SECONDS: Final = 60.0
_FLUSHED_EVERY_SECONDS: Final = 10.0
_WRITTEN_AT_ONCE: Final = 100

log = get_logger("audit")

_Key = tuple[Actor, Action, int]


@dataclass(slots=True, kw_only=True)
class _Window:
    """A minute that began with a use that has an entry of its own."""

    began: float
    began_at: datetime
    first: asyncio.Task[None] | None = None
    more: int = 0

    @property
    def is_written(self) -> bool:
        return self.first is not None and self.first.done()

    def __str__(self) -> str:
        times = "time" if self.more == 1 else "times"
        return f"{self.more} more {times} in the minute from {self.began_at:%H:%M:%S} UTC"


class Uses:
    """Counts uses by actor, credential and action; belongs to one event loop.

    As an async context manager it writes its counts by itself; else call ``flush`` now and then, and ``close`` at last.
    """

    def __init__(self, trail: Trail, database: Database, clock: Clock) -> None:
        self._trail = trail
        self._database = database
        self._clock = clock
        self._windows: dict[_Key, _Window] = {}
        self._keeper: asyncio.Task[None] | None = None

    def count(self, actor: Actor, action: Action, credential_id: int) -> bool:
        """Count a use whose minute has begun already; False when ``note`` must write its first entry. Thread-safe."""
        window = self._windows.get((actor, action, credential_id))
        if window is None or self._clock.monotonic() - window.began >= WINDOW_SECONDS:
            return False
        window.more += 1
        return True

    async def note(self, actor: Actor, action: Action, credential_id: int) -> None:
        """Count a use; returns when the entry that stands for its minute is durable, and fails when it can't be."""
        key = (actor, action, credential_id)
        window = self._windows.get(key)
        if window is None or (window.is_written and self._is_over(window)):
            window = self._open(key, before=window)
        else:
            window.more += 1
        if window.first is not None and not window.first.done():
            await asyncio.shield(window.first)  # a caller who goes away doesn't take the others' entry along

    async def flush(self) -> None:
        """Write the counts of the minutes that are over."""
        await self._write([key for key, window in self._windows.items() if self._is_over(window)])

    async def close(self) -> None:
        """Write every count."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        under_way = [window.first for window in self._windows.values() if window.first is not None]
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._write(list(self._windows))

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep(), name="audit uses")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _is_over(self, window: _Window) -> bool:
        return self._clock.monotonic() - window.began >= WINDOW_SECONDS

    def _open(self, key: _Key, *, before: _Window | None) -> _Window:
        window = _Window(began=self._clock.monotonic(), began_at=self._clock.now())
        window.first = asyncio.create_task(self._begin(key, window, before), name="audit use")
        self._windows[key] = window
        return window

    async def _begin(self, key: _Key, window: _Window, before: _Window | None) -> None:
        """Write the first use of a minute, and with it the count of the minute before."""
        try:
            async with self._database.transaction() as connection:
                if before is not None:
                    await self._record_count(connection, key, before)
                await self._record(connection, key)
        except BaseException:
            del self._windows[key]
            if before is not None:
                self._windows[key] = before
            raise

    async def _write(self, keys: list[_Key]) -> None:
        ready = [key for key in keys if self._windows[key].is_written]
        for start in range(0, len(ready), _WRITTEN_AT_ONCE):
            await self._write_some(ready[start : start + _WRITTEN_AT_ONCE])

    async def _write_some(self, keys: list[_Key]) -> None:
        taken = {key: self._windows.pop(key) for key in keys if key in self._windows}
        counted = {key: window for key, window in taken.items() if window.more}
        if not counted:
            return
        try:
            async with self._database.transaction() as connection:
                for key, window in counted.items():
                    await self._record_count(connection, key, window)
        except BaseException:
            self._take_back(counted)
            raise

    def _take_back(self, counted: dict[_Key, _Window]) -> None:
        """Keep counts that could not be written, with those of the minute that has begun meanwhile, if one has."""
        for key, window in counted.items():
            if key in self._windows:
                self._windows[key].more += window.more
            else:
                self._windows[key] = window

    async def _record_count(self, connection: AsyncConnection, key: _Key, window: _Window) -> None:
        if window.more:
            await self._record(connection, key, str(window))

    async def _record(self, connection: AsyncConnection, key: _Key, detail: str = "") -> None:
        actor, action, credential_id = key
        await self._trail.record(connection, actor, action, Outcome.DONE, credential_id=credential_id, detail=detail)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_FLUSHED_EVERY_SECONDS)
            try:
                await self.flush()
            except ConsentryError as error:
                log.warning("uses could not be written to the trail; trying again", reason=error.message)
