"""The round trip: an account is read, written into an empty one, and that one is read: both datasets say the same.

Then the same destinations run again and write nothing. The short form runs always; CONSENTRY_SOAK=1 copies an account
of the sandbox's own size.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from consentry import app as composition
from consentry import flows
from consentry import sandbox as sandbox_room
from consentry.app import App
from consentry.credentials import Credential
from consentry.flows import Destination, Mapped, NewSource, RowsSpec, RunStatus, Source, WarehouseSpec
from consentry.sandbox import RunningSandbox
from consentry.sandbox.seed import Sizes
from consentry.settings import Settings
from ground.comparing import ask, differences
from ground.consenting import ADA, connected
from ground.copying import DEFINITIONS, ENTITIES, Speech, Step, steps
from ground.databases import Databases, Engine
from ground.writing import Writer

SOAK = os.environ.get("CONSENTRY_SOAK") == "1"
SHORT = Sizes(parties=60, opportunities=15, projects=12, tasks=40, entries=50)
DEFINED = ("party_field_definitions", "opportunity_field_definitions", "project_field_definitions")
COPIED = ("parties", "opportunities", "projects", *DEFINED)
WHOLE = (*COPIED, "opportunity_parties", "project_parties", "tasks", "entries", "milestones", "stages")


@pytest.fixture
def sizes(request: pytest.FixtureRequest) -> Sizes:
    """Say how much there is to copy."""
    chosen: Sizes = getattr(request, "param", SHORT)
    return chosen


@pytest.fixture
def sandbox(sizes: Sizes) -> Iterator[RunningSandbox]:
    """Run a sandbox that holds so much."""
    with sandbox_room.start(sizes=sizes) as running:
        running.world.turn(rate_limit=None)
        yield running


@pytest.fixture
def warehouse(engine: Engine, databases: Databases, home: Path) -> Iterator[WarehouseSpec]:
    """Give the warehouse that goes with the engine: DuckDB beside SQLite."""
    if engine == "sqlite":
        yield WarehouseSpec()
        return
    with databases.make("postgresql", home) as url:
        yield WarehouseSpec(kind="postgres", url=url)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[App]:
    """Open an app whose clock goes, because what changed meanwhile is asked for by time."""
    async with composition.open(settings) as opened:
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """Two accounts, a source of the first, and two of the second: one for the ids that copies get, one at the end."""

    app: App
    first: Source
    ids: Source
    second: Source
    writer: Writer
    speech: Speech

    async def read(self, source: Source) -> None:
        """Run a source."""
        run = await flows.begin_run(self.app.flows, ADA, source.id)
        (claimed,) = await flows.claim(self.app.flows, 1, only=run.id)
        await flows.work(self.app.flows, claimed)
        ended = await flows.get_run(self.app.flows, run.id)
        assert ended.status is RunStatus.SUCCEEDED, ended.error

    async def define(self) -> Destination:
        """Make the destination that gives the empty account the field by which copies are known."""
        return await self.writer.make("manual", ENTITIES, name="Fields", mapping={}, manual=DEFINITIONS)

    async def make(self, step: Step) -> Destination:
        """Make a destination; each column of its query fills the field of its name."""
        origin = RowsSpec(sql=step.sql, source_id=self.first.id)
        columns = [] if step.manual else list(ask(self.first, self.app.settings.home, step.sql)[0])
        return await self.writer.make(
            step.template,
            name=step.name,
            origin=origin,
            mapping={column: Mapped(column=column) for column in columns},
            match_on=step.match_on,
            manual=step.manual,
            nested="add" if step.manual else "replace",
            clear_with_null=step.manual is None,
        )

    async def write(self, destination: Destination) -> Counter[str]:
        """Run a destination in which every row does well, and return the outcomes."""
        came = await self.writer.run(destination)
        assert came.run.status is RunStatus.SUCCEEDED, (destination.name, came.run.error, came.words)
        return Counter(came.outcomes.values())


@pytest.fixture
async def copying(app: App, sandbox: RunningSandbox, warehouse: WarehouseSpec) -> Copying:
    """Connect both accounts."""
    there = await connected(app, sandbox, name="Acme")
    empty = await connected(app, sandbox, name="Fresh", user="ada.fresh")

    async def source(name: str, credential: Credential, streams: tuple[str, ...]) -> Source:
        new = NewSource(name=name, credential_id=credential.id, streams=streams, warehouse=warehouse)
        return await flows.create(app.flows, ADA, new)

    return Copying(
        app=app,
        first=await source("Acme", there, WHOLE),
        ids=await source("Fresh", empty, COPIED),
        second=await source("Copy", empty, WHOLE),
        writer=Writer(app=app, credential=empty, sandbox=sandbox),
        speech="postgres" if warehouse.kind == "postgres" else "duckdb",
    )


async def prove(copying: Copying, home: Path) -> None:
    await copying.read(copying.first)
    made = [await copying.define()]
    assert await copying.write(made[0]) == {"created": len(ENTITIES)}
    for group in steps(copying.speech):
        await copying.read(copying.ids)
        for step in group:
            destination = await copying.make(step)
            made.append(destination)
            assert set(await copying.write(destination)) == {"created"}, step.name
    await copying.read(copying.second)
    assert differences(copying.first, copying.second, home) == {}
    assert copying.writer.writes() > 0
    copying.writer.forget()
    for destination in made:
        assert set(await copying.write(destination)) == {"unchanged"}, destination.name
    assert copying.writer.writes() == 0


async def test_an_account_copied_into_an_empty_one_reads_the_same(copying: Copying, home: Path) -> None:
    await prove(copying, home)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.skipif(not SOAK, reason="the long form")
@pytest.mark.parametrize("sizes", [Sizes()], indirect=True, ids=["default"])
async def test_an_account_of_the_default_size_reads_the_same(copying: Copying, home: Path) -> None:
    await prove(copying, home)
