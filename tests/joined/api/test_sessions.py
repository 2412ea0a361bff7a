"""A signed-in browser uses the API too: its cookie is enough to look, and changing needs the token of its pages."""

from dataclasses import dataclass
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import update

from consentry import accounts
from consentry.app import App
from consentry.core.secret import Secret
from consentry.storage.tables import sessions

NEW = {"connector": "capsule", "name": "Sales CRM", "client_id": "an-id", "client_secret": "a-very-secret-secret"}
CREDENTIALS = "/api/v1/credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser with a session's cookie."""

    client: httpx2.AsyncClient
    session: accounts.Session

    def csrf(self, **more: str) -> dict[str, str]:
        """Return the header that our own pages send."""
        return {"X-CSRF-Token": self.session.csrf_token, **more}


@pytest.fixture
async def browser(app: App, nobody: httpx2.AsyncClient) -> Browser:
    password = Secret("correct horse battery")
    await accounts.create_first_person(app.accounts, name="Ada", email="ada@example.com", password=password)
    session, token = await accounts.sign_in(app.accounts, email="ada@example.com", password=password, ip="127.0.0.1")
    nobody.cookies.set("consentry", token.reveal())
    return Browser(client=nobody, session=session)


async def test_a_session_may_look_and_with_its_token_change(browser: Browser) -> None:
    assert (await browser.client.get(CREDENTIALS)).json() == []
    made = await browser.client.post(CREDENTIALS, json=NEW, headers=browser.csrf())
    assert made.status_code == 201
    assert made.json()["created_by"] == "person:ada@example.com"


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "guess"}, {"X-CSRF-Token": "ключ"}])
async def test_a_forged_request_changes_nothing(browser: Browser, method: str, headers: dict[str, str]) -> None:
    await browser.client.post(CREDENTIALS, json=NEW, headers=browser.csrf())
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    for path in (CREDENTIALS, f"{CREDENTIALS}/1", f"{CREDENTIALS}/1/token", "/api/v1/people/1"):
        refused = await browser.client.request(method, path, headers=raw)
        assert refused.status_code in (403, 405)
    assert (await browser.client.get(f"{CREDENTIALS}/1")).json()["name"] == NEW["name"]


async def test_a_request_from_another_site_is_refused_whatever_it_carries(browser: Browser) -> None:
    headers = browser.csrf(**{"Sec-Fetch-Site": "cross-site"})
    assert (await browser.client.post(CREDENTIALS, json=NEW, headers=headers)).status_code == 403


async def test_a_session_cannot_use_the_proxy(browser: Browser) -> None:
    answer = await browser.client.get(f"{CREDENTIALS}/1/proxy/api/v2/users")
    assert (answer.status_code, answer.headers["consentry-error"]) == (401, "not_signed_in")


async def test_a_session_that_ended_opens_nothing(browser: Browser, app: App) -> None:
    await accounts.sign_out(app.accounts, browser.session, "127.0.0.1")
    assert (await browser.client.get(CREDENTIALS)).status_code == 401


async def test_an_api_key_counts_more_than_a_cookie(browser: Browser) -> None:
    answer = await browser.client.get(CREDENTIALS, headers={"Authorization": "Bearer csy_wrong"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", f"{CREDENTIALS}/1", None),
        ("POST", "/api/v1/api-keys", {"name": "x", "scopes": ["admin"]}),
        ("POST", "/api/v1/people", {"name": "Eve", "email": "eve@example.com", "password": "a long sentence"}),
        ("PATCH", "/api/v1/people/1", {"password": "another sentence"}),
    ],
)
async def test_what_cannot_be_undone_asks_a_browser_for_the_password_again(
    browser: Browser, app: App, method: str, path: str, body: dict[str, object] | None
) -> None:
    await browser.client.post(CREDENTIALS, json=NEW, headers=browser.csrf())
    long_ago = app.clock.now() - timedelta(minutes=20)
    async with app.database.transaction() as connection:
        await connection.execute(update(sessions).values(proved_at=long_ago))
    refused = await browser.client.request(method, path, json=body, headers=browser.csrf())
    assert (refused.status_code, "password" in refused.json()["detail"]) == (403, True)
    await accounts.prove(app.accounts, browser.session, Secret("correct horse battery"), "127.0.0.1")
    assert (await browser.client.request(method, path, json=body, headers=browser.csrf())).is_success
