"""Whether and when to try again: pure, so that a table of cases can hold it."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

FIRST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(minutes=5)


def backoff(failures: int, fraction: float, *, first: timedelta = FIRST, longest: timedelta = LONGEST) -> timedelta:
    """Return how long to wait after so many failures in a row: doubled each time, and spread by jitter.

    ``fraction`` is from 0 up to 1. Half of the wait is certain, so that nobody tries again at once.
    """
    doublings = min(max(failures, 1) - 1, 20)
    whole = min(first * (1 << doublings), longest)
    return whole * (0.5 + fraction / 2)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header (RFC 9110 §10.2.3), seconds or a date; None when it says nothing usable."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        moment = read_date(value)
        return None if moment is None else max(moment - now, timedelta(0))
    return timedelta(seconds=seconds) if math.isfinite(seconds) and 0 <= seconds <= 1e8 else None


def read_date(value: str) -> datetime | None:
    """Read an HTTP date (RFC 9110 §5.6.7); None when it isn't one."""
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
