"""A credential's life against the sandbox: consent, token, refresh, reconnect, delete."""

from datetime import timedelta

import pytest

from consentry import credentials
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.credentials import Status
from consentry.errors import AuthorizationFailed, AuthorizationRequired, Gone, NotFound, ReauthorizationRequired
from consentry.sandbox import RunningSandbox
from ground.consenting import ADA, add_credential, authorize, begin, come_back, connected, give_consent, register


async def test_consent_leads_to_a_token(app: App, sandbox: RunningSandbox) -> None:
    credential = await connected(app, sandbox)
    assert credential.status is Status.AUTHORIZED
    assert credential.grant is not None
    assert credential.grant.account is not None
    assert credential.grant.account.subdomain == "acme"
    assert credential.grant.granted_scope == "read write"
    token = await credentials.token(app.credentials, ADA, credential.id)
    assert token.access_token.reveal()
    again = credentials.cached_token(app.credentials, ADA, credential.id)
    assert again == token


async def test_without_a_grant_there_is_no_token(app: App, sandbox: RunningSandbox) -> None:
    credential = await add_credential(app, register(sandbox, app.settings.redirect_uri))
    with pytest.raises(AuthorizationRequired):
        await credentials.token(app.credentials, ADA, credential.id)


async def test_a_stale_token_is_refreshed_once(app: App, sandbox: RunningSandbox, moving_clock: FakeClock) -> None:
    credential = await connected(app, sandbox)
    first = await credentials.token(app.credentials, ADA, credential.id)
    moving_clock.advance(timedelta(days=6, hours=23, minutes=50))
    second = await credentials.token(app.credentials, ADA, credential.id)
    assert second.access_token != first.access_token
    assert second.grant_version == first.grant_version + 1
    assert await credentials.token(app.credentials, ADA, credential.id) == second


async def test_deny_is_said_and_nothing_changes(app: App, sandbox: RunningSandbox) -> None:
    credential = await add_credential(app, register(sandbox, app.settings.redirect_uri))
    begun = await begin(app, credential.id)
    ended = await come_back(app, begun, await give_consent(begun.authorize_url, decision="deny"))
    assert (ended.status, ended.code) == ("failed", "consent_refused")
    assert (await credentials.get(app.credentials, credential.id)).status is Status.AUTHORIZATION_REQUIRED


async def test_a_state_counts_once(app: App, sandbox: RunningSandbox) -> None:
    credential = await add_credential(app, register(sandbox, app.settings.redirect_uri))
    begun = await begin(app, credential.id)
    query = await give_consent(begun.authorize_url)
    assert (await come_back(app, begun, query)).status == "connected"
    with pytest.raises(AuthorizationFailed):
        await come_back(app, begun, query)


async def test_another_browser_is_refused(app: App, sandbox: RunningSandbox) -> None:
    credential = await add_credential(app, register(sandbox, app.settings.redirect_uri))
    begun = await begin(app, credential.id)
    query = await give_consent(begun.authorize_url)
    ended = await credentials.complete(app.credentials, query, {begun.cookie_name: "x"}, None, "127.0.0.1")
    assert (ended.status, ended.code) == ("failed", "authorization_failed")


async def test_a_link_counts_once(app: App, sandbox: RunningSandbox) -> None:
    credential = await add_credential(app, register(sandbox, app.settings.redirect_uri))
    link = await credentials.make_link(app.credentials, ADA, credential.id)
    name = link.url.rpartition("/")[2]
    await credentials.begin_by_link(app.credentials, name, "127.0.0.1")
    with pytest.raises(Gone):
        await credentials.begin_by_link(app.credentials, name, "127.0.0.1")


async def test_another_account_waits_for_a_decision(app: App, sandbox: RunningSandbox) -> None:
    credential = await connected(app, sandbox)
    old = await credentials.token(app.credentials, ADA, credential.id)
    ended = await authorize(app, credential.id, user="dana.petrov")
    assert ended.status == "pending_account"
    now = await credentials.get(app.credentials, credential.id)
    assert now.pending_grant is not None
    assert now.pending_grant.account is not None
    assert now.pending_grant.account.subdomain == "globex"
    assert await credentials.token(app.credentials, ADA, credential.id) == old
    accepted = await credentials.confirm_account(app.credentials, ADA, credential.id, accept=True)
    assert accepted.grant is not None
    assert accepted.grant.account is not None
    assert accepted.grant.account.subdomain == "globex"
    assert (await credentials.token(app.credentials, ADA, credential.id)) != old


async def test_delete_is_seen_by_the_provider(app: App, sandbox: RunningSandbox) -> None:
    credential = await connected(app, sandbox)
    token = await credentials.token(app.credentials, ADA, credential.id)
    await credentials.delete(app.credentials, ADA, credential.id)
    with pytest.raises(NotFound):
        await credentials.get(app.credentials, credential.id)
    answer = await app.outbound.fetch(
        "GET",
        f"{sandbox.url}/api/v2/users/current",
        headers={"Authorization": f"Bearer {token.access_token.reveal()}"},
    )
    assert answer.status == 401


async def test_a_withdrawn_grant_asks_for_authorization(
    app: App, sandbox: RunningSandbox, moving_clock: FakeClock
) -> None:
    credential = await connected(app, sandbox)
    sandbox.world.withdraw("ada.marsh")
    with pytest.raises(ReauthorizationRequired):
        await credentials.token(app.credentials, ADA, credential.id, force=True)
    assert (await credentials.get(app.credentials, credential.id)).status is Status.REAUTHORIZATION_REQUIRED
    assert (await authorize(app, credential.id)).status == "connected"


async def test_check_names_the_account(app: App, sandbox: RunningSandbox) -> None:
    credential = await connected(app, sandbox)
    result = await credentials.check(app.credentials, ADA, credential.id)
    assert result.status == "success"
    records = await credentials.read_sample(app.credentials, ADA, credential.id, "parties", 5)
    assert len(records) == 5
