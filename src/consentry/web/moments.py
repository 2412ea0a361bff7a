"""Moments in words: relative for the eye, exact for who looks closer. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_NAMED_BY_DATE_AFTER: Final = 30 * _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment as pages show it."""

    iso: str  # for the <time> element, and for scripts that know the reader's time zone
    exact: str  # shown on hover
    words: str  # such as "3 hours ago"
    lasting: str  # what has been so since then: "for 3 hours"


def moment(at: datetime, now: datetime) -> Moment:
    """Return a moment in words, as seen from now."""
    return Moment(iso=iso(at), exact=exact(at), words=relative(at, now), lasting=lasting(at, now))


def iso(at: datetime) -> str:
    """Return a moment as RFC 3339 writes it, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact(at: datetime) -> str:
    """Return day and time to the minute, in UTC and saying so."""
    return f"{day(at)}, {clock(at)}"


def day(at: datetime) -> str:
    """Return the day of a moment, such as 3 Nov 2026."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y}"


def clock(at: datetime) -> str:
    """Return the time of day of a moment, in UTC and saying so."""
    return f"{at.astimezone(UTC):%H:%M} UTC"


def relative(at: datetime, now: datetime) -> str:
    """Return how far a moment is from now; the date when it is more than thirty days."""
    seconds = round((at - now).total_seconds())
    if abs(seconds) > _NAMED_BY_DATE_AFTER:
        return day(at)
    if abs(seconds) < _MINUTE:
        return "in a moment" if seconds > 0 else "just now"
    distance = span(timedelta(seconds=abs(seconds)))
    return f"in {distance}" if seconds > 0 else f"{distance} ago"


def lasting(since: datetime, now: datetime) -> str:
    """Return for how long something has been so."""
    length = now - since
    return f"for {span(length)}" if length.total_seconds() >= _MINUTE else "since a moment ago"


def span(length: timedelta) -> str:
    """Return a length of time in its largest whole unit."""
    seconds = round(length.total_seconds())
    for unit, word in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "min")):
        if seconds >= unit:
            count = seconds // unit
            return f"{count} {word}{'s' if count > 1 and word != 'min' else ''}"
    return f"{max(seconds, 0)} s"
