"""Hooks in real processes: a change arrives within seconds, also when Consentry is killed in between."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx2
import pytest

from consentry.sandbox import RunningSandbox
from ground.owner import Owner, Program
from ground.processes import Running, free_port, running
from ground.waiting import eventually

PATIENCE = 150.0

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def hasty(sandbox: RunningSandbox) -> RunningSandbox:
    """Have the provider give hooks up within a second."""
    sandbox.world.turn(hook_retries_seconds=[0.3, 0.3])
    return sandbox


def connect(server: Running, sandbox: RunningSandbox, program: Program) -> int:
    application = sandbox.world.register(name="Data team", redirect_uri=f"{server.url}/oauth/callback")
    made = program.add(application.client_id, application.secrets[0])
    with Owner() as owner:
        owner.consent(made["connect_url"])
    return int(made["id"])


def add_source(program: Program, credential_id: int) -> dict[str, Any]:
    """Add a source with hooks, wait until they are set up, and let it run once."""
    new = {"name": "Sales", "credential_id": credential_id, "streams": ["parties"], "hooks": True}
    made: dict[str, Any] = program.ask("POST", "/sources", json=new).json()
    assert eventually(lambda: states(program, made["id"]) == {"subscribed"}, within=PATIENCE)
    program.ask("POST", f"/sources/{made['id']}/run")
    assert eventually(lambda: last_run(program, made["id"])["status"] == "succeeded", within=PATIENCE)
    return made


def show(program: Program, source_id: int) -> dict[str, Any]:
    shown: dict[str, Any] = program.ask("GET", f"/sources/{source_id}").json()
    return shown


def states(program: Program, source_id: int) -> set[str]:
    return {event["state"] for event in show(program, source_id)["hook_events"]}


def last_run(program: Program, source_id: int) -> dict[str, Any]:
    run: dict[str, Any] = show(program, source_id)["last_run"]
    return run


def about(home: Path, record_id: int) -> str | None:
    """Return what the warehouse has of a record; nothing while somebody writes to it."""
    try:
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
            found = warehouse.execute("SELECT about FROM sales.parties WHERE id = ?", [record_id]).fetchone()
    except duckdb.IOException:
        return None
    return found[0] if found else None


def change(sandbox: RunningSandbox, record_id: int, words: str) -> None:
    """Change a record as somebody in another program would."""
    body = {"path": "parties", "id": record_id, "changes": {"about": words}}
    assert httpx2.post(f"{sandbox.url}/sandbox/records", json=body).status_code == 200


def test_a_change_arrives_within_seconds_and_hooks_go_with_their_source(server: Running, hasty: RunningSandbox) -> None:
    with Program(server.url, server.api_key()) as program:
        source = add_source(program, connect(server, hasty, program))
        record_id = hasty.world.crm("acme")["parties"].all()[0].id
        change(hasty, record_id, "told by a hook")
        assert eventually(lambda: about(server.home, record_id) == "told by a hook", within=PATIENCE)
        assert eventually(lambda: last_run(program, source["id"])["status"] == "succeeded", within=PATIENCE)
        assert last_run(program, source["id"])["trigger"] == "hook"
        (told,) = [event for event in show(program, source["id"])["hook_events"] if event["last_delivery_at"]]
        assert (told["event"], told["deliveries"]) == ("party/updated", 1)
        told_at = datetime.fromisoformat(told["last_delivery_at"])
        assert told_at <= datetime.now(UTC)
        shown = server.command("source", "show", "Sales")
        assert "3 subscribed" in shown.stdout
        assert program.ask("DELETE", f"/sources/{source['id']}").status_code == 204
        assert eventually(lambda: len(hasty.world.crm("acme")["resthooks"]) == 0, within=PATIENCE)
    assert "/hooks/" not in server.log.read_text()


def test_killed_after_the_answer_nothing_is_lost_and_what_was_dropped_meanwhile_is_renewed(
    home: Path, hasty: RunningSandbox
) -> None:
    port, crm = free_port(), hasty.world.crm("acme")
    told, missed = [record.id for record in crm["parties"].all()[:2]]
    with running(home, port=port, capsule_base_url=hasty.url) as first:
        key = first.api_key()
        with Program(first.url, key) as program:
            source = add_source(program, connect(first, hasty, program))
            hasty.world.slow("api", 600, calls=5, path=f"/api/v2/parties/{told}")
            change(hasty, told, "answered")
            assert eventually(lambda: last_run(program, source["id"])["trigger"] == "hook", within=PATIENCE)
            assert eventually(lambda: last_run(program, source["id"])["status"] == "running", within=PATIENCE)
        first.kill()
    assert about(home, told) != "answered"
    hasty.world.faults.clear()
    change(hasty, missed, "nobody was there")
    assert eventually(lambda: len(crm["resthooks"]) == 2, within=PATIENCE), "the provider gives up"
    with running(home, port=port, capsule_base_url=hasty.url) as again, Program(again.url, key) as program:
        assert eventually(lambda: about(home, told) == "answered", within=PATIENCE)
        assert eventually(lambda: about(home, missed) == "nobody was there", within=PATIENCE)
        assert eventually(lambda: len(crm["resthooks"]) == 3, within=PATIENCE)
        assert states(program, source["id"]) == {"subscribed"}
