"""One rate budget for several processes: what the provider sees, whatever the callers do."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from consentry.connectors import RateLimit
from consentry.core.clock import SystemClock
from consentry.errors import NoAnswer, ProviderDown, RateLimited, StorageBusy
from consentry.outbound import Budgets, SharedLedger
from consentry.outbound.ledger import Ask, Row
from consentry.storage import Database, connect

HOUR = timedelta(hours=1)


def limit_of(calls: int = 4000, window: timedelta = HOUR) -> RateLimit:
    return RateLimit(
        calls=calls,
        window=window,
        limit_header="x-ratelimit-limit",
        remaining_header="x-ratelimit-remaining",
        reset_header="x-ratelimit-reset",
    )


@dataclass
class Provider:
    """Counts calls in fixed windows, as a provider with a rate limit does."""

    limit: int
    window: float = 3600.0
    delay: float = 0.0
    tells: bool = True
    seen: int = 0
    refused: int = 0
    most_in_a_window: int = 0
    start: int = field(default_factory=lambda: int(time.time()))
    _window: int = -1

    async def call(self) -> tuple[int, Callable[[str], str | None]]:
        await asyncio.sleep(self.delay / 2)
        number = int((time.time() - self.start) / self.window)
        if number != self._window:
            self._window, self.seen = number, 0
        self.seen += 1
        self.most_in_a_window = max(self.most_in_a_window, self.seen)
        status = 200 if self.seen <= self.limit else 429
        self.refused += status == 429
        headers = {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, self.limit - self.seen)),
            "x-ratelimit-reset": str(int(self.start + (number + 1) * self.window)),
        }
        await asyncio.sleep(self.delay / 2)
        return status, (headers if self.tells else {}).get


async def call(budgets: Budgets, provider: Provider, limit: RateLimit, wait: timedelta = timedelta(0)) -> int:
    async with budgets.spend("capsule:acme/1", limit, wait) as spending:
        status, header = await provider.call()
        spending.learn(status, header)
        return status


async def outcomes(budgets: list[Budgets], provider: Provider, each: int, limit: RateLimit) -> list[int | str]:
    async def one(kept: Budgets) -> int | str:
        try:
            return await call(kept, provider, limit)
        except RateLimited:
            return "held back"

    return await asyncio.gather(*(one(kept) for _ in range(each) for kept in budgets))


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.2])
async def test_two_processes_and_a_crowd_leave_the_reserve_untouched(
    database: Database, database_url: str, delay: float
) -> None:
    other = connect(database_url)
    provider = Provider(limit=40, delay=delay)
    both = [Budgets(SharedLedger(one), SystemClock()) for one in (database, other)]
    found = await outcomes(both, provider, 50, limit_of())
    assert provider.seen <= 38
    assert provider.seen >= 34, "the budget is there to be used"
    assert found.count("held back") == 100 - provider.seen
    assert provider.refused == 0
    for budgets in both:
        await budgets.close()
    await other.close()


async def test_a_budget_comes_back_when_the_window_ends(database: Database) -> None:
    provider = Provider(limit=10, window=2.0)
    limit = limit_of(window=timedelta(seconds=2))
    budgets = Budgets(SharedLedger(database), SystemClock())
    await asyncio.gather(*(call(budgets, provider, limit, timedelta(seconds=9)) for _ in range(24)))
    assert provider.most_in_a_window <= 9
    assert provider.refused == 0
    await budgets.close()


async def test_what_others_spend_is_not_ours(database: Database) -> None:
    provider = Provider(limit=40)
    budgets = Budgets(SharedLedger(database), SystemClock())
    assert await outcomes([budgets], provider, 5, limit_of()) == [200] * 5
    for _ in range(20):
        await provider.call()
    found = await outcomes([budgets], provider, 60, limit_of())
    assert provider.seen <= 38
    assert found.count(200) >= 12
    await budgets.close()


async def test_a_process_that_starts_late_learns_from_the_ledger_what_is_left(database: Database) -> None:
    provider = Provider(limit=40)
    first = Budgets(SharedLedger(database), SystemClock())
    await outcomes([first], provider, 60, limit_of())
    seen = provider.seen
    second = Budgets(SharedLedger(database), SystemClock())
    await outcomes([second], provider, 60, limit_of())
    assert provider.seen <= 38
    assert provider.seen - seen <= 2


async def test_a_provider_without_headers_has_no_budget(database: Database) -> None:
    provider = Provider(limit=10_000, tells=False)
    budgets = Budgets(SharedLedger(database), SystemClock())
    assert await outcomes([budgets], provider, 300, limit_of()) == [200] * 300
    assert budgets.left() == {}


async def test_a_connector_without_a_limit_is_never_held(database: Database) -> None:
    budgets = Budgets(SharedLedger(database), SystemClock())
    async with budgets.spend("any", None) as spending:
        spending.learn(200, lambda _name: None)


async def test_a_call_whose_answer_never_came_stays_spent(database: Database) -> None:
    provider = Provider(limit=40)
    budgets = Budgets(SharedLedger(database), SystemClock())
    await call(budgets, provider, limit_of())

    async def lost() -> None:
        async with budgets.spend("capsule:acme/1", limit_of()):
            await provider.call()
            raise NoAnswer("gone")

    for _ in range(20):
        with pytest.raises(NoAnswer):
            await lost()
    await outcomes([budgets], provider, 60, limit_of())
    assert provider.seen <= 38


async def test_a_call_that_never_left_is_given_back(database: Database) -> None:
    provider = Provider(limit=40)
    budgets = Budgets(SharedLedger(database), SystemClock())
    await call(budgets, provider, limit_of())
    for _ in range(100):
        with pytest.raises(ProviderDown):
            async with budgets.spend("capsule:acme/1", limit_of()):
                raise ProviderDown("refused")
    found = await outcomes([budgets], provider, 60, limit_of())
    assert found.count(200) >= 30


async def test_the_first_call_goes_ahead_alone_until_its_headers_are_there(database: Database) -> None:
    provider = Provider(limit=4, delay=0.5)
    budgets = Budgets(SharedLedger(database), SystemClock())
    tasks = [asyncio.create_task(call(budgets, provider, limit_of())) for _ in range(10)]
    for _ in range(1000):
        if provider.seen:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert provider.seen == 1
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found if one != 200] == [RateLimited] * 7
    assert provider.seen == 3


async def test_a_slow_first_answer_does_not_hold_everybody_for_long(database: Database) -> None:
    provider = Provider(limit=4000, delay=2.5)
    budgets = Budgets(SharedLedger(database), SystemClock())
    begun = time.monotonic()
    waits = timedelta(seconds=60)
    assert await asyncio.gather(*(call(budgets, provider, limit_of(), waits) for _ in range(12))) == [200] * 12
    assert time.monotonic() - begun < 20, "one after the other would take thirty seconds"


async def test_a_provider_that_is_slow_to_say_its_limit_costs_nobody_a_refusal(database: Database) -> None:
    provider = Provider(limit=4000, delay=4)
    budgets = Budgets(SharedLedger(database), SystemClock())
    assert await asyncio.gather(*(call(budgets, provider, limit_of()) for _ in range(12))) == [200] * 12


async def test_the_refusal_says_when_calls_are_left_again(database: Database) -> None:
    provider = Provider(limit=2)
    budgets = Budgets(SharedLedger(database), SystemClock())
    await call(budgets, provider, limit_of())
    with pytest.raises(RateLimited) as refused:
        await call(budgets, provider, limit_of())
    until_reset = provider.start + 3600 - time.time()
    assert refused.value.retry_after == pytest.approx(until_reset, abs=3)
    assert budgets.left() == {"capsule:acme/1": 0}


async def test_a_refusal_by_the_provider_silences_us_until_its_window_ends(database: Database) -> None:
    budgets = Budgets(SharedLedger(database), SystemClock())
    async with budgets.spend("capsule:acme/1", limit_of()) as spending:
        spending.learn(429, {"retry-after": "30"}.get)
    with pytest.raises(RateLimited) as refused:
        await call(budgets, Provider(limit=40), limit_of())
    assert refused.value.retry_after == pytest.approx(30, abs=2)


class BrokenLedger:
    """A database that can't be reached."""

    def __init__(self) -> None:
        self.asked = 0

    async def claim(self, subject: str, ask: Ask) -> tuple[Row, int]:
        self.asked += 1
        raise StorageBusy(f"no way to {subject} for {ask.want}")


