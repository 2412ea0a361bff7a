"""The one seam to time. Everything else is handed a clock."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol


class Clock(Protocol):
    """Tells the time of day, and a steady time that only measures waits."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences mean anything."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the steady seconds of this machine."""
        return time.monotonic()


class FakeClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, 12, tzinfo=UTC)
        self._steady = 0.0

    def now(self) -> datetime:
        """Return the moment that was last set."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds that passed by ``advance``."""
        return self._steady

    def advance(self, step: timedelta) -> None:
        """Let time pass."""
        self._now += step
        self._steady += step.total_seconds()


def uptime() -> float:
    """Return seconds that go on while this process, or the whole machine, sleeps: what a lease is held against.

    No seam: a lease is measured by the database's clock, which no fake moves either.
    """
    return time.clock_gettime(_THROUGH_SLEEP)


_THROUGH_SLEEP: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
