from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from consentry.connectors import Answer, Catalogue
from consentry.core.clock import FakeClock
from consentry.core.ids import SeededRandomness
from consentry.errors import (
    ConsentryError,
    LeaseTaken,
    NotFound,
    ProviderDown,
    RateLimited,
    RefreshFailing,
)
from consentry.flows.upstream import PATIENCE, SHORT_PATIENCE, Upstream
from consentry.flows.warehouse.contract import Dataset
from consentry.flows.work import Cancelled, Work
from ground.replaying import json_answer
from ground.sources import Onlooker, a_source


class Moody:
    """Raises what it was given, in turn, and answers after that."""

    def __init__(self, *moods: ConsentryError | Answer) -> None:
        self.moods = list(moods)
        self.asked = 0

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        self.asked += 1
        mood = self.moods.pop(0) if self.moods else json_answer(b"{}")
        if isinstance(mood, ConsentryError):
            raise mood
        return mood


class Down(Moody):
    """Never answers."""

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        self.asked += 1
        raise ProviderDown


def no_dataset() -> AbstractContextManager[Dataset]:
    raise AssertionError("nothing here needs a dataset")


def look(client: Moody, clock: FakeClock) -> tuple[Upstream, Onlooker]:
    work = Work(
        source=a_source(),
        connector=Catalogue.load().get("capsule"),
        client=client,
        open_dataset=no_dataset,
        fence=1,
        clock=clock,
        randomness=SeededRandomness(),
    )
    watch = Onlooker(clock)
    return Upstream(work, watch), watch


async def test_what_was_sent_is_counted_and_what_our_own_budget_held_back_is_not(clock: FakeClock) -> None:
    upstream, _ = look(Moody(RateLimited(retry_after=5), json_answer(b"12345"), NotFound("nothing")), clock)
    await upstream.get("/a")
    with pytest.raises(NotFound):
        await upstream.get("/b")
    assert (upstream.requests, upstream.bytes) == (2, 5)


async def test_the_rate_limit_is_waited_out_however_long_it_takes(clock: FakeClock) -> None:
    begun = clock.now()
    upstream, watch = look(Moody(*(RateLimited(retry_after=3600) for _ in range(3))), clock)
    await upstream.get("/a")
    assert clock.now() - begun == timedelta(hours=3)
    assert all("rate limit" in words for words, _ in watch.waits)


async def test_a_fault_is_waited_out_with_growing_pauses(clock: FakeClock) -> None:
    begun = clock.now()
    upstream, watch = look(Moody(*(ProviderDown() for _ in range(5))), clock)
    await upstream.get("/a")
    assert upstream.requests == 6
    assert len(watch.waits) == 5
    assert timedelta(seconds=15) < clock.now() - begun < timedelta(seconds=32)


async def test_a_provider_that_stays_down_is_given_up_and_the_next_time_sooner(clock: FakeClock) -> None:
    upstream, _ = look(Down(), clock)
    begun = clock.now()
    with pytest.raises(ProviderDown):
        await upstream.get("/a")
    assert PATIENCE <= clock.now() - begun < PATIENCE + timedelta(minutes=2)
    begun = clock.now()
    with pytest.raises(ProviderDown):
        await upstream.get("/b")
    assert SHORT_PATIENCE <= clock.now() - begun < SHORT_PATIENCE + timedelta(minutes=2)


async def test_another_refresh_of_the_token_is_never_taken_for_another_holder_of_the_run(clock: FakeClock) -> None:
    upstream, _ = look(Moody(*(LeaseTaken() for _ in range(100))), clock)
    with pytest.raises(RefreshFailing):
        await upstream.get("/a")


def limited(remaining: int, clock: FakeClock) -> Answer:
    reset = int((clock.now() + timedelta(minutes=20)).timestamp())
    return json_answer(
        b"{}", x_ratelimit_limit="4000", x_ratelimit_remaining=str(remaining), x_ratelimit_reset=str(reset)
    )


@pytest.mark.parametrize(("remaining", "waits"), [(3000, 0), (201, 0), (200, 1), (0, 1)])
async def test_the_last_calls_are_left_to_people(clock: FakeClock, remaining: int, waits: int) -> None:
    upstream, watch = look(Moody(limited(remaining, clock)), clock)
    await upstream.get("/a")
    await upstream.get("/b")
    assert len(watch.waits) == waits
    assert all("left to people" in words for words, _ in watch.waits)


async def test_a_cancelled_run_asks_for_nothing_more(clock: FakeClock) -> None:
    client = Moody()
    upstream, watch = look(client, clock)
    watch.cancelled = True
    with pytest.raises(Cancelled):
        await upstream.get("/a")
    assert client.asked == 0
