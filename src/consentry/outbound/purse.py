"""One process's part of a rate budget: pure state that is told of calls, answers and slices, and says what may be done.

Calls in flight count as spent until their answer says otherwise; one whose answer never comes stays spent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from consentry.outbound.ledger import Ask, Header, Limit, Row, Told, read_headers, tolerance
from consentry.outbound.retry import read_date, retry_after

LARGEST_SLICE: Final = 100
_BIG_SLICE: Final = 8
PATIENCE: Final = 1.0
"""Seconds after which one more call is sent ahead when the first one, which should bring the headers, is slow."""
_MOST_AHEAD: Final = 32
_QUIET_SECONDS: Final = 60.0  # after a refusal that says nothing about how long it lasts
_BURST_SECONDS: Final = 5.0  # after a refusal although calls are left


class Verdict(Enum):
    """What a caller may do."""

    GO = "go"
    CLAIM = "claim"  # ask the ledger for a slice, then look again
    WAIT = "wait"  # answers are under way that will tell
    FULL = "full"  # nothing is left before the window ends


@dataclass(slots=True, kw_only=True)
class Purse:
    """What this process knows of one upstream user's budget."""

    limit: Limit
    unlimited: bool = False  # a good answer came without any headers
    has_headers: bool = False  # some answer named what is left
    told: Told | None = None  # of the present window, with the least remaining that was seen
    resets_at: float | None = None  # end of the present window, possibly known from others alone
    slice_left: int = 0
    exhausted: bool = False  # the ledger has nothing left in this window
    in_flight: int = 0
    unregistered: int = 0
    blocked_until: float = 0.0
    ahead_since: float | None = None  # steady seconds; since when calls are sent ahead to find out
    skew: float = 0.0  # how far the provider's clock is ahead of ours
    last_slice: int = 0
    last_claim: float = float("-inf")

    def judge(self, now: float, steady: float, *, alone: bool = False) -> Verdict:
        """Say what a caller may do; ``alone`` when the ledger can't be asked, so that only our own view counts."""
        now += self.skew
        self._turn(now)
        if self.blocked_until > now:
            return Verdict.FULL
        if self.unlimited or (self.slice_left > 0 and self._has_room()):
            return Verdict.GO
        if self.resets_at is None or (alone and self.told is None):
            return self._find_out(steady, alone=alone)
        if not self._has_room():
            return Verdict.WAIT if self.in_flight else Verdict.FULL
        if self.exhausted:
            return Verdict.FULL
        return Verdict.GO if alone else Verdict.CLAIM

    def seconds_to_reset(self, now: float) -> float:
        """Return how long the budget stays empty, as far as is known."""
        now += self.skew
        until = self.blocked_until if self.blocked_until > now else self.resets_at or now
        return max(until - now, 1.0)

    def take(self) -> None:
        """Count a call that leaves now."""
        self.in_flight += 1
        if self.slice_left > 0:
            self.slice_left -= 1
        elif not self.unlimited:
            self.unregistered += 1

    def end(self, *, unsent: bool) -> None:
        """Count a call that ended without an answer; only one that surely wasn't received is given back."""
        self.in_flight -= 1
        if unsent and not self.unlimited and self.resets_at is not None:
            self.slice_left += 1

    def learn(self, status: int, header: Header, now: float) -> None:
        """Count a call that was answered, and take in what its headers say."""
        self.in_flight -= 1
        told = read_headers(self.limit, header, now + self._measure_skew(header, now))
        if told is not None:
            self._adopt(told)
        elif 200 <= status < 300 and not self.has_headers:
            self.unlimited = True
        if status == 429:
            self._block(told, header, now + self.skew)

    def ask(self, now: float, steady: float, waiting: int) -> Ask:
        """Say what to claim: more each time while slices are used up fast, so that the ledger is asked rarely."""
        fast = steady - self.last_claim < 1.0
        want = min(max(waiting, 1, self.last_slice * 2 if fast else 1), LARGEST_SLICE)
        return Ask(
            now=now + self.skew,
            told=self.told,
            want=want,
            unsent=self.slice_left,
            unregistered=self.unregistered,
        )

    def receive(self, ask: Ask, row: Row, granted: int, steady: float) -> None:
        """Take in what the ledger handed out."""
        self.unregistered -= ask.unregistered
        self.last_slice, self.last_claim = granted, steady
        if row.allowance:
            if self.resets_at is None or row.resets_at > self.resets_at + tolerance(self.limit):
                self._open(row.resets_at)
            elif row.resets_at < self.resets_at - tolerance(self.limit):
                return  # the window turned while the ledger was asked
        self.slice_left += granted
        self.exhausted = granted == 0

    def is_running_low(self) -> bool:
        """Tell whether a big slice is nearly used up."""
        used_up = self.slice_left * 4 <= self.last_slice
        return used_up and self.last_slice >= _BIG_SLICE and not (self.exhausted or self.resets_at is None)

    def left(self) -> int | None:
        """Return about how many calls are left for us; None when there is no limit or none is known."""
        if self.told is None or self.unlimited:
            return None
        return max(0, self.told.remaining - self.told.reserve - self.in_flight)

    def _has_room(self) -> bool:
        """Whether the provider still had room when it was last heard, with everything in flight on top."""
        return self.told is None or self.told.remaining - self.in_flight > self.told.reserve

    def _find_out(self, steady: float, *, alone: bool) -> Verdict:
        """Send one call ahead; another after each while without news, twice as many each time."""
        if self.ahead_since is None or self.in_flight == 0:
            self.ahead_since = steady
        most = min(1 << min(int((steady - self.ahead_since) / PATIENCE), 10), _MOST_AHEAD)
        if self.in_flight >= most:
            return Verdict.WAIT
        if alone or self.slice_left > 0:
            return Verdict.GO
        return Verdict.CLAIM

    def _turn(self, now: float) -> None:
        """Forget a window that is over; what is still in flight may be counted in the next one."""
        if self.resets_at is not None and self.resets_at <= now:
            self.resets_at = self.told = None
            self._start_over()

    def _adopt(self, told: Told) -> None:
        self.unlimited, self.has_headers = False, True
        if self.resets_at is not None and told.is_earlier_than(self.resets_at):
            return  # the answer was overtaken by one from a later window
        if self.resets_at is None or told.is_later_than(self.resets_at):
            self._open(told.resets_at)
        if self.told is None or told.remaining < self.told.remaining:
            self.told = told

    def _open(self, resets_at: float) -> None:
        first = self.resets_at is None and self.ahead_since is not None
        self.resets_at, self.told, self.ahead_since = resets_at, None, None
        if not first:
            self._start_over()

    def _start_over(self) -> None:
        self.slice_left, self.exhausted = 0, False
        self.unregistered = self.in_flight

    def _measure_skew(self, header: Header, now: float) -> float:
        if self.told is None and (date := read_date(header("date") or "")) is not None:
            self.skew = date.timestamp() - now
        return self.skew

    def _block(self, told: Told | None, header: Header, now: float) -> None:
        """Send nothing for as long as the provider says; where it doesn't say, until the window ends."""
        longest = 2 * self.limit.window.total_seconds()
        pause = retry_after(header("retry-after"), datetime.fromtimestamp(now, UTC))
        if pause is not None:
            self.blocked_until = now + min(pause.total_seconds(), longest)
        elif told is not None and told.remaining > 0:
            self.blocked_until = now + _BURST_SECONDS
        else:
            self.blocked_until = self.resets_at or now + min(_QUIET_SECONDS, longest / 2)