class SilentLedger:
    """A database that never answers."""

    async def claim(self, subject: str, ask: Ask) -> tuple[Row, int]:
        await asyncio.sleep(3600)
        raise StorageBusy(f"no way to {subject} for {ask.want}")


async def test_without_the_database_a_process_goes_by_its_own_view() -> None:
    provider, ledger = Provider(limit=40, delay=0.01), BrokenLedger()
    budgets = Budgets(ledger, SystemClock())
    found = await outcomes([budgets], provider, 100, limit_of())
    assert found.count(200) == provider.seen
    assert 34 <= provider.seen <= 38
    assert ledger.asked < 5


async def test_a_database_that_hangs_delays_a_call_by_no_more_than_seconds() -> None:
    budgets = Budgets(SilentLedger(), SystemClock())
    begun = time.monotonic()
    assert await call(budgets, Provider(limit=40), limit_of()) == 200
    assert time.monotonic() - begun < 30, "the database would have answered after an hour"
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def test_what_was_sent_while_the_database_was_away_is_registered_later(database: Database) -> None:
    provider = Provider(limit=40)
    flaky = Flaky(SharedLedger(database))
    first, second = Budgets(flaky, SystemClock()), Budgets(SharedLedger(database), SystemClock())
    await outcomes([first], provider, 20, limit_of())
    flaky.broken = False
    await outcomes([second], provider, 60, limit_of())
    assert provider.seen <= 38


class Flaky:
    """A ledger whose database comes back."""

    def __init__(self, ledger: SharedLedger) -> None:
        self.broken = True
        self._ledger = ledger

    async def claim(self, subject: str, ask: Ask) -> tuple[Row, int]:
        if self.broken:
            raise StorageBusy("away")
        return await self._ledger.claim(subject, ask)
