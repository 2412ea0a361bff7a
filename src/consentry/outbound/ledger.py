"""The arithmetic of a rate budget that several processes share: what a row says, and how a slice is cut from it.

A row counts what was handed out, not what was sent, so whatever dies with a slice in its hands has spent it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol

GUESS_SECONDS: Final = 60.0
"""How long a row stands whose window nobody has learned yet."""
_WHOLE_SLICES: Final = 4  # nobody takes more than a quarter of what is left, so that others find some too

Header = Callable[[str], str | None]
"""Looks a header up by its lower-case name."""


class Limit(Protocol):
    """A provider's rate limit for one upstream user, and the headers that tell how much of it is left."""

    @property
    def calls(self) -> int:
        """Calls that a window allows, unless the headers say otherwise."""

    @property
    def window(self) -> timedelta:
        """Length of a window."""

    @property
    def limit_header(self) -> str:
        """Tells the calls that a window allows."""

    @property
    def remaining_header(self) -> str:
        """Tells the calls that are left."""

    @property
    def reset_header(self) -> str:
        """Tells when the window ends, in epoch seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an answer's headers said. Moments are epoch seconds by the provider's clock."""

    limit: int
    remaining: int
    resets_at: float
    tolerance: float  # moments nearer to each other than this are the same

    @property
    def usable(self) -> int:
        """What we may spend of a window: all but a twentieth, which stays for the person at their own screen."""
        return max(1, self.limit - max(1, self.limit // 20))

    @property
    def reserve(self) -> int:
        """What is left for others."""
        return self.limit - self.usable

    def is_later_than(self, resets_at: float) -> bool:
        """Tell whether this speaks of a later window than the one that ends then."""
        return self.resets_at > resets_at + self.tolerance

    def is_earlier_than(self, resets_at: float) -> bool:
        """Tell whether this speaks of an earlier window than the one that ends then."""
        return self.resets_at < resets_at - self.tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One upstream user's window, as all processes see it. An allowance of 0: nobody has learned it yet."""

    allowance: int
    spent: int
    resets_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one process wants, and what it knows."""

    now: float  # by the provider's clock
    told: Told | None
    want: int
    unsent: int  # calls handed out to this process that it has not sent
    unregistered: int  # calls it sent without having been handed them


def read_headers(limit: Limit, header: Header, now: float) -> Told | None:
    """Read what is left of a rate limit; None when the answer doesn't say it."""
    remaining = _number(header(limit.remaining_header))
    if remaining is None:
        return None
    whole = max(1, int(_number(header(limit.limit_header)) or limit.calls))
    seconds, near = limit.window.total_seconds(), tolerance(limit)
    resets_at = _number(header(limit.reset_header))
    if resets_at is None or not now - near <= resets_at <= now + 2 * seconds:
        resets_at = now + seconds
    return Told(limit=whole, remaining=int(min(remaining, whole)), resets_at=resets_at, tolerance=near)


def tolerance(limit: Limit) -> float:
    """Return the seconds within which two ends of a window are the same one."""
    return min(max(1.0, limit.window.total_seconds() / 100), 30.0)


def _number(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdecimal() and len(text) < 16 else None


def cut(row: Row | None, ask: Ask) -> tuple[Row, int]:
    """Return the row as it stands after a slice was cut from it, and the calls that the slice holds."""
    if row is not None and row.resets_at <= ask.now and (ask.told is None or ask.told.is_later_than(row.resets_at)):
        row = None
    told = ask.told
    if told is not None and row is not None and row.allowance and told.is_earlier_than(row.resets_at):
        told = None  # others know a later window already
    if told is None:
        return _join(row, ask)
    spent = ask.unregistered
    allowance = told.usable
    if row is not None and not (row.allowance and told.is_later_than(row.resets_at)):
        spent += row.spent
        allowance = min(allowance, row.allowance or allowance)
    # what the provider counted and nobody here was handed was spent by others: it lowers what is ours
    foreign = max(0, told.limit - told.remaining - (spent - ask.unsent))
    allowance = max(1, min(allowance, told.usable - foreign))
    return _slice(Row(allowance=allowance, spent=spent, resets_at=told.resets_at), ask.want)


def _join(row: Row | None, ask: Ask) -> tuple[Row, int]:
    """Cut from a window that this process has not heard of, or send one call ahead to find out."""
    if row is None:
        return Row(allowance=0, spent=ask.unregistered + 1, resets_at=ask.now + GUESS_SECONDS), 1
    row = replace(row, spent=row.spent + ask.unregistered)
    if row.allowance == 0:
        return replace(row, spent=row.spent + 1), 1
    return _slice(row, ask.want)


def _slice(row: Row, want: int) -> tuple[Row, int]:
    left = max(0, row.allowance - row.spent)
    granted = min(want, left, max(1, left // _WHOLE_SLICES))
    return replace(row, spent=row.spent + granted), granted
