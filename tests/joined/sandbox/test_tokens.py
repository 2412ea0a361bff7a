"""Refresh, rotation, revocation and what the API says to dead tokens, over real HTTP."""

import asyncio

import pytest

from consentry.sandbox import RunningSandbox, picture_of
from ground.applicant import Applicant


async def test_a_refresh_replaces_both_tokens(applicant: Applicant) -> None:
    first = await applicant.tokens()
    second = (await applicant.refresh(first["refresh_token"])).json
    assert second["refresh_token"] != first["refresh_token"]
    assert (await applicant.get(second["access_token"], "site")).status == 200
    assert (await applicant.get(first["access_token"], "site")).status == 200


async def test_the_reuse_of_a_replaced_refresh_token_ends_the_grant(
    running: RunningSandbox, applicant: Applicant
) -> None:
    first = await applicant.tokens()
    second = (await applicant.refresh(first["refresh_token"])).json
    reused = await applicant.refresh(first["refresh_token"])
    assert (reused.status, reused.json["error"]) == (400, "invalid_grant")
    assert (await applicant.get(second["access_token"], "site")).status == 401
    assert (await applicant.refresh(second["refresh_token"])).json["error"] == "invalid_grant"
    assert picture_of(running.world)["reuses_detected"] == 1


async def test_of_two_refreshes_at_once_only_one_succeeds(running: RunningSandbox, applicant: Applicant) -> None:
    first = await applicant.tokens()
    answers = await asyncio.gather(*(applicant.refresh(first["refresh_token"]) for _ in range(2)))
    assert sorted(answer.status for answer in answers) == [200, 400]
    assert picture_of(running.world)["token_requests"]["refresh_token"] == 2


async def test_a_grace_time_tolerates_the_old_refresh_token(running: RunningSandbox, applicant: Applicant) -> None:
    running.world.turn(rotation="rotate_with_grace", grace_seconds=30)
    first = await applicant.tokens()
    assert (await applicant.refresh(first["refresh_token"])).status == 200
    assert (await applicant.refresh(first["refresh_token"])).status == 200
    running.world.turn(grace_seconds=0)
    assert (await applicant.refresh(first["refresh_token"])).json["error"] == "invalid_grant"


async def test_without_rotation_the_reply_has_no_refresh_token_and_the_old_one_goes_on(
    running: RunningSandbox, applicant: Applicant
) -> None:
    first = await applicant.tokens()
    running.world.turn(rotation="keep")
    for _ in range(2):
        answer = await applicant.refresh(first["refresh_token"])
        assert answer.status == 200
        assert "refresh_token" not in answer.json


async def test_a_refresh_can_narrow_the_scope_but_not_widen_it(applicant: Applicant) -> None:
    first = await applicant.tokens(scope="read write")
    wider = await applicant.refresh(first["refresh_token"], scope="read user_preference")
    assert wider.json["error"] == "invalid_scope"
    narrower = await applicant.refresh(first["refresh_token"], scope="read")
    assert narrower.json["scope"] == "read"


async def test_an_application_may_have_two_secrets_while_they_are_exchanged(
    running: RunningSandbox, applicant: Applicant
) -> None:
    old = applicant.application.client_secret or ""
    reply = await applicant.tokens()
    new = running.world.applications.add_secret(applicant.application.client_id)
    for secret in (old, new):
        answer = await applicant.refresh(reply["refresh_token"], client_secret=secret)
        assert answer.status == 200
        reply = answer.json
    assert running.world.applications.remove_secret(applicant.application.client_id, old)
    refused = await applicant.refresh(reply["refresh_token"], client_secret=old)
    assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    assert (await applicant.refresh(reply["refresh_token"], client_secret=new)).status == 200


@pytest.mark.parametrize("path", ["/oauth/token/revoke", "/oauth/revoke"])
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_revocation_ends_the_grant(running: RunningSandbox, applicant: Applicant, path: str, kind: str) -> None:
    reply = await applicant.tokens()
    answer = await applicant.send("POST", path, data={"token": reply[kind], **applicant.identity()})
    assert (answer.status, answer.text) == (200, "")
    assert (await applicant.get(reply["access_token"], "site")).status == 401
    assert (await applicant.refresh(reply["refresh_token"])).json["error"] == "invalid_grant"
    assert picture_of(running.world)["revocations_by_path"] == {path: 1}


