"""What stays within its bounds: a consent in its session, a damaged secret in its own credential."""

import pytest
from sqlalchemy import select, update

from consentry import credentials
from consentry.app import App
from consentry.credentials import Status
from consentry.errors import ReauthorizationRequired
from consentry.sandbox import RunningSandbox
from consentry.storage.tables import secrets
from ground.consenting import ADA, add_credential, connected, give_consent, register

MINE, ANOTHERS = 1, 2


@pytest.mark.parametrize("session_id", [ANOTHERS, None], ids=["another session", "no session"])
async def test_what_began_in_a_session_completes_in_that_session_only(
    app: App, sandbox: RunningSandbox, session_id: int | None
) -> None:
    credential = await add_credential(app, register(sandbox, app.settings.redirect_uri))
    begun = await credentials.begin_in_session(app.credentials, ADA, MINE, credential.id, "/credentials")
    query = await give_consent(begun.authorize_url)
    cookies = {begun.cookie_name: begun.cookie_value.reveal()}
    ended = await credentials.complete(app.credentials, query, cookies, session_id, "127.0.0.1")
    assert (ended.status, ended.code) == ("failed", "authorization_failed")
    assert (await credentials.get(app.credentials, credential.id)).status is Status.AUTHORIZATION_REQUIRED
    assert sandbox.world.journal.counts("token_requests") == {}


async def test_one_damaged_secret_asks_for_consent_again_and_breaks_no_list(app: App, sandbox: RunningSandbox) -> None:
    damaged = await connected(app, sandbox, name="Damaged")
    well = await connected(app, sandbox, name="Well")
    assert damaged.grant is not None
    async with app.database.transaction() as connection:
        theirs = (secrets.c.owner == "grants") & (secrets.c.owner_id == damaged.grant.id)
        for row in (await connection.execute(select(secrets).where(theirs))).all():
            broken = bytes([*row.sealed[:-1], row.sealed[-1] ^ 1])
            await connection.execute(update(secrets).where(secrets.c.id == row.id).values(sealed=broken))
    app.credentials.tokens.forget(None)

    with pytest.raises(ReauthorizationRequired):
        await credentials.token(app.credentials, ADA, damaged.id)
    listed, _ = await credentials.list_credentials(app.credentials)
    assert {each.name: each.status for each in listed} == {
        "Damaged": Status.REAUTHORIZATION_REQUIRED,
        "Well": Status.AUTHORIZED,
    }
    assert await credentials.token(app.credentials, ADA, well.id)
