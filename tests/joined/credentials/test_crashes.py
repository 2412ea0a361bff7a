"""Processes killed at every named step of authorization, refresh, secret trial and delete: what the next one finds."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from consentry import app as composition
from consentry import credentials
from consentry.app import App
from consentry.core.secret import Secret
from consentry.credentials import Begun, CredentialEdit, Status
from consentry.errors import AuthorizationFailed, NotFound, ReauthorizationRequired
from consentry.sandbox import RunningSandbox
from consentry.settings import Settings
from ground.afterwards import assert_works, is_done, keep_up, living, refreshes
from ground.children import die
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

CONSENT = ("authorize.taken", "authorize.intent", "authorize.replied", "authorize.kept", "authorize.committed")
REFRESH = ("refresh.intent", "refresh.unanswered", "refresh.replied", "refresh.kept", "refresh.committed")
DELETE = ("delete.committed", "revoke.claimed", "revoke.answered")
KEPT = ("kept", "committed")  # from here on the reply is safe
ROTATIONS = ("rotate", "rotate_with_grace", "keep")
LOST = "refresh.unanswered", "refresh.replied"


def opening(settings: Settings) -> AbstractAsyncContextManager[App]:
    return composition.open(settings)


async def add_connected(settings: Settings, sandbox: RunningSandbox) -> tuple[int, Registered]:
    async with opening(settings) as app:
        registered = register(sandbox, app.settings.redirect_uri)
        credential = await add_credential(app, registered)
        await authorize(app, credential.id)
        return credential.id, registered


def callback(begun: Begun, query: str) -> dict[str, Any]:
    return {"query": query, "cookies": {begun.cookie_name: begun.cookie_value.reveal()}}


def is_kept(step: str) -> bool:
    return step.rpartition(".")[2] in KEPT


class Record:
    """Notes every step that is reached."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    async def reached(self, name: str) -> None:
        self.names.add(name)


async def test_the_suite_names_every_step(settings: Settings, sandbox: RunningSandbox) -> None:
    record = Record()
    async with composition.open(settings, steps=record) as app:
        credential = await connected(app, sandbox)
        sandbox.world.turn(rotation="keep")
        sandbox.world.drop("token")
        await credentials.token(app.credentials, ADA, credential.id, force=True)
        await credentials.delete(app.credentials, ADA, credential.id)
    assert record.names == {*CONSENT, *REFRESH, *DELETE}


@pytest.mark.parametrize("step", CONSENT)
async def test_killed_in_a_first_consent(settings: Settings, sandbox: RunningSandbox, step: str) -> None:
    async with opening(settings) as app:
        credential = await add_credential(app, register(sandbox, app.settings.redirect_uri))
        begun = await begin(app, credential.id)
        query = await give_consent(begun.authorize_url)
    await die(settings, "complete", step, **callback(begun, query))
    async with opening(settings) as app:
        await keep_up(app)
        status = (await credentials.get(app.credentials, credential.id)).status
        if not is_kept(step):
            assert status is Status.AUTHORIZATION_REQUIRED
            assert is_done(await credentials.find_waiting(app.credentials))
            assert (await authorize(app, credential.id)).status == "connected"
        ended = await credentials.get_authorization(app.credentials, begun.id)
        if step != "authorize.taken":  # there nothing tells that its process died; it ends with its ten minutes
            assert ended.status == ("connected" if is_kept(step) else "failed")
        await assert_works(app, credential.id)


@pytest.mark.parametrize("step", CONSENT)
async def test_killed_in_a_reconnect(settings: Settings, sandbox: RunningSandbox, step: str) -> None:
    number, _ = await add_connected(settings, sandbox)
    async with opening(settings) as app:
        begun = await begin(app, number)
        query = await give_consent(begun.authorize_url)
    await die(settings, "complete", step, **callback(begun, query))
    async with opening(settings) as app:
        await keep_up(app)
        await assert_works(app, number)
        old, *new = sandbox.world.grants.all()
        assert (old.ended is not None) == is_kept(step), "the old grant is withdrawn only when the new one is in use"
        assert all(grant.ended is None for grant in new)


@pytest.mark.parametrize("step", ["authorize.replied", "authorize.kept", "authorize.committed"])
async def test_killed_in_a_reconnect_by_another_account(settings: Settings, sandbox: RunningSandbox, step: str) -> None:
    number, _ = await add_connected(settings, sandbox)
    async with opening(settings) as app:
        begun = await begin(app, number)
        query = await give_consent(begun.authorize_url, user="dana.petrov")
    await die(settings, "complete", step, **callback(begun, query))
    async with opening(settings) as app:
        await keep_up(app)
        await assert_works(app, number)
        found = await credentials.get(app.credentials, number)
        assert (found.pending_grant is not None) == is_kept(step)
        if found.pending_grant is not None:
            await credentials.confirm_account(app.credentials, ADA, number, accept=True)
            await keep_up(app)
            await assert_works(app, number)
            assert [grant.ended is None for grant in sandbox.world.grants.all()] == [False, True]