async def test_an_unknown_token_is_as_good_as_revoked(applicant: Applicant) -> None:
    answer = await applicant.send("POST", "/oauth/revoke", data={"token": "unknown", **applicant.identity()})
    assert answer.status == 200


async def test_another_application_cant_revoke(running: RunningSandbox, applicant: Applicant) -> None:
    reply = await applicant.tokens()
    other = running.world.register(name="Other", redirect_uri="https://other.example/")
    async with Applicant(running, other) as stranger:
        form = {"token": reply["access_token"], **stranger.identity()}
        assert (await stranger.send("POST", "/oauth/revoke", data=form)).status == 400
        form = {"token": reply["access_token"], **stranger.identity(), "client_secret": "wrong"}
        assert (await stranger.send("POST", "/oauth/revoke", data=form)).status == 401
    assert (await applicant.get(reply["access_token"], "site")).status == 200


async def test_the_knob_leaves_one_of_the_two_revocation_addresses(
    running: RunningSandbox, applicant: Applicant
) -> None:
    running.world.turn(revoke_endpoints="documented")
    form = {"token": "unknown", **applicant.identity()}
    assert (await applicant.send("POST", "/oauth/revoke", data=form)).status == 404
    assert (await applicant.send("POST", "/oauth/token/revoke", data=form)).status == 200
    running.world.turn(revoke_endpoints="discovery")
    assert (await applicant.send("POST", "/oauth/token/revoke", data=form)).status == 404


async def test_a_dead_or_missing_token_is_401_with_a_challenge(running: RunningSandbox, applicant: Applicant) -> None:
    reply = await applicant.tokens()
    assert running.world.expire_access_tokens() == 1
    for token, error in ((reply["access_token"], 'error="invalid_token"'), ("made up", 'error="invalid_token"')):
        answer = await applicant.get(token, "site")
        assert answer.status == 401
        assert error in answer.headers["WWW-Authenticate"]
        assert answer.json["message"]
    bare = await applicant.send("GET", "/api/v2/site")
    assert bare.status == 401
    assert "error=" not in bare.headers["WWW-Authenticate"]
    assert (await applicant.refresh(reply["refresh_token"])).status == 200


async def test_a_deactivated_user_can_do_nothing_until_they_are_back(
    running: RunningSandbox, applicant: Applicant
) -> None:
    reply = await applicant.tokens(user="ben.okafor")
    running.world.set_active("ben.okafor", active=False)
    assert (await applicant.get(reply["access_token"], "site")).status == 401
    assert (await applicant.refresh(reply["refresh_token"])).json["error"] == "invalid_grant"
    page = await applicant.send("GET", applicant.authorise_path())
    assert "ben.okafor" not in page.text
    running.world.set_active("ben.okafor", active=True)
    assert (await applicant.get(reply["access_token"], "site")).status == 200


async def test_a_withdrawn_consent_ends_every_grant_of_the_user(running: RunningSandbox, applicant: Applicant) -> None:
    one, two, other = await applicant.tokens(), await applicant.tokens(), await applicant.tokens(user="emi.sato")
    assert running.world.withdraw("ada.marsh") == 2
    assert [(await applicant.get(each["access_token"], "site")).status for each in (one, two, other)] == [401, 401, 200]


async def test_a_new_consent_can_end_the_earlier_ones(running: RunningSandbox, applicant: Applicant) -> None:
    first = await applicant.tokens()
    running.world.turn(reauthorisation="ends_earlier")
    second = await applicant.tokens()
    assert [(await applicant.get(each["access_token"], "site")).status for each in (first, second)] == [401, 200]


async def test_userinfo_needs_the_scope_openid(applicant: Applicant) -> None:
    plain = await applicant.tokens()
    header = {"Authorization": f"Bearer {plain['access_token']}"}
    assert (await applicant.send("GET", "/oauth/userinfo", headers=header)).status == 403
    known = await applicant.tokens(scope="read openid")
    header = {"Authorization": f"Bearer {known['access_token']}"}
    answer = await applicant.send("GET", "/oauth/userinfo", headers=header)
    assert (answer.json["sub"], answer.json["subdomain"]) == ("1101", "acme")
