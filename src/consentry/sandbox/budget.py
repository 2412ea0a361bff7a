"""The rate limit of the API: one budget per user in fixed windows, as the headers X-RateLimit-… tell it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from consentry.core.clock import Clock
from consentry.sandbox.knobs import Knobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one call was told about the budget."""

    allowed: bool
    limit: int
    remaining: int
    resets_at: int

    def headers(self) -> dict[str, str]:
        """Return the headers that Capsule sends."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.resets_at),
        }


class Budget:
    """Counts the calls of each user in the window that runs."""

    def __init__(self, *, clock: Clock, knobs: Callable[[], Knobs]) -> None:
        self._clock = clock
        self._knobs = knobs
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}

    def spend(self, username: str) -> Allowance | None:
        """Count one call, or refuse it without counting; None where there is no limit."""
        limit, length = self._knobs().rate_limit, self._knobs().rate_window_seconds
        if limit is None:
            return None
        now = self._clock.now().timestamp()
        with self._lock:
            ends, used = self._windows.get(username, (0.0, 0))
            if ends <= now:
                ends, used = float(int(now) + length), 0
            allowed = used < limit
            used += allowed
            self._windows[username] = (ends, used)
        return Allowance(allowed=allowed, limit=limit, remaining=max(limit - used, 0), resets_at=int(ends))

    def left(self, username: str) -> int | None:
        """Return how many calls a user has left in the window that runs; None where there is no limit."""
        limit = self._knobs().rate_limit
        if limit is None:
            return None
        with self._lock:
            ends, used = self._windows.get(username, (0.0, 0))
        return limit - used if ends > self._clock.now().timestamp() else limit

    def forget(self) -> None:
        """Begin a new window for everybody."""
        with self._lock:
            self._windows.clear()
