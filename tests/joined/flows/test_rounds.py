"""Rounds of turmoil at the provider, faults on the line and runs that are killed: after each, all is as it is there."""

import os
import random
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from consentry import sandbox as sandbox_room
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.credentials import Credential
from consentry.flows.model import OWN_KINDS, RunStatus, Source, StreamRun, WarehouseSpec
from consentry.flows.reading import streams_of
from consentry.sandbox import RunningSandbox
from consentry.sandbox.faults import Drop, Fail, Fault, Slow
from consentry.sandbox.knobs import Knobs
from consentry.sandbox.seed import Sizes
from ground import running_child
from ground.children import child
from ground.databases import Databases, Engine
from ground.datasets import live_rows
from ground.expecting import expect
from ground.flattening import differences
from ground.running_child import Order
from ground.running_sources import Runner
from ground.sources import Onlooker, a_source
from ground.turmoil import Turmoil
from ground.warehouses import a_carrier

ROUNDS: Final = 50 if os.environ.get("CONSENTRY_SOAK") else 3
CARRIED_ROUNDS: Final = 10 if os.environ.get("CONSENTRY_SOAK") else 1
"""Fewer where a process starts for each run to carry what changed."""
LONGEST_WAITS: Final = timedelta(hours=2)
"""No killed run has waited for longer, by its own clock: two faults of some calls each are waited out."""
SIZES: Final = Sizes(parties=110, opportunities=20, projects=12, tasks=110, entries=110)
PATHS: Final = ("/api/v2/parties", "/api/v2/tasks", "/api/v2/entries", "/api/v2/kases", "/api/v2/")
pytestmark = [pytest.mark.soak, pytest.mark.timeout(3_000)]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """Run a sandbox with few records and no rate limit."""
    with sandbox_room.start(sizes=SIZES, knobs=Knobs(rate_limit=None)) as running:
        yield running


@pytest.fixture(params=["own", "carried"])
def warehouse(
    request: pytest.FixtureRequest, engine: Engine, databases: Databases, tmp_path: Path
) -> Iterator[WarehouseSpec]:
    """Keep the dataset in DuckDB beside SQLite, and in PostgreSQL beside PostgreSQL; or have dlt carry it there."""
    if request.param == "carried":
        with a_carrier(engine, databases, tmp_path) as spec:
            yield spec
        return
    if engine == "sqlite":
        yield WarehouseSpec()
        return
    with databases.make(engine, tmp_path) as url:
        yield WarehouseSpec(kind="postgres", url=url)


class Rounds:
    """Goes through rounds, and keeps the lots that are drawn in them."""

    def __init__(self, runner: Runner, sandbox: RunningSandbox, source: Source) -> None:
        self._runner = runner
        self._world = sandbox.world
        self._source = source
        self._lots = random.Random(11)
        self._turmoil = Turmoil(sandbox.world.crm(), seed=11)
        self._latest_death = 2.0 if source.warehouse.kind in OWN_KINDS else 8.0
        self.kills = 0

    async def go(self, number: int) -> None:
        """Stir, disturb a run or two, and let an undisturbed one find all of it."""
        self._world.turn(list_order=self._lots.choice(["id", "updated", "shuffled"]))
        self._turmoil.stir(self._lots.randrange(30))
        for _ in range(self._lots.randrange(3)):
            self._world.faults.order(self._fault())
        if number % 2 == 0:
            await self._run_and_kill()
        else:
            await self._runner.run(self._source, on_report=self._stir)
        self._world.faults.clear()
        self._turmoil.stir(self._lots.randrange(10))
        self._runner.clock.advance(self._lots.choice([timedelta(0), timedelta(minutes=7), timedelta(hours=6)]))
        ended = await self._runner.run(replace(self._source, full_listing_every=timedelta(0)))
        assert (ended.status, ended.failed) == (RunStatus.SUCCEEDED, {})

    async def differences(self) -> list[str]:
        """Return what isn't in the dataset as it is in the sandbox."""
        app = self._runner.app
        connector = app.catalogue.get(self._source.connector)
        expected = await expect(app, self._runner.credential.id, connector, streams_of(self._source, connector))
        return differences(expected, live_rows(self._source, app.settings.home))

    async def _run_and_kill(self) -> None:
        order = Order(
            source=self._source,
            credential_id=self._runner.credential.id,
            fence=self._runner.fence,
            now=self._runner.clock.now(),
            dies_after=self._lots.uniform(0.05, self._latest_death),
        )
        self._runner.fence += 1
        async with child(running_child.main, self._runner.app.settings, order) as running:
            exit_status = await running.ended()
        # its clock went on while it waited for the provider, and no later run is before an earlier one
        self._runner.clock.advance(LONGEST_WAITS)
        assert exit_status in (0, -signal.SIGKILL)
        self.kills += exit_status != 0

    def _stir(self, _watch: Onlooker, _told: StreamRun) -> None:
        if self._lots.random() < 0.1:
            self._turmoil.stir(1)

    def _fault(self) -> Fault:
        path, calls = self._lots.choice(PATHS), self._lots.randrange(1, 4)
        match self._lots.randrange(5):
            case 0:
                return Drop(target="api", path=path, calls=calls)
            case 1:
                return Slow(target="api", path=path, calls=calls, seconds=0.05)
            case _:
                status = self._lots.choice([403, 404, 429, 500, 502])
                return Fail(
                    target="api", path=path, calls=calls, status=status, body=self._lots.choice(["json", "html"])
                )


async def test_after_each_round_the_dataset_is_what_the_provider_has(
    app: App, credential: Credential, moving_clock: FakeClock, sandbox: RunningSandbox, warehouse: WarehouseSpec
) -> None:
    runner = Runner(app=app, credential=credential, clock=moving_clock)
    rounds = Rounds(runner, sandbox, a_source(warehouse=warehouse))
    for number in range(ROUNDS if warehouse.kind in OWN_KINDS else CARRIED_ROUNDS):
        await rounds.go(number)
        assert await rounds.differences() == [], f"round {number}"
    assert rounds.kills > 0, "no run was killed, so nothing was proved about that"
