from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select, update

from consentry import accounts
from consentry.accounts import KeyScope
from consentry.api import create_api
from consentry.app import App
from consentry.core.secret import Secret
from consentry.sandbox import RunningSandbox
from consentry.storage.tables import sessions
from consentry.worker import Worker
from ground.consenting import connected
from ground.serving import MakeClient, serve


class Tick:
    """The worker's last tick, as a test wants it."""

    at: float | None = None


@pytest.fixture
async def watched(app: App) -> AsyncIterator[tuple[httpx2.AsyncClient, Tick]]:
    """Serve the API with a worker beside it."""
    tick = Tick()
    async with serve(create_api(app, lambda: tick.at)) as url, httpx2.AsyncClient(base_url=url) as client:
        yield client, tick


async def test_a_process_is_alive_as_long_as_it_answers(nobody: httpx2.AsyncClient) -> None:
    answer = await nobody.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_readiness_needs_a_worker_that_ticks(watched: tuple[httpx2.AsyncClient, Tick], app: App) -> None:
    client, tick = watched
    early = await client.get("/readyz")
    assert (early.status_code, early.json()["code"], early.headers["retry-after"]) == (503, "not_ready", "5")
    tick.at = app.clock.monotonic()
    assert (await client.get("/readyz")).status_code == 200
    tick.at = app.clock.monotonic() - 1000
    assert "worker" in (await client.get("/readyz")).json()["detail"]


async def test_readiness_needs_the_database(nobody: httpx2.AsyncClient, app: App) -> None:
    assert (await nobody.get("/readyz")).json() == {"status": "ready"}
    path = app.settings.home / "consentry.db"
    path.rename(path.with_suffix(".away"))
    await app.database.close()
    for suffix in ("-wal", "-shm"):
        (path.parent / (path.name + suffix)).unlink(missing_ok=True)
    path.mkdir()
    assert (await nobody.get("/readyz")).status_code == 503
    path.rmdir()
    path.with_suffix(".away").rename(path)
    assert (await nobody.get("/readyz")).status_code == 200


async def test_the_counters_tell_what_happened_without_names_or_secrets(
    client_with: MakeClient, app: App, sandbox: RunningSandbox
) -> None:
    credential = await connected(app, sandbox)
    client = await client_with(KeyScope.ADMIN)
    token = (await client.post(f"/api/v1/credentials/{credential.id}/token", json={"force_refresh": True})).json()
    for _ in range(3):
        await client.post(f"/api/v1/credentials/{credential.id}/token")
    await client.get(f"/api/v1/credentials/{credential.id}/proxy/api/v2/users")
    text = (await client.get("/metrics")).text
    assert 'consentry_refreshes_total{outcome="done"} 1.0' in text
    assert 'consentry_proxy_calls_total{status="2xx"} 1.0' in text
    assert "consentry_token_reads_total" in text
    assert "consentry_budget_left{" in text
    assert token["access_token"] not in text
    assert "Sales CRM" not in text


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_counters_are_open_on_this_machine_but_not_through_a_reverse_proxy(
    nobody: httpx2.AsyncClient, client_with: MakeClient, name: str
) -> None:
    assert (await nobody.get("/metrics")).status_code == 200
    assert (await nobody.get("/metrics", headers={name: "203.0.113.9"})).status_code == 401
    reader = await client_with(KeyScope.READ)
    assert (await reader.get("/metrics", headers={name: "203.0.113.9"})).status_code == 200


async def test_the_worker_sweeps_out_sessions_that_ended(app: App) -> None:
    password = Secret("correct horse battery")
    await accounts.create_first_person(app.accounts, name="Ada", email="ada@example.com", password=password)
    await accounts.sign_in(app.accounts, email="ada@example.com", password=password, ip="127.0.0.1")
    long_ago = app.clock.now() - timedelta(days=2)
    async with app.database.transaction() as connection:
        await connection.execute(update(sessions).values(seen_at=long_ago))
    await Worker(app).tick(whole=True)
    async with app.database.reading() as connection:
        assert (await connection.execute(select(sessions))).all() == []
