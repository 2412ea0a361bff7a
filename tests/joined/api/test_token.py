import asyncio
from datetime import datetime, timedelta

import httpx2
import pytest

from consentry.accounts import KeyScope
from consentry.app import App
from consentry.credentials import Credential
from consentry.sandbox import RunningSandbox
from ground.consenting import add_credential, connected, register
from ground.serving import MakeClient


@pytest.fixture
async def credential(app: App, sandbox: RunningSandbox) -> Credential:
    return await connected(app, sandbox)


@pytest.fixture
async def token_client(client_with: MakeClient, credential: Credential) -> httpx2.AsyncClient:
    client = await client_with(KeyScope.TOKEN)
    client.base_url = httpx2.URL(f"{client.base_url}/api/v1/credentials/{credential.id}/")
    return client


async def test_a_token_is_handed_out_and_works(token_client: httpx2.AsyncClient, sandbox: RunningSandbox) -> None:
    answer = await token_client.post("token")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    issued = answer.json()
    assert issued.keys() == {"access_token", "token_type", "expires_at", "scope"}
    assert (issued["token_type"], issued["scope"]) == ("Bearer", "read write")
    assert issued["expires_at"].endswith("Z")
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {issued['access_token']}"}) as outside:
        assert (await outside.get(f"{sandbox.url}/api/v2/users")).status_code == 200


async def test_the_same_token_is_handed_out_while_it_is_fresh(token_client: httpx2.AsyncClient) -> None:
    tokens = {(await token_client.post("token", json={})).json()["access_token"] for _ in range(5)}
    assert len(tokens) == 1


async def test_a_forced_refresh_brings_another_token(token_client: httpx2.AsyncClient) -> None:
    before = (await token_client.post("token")).json()["access_token"]
    after = (await token_client.post("token", json={"force_refresh": True})).json()["access_token"]
    assert before != after
    assert (await token_client.post("token")).json()["access_token"] == after


async def test_callers_who_force_at_once_share_one_refresh(
    token_client: httpx2.AsyncClient, sandbox: RunningSandbox
) -> None:
    sandbox.world.slow("token", 0.5)
    calls = (token_client.post("token", json={"force_refresh": True}) for _ in range(20))
    answers = await asyncio.gather(*calls)
    assert len({answer.json()["access_token"] for answer in answers}) == 1


async def test_more_life_than_there_is_refreshes_once(token_client: httpx2.AsyncClient, app: App) -> None:
    wish = {"min_ttl_seconds": 2**31 - 1}
    first = (await token_client.post("token", json=wish)).json()
    second = (await token_client.post("token", json=wish)).json()
    assert first["access_token"] == second["access_token"]
    assert datetime.fromisoformat(first["expires_at"]) - app.clock.now() > timedelta(days=6)


async def test_without_consent_the_answer_says_whose_move_it_is(
    client_with: MakeClient, app: App, sandbox: RunningSandbox
) -> None:
    waiting = await add_credential(app, register(sandbox, app.settings.redirect_uri))
    answer = await (await client_with(KeyScope.TOKEN)).post(f"/api/v1/credentials/{waiting.id}/token")
    assert (answer.status_code, answer.json()["code"]) == (409, "authorization_required")
    assert "consent" in answer.json()["hint"]


async def test_a_withdrawn_grant_asks_for_consent_again(
    token_client: httpx2.AsyncClient, sandbox: RunningSandbox
) -> None:
    sandbox.world.withdraw("ada.marsh")
    answer = await token_client.post("token", json={"force_refresh": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "reauthorization_required")


async def test_a_provider_that_fails_says_when_to_come_back(
    token_client: httpx2.AsyncClient, sandbox: RunningSandbox
) -> None:
    sandbox.world.fail("token", 503, calls=5)
    answer = await token_client.post("token", json={"force_refresh": True})
    assert (answer.status_code, answer.json()["code"]) == (503, "refresh_failing")
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"min_ttl_seconds": "60"}, "min_ttl_seconds"),
        ({"min_ttl_seconds": -1}, "min_ttl_seconds"),
        ({"min_ttl_seconds": 2**31}, "min_ttl_seconds"),
        ({"min_ttl_seconds": 1.5}, "min_ttl_seconds"),
        ({"min_ttl_seconds": None}, "min_ttl_seconds"),
        ({"force_refresh": 1}, "force_refresh"),
        ({"surprise": True}, "surprise"),
        ([], "body"),
        ("text", "body"),
    ],
)
async def test_a_wish_that_cannot_be_is_named(token_client: httpx2.AsyncClient, body: object, field: str) -> None:
    answer = await token_client.post("token", json=body)
    assert answer.status_code == 422
    assert [wrong["field"] for wrong in answer.json()["errors"]] == [field]


async def test_a_key_without_the_scope_gets_no_token(client_with: MakeClient, credential: Credential) -> None:
    for scope in (KeyScope.READ, KeyScope.USE):
        answer = await (await client_with(scope)).post(f"/api/v1/credentials/{credential.id}/token")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert "scope token" in answer.json()["detail"]
