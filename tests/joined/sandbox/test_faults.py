"""Faults on order, over real sockets: slow, failing, dropped and odd."""

import socket
import time
from typing import Literal

import aiohttp
import pytest

from consentry.sandbox import Drop, Fail, RunningSandbox, picture_of
from ground.applicant import Applicant


def ask_raw(running: RunningSandbox, request: bytes) -> bytes:
    """Send bytes on a socket of their own and return every byte of the answer."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as line:
        line.sendall(request)
        answer = b""
        while chunk := line.recv(4096):
            answer += chunk
        return answer


async def test_a_dropped_call_gets_not_one_byte_but_has_its_effect(
    running: RunningSandbox, applicant: Applicant
) -> None:
    reply = await applicant.tokens()
    running.world.drop("token")
    with pytest.raises(aiohttp.ClientError):
        await applicant.refresh(reply["refresh_token"])
    state = picture_of(running.world)
    assert state["tokens_issued"]["refresh_token"] == 1
    assert state["grants"][0]["refreshes"] == 1
    assert running.world.journal.recent()[0].outcome == "dropped"
    assert (await applicant.refresh(reply["refresh_token"])).json["error"] == "invalid_grant"


def test_nothing_is_on_the_wire_when_a_call_is_dropped(running: RunningSandbox) -> None:
    running.world.drop("api")
    assert ask_raw(running, b"GET /api/v2/site HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") == b""
    kept = ask_raw(running, b"GET /api/v2/site HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert kept.startswith(b"HTTP/1.1 401 ")


async def test_a_call_can_be_dropped_before_it_has_an_effect(running: RunningSandbox, applicant: Applicant) -> None:
    reply = await applicant.tokens()
    running.world.faults.order(Drop(target="token", processed=False))
    with pytest.raises(aiohttp.ClientError):
        await applicant.refresh(reply["refresh_token"])
    assert picture_of(running.world)["grants"][0]["refreshes"] == 0
    assert (await applicant.refresh(reply["refresh_token"])).status == 200


@pytest.mark.parametrize(
    ("body", "media_type", "begins"),
    [
        ("json", "application/json", '{"error"'),
        ("html", "text/html", "<!doctype"),
        ("truncated", "application/json", '{"error"'),
        ("empty", None, ""),
    ],
)
def test_a_failing_call_has_the_body_that_was_ordered(
    running: RunningSandbox, body: Literal["json", "html", "truncated", "empty"], media_type: str | None, begins: str
) -> None:
    running.world.faults.order(Fail(target="token", status=502, body=body, retry_after=3))
    answer = ask_raw(
        running, b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    head, _, content = answer.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 502 ")
    assert "retry-after: 3" in head
    assert ("content-type: " + media_type in head) if media_type else ("content-type" not in head)
    assert content.startswith(begins)
    assert bool(content) == (body != "empty")
    assert content.endswith("}") == (body == "json")


async def test_a_fault_hits_the_ordered_calls_and_paths_only(running: RunningSandbox, applicant: Applicant) -> None:
    token = (await applicant.tokens())["access_token"]
    running.world.fail("token", 503)
    assert (await applicant.refresh("whatever")).status == 503
    state = picture_of(running.world)
    assert state["oauth_calls"]["POST /oauth/token"] == 2
    assert state["token_requests"]["refresh_token"] == 0
    running.world.fail("api", 500, calls=2, path="/api/v2/opportunities")
    assert (await applicant.get(token, "parties")).status == 200
    assert [(await applicant.get(token, "opportunities")).status for _ in range(3)] == [500, 500, 200]


async def test_a_failed_refresh_may_have_happened(running: RunningSandbox, applicant: Applicant) -> None:
    reply = await applicant.tokens()
    running.world.faults.order(Fail(target="token", status=504, processed=True))
    assert (await applicant.refresh(reply["refresh_token"])).status == 504
    assert picture_of(running.world)["grants"][0]["refreshes"] == 1


@pytest.mark.parametrize("processed", [False, True])
async def test_a_slow_call_waits_before_or_after_its_effect(
    running: RunningSandbox, applicant: Applicant, processed: bool
) -> None:
    reply = await applicant.tokens()
    running.world.slow("token", 0.3, processed=processed)
    began = time.monotonic()
    assert (await applicant.refresh(reply["refresh_token"])).status == 200
    assert time.monotonic() - began >= 0.3
    assert running.world.faults.waiting() == [], "it was ordered for one call"
    assert (await applicant.get(reply["access_token"], "site")).status == 200


@pytest.mark.parametrize(
    ("oddity", "key", "value"),
    [
        ("no_access_token", "access_token", None),
        ("no_refresh_token", "refresh_token", None),
        ("no_expires_in", "expires_in", None),
        ("wrong_token_type", "token_type", "mac"),
        ("expires_in_negative", "expires_in", -60),
        ("expires_in_huge", "expires_in", 10**18),
        ("expires_in_text", "expires_in", "soon"),
        ("extra_keys", "id_token", None),
        ("other_scope", "scope", "read"),
        ("other_subdomain", "subdomain", "initech"),
    ],
)
async def test_a_token_reply_breaks_its_contract_in_one_way(
    running: RunningSandbox, applicant: Applicant, oddity: str, key: str, value: object
) -> None:
    ordered = await applicant.send("POST", "/sandbox/faults", json={"kind": "odd", "oddity": oddity})
    assert ordered.status == 201, ordered.text
    answer = await applicant.exchange((await applicant.consent())["code"])
    assert answer.json.get(key) == value
    after = await applicant.tokens()
    assert (after["token_type"], after["expires_in"]) == ("bearer", 604_799)
