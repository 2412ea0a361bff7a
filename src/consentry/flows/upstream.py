"""The provider as one run sees it: counts requests, leaves people their share of the rate limit, waits out faults."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from consentry.connectors import Answer, Connector, RateLimit
from consentry.core.clock import Clock
from consentry.core.ids import Randomness
from consentry.errors import LeaseTaken, PassingError, ProviderDown, RateLimited, RefreshFailing
from consentry.flows.model import RESERVE
from consentry.flows.work import Cancelled, Watch, Work
from consentry.outbound import backoff, read_date

PATIENCE: Final = timedelta(minutes=10)
"""How long faults of the provider are waited out before a stream is given up."""
SHORT_PATIENCE: Final = timedelta(seconds=30)
"""The same for the streams after one that was given up, until the provider answers again."""
LONGEST_PAUSE: Final = timedelta(minutes=1)


class Errand(Protocol):
    """What a run is handed to speak with the provider."""

    @property
    def connector(self) -> Connector:
        """Return whom it speaks with."""

    @property
    def clock(self) -> Clock:
        """Return the clock that waits go by."""

    @property
    def randomness(self) -> Randomness:
        """Return what spreads waits."""


class Patient:
    """Waits instead of failing, as long as waiting makes sense, and counts requests."""

    def __init__(self, errand: Errand, watch: Watch) -> None:
        self.requests = 0
        self.bytes = 0
        self.date: datetime | None = None  # the provider's clock, as its last answer told
        self._errand = errand
        self._watch = watch
        self._patience = PATIENCE
        self._full_at: datetime | None = None  # when the calls come back of which only the reserve is left

    async def ask(self, once: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask until there is an answer, for what may be asked several times.

        Raises Cancelled, what doesn't pass by itself, and what didn't pass for as long as we wait.
        """
        failures, gives_up = 0, self._errand.clock.now() + self._patience
        while True:
            await self.spare_people()
            try:
                answer = await self.once(once)
            except RateLimited as error:
                await self.wait_for_calls(error)
                gives_up = self._errand.clock.now() + self._patience
            except PassingError as error:
                failures += 1
                if self._errand.clock.now() >= gives_up:
                    self._patience = SHORT_PATIENCE
                    raise _given_up(error) from error
                await self.back_off(error, failures)
            else:
                self._patience = PATIENCE
                return answer

    async def once(self, once: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask once, and count it; raise Cancelled, and what asking raises."""
        if self._watch.is_cancelled():
            raise Cancelled
        try:
            answer = await once()
        except (RateLimited, LeaseTaken):
            raise  # by our own budget most often, or for want of a lease: nothing was sent
        except BaseException:
            self.requests += 1
            raise
        self.requests += 1
        self.bytes += len(answer.body)
        self._learn(answer)
        return answer

    @property
    def is_spent(self) -> bool:
        """Whether only people's share of the rate limit is left for now."""
        return self._full_at is not None and self._full_at > self._errand.clock.now()

    async def spare_people(self) -> None:
        """Wait while only people's share of the rate limit is left."""
        if self._full_at is not None and self.is_spent:
            await self._wait("the provider's rate limit, whose last calls are left to people", until=self._full_at)
        self._full_at = None

    async def wait_for_calls(self, error: RateLimited) -> None:
        """Wait until the rate limit has calls again."""
        await self._wait("the provider's rate limit", timedelta(seconds=max(error.retry_after, 1.0)))

    async def back_off(self, error: PassingError, failures: int) -> None:
        """Wait longer after each failure in a row."""
        pause = backoff(failures, self._errand.randomness.fraction(), longest=LONGEST_PAUSE)
        await self._wait("the provider to answer again" if isinstance(error, ProviderDown) else "a token", pause)

    def _learn(self, answer: Answer) -> None:
        self.date = read_date(answer.headers.get("date", ""))
        limit = self._errand.connector.rate_limit
        if limit is not None:
            self._full_at = _full_at(answer.headers, limit)

    async def _wait(self, words: str, pause: timedelta = timedelta(0), *, until: datetime | None = None) -> None:
        await self._watch.wait(words, until or self._errand.clock.now() + pause)
        if self._watch.is_cancelled():
            raise Cancelled


class Upstream(Patient):
    """A signed-in client that waits instead of failing, for runs that read."""

    def __init__(self, work: Work, watch: Watch) -> None:
        super().__init__(work, watch)
        self._client = work.client

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Send GET; raise Cancelled, what doesn't pass by itself, and what didn't pass for as long as we wait."""
        return await self.ask(lambda: self._client.get(path, params))


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
