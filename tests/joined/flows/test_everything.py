"""Every record of every stream of the sandbox is in the dataset, value for value, in each kind of warehouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.credentials import Credential
from consentry.flows.model import OWN_KINDS, RunStatus, WarehouseSpec
from consentry.flows.reading import streams_of
from consentry.sandbox import RunningSandbox
from ground.databases import Databases, Engine
from ground.datasets import live_rows
from ground.expecting import expect
from ground.flattening import differences
from ground.running_sources import Runner
from ground.sources import a_source
from ground.warehouses import CARRIERS, a_carrier


@pytest.fixture
def engine() -> Engine:
    """Where Consentry keeps its own things makes no difference here."""
    return "sqlite"


@pytest.fixture(params=OWN_KINDS + tuple(f"dlt to {carrier}" for carrier in CARRIERS))
def warehouse(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[WarehouseSpec]:
    if request.param.startswith("dlt to "):
        with a_carrier(request.param.removeprefix("dlt to "), databases, tmp_path) as spec:
            yield spec
    elif request.param == "postgres":
        with databases.make("postgresql", tmp_path) as url:
            yield WarehouseSpec(kind="postgres", url=url)
    else:
        yield WarehouseSpec(kind=request.param, path=str(tmp_path / "warehouse"))


async def test_every_record_of_every_stream_is_there_value_for_value(
    app: App, credential: Credential, moving_clock: FakeClock, sandbox: RunningSandbox, warehouse: WarehouseSpec
) -> None:
    sandbox.world.turn(rate_limit=None)
    source = a_source(warehouse=warehouse)
    ended = await Runner(app=app, credential=credential, clock=moving_clock).run(source)
    assert (ended.status, ended.failed) == (RunStatus.SUCCEEDED, {})
    connector = app.catalogue.get(source.connector)
    expected = await expect(app, credential.id, connector, streams_of(source, connector))
    assert {stream.name for stream in connector.streams} <= expected.tables.keys()
    empty = {name for name in expected.tables if not expected.tables[name]}
    assert empty == {"rest_hooks"}, "the sandbox should have some of everything that can be read"
    assert differences(expected, live_rows(source, app.settings.home)) == []
