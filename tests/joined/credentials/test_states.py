"""What a credential goes through when things go wrong, or several want something of it at once."""

import asyncio
import os
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from consentry import credentials
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.core.secret import Secret
from consentry.credentials import Credential, CredentialEdit, InUse, Status, Use, store
from consentry.errors import (
    AuthorizationRequired,
    ClientRejected,
    Conflict,
    NotFound,
    ProviderDown,
    ReauthorizationRequired,
    RefreshFailing,
)
from consentry.sandbox import RunningSandbox
from consentry.storage.tables import secrets
from ground.afterwards import assert_works, is_done, keep_up, living, refreshes
from ground.children import until
from ground.consenting import (
    ADA,
    Registered,
    add_credential,
    authorize,
    begin,
    come_back,
    connected,
    give_consent,
    register,
)

LONG = bool(os.environ.get("CONSENTRY_SOAK"))
STALE = timedelta(days=6, hours=23, minutes=50)  # of a week: within the margin, and the token still lives
EXPIRED = timedelta(days=7, minutes=5)


async def add(app: App, sandbox: RunningSandbox) -> tuple[Credential, Registered]:
    registered = register(sandbox, app.settings.redirect_uri)
    credential = await add_credential(app, registered)
    await authorize(app, credential.id)
    return await credentials.get(app.credentials, credential.id), registered


async def look(app: App, credential: Credential) -> Credential:
    return await credentials.get(app.credentials, credential.id)


async def token_version(app: App, credential: Credential, *, force: bool = False) -> int:
    return (await credentials.token(app.credentials, ADA, credential.id, force=force)).grant_version


async def edit(app: App, credential: Credential, **changes: str) -> Credential:
    secret = changes.get("client_secret")
    wanted = CredentialEdit(
        name=changes.get("name"),
        description=changes.get("description"),
        client_id=changes.get("client_id"),
        client_secret=Secret(secret) if secret else None,
        scope=changes.get("scope"),
    )
    return await credentials.edit(app.credentials, ADA, credential.id, wanted)


async def spoil(app: App, owner: str, field: str) -> None:
    """Damage a sealed value, as a bad disk would."""
    mine = (secrets.c.owner == owner) & (secrets.c.field == field)
    async with app.database.transaction() as connection:
        for number, sealed in (await connection.execute(select(secrets.c.id, secrets.c.sealed).where(mine))).all():
            spoiled = sealed[:-1] + bytes([sealed[-1] ^ 1])
            await connection.execute(update(secrets).where(secrets.c.id == number).values(sealed=spoiled))


# --- refreshing fails, and recovers


async def test_a_provider_that_is_down_is_tried_again_until_it_is_back(
    app: App, sandbox: RunningSandbox, moving_clock: FakeClock
) -> None:
    credential, _ = await add(app, sandbox)
    moving_clock.advance(EXPIRED)
    sandbox.world.fail("token", 503, calls=3)
    with pytest.raises(RefreshFailing):
        await token_version(app, credential)
    failing = await look(app, credential)
    assert (failing.status, failing.status_code, failing.failures) == (Status.REFRESH_FAILING, "provider_down", 1)
    for failures in (2, 3):
        moving_clock.advance(timedelta(minutes=1))
        await keep_up(app)
        assert (await look(app, credential)).failures == failures
    assert (await look(app, credential)).status_since == failing.status_since
    moving_clock.advance(timedelta(minutes=1))
    await keep_up(app)
    well = await look(app, credential)
    assert (well.status, well.status_reason, well.failures) == (Status.AUTHORIZED, "", 0)
    await assert_works(app, credential.id)


