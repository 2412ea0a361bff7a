import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from consentry.connectors import Catalogue
from consentry.core.clock import FakeClock
from consentry.core.ids import SeededRandomness
from consentry.errors import WarehouseBusy
from consentry.flows.rows import HELD_SECONDS, IDLE_SECONDS, PATIENCE, Moments, Rows
from consentry.flows.warehouse.contract import Dataset
from consentry.flows.work import Cancelled, Work
from ground.memory_dataset import MemoryDataset
from ground.replaying import Replaying
from ground.sources import Onlooker, a_source


class Door:
    """Counts who comes and goes; locked for as many tries as it's told."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.locked = 0

    @contextmanager
    def open(self) -> Iterator[Dataset]:
        if self.locked:
            self.locked -= 1
            raise WarehouseBusy
        self.opened += 1
        try:
            yield MemoryDataset([])
        finally:
            self.closed += 1


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def watch(clock: FakeClock) -> Onlooker:
    return Onlooker(clock)


@pytest.fixture
def rows(door: Door, watch: Onlooker, clock: FakeClock) -> Rows:
    work = Work(
        source=a_source(),
        connector=Catalogue.load().get("capsule"),
        client=Replaying({}),
        open_dataset=door.open,
        fence=1,
        clock=clock,
        randomness=SeededRandomness(),
    )
    return Rows(work, watch)


async def test_the_dataset_stays_open_for_what_comes_next(rows: Rows, door: Door) -> None:
    for _ in range(3):
        await rows.use(lambda dataset: dataset.state("things"))
    assert (door.opened, door.closed) == (1, 0)
    await rows.close()
    assert (door.opened, door.closed) == (1, 1)


async def test_nobody_is_kept_out_while_a_run_waits_for_the_network(rows: Rows, door: Door) -> None:
    await rows.use(lambda dataset: dataset.state("things"))
    for _ in range(200):
        if door.closed:
            break
        await asyncio.sleep(IDLE_SECONDS / 10)
    assert door.closed == 1
    await rows.close()


async def test_a_busy_run_lets_go_now_and_then(rows: Rows, door: Door, clock: FakeClock) -> None:
    for _ in range(4):
        await rows.use(lambda dataset: dataset.state("things"))
        clock.advance(timedelta(seconds=HELD_SECONDS / 2))
    assert (door.opened, door.closed) == (2, 1)
    await rows.close()


async def test_a_locked_warehouse_is_waited_for_but_not_for_ever(
    rows: Rows, door: Door, watch: Onlooker, clock: FakeClock
) -> None:
    door.locked = 4
    assert await rows.use(lambda dataset: dataset.state("things")) == {}
    assert len(watch.waits) == 4
    await rows.close()
    door.locked, begun = 1_000_000, clock.now()
    with pytest.raises(WarehouseBusy):
        await rows.use(lambda dataset: dataset.state("things"))
    assert PATIENCE <= clock.now() - begun < PATIENCE + timedelta(minutes=1)


async def test_who_is_cancelled_waits_for_no_warehouse(rows: Rows, door: Door, watch: Onlooker) -> None:
    door.locked, watch.cancelled = 1_000, True
    with pytest.raises(Cancelled):
        await rows.use(lambda dataset: dataset.state("things"))


async def test_a_dataset_that_failed_is_opened_anew(rows: Rows, door: Door) -> None:
    def fail(_dataset: Dataset) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await rows.use(fail)
    await rows.use(lambda dataset: dataset.state("things"))
    assert door.opened == 2
    await rows.close()


def test_moments_grow_whatever_another_nodes_clock_said(clock: FakeClock) -> None:
    ahead = datetime(2030, 1, 1, tzinfo=UTC)
    moments = Moments(clock, ahead)
    first, second = moments.now(), moments.now()
    assert ahead < first < second
    assert Moments(clock, None).now() == clock.now()
