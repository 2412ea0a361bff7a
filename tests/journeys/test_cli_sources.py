"""Sources on the command line, in real processes: on a home that nobody serves, and through a server."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from consentry import app, settings
from consentry.sandbox import RunningSandbox, start
from ground.consenting import connected
from ground.household import PATIENCE_SECONDS, Household, household
from ground.waiting import eventually


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningSandbox]:
    with start() as running:
        yield running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, provider: RunningSandbox) -> Iterator[Household]:
    """Prepare a home with one connected credential, Sales CRM; nobody serves on it."""
    with household(tmp_path_factory.mktemp("house"), provider) as house:

        async def connect() -> None:
            base_urls = {"capsule": provider.url}
            async with app.open(settings.load(home=house.home, base_urls=base_urls)) as opened:
                await connected(opened, provider, name="Sales CRM")

        asyncio.run(connect())
        yield house


@pytest.fixture
def source(house: Household, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Add a source of the small streams."""
    name = request.node.name[:60]
    streams = [word for stream in ("users", "teams", "parties") for word in ("--stream", stream)]
    added = house.ask("source", "add", "--name", name, "--credential", "Sales CRM", *streams)
    yield added
    house.run("source", "delete", str(added["id"]), "--yes")


def rows(house: Household, dataset: str, table: str) -> int:
    with duckdb.connect(str(house.home / "warehouse.duckdb"), read_only=True) as warehouse:
        (number,) = warehouse.execute(f'SELECT count(*) FROM "{dataset}"."{table}"').fetchone() or (0,)
    return int(number)


def test_a_run_fills_the_dataset_though_nobody_serves(
    house: Household, provider: RunningSandbox, source: dict[str, Any]
) -> None:
    done = house.run("source", "run", source["name"], "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    run = json.loads(done.stdout)
    assert run["status"] == "succeeded"
    counts = {each["name"]: (each["read"], each["new"]) for each in run["streams"]}
    parties = len(provider.world.crm("acme")["parties"])
    assert counts["parties"] == (parties, parties)
    assert rows(house, source["dataset"], "parties") == parties
    assert "parties: " in done.stderr
    again = house.ask("source", "run", str(source["id"]))
    assert [each["new"] + each["changed"] + each["deleted"] for each in again["streams"]] == [0, 0, 0]
    listed = house.ask("run", "list", "--source", source["name"])
    assert [each["id"] for each in listed] == [again["id"], run["id"]]
    assert house.ask("run", "show", str(run["id"]))["streams"] == run["streams"]
    assert house.ask("source", "show", source["name"])["last_run"]["id"] == again["id"]


def test_a_source_lives_its_life(house: Household, source: dict[str, Any]) -> None:
    number = str(source["id"])
    assert [each["name"] for each in house.ask("source", "list")] == [source["name"]]
    assert house.ask("source", "pause", number)["is_active"] is False
    assert house.ask("source", "activate", number)["is_active"] is True
    samples = house.ask("source", "test", number)
    assert {each["stream"] for each in samples} == {"users", "teams", "parties"}
    assert all(each["records"] for each in samples)
    shown = house.run("source", "show", number)
    assert shown.returncode == 0
    assert "Sales CRM" in shown.stdout
    assert "by hand only" in shown.stdout
    assert house.run("source", "show", "Nothing").returncode == 1


def test_a_stream_that_fails_gives_status_1_and_leaves_the_others(
    house: Household, provider: RunningSandbox, source: dict[str, Any]
) -> None:
    provider.world.fail("api", 403, calls=3, path="/api/v2/teams")
    try:
        done = house.run("source", "run", str(source["id"]), "--json")
    finally:
        provider.world.faults.clear()
    assert done.returncode == 1, done.stdout + done.stderr
    run = json.loads(done.stdout)
    assert run["status"] == "partly_failed"
    outcome = {each["name"]: each["status"] for each in run["streams"]}
    assert outcome == {"users": "succeeded", "teams": "failed", "parties": "succeeded"}
    (trouble,) = (each["error"] for each in run["streams"] if each["error"])
    assert trouble["code"] == "scope_missing"


def test_ctrl_c_cancels_the_run(house: Household, provider: RunningSandbox, source: dict[str, Any]) -> None:
    provider.world.slow("api", 3.0, calls=20)
    process = subprocess.Popen(
        [sys.executable, "-m", "consentry", "source", "run", str(source["id"]), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(house.environment),
        start_new_session=True,
    )
    try:
        number = str(source["id"])
        begun = eventually(
            lambda: [each["status"] for each in house.ask("run", "list", "--source", number)] == ["running"]
        )
        assert begun
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
        provider.world.faults.clear()
    assert process.returncode not in (0, None)
    (run,) = house.ask("run", "list", "--source", number)
    assert run["status"] == "cancelled"


def test_through_a_server_its_worker_carries_the_run_out(
    house: Household, provider: RunningSandbox, source: dict[str, Any], tmp_path: Path
) -> None:
    key = house.run("apikey", "create", "--name", "far", "--scope", "admin").stdout.strip()
    server = house.start_server()
    try:
        far = {"CONSENTRY_URL": house.url, "CONSENTRY_API_KEY": key, "CONSENTRY_HOME": str(tmp_path)}
        begun = house.ask("source", "run", str(source["id"]), "--no-wait", **far)
        run = house.ask("run", "watch", str(begun["run_id"]), **far)
        assert run["status"] == "succeeded"
        assert house.ask("source", "list", **far)[0]["last_run"]["id"] == begun["run_id"]
        assert house.ask("run", "show", str(run["id"])) == house.ask("run", "show", str(run["id"]), **far)
        added = house.ask("source", "add", "--name", "Far", "--credential", "Sales CRM", "--every", "2h", **far)
        assert added["schedule"]["every"] == "2h"
        assert house.ask("source", "show", "far") == house.ask("source", "show", "far", **far)
        assert house.ask("source", "delete", "Far", "--yes", **far)["deleted"] is True
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)
