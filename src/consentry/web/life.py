"""The life of a grant as a picture: where on its line each thing stands, in percent. Pure; drawn by life.html."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from consentry.web.moments import Moment, moment

MOST_MARKS: Final = 60
"""So many events are drawn at most, the latest; the line then begins at the first of them."""

Kind = Literal["issued", "refreshed", "failed", "next", "expires", "expired"]

_WORDS: Final[dict[Kind, str]] = {
    "issued": "Issued",
    "refreshed": "Refreshed",
    "failed": "Refresh failed",
    "next": "Next refresh",
    "expires": "Access token expires",
    "expired": "Access token expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A refresh as the audit trail tells it."""

    at: datetime
    succeeded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing on the line."""

    kind: Kind
    word: str
    x: float  # percent
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is drawn of a grant's life."""

    marks: tuple[Mark, ...]  # from left to right
    now_x: float
    beginning: str  # axis word at the left end
    end: str  # axis word at the right end
    is_alive: bool  # whether the access token still lives
    is_ending: bool  # whether it can't be refreshed any more
    summary: str  # the picture in one sentence

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that stand on the line, each once, for the key under it."""
        return tuple(dict.fromkeys(mark.kind for mark in self.marks))


def draw_life(
    *,
    issued_at: datetime,
    expires_at: datetime,
    refresh_at: datetime | None,
    events: Sequence[Event],
    now: datetime,
    is_ending: bool = False,
) -> Life:
    """Lay a grant's life out on a line, from its beginning to its access token's end or to now, whichever is later."""
    told = sorted((event for event in events if event.at >= issued_at), key=lambda event: event.at)
    shown = told[-MOST_MARKS:]
    start = shown[0].at if len(told) > len(shown) else issued_at
    stop = max(expires_at, now, start + timedelta(seconds=1))

    def place(at: datetime) -> float:
        return round(100 * min(max((at - start) / (stop - start), 0.0), 1.0), 2)

    moments: list[tuple[Kind, datetime]] = [("issued", issued_at)] if start == issued_at else []
    moments += [("refreshed" if event.succeeded else "failed", event.at) for event in shown]
    if refresh_at is not None and now < refresh_at < expires_at:
        moments.append(("next", refresh_at))
    moments.append(("expires" if expires_at > now else "expired", expires_at))
    marks = tuple(Mark(kind=kind, word=_WORDS[kind], x=place(at), at=moment(at, now)) for kind, at in moments)
    return Life(
        marks=marks,
        now_x=place(now),
        beginning=f"{'issued' if start == issued_at else 'refreshes since'} {moment(start, now).words}",
        end=f"expires {marks[-1].at.words}" if expires_at > now else "now",
        is_alive=expires_at > now,
        is_ending=is_ending,
        summary=_summary(told, issued_at, expires_at, now) + (" It can't be refreshed any more." if is_ending else ""),
    )


def _summary(told: Sequence[Event], issued_at: datetime, expires_at: datetime, now: datetime) -> str:
    good = sum(event.succeeded for event in told)
    bad = len(told) - good
    parts = [f"Issued {moment(issued_at, now).words}", f"refreshed {_times(good)}"]
    if bad:
        parts.append(f"{bad} refresh{'es' if bad > 1 else ''} failed")
    parts.append(f"the access token {'expires' if expires_at > now else 'expired'} {moment(expires_at, now).words}")
    return ", ".join(parts) + "."


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
