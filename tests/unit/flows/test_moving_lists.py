"""Lists that change while they are read, at every request and in every way: nothing is lost, and all is found out."""

import itertools
import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from consentry.connectors import Catalogue, Connector, Stream
from consentry.core.clock import FakeClock
from consentry.core.ids import SeededRandomness
from consentry.flows.model import RunStatus
from consentry.flows.source_run import Work, execute
from ground.memory_dataset import MemoryDataset
from ground.moving import BASE, Moving, Order
from ground.sources import Onlooker, a_source

THINGS = Stream(name="things", title="Things", meaning="All.", path="/v1/things", records_key="things")
FEED = replace(THINGS, changed_since=True, deleted_path="/v1/things/deleted")
LISTING = THINGS
NEWEST = replace(THINGS, newest_first=True)
WAYS: list[tuple[Stream, Order]] = [
    (FEED, "id"),
    (FEED, "updated"),
    (LISTING, "id"),
    (LISTING, "updated"),
    (NEWEST, "newest"),
]
COUNT = 10
LONG = bool(os.environ.get("CONSENTRY_SOAK"))
ANSWERS = range(1, 9) if LONG else (1, 2, 4, 6)
TURMOILS = 200 if LONG else 15
pytestmark = pytest.mark.soak
Deed = Callable[[Moving], object]
DEEDS: list[Deed] = [
    *(partial(Moving.delete, number=number) for number in range(1, COUNT + 1)),
    *(partial(Moving.change, number=number) for number in (1, 3, 4, 10)),
    Moving.add,
]


class Reader:
    """Runs one source over and over against a moving provider."""

    def __init__(self, stream: Stream, order: Order) -> None:
        self.clock = FakeClock()
        self.provider = Moving(self.clock, order=order)
        self.stream = stream
        self.dataset = MemoryDataset([stream])
        known = Catalogue.load().list()[0]
        self._connector: Connector = replace(known, base_url=BASE, streams=(stream,), per_page_param="size")
        for _ in range(COUNT):
            self.provider.add()
        self.clock.advance(timedelta(days=1))

    async def run(self, *, every: timedelta = timedelta(days=1)) -> Onlooker:
        """Run once; a run lasts as long as its requests."""
        watch = Onlooker(self.clock)
        work = Work(
            source=a_source(full_listing_every=every),
            connector=self._connector,
            client=self.provider,
            open_dataset=self.dataset.open,
            fence=1,
            clock=self.clock,
            randomness=SeededRandomness(),
        )
        assert await execute(work, watch) == (RunStatus.SUCCEEDED, None)
        return watch

    def after(self, answer: int, deed: Deed) -> None:
        """Have something done to the provider after one of its next answers."""
        deeds = self.provider.deeds.setdefault(len(self.provider.asked) + answer, [])
        deeds.append(partial(deed, self.provider))

    def found(self) -> dict[int, int]:
        """Return the versions by id, as the dataset has them."""
        rows = self.dataset.kept.get("things", {})
        return {key[0]: kept.values["version"] for key, kept in rows.items() if not kept.deleted}


@pytest.mark.parametrize(("stream", "order"), WAYS)
async def test_whatever_happens_under_a_first_reading_loses_nothing(stream: Stream, order: Order) -> None:
    for answer, deed in itertools.product(ANSWERS, DEEDS):
        reader = Reader(stream, order)
        there_before = set(reader.provider.things)
        reader.after(answer, deed)
        await reader.run()
        stayed = there_before & set(reader.provider.things)
        assert stayed <= set(reader.found()), f"lost {stayed - set(reader.found())}: {deed} after answer {answer}"
        reader.provider.deeds.clear()
        await reader.run(every=timedelta(0))
        assert reader.found() == reader.provider.records(), f"{deed} after answer {answer}"


@pytest.mark.parametrize(("stream", "order"), WAYS)
async def test_whatever_happens_under_a_later_reading_loses_nothing(stream: Stream, order: Order) -> None:
    for answer, deed in itertools.product(ANSWERS, DEEDS):
        reader = Reader(stream, order)
        await reader.run()
        for number in range(1, COUNT + 1, 2):
            reader.provider.change(number)
        reader.clock.advance(timedelta(minutes=30))
        reader.after(answer, deed)
        await reader.run(every=timedelta(0))
        assert set(reader.provider.things) - {COUNT + 1} <= set(reader.found()), f"{deed} after answer {answer}"
        reader.provider.deeds.clear()
        await reader.run(every=timedelta(0))
        assert reader.found() == reader.provider.records(), f"{deed} after answer {answer}"


@pytest.mark.parametrize(("stream", "order"), WAYS)
async def test_after_any_turmoil_a_quiet_run_finds_everything(stream: Stream, order: Order) -> None:
    lots = random.Random(5)
    for _ in range(TURMOILS):
        reader = Reader(stream, order)
        for _ in range(4):
            for _ in range(lots.randrange(6)):
                reader.after(lots.randrange(1, 12), lots.choice(DEEDS))
            await reader.run(every=lots.choice([timedelta(0), timedelta(days=1)]))
            reader.clock.advance(timedelta(minutes=lots.choice([0, 4, 40])))
        reader.provider.deeds.clear()
        await reader.run(every=timedelta(0))
        await reader.run(every=timedelta(0))
        assert reader.found() == reader.provider.records()


@pytest.mark.parametrize(("stream", "requests"), [(FEED, 2), (LISTING, 0), (NEWEST, 1)])
async def test_a_run_with_nothing_new_asks_for_next_to_nothing(stream: Stream, requests: int) -> None:
    reader = Reader(stream, "newest" if stream is NEWEST else "id")
    await reader.run()
    opened, states = reader.dataset.opened, dict(reader.dataset.states)
    watch = await reader.run()
    counts = watch.counts()["things"]
    assert (counts.requests, counts.new, counts.changed, counts.deleted) == (requests, 0, 0, 0)
    assert reader.dataset.states == states
    assert reader.dataset.opened - opened <= 3


async def test_changes_of_a_stream_with_a_feed_are_found_without_a_listing() -> None:
    reader = Reader(FEED, "id")
    await reader.run()
    reader.clock.advance(timedelta(hours=3))
    reader.provider.change(4)
    reader.provider.delete(5)
    reader.provider.add()
    counts = (await reader.run()).counts()["things"]
    assert (counts.new, counts.changed, counts.deleted, counts.requests) == (1, 1, 1, 2)
    assert reader.found() == reader.provider.records()


async def test_what_was_deleted_and_came_back_is_live() -> None:
    reader = Reader(FEED, "id")
    await reader.run()
    reader.clock.advance(timedelta(hours=3))
    reader.provider.delete(5)
    await reader.run()
    assert 5 not in reader.found()
    reader.provider.things[5] = (7, reader.provider.now())
    await reader.run()
    assert reader.found() == reader.provider.records()
    await reader.run()
    assert reader.found() == reader.provider.records()
