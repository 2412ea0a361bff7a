"""The provider as one run sees it: counts requests, leaves people their share of the rate limit, waits out faults."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from consentry.connectors import Answer, RateLimit
from consentry.errors import LeaseTaken, PassingError, ProviderDown, RateLimited, RefreshFailing
from consentry.flows.model import RESERVE
from consentry.flows.work import Cancelled, Watch, Work
from consentry.outbound import backoff, read_date

PATIENCE: Final = timedelta(minutes=10)
"""How long faults of the provider are waited out before a stream is given up."""
SHORT_PATIENCE: Final = timedelta(seconds=30)
"""The same for the streams after one that was given up, until the provider answers again."""
LONGEST_PAUSE: Final = timedelta(minutes=1)


class Upstream:
    """A signed-in client that waits instead of failing, as long as waiting makes sense."""

    def __init__(self, work: Work, watch: Watch) -> None:
        self.requests = 0
        self.bytes = 0
        self.date: datetime | None = None  # the provider's clock, as its last answer told
        self._work = work
        self._watch = watch
        self._patience = PATIENCE
        self._full_at: datetime | None = None  # when the calls come back of which only the reserve is left

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Send GET; raise Cancelled, what doesn't pass by itself, and what didn't pass for as long as we wait."""
        failures, gives_up = 0, self._work.clock.now() + self._patience
        while True:
            await self._spare_people()
            try:
                answer = await self._send(path, params)
            except RateLimited as error:
                await self._wait("the provider's rate limit", timedelta(seconds=max(error.retry_after, 1.0)))
                gives_up = self._work.clock.now() + self._patience
            except PassingError as error:
                failures += 1
                if self._work.clock.now() >= gives_up:
                    self._patience = SHORT_PATIENCE
                    raise _given_up(error) from error
                pause = backoff(failures, self._work.randomness.fraction(), longest=LONGEST_PAUSE)
                await self._wait(
                    "the provider to answer again" if isinstance(error, ProviderDown) else "a token", pause
                )
            else:
                self._patience = PATIENCE
                return answer

    async def _send(self, path: str, params: Mapping[str, str] | None) -> Answer:
        if self._watch.is_cancelled():
            raise Cancelled
        try:
            answer = await self._work.client.get(path, params)
        except RateLimited:
            raise  # most often by our own budget: nothing was sent
        except BaseException:
            self.requests += 1
            raise
        self.requests += 1
        self.bytes += len(answer.body)
        self._learn(answer)
        return answer

    async def _spare_people(self) -> None:
        if self._full_at is not None and self._full_at > self._work.clock.now():
            await self._wait("the provider's rate limit, whose last calls are left to people", until=self._full_at)
        self._full_at = None

    def _learn(self, answer: Answer) -> None:
        self.date = read_date(answer.headers.get("date", ""))
        limit = self._work.connector.rate_limit
        if limit is not None:
            self._full_at = _full_at(answer.headers, limit)

    async def _wait(self, words: str, pause: timedelta = timedelta(0), *, until: datetime | None = None) -> None:
        await self._watch.wait(words, until or self._work.clock.now() + pause)
        if self._watch.is_cancelled():
            raise Cancelled


def _given_up(error: PassingError) -> PassingError:
    """Keep LeaseTaken for the run's own lease: here it would be another's refresh of the token."""
    if isinstance(error, LeaseTaken):
        return RefreshFailing(error.message)
    return error


def _full_at(headers: Mapping[str, str], limit: RateLimit) -> datetime | None:
    """Return when calls come back, if only the reserve is left; None while there is more or nothing is known."""
    remaining, reset = (
        _read_number(headers.get(name.lower())) for name in (limit.remaining_header, limit.reset_header)
    )
    calls = _read_number(headers.get(limit.limit_header.lower())) or limit.calls
    if remaining is None or reset is None or remaining > calls // RESERVE:
        return None
    return datetime.fromtimestamp(reset, UTC)


def _read_number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() and len(text) < 12 else None
