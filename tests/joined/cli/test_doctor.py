"""What doctor says of the library that some warehouses need, in a home with sources in it."""

import sys
from pathlib import Path

import pytest

from consentry import app as composition
from consentry import flows, settings
from consentry.cli.examination import examine
from consentry.cli.findings import Finding
from consentry.flows import WAREHOUSE_FORMS, NewSource, WarehouseKind, WarehouseSpec
from consentry.sandbox import RunningSandbox
from ground.consenting import ADA, add_credential, register


@pytest.fixture
def at_home(home: Path, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the environment of this process at the home and the sandbox."""
    monkeypatch.setenv("CONSENTRY_HOME", str(home))
    monkeypatch.setenv("CONSENTRY_CAPSULE_BASE_URL", sandbox.url)


async def add_source(sandbox: RunningSandbox, name: str, kind: WarehouseKind) -> None:
    """Add a source into a warehouse of this kind."""
    url = None if kind in flows.OWN_KINDS else WAREHOUSE_FORMS[kind].example
    async with composition.open(settings.load()) as app:
        credential = await add_credential(app, register(sandbox, app.settings.redirect_uri), name=f"For {name}")
        new = NewSource(name=name, credential_id=credential.id, warehouse=WarehouseSpec(kind=kind, url=url))
        await flows.create(app.flows, ADA, new)


async def of_warehouses() -> list[Finding]:
    """Return what doctor says of warehouses."""
    _, findings = await examine()
    return [each for each in findings if each.name == "warehouses"]


@pytest.mark.usefixtures("at_home")
async def test_of_dlt_nothing_is_said_where_no_source_needs_it(sandbox: RunningSandbox) -> None:
    await add_source(sandbox, "Sales to file", "duckdb")
    assert await of_warehouses() == []


@pytest.mark.usefixtures("at_home")
async def test_a_source_that_needs_dlt_finds_it(sandbox: RunningSandbox) -> None:
    await add_source(sandbox, "Sales to Snowflake", "snowflake")
    assert [each.state for each in await of_warehouses()] == ["ok"]


@pytest.mark.usefixtures("at_home")
async def test_where_dlt_is_missing_the_sources_that_need_it_and_the_extra_are_named(
    sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_source(sandbox, "Sales to file", "duckdb")
    await add_source(sandbox, "Sales to BigQuery", "bigquery")
    await add_source(sandbox, "Sales to Snowflake", "snowflake")
    monkeypatch.setitem(sys.modules, "dlt", None)  # as Python has it where nobody installed it
    [finding] = await of_warehouses()
    assert finding.state == "bad"
    assert finding.detail.endswith(": Sales to BigQuery, Sales to Snowflake.")
    assert "consentry[warehouses]" in finding.hint