async def test_a_refused_client_never_touches_the_grant_and_heals_with_a_new_secret(
    app: App, sandbox: RunningSandbox
) -> None:
    credential, registered = await add(app, sandbox)
    secret = sandbox.world.applications.add_secret(registered.client_id)
    sandbox.world.applications.remove_secret(registered.client_id, registered.client_secret)
    with pytest.raises(RefreshFailing, match="client"):
        await token_version(app, credential, force=True)
    failing = await look(app, credential)
    assert (failing.status, failing.status_code) == (Status.REFRESH_FAILING, ClientRejected.code)
    assert await token_version(app, credential) == 1
    assert (await edit(app, credential, client_secret=secret)).status is Status.AUTHORIZED
    assert await token_version(app, credential) == 2
    await assert_works(app, credential.id)


@pytest.mark.parametrize("end", ["authorized again", "deleted"])
async def test_an_answer_that_never_came_is_forgotten_with_its_grant(
    app: App, sandbox: RunningSandbox, end: str
) -> None:
    credential, _ = await add(app, sandbox)
    sandbox.world.turn(rotation="keep")
    sandbox.world.drop("token", calls=2)
    with pytest.raises(RefreshFailing):
        await token_version(app, credential, force=True)
    assert (await look(app, credential)).status_code == "no_answer"
    assert (await credentials.find_waiting(app.credentials)).journal == 1, "so that the next refresh knows"
    if end == "deleted":
        await credentials.delete(app.credentials, ADA, credential.id)
    else:
        await authorize(app, credential.id)
    await keep_up(app)
    assert is_done(await credentials.find_waiting(app.credentials))


# --- a new secret is tried


