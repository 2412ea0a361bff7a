"""How failures slow down who tries: sign-ins by network address and e-mail, in the database; API keys in memory."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.accounts import store
from consentry.core.clock import Clock
from consentry.errors import TooManyAttempts

FORGOTTEN_AFTER: Final = timedelta(hours=1)
"""Failures are forgotten when nothing was tried for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many failures are free, and how the delay grows after them: 1 s, 2 s, 4 s … up to the longest."""

    free: int
    longest: timedelta

    def delay(self, failures: int) -> timedelta:
        """Return how long the next attempt must wait after so many failures."""
        over = failures - self.free
        if over <= 0:
            return timedelta()
        return min(self.longest, timedelta(seconds=2 ** min(over - 1, 20)))


# Anybody can make somebody else's address wait, so that wait is short; the one of the network address is long.
BY_EMAIL: Final = Patience(free=5, longest=timedelta(minutes=1))
BY_IP: Final = Patience(free=20, longest=timedelta(minutes=15))
BY_IP_FOR_KEYS: Final = Patience(free=20, longest=timedelta(minutes=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose failures are counted."""

    name: str
    patience: Patience


async def take_turn(connection: AsyncConnection, subjects: Iterable[Subject], now: datetime) -> None:
    """Count an attempt as failed before it is made, so that a hundred at once don't all pass; raise TooManyAttempts.

    When it is refused nothing may be counted: let the error end the transaction.
    """
    for subject in sorted(subjects, key=lambda each: each.name):  # one order, so that two callers can't lock each other
        failures, blocked_until = await store.hold_attempts(connection, subject.name, now, FORGOTTEN_AFTER)
        if blocked_until is not None and blocked_until > now:
            raise too_many((blocked_until - now).total_seconds(), "attempts to sign in")
        delay = subject.patience.delay(failures + 1)
        await store.set_attempts(connection, subject.name, failures + 1, now, now + delay if delay else None)


async def give_turn_back(connection: AsyncConnection, subjects: Iterable[Subject]) -> None:
    """Take back what ``take_turn`` counted, because the attempt was right."""
    for subject in sorted(subjects, key=lambda each: each.name):
        await store.forget_attempts(connection, subject.name, one_only=subject.patience is BY_IP)


def too_many(seconds: float, what: str) -> TooManyAttempts:
    """Return the error that says how long to wait."""
    wait = max(1, round(seconds + 0.5))
    words = f"{wait} seconds" if wait < 120 else f"{-(-wait // 60)} minutes"
    return TooManyAttempts(f"Too many {what}. The next one is possible in {words}.", retry_after=float(wait))


class KeyThrottle:
    """Counts unknown API keys by network address; keys that are known are never slowed down."""

    _ADDRESSES_AT_MOST: Final = 10_000

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def note_failure(self, ip: str) -> None:
        """Count one unknown key; raise TooManyAttempts while the address has to wait."""
        now = self._clock.monotonic()
        failures, last = self._failures.pop(ip, (0, now))
        if now - last > FORGOTTEN_AFTER.total_seconds():
            failures = 0
        wait = BY_IP_FOR_KEYS.delay(failures).total_seconds() - (now - last)
        if wait > 0:
            self._failures[ip] = (failures, last)
            raise too_many(wait, "requests with an unknown API key")
        self._failures[ip] = (failures + 1, now)
        if len(self._failures) > self._ADDRESSES_AT_MOST:
            self._failures.popitem(last=False)
