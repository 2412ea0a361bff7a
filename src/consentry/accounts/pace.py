"""How fast anybody may go: a bucket that refills steadily, one a subject, in this process's memory."""

from collections import OrderedDict
from typing import Final

from consentry.accounts.throttle import too_many
from consentry.core.clock import Clock

_SUBJECTS_AT_MOST: Final = 10_000


class Pace:
    """So many at once, and so many a second from then on; costs a microsecond."""

    def __init__(self, clock: Clock, *, what: str, at_once: int, a_second: float) -> None:
        self._clock = clock
        self._what = what
        self._at_once = float(at_once)
        self._a_second = a_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, subject: str) -> None:
        """Count one; raise TooManyAttempts, which says how long to wait, when the bucket is empty."""
        now = self._clock.monotonic()
        left, since = self._buckets.get(subject, (self._at_once, now))
        left = min(self._at_once, left + (now - since) * self._a_second)
        if left < 1:
            raise too_many((1 - left) / self._a_second, self._what)
        self._buckets[subject] = (left - 1, now)
        if len(self._buckets) > _SUBJECTS_AT_MOST:
            self._buckets.popitem(last=False)