async def test_a_refused_secret_leaves_nothing_of_its_edit(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    with pytest.raises(Conflict, match="old one stays"):
        await edit(app, credential, client_secret="not the secret", name="Another name")
    after = await look(app, credential)
    assert (after.secret_version, after.name, after.status) == (1, credential.name, Status.AUTHORIZED)
    assert await token_version(app, credential, force=True) == 2
    await assert_works(app, credential.id)


async def test_a_secret_that_could_not_be_tried_is_not_kept(app: App, sandbox: RunningSandbox) -> None:
    credential, registered = await add(app, sandbox)
    secret = sandbox.world.applications.add_secret(registered.client_id)
    sandbox.world.fail("token", 503)
    with pytest.raises(ProviderDown):
        await edit(app, credential, client_secret=secret, description="Another description")
    after = await look(app, credential)
    assert (after.secret_version, after.description, after.status) == (1, credential.description, Status.AUTHORIZED)
    await assert_works(app, credential.id)


async def test_a_secret_is_not_tried_when_the_rest_of_the_edit_can_not_be(app: App, sandbox: RunningSandbox) -> None:
    credential, registered = await add(app, sandbox)
    await connected(app, sandbox, name="Taken")
    secret = sandbox.world.applications.add_secret(registered.client_id)
    with pytest.raises(Conflict, match="named taken"):
        await edit(app, credential, client_secret=secret, name=" taken ")
    assert refreshes(sandbox) == 0
    edited = await edit(app, credential, client_secret=secret, name="Free")
    assert (edited.secret_version, edited.name) == (2, "Free")


async def test_a_secret_whose_trial_lost_the_answer_leaves_the_truth(app: App, sandbox: RunningSandbox) -> None:
    credential, registered = await add(app, sandbox)
    secret = sandbox.world.applications.add_secret(registered.client_id)
    sandbox.world.drop("token")
    assert (await edit(app, credential, client_secret=secret)).secret_version == 2, "the client itself was accepted"
    await keep_up(app)
    after = await look(app, credential)
    assert after.status is Status.REAUTHORIZATION_REQUIRED
    assert "lost" in after.status_reason
    await authorize(app, credential.id)
    await keep_up(app)
    await assert_works(app, credential.id)


# --- an edit that needs consent


async def test_an_edit_waits_for_consent_while_the_old_grant_serves(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    other = register(sandbox, app.settings.redirect_uri)
    edited = await edit(app, credential, client_id=other.client_id, client_secret=other.client_secret, scope="read")
    assert edited.pending_change
    assert (edited.client_id, edited.scope) == (credential.client_id, credential.scope)
    assert await token_version(app, credential, force=True) == 2
    assert (await authorize(app, credential.id)).status == "connected"
    await keep_up(app)
    now = await look(app, credential)
    assert (now.client_id, now.scope, now.pending_change) == (other.client_id, "read", False)
    assert now.grant is not None
    assert now.grant.granted_scope == "read"
    assert await token_version(app, credential, force=True) == 2
    await assert_works(app, credential.id)
    assert living(sandbox) == 1


async def test_an_edit_that_goes_back_drops_what_waited(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    await edit(app, credential, scope="read")
    begun = await begin(app, credential.id)
    back = await edit(app, credential, scope=credential.scope)
    assert not back.pending_change
    ended = await come_back(app, begun, await give_consent(begun.authorize_url))
    assert (ended.status, ended.code) == ("failed", "authorization_failed"), "it was for what no longer waits"
    await assert_works(app, credential.id)


async def test_a_grant_for_a_client_that_was_given_up_is_not_put_in_use(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    other = register(sandbox, app.settings.redirect_uri)
    await edit(app, credential, client_id=other.client_id, client_secret=other.client_secret)
    assert (await authorize(app, credential.id, user="dana.petrov")).status == "pending_account"
    await edit(app, credential, client_id=credential.client_id)
    with pytest.raises(Conflict):
        await credentials.confirm_account(app.credentials, ADA, credential.id, accept=True)
    await credentials.confirm_account(app.credentials, ADA, credential.id, accept=False)
    await keep_up(app)
    assert await token_version(app, credential, force=True) == 2
    await assert_works(app, credential.id)


async def test_two_reconnects_at_once_leave_one_grant(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    both = [await begin(app, credential.id) for _ in range(2)]
    queries = [await give_consent(each.authorize_url) for each in both]
    ended = await asyncio.gather(*(come_back(app, *each) for each in zip(both, queries, strict=True)))
    assert [each.status for each in ended] == ["connected", "connected"]
    await keep_up(app)
    await assert_works(app, credential.id)
    assert living(sandbox) == 1


async def test_consent_that_comes_during_a_refresh_wins(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    begun = await begin(app, credential.id)
    query = await give_consent(begun.authorize_url)
    sandbox.world.slow("token", 1.0, processed=True)
    slow = asyncio.create_task(token_version(app, credential, force=True))
    await until(lambda: refreshes(sandbox) == 1)
    assert (await come_back(app, begun, query)).status == "connected"
    assert await slow == 1, "the new grant's first token"
    await keep_up(app)
    now = await look(app, credential)
    assert now.grant is not None
    assert now.grant.version == 1
    await assert_works(app, credential.id)


async def test_who_waited_for_a_credential_sees_what_became_of_its_grant(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)

    async def look_in_turn() -> int:
        async with app.database.transaction() as connection:
            grant = (await store.get_standing_locked(connection, credential.id)).grant
            return grant.version if grant else 0

    async with app.database.transaction() as connection:
        standing = await store.get_standing_locked(connection, credential.id)
        assert standing.grant is not None
        waiting = asyncio.create_task(look_in_turn())
        await asyncio.sleep(0.3)
        await store.change_grant(connection, standing.grant.id, 1, {"version": 2})
    assert await waiting == 2


# --- copy and delete


async def test_a_copy_starts_without_a_grant(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    copy = await credentials.copy(app.credentials, ADA, credential.id, None)
    assert (copy.name, copy.status, copy.grant) == ("Sales CRM copy", Status.AUTHORIZATION_REQUIRED, None)
    with pytest.raises(AuthorizationRequired):
        await token_version(app, copy)
    assert (await authorize(app, copy.id)).status == "connected"
    await assert_works(app, copy.id)


async def test_what_is_used_is_not_deleted(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    use = Use(kind="source", id=7, name="Nightly parties")
    async with app.database.transaction() as connection:
        await credentials.add_use(connection, credential.id, use)
    with pytest.raises(InUse, match="Nightly parties"):
        await credentials.delete(app.credentials, ADA, credential.id)
    await assert_works(app, credential.id)
    async with app.database.transaction() as connection:
        await credentials.remove_use(connection, use)
    await credentials.delete(app.credentials, ADA, credential.id)
    assert living(sandbox) == 0
    with pytest.raises(NotFound):
        async with app.database.transaction() as connection:
            await credentials.add_use(connection, credential.id, use)


async def test_deleted_during_a_slow_refresh_what_arrives_is_withdrawn(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    sandbox.world.turn(revoke_reach="token")
    sandbox.world.slow("token", 1.0, processed=True)
    slow = asyncio.create_task(token_version(app, credential, force=True))
    await until(lambda: refreshes(sandbox) == 1)
    await credentials.delete(app.credentials, ADA, credential.id)
    with pytest.raises(NotFound):
        await slow
    await keep_up(app)
    assert is_done(await credentials.find_waiting(app.credentials))
    [grant] = sandbox.world.grants.all()
    assert not grant.access
    assert all(token.replaced_at for token in grant.refresh.values())


async def test_a_revocation_is_tried_until_the_provider_takes_it(
    app: App, sandbox: RunningSandbox, moving_clock: FakeClock
) -> None:
    credential, _ = await add(app, sandbox)
    sandbox.world.fail("revoke", 503, calls=4)
    await credentials.delete(app.credentials, ADA, credential.id)
    assert living(sandbox) == 1
    for _ in range(5):
        moving_clock.advance(timedelta(hours=1))
        await keep_up(app)
    assert living(sandbox) == 0
    assert is_done(await credentials.find_waiting(app.credentials))


# --- what can't be opened


@pytest.mark.parametrize("field", ["access_token", "refresh_token"])
async def test_a_damaged_token_spoils_its_own_credential_only(app: App, sandbox: RunningSandbox, field: str) -> None:
    spoiled, _ = await add(app, sandbox)
    await spoil(app, "grants", field)
    sound = await connected(app, sandbox, name="Sound")
    with pytest.raises(ReauthorizationRequired):
        await token_version(app, spoiled, force=True)
    listed, _ = await credentials.list_credentials(app.credentials)
    assert {each.name: each.status for each in listed} == {
        "Sales CRM": Status.REAUTHORIZATION_REQUIRED,
        "Sound": Status.AUTHORIZED,
    }
    await assert_works(app, sound.id)
    assert (await authorize(app, spoiled.id)).status == "connected"
    await keep_up(app)
    await assert_works(app, spoiled.id)


async def test_a_damaged_client_secret_heals_when_it_is_entered_again(app: App, sandbox: RunningSandbox) -> None:
    credential, registered = await add(app, sandbox)
    await spoil(app, "credentials", "client_secret")
    with pytest.raises(ReauthorizationRequired):
        await token_version(app, credential, force=True)
    await edit(app, credential, client_secret=registered.client_secret)
    assert (await authorize(app, credential.id)).status == "connected"
    await keep_up(app)
    assert await token_version(app, credential, force=True) == 2
    await assert_works(app, credential.id)


# --- who gets which token


async def test_more_life_than_there_is_refreshes_once(
    app: App, sandbox: RunningSandbox, moving_clock: FakeClock
) -> None:
    credential, _ = await add(app, sandbox)

    async def ask(life: timedelta) -> int:
        return (await credentials.token(app.credentials, ADA, credential.id, min_ttl=life)).grant_version

    assert await ask(timedelta(days=6)) == 1
    moving_clock.advance(timedelta(days=2))
    assert await ask(timedelta(days=4)) == 1
    assert await ask(timedelta(days=6)) == 2
    moving_clock.advance(timedelta(days=2))
    assert await ask(timedelta(days=300)) == 3
    assert await ask(timedelta(days=300)) == 3
    assert refreshes(sandbox) == 2


async def test_callers_who_force_a_refresh_share_it(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    sandbox.world.slow("token", 0.3)
    versions = await asyncio.gather(*(token_version(app, credential, force=True) for _ in range(20)))
    assert versions == [2] * 20
    assert refreshes(sandbox) == 1


async def test_while_a_refresh_is_slow_a_token_that_lives_is_handed_out(
    app: App, sandbox: RunningSandbox, moving_clock: FakeClock
) -> None:
    credential, _ = await add(app, sandbox)
    moving_clock.advance(STALE)
    sandbox.world.slow("token", 3.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await asyncio.gather(*(token_version(app, credential) for _ in range(5))) == [1] * 5
    assert 0.5 < loop.time() - began < 3.0
    await until(lambda: refreshes(sandbox) == 1)
    assert await token_version(app, credential) == 2


async def test_without_a_token_that_lives_callers_wait(
    app: App, sandbox: RunningSandbox, moving_clock: FakeClock
) -> None:
    credential, _ = await add(app, sandbox)
    moving_clock.advance(EXPIRED)
    sandbox.world.slow("token", 2.0)
    assert await asyncio.gather(*(token_version(app, credential) for _ in range(5))) == [2] * 5
    assert refreshes(sandbox) == 1


@pytest.mark.soak
@pytest.mark.skipif(not LONG, reason="it waits as long as a caller does, half a minute; run make soak")
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_callers_don_t_wait_without_end(app: App, sandbox: RunningSandbox, moving_clock: FakeClock) -> None:
    credential, _ = await add(app, sandbox)
    moving_clock.advance(EXPIRED)
    sandbox.world.slow("token", 33.0)
    with pytest.raises(RefreshFailing) as caught:
        await token_version(app, credential)
    assert caught.value.retry_after > 0


async def test_a_grant_without_refresh_token_serves_to_its_end_and_then_says_so(
    app: App, sandbox: RunningSandbox, moving_clock: FakeClock
) -> None:
    credential = await add_credential(app, register(sandbox, app.settings.redirect_uri))
    sandbox.world.answer_oddly("no_refresh_token")
    await authorize(app, credential.id)
    moving_clock.advance(STALE)
    await keep_up(app)
    assert await token_version(app, credential) == 1
    moving_clock.advance(timedelta(minutes=20))
    await keep_up(app)
    with pytest.raises(ReauthorizationRequired):
        await token_version(app, credential)
    assert (await look(app, credential)).status_code == "no_refresh_token"


async def test_a_token_that_the_provider_refuses_is_replaced_once(app: App, sandbox: RunningSandbox) -> None:
    credential, _ = await add(app, sandbox)
    sandbox.world.expire_access_tokens()
    await assert_works(app, credential.id)
    assert refreshes(sandbox) == 1
    sandbox.world.fail("api", 401, calls=2)
    asking = await credentials.client(app.credentials, ADA, credential.id)
    with pytest.raises(ReauthorizationRequired):
        await asking.get("/api/v2/users/current")
    assert refreshes(sandbox) == 1, "a token that came of a refusal isn't replaced again at once"
    sandbox.world.faults.clear()
    await assert_works(app, credential.id)


async def test_an_idle_grant_is_refreshed_before_its_token_ends(
    app: App, sandbox: RunningSandbox, moving_clock: FakeClock
) -> None:
    new = [await connected(app, sandbox, name=f"Idle {number}") for number in range(5)]
    for week in (1, 2, 3):
        moving_clock.advance(STALE)
        await keep_up(app)
        assert refreshes(sandbox) == week * len(new)
    for credential in new:
        assert (await look(app, credential)).status is Status.AUTHORIZED
        assert credentials.cached_token(app.credentials, ADA, credential.id) is None