@pytest.mark.parametrize(
    ("step", "rotation"),
    [*((step, "rotate") for step in REFRESH), *((step, other) for step in LOST for other in ROTATIONS[1:])],
)
async def test_killed_in_a_refresh(settings: Settings, sandbox: RunningSandbox, step: str, rotation: str) -> None:
    number, _ = await add_connected(settings, sandbox)
    sandbox.world.turn(rotation=rotation)
    if step == "refresh.unanswered":
        sandbox.world.drop("token")
    await die(settings, "refresh", step, credential=number)
    async with opening(settings) as app:
        await keep_up(app)
        found = await credentials.get(app.credentials, number)
        if step in LOST and rotation == "rotate":
            assert found.status is Status.REAUTHORIZATION_REQUIRED
            assert "lost" in found.status_reason
            assert (await authorize(app, number)).status == "connected"
            await keep_up(app)
        await assert_works(app, number)
        assert (await credentials.get(app.credentials, number)).status is Status.AUTHORIZED
        assert refreshes(sandbox) == (2 if step in LOST else 1)


@pytest.mark.parametrize("step", ["refresh.intent", "refresh.kept"])
async def test_who_only_has_the_library_recovers_without_a_worker(
    settings: Settings, sandbox: RunningSandbox, step: str
) -> None:
    number, _ = await add_connected(settings, sandbox)
    await die(settings, "refresh", step, credential=number)
    async with opening(settings) as app:
        old = await credentials.token(app.credentials, ADA, number)
        sandbox.world.expire_access_tokens(old.access_token.reveal())
        await assert_works(app, number)
        assert refreshes(sandbox) == 1


@pytest.mark.parametrize("step", REFRESH)
async def test_killed_while_a_new_secret_is_tried(settings: Settings, sandbox: RunningSandbox, step: str) -> None:
    number, registered = await add_connected(settings, sandbox)
    sandbox.world.turn(rotation="rotate_with_grace")
    if step == "refresh.unanswered":
        sandbox.world.drop("token")
    secret = sandbox.world.applications.add_secret(registered.client_id)
    await die(settings, "replace_secret", step, credential=number, secret=secret)
    async with opening(settings) as app:
        await keep_up(app)
        await assert_works(app, number)
        assert (await credentials.get(app.credentials, number)).secret_version == (2 if is_kept(step) else 1)
        gone = registered.client_secret if is_kept(step) else secret
        sandbox.world.applications.remove_secret(registered.client_id, gone)
        await credentials.token(app.credentials, ADA, number, force=True)
        await assert_works(app, number)


@pytest.mark.parametrize("step", DELETE)
async def test_killed_in_a_delete(settings: Settings, sandbox: RunningSandbox, step: str) -> None:
    number, _ = await add_connected(settings, sandbox)
    await die(settings, "delete", step, credential=number)
    async with opening(settings) as app:
        with pytest.raises(NotFound):
            await credentials.get(app.credentials, number)
        await keep_up(app)
        assert is_done(await credentials.find_waiting(app.credentials))
    assert living(sandbox) == 0


@pytest.mark.parametrize("rotation", ROTATIONS)
async def test_an_answer_that_was_dropped_is_asked_for_once_more(
    settings: Settings, sandbox: RunningSandbox, rotation: str
) -> None:
    number, _ = await add_connected(settings, sandbox)
    sandbox.world.turn(rotation=rotation)
    sandbox.world.drop("token")
    async with opening(settings) as app:
        if rotation == "rotate":
            with pytest.raises(ReauthorizationRequired, match="lost"):
                await credentials.token(app.credentials, ADA, number, force=True)
            assert (await authorize(app, number)).status == "connected"
        else:
            assert (await credentials.token(app.credentials, ADA, number, force=True)).grant_version == 2
        await keep_up(app)
        await assert_works(app, number)
    assert refreshes(sandbox) == 2


async def test_killed_after_a_secret_was_proved_the_new_one_stays(settings: Settings, sandbox: RunningSandbox) -> None:
    number, registered = await add_connected(settings, sandbox)
    secret = sandbox.world.applications.add_secret(registered.client_id)
    await die(settings, "replace_secret", "refresh.kept", credential=number, secret=secret)
    sandbox.world.applications.remove_secret(registered.client_id, registered.client_secret)
    async with opening(settings) as app:  # no upkeep: whoever needs the lease next settles it
        edited = await credentials.edit(app.credentials, ADA, number, CredentialEdit(client_secret=Secret(secret)))
        assert edited.secret_version == 3
        await assert_works(app, number)


async def test_a_callback_that_comes_again_after_a_crash_is_refused(
    settings: Settings, sandbox: RunningSandbox
) -> None:
    async with opening(settings) as app:
        credential = await add_credential(app, register(sandbox, app.settings.redirect_uri))
        begun = await begin(app, credential.id)
        query = await give_consent(begun.authorize_url)
    await die(settings, "complete", "authorize.kept", **callback(begun, query))
    async with opening(settings) as app:
        with pytest.raises(AuthorizationFailed):
            await come_back(app, begun, query)
        await keep_up(app)
        await assert_works(app, credential.id)
