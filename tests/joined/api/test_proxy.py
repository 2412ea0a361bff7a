import asyncio
import gzip
import resource
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.types import Receive, Send

from consentry import app as composition
from consentry import audit
from consentry.accounts import KeyScope, create_api_key
from consentry.api import create_api
from consentry.app import App
from consentry.audit import Action
from consentry.sandbox import RunningSandbox
from consentry.settings import Settings
from ground.consenting import ADA, add_credential, authorize, connected, register
from ground.provider import Asked, Provider, answering, read
from ground.serving import MakeClient, serve

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """A client on the proxy of an authorized credential, and the provider at its other end."""

    client: httpx2.AsyncClient
    provider: Provider
    app: App
    base: str


@pytest.fixture
async def through(settings: Settings, sandbox: RunningSandbox) -> AsyncIterator[Through]:
    """Authorize at the sandbox, then put a provider in its place that does as a test says."""
    async with composition.open(settings) as app:
        credential = await connected(app, sandbox)
        _, key = await create_api_key(app.accounts, ADA, name="integration", scopes=[KeyScope.USE])
    provider = Provider()
    async with serve(provider) as base:
        moved = settings.model_copy(update={"base_urls": {"capsule": base}})
        port = int(settings.public_url.rpartition(":")[2])
        async with (
            composition.open(moved) as app,
            serve(create_api(app), port=port) as url,
            httpx2.AsyncClient(
                base_url=f"{url}/api/v1/credentials/{credential.id}/proxy/",
                headers={"Authorization": f"Bearer {key.reveal()}"},
                timeout=60,
            ) as client,
        ):
            yield Through(client=client, provider=provider, app=app, base=base)


# --- an ordinary client, against the sandbox


async def test_an_ordinary_client_reads_records_through_the_proxy(
    client_with: MakeClient, app: App, sandbox: RunningSandbox
) -> None:
    credential = await connected(app, sandbox)
    client = await client_with(KeyScope.USE)
    base = f"/api/v1/credentials/{credential.id}/proxy"
    users = await client.get(f"{base}/api/v2//users")
    assert (users.status_code, users.headers.get("consentry-error")) == (200, None)
    assert users.json()["users"]


async def test_following_next_links_never_leaves_the_proxy(
    client_with: MakeClient, app: App, sandbox: RunningSandbox
) -> None:
    credential = await connected(app, sandbox)
    client = await client_with(KeyScope.USE)
    proxy = f"{app.settings.public_url}/api/v1/credentials/{credential.id}/proxy/"
    address, seen = f"{proxy}api/v2/parties?perPage=100", 0
    for _ in range(10):
        page = await client.get(address)
        seen += len(page.json()["parties"])
        if "next" not in page.links:
            break
        address = page.links["next"]["url"]
        assert address.startswith(proxy)
    assert seen > 200


async def test_an_expired_token_is_replaced_and_the_call_made_again(
    client_with: MakeClient, app: App, sandbox: RunningSandbox
) -> None:
    credential = await connected(app, sandbox)
    client = await client_with(KeyScope.USE)
    sandbox.world.expire_access_tokens()
    base = f"/api/v1/credentials/{credential.id}/proxy"
    answers = await asyncio.gather(*(client.get(f"{base}/api/v2/users") for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20


async def test_a_credential_without_consent_is_a_problem_of_ours(
    client_with: MakeClient, app: App, sandbox: RunningSandbox
) -> None:
    registered = register(sandbox, app.settings.redirect_uri)
    credential = await add_credential(app, registered)
    client = await client_with(KeyScope.USE)
    answer = await client.get(f"/api/v1/credentials/{credential.id}/proxy/api/v2/users")
    assert (answer.status_code, answer.headers["consentry-error"]) == (409, "authorization_required")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_grant_that_only_reads_lets_nothing_be_written(
    client_with: MakeClient, app: App, sandbox: RunningSandbox
) -> None:
    registered = register(sandbox, app.settings.redirect_uri)
    credential = await add_credential(app, registered, scope="read")
    await authorize(app, credential.id)
    client = await client_with(KeyScope.USE)
    base = f"/api/v1/credentials/{credential.id}/proxy/api/v2"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await client.request(method, f"{base}/parties/1", json={})
        assert (answer.status_code, answer.headers["consentry-error"]) == (403, "scope_missing")
    assert (await client.get(f"{base}/users")).status_code == 200


@pytest.mark.parametrize(
    "rest",
    ["", "/", "/oauth/token", "/api/v2/../x", "/api/v2/%2e%2e/x", "/https://evil.example/api/v2/x", "/api/v2/%5c"],
)
async def test_only_the_api_can_be_reached(through: Through, rest: str) -> None:
    host, port = through.app.settings.public_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    path = through.client.base_url.raw_path.decode().rstrip("/") + rest
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {through.client.headers['authorization']}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    assert answer.startswith(("HTTP/1.1 400", "HTTP/1.1 404"))
    assert "consentry-error:" in answer
    assert through.provider.asked == []


# --- both ways, against a provider that tells what it saw


async def test_the_call_arrives_as_it_was_sent_but_for_our_own_matters(through: Through) -> None:
    headers = {
        "X-Custom": "1",
        "Cookie": "a=b",
        "X-Forwarded-For": "1.2.3.4",
        "Connection": "keep-alive, x-line",
        "X-Line": "1",
    }
    await through.client.post("api/v2/parties?embed=tags,fields&q=%C3%A4", json={"a": 1}, headers=headers)
    asked = through.provider.asked[-1]
    assert (asked.method, asked.target) == ("POST", "/api/v2/parties?embed=tags,fields&q=%C3%A4")
    assert asked.body == b'{"a":1}'
    assert asked.header("x-custom") == "1"
    assert asked.header("host") == through.base.removeprefix("http://")
    for absent in ("cookie", "x-forwarded-for", "x-line"):
        assert asked.header(absent) is None
    bearer = asked.header("authorization") or ""
    assert bearer.startswith("Bearer ")
    assert bearer != through.client.headers["authorization"]
    assert len([name for name, _ in asked.headers if name == "authorization"]) == 1


async def test_a_body_on_get_passes(through: Through) -> None:
    await through.client.request("GET", "api/v2/parties", content=b'{"filter": 1}')
    assert through.provider.asked[-1].body == b'{"filter": 1}'


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 402, 404, 409, 422, 429, 500, 503])
async def test_the_provider_s_answers_pass_through_as_they_are(through: Through, status: int) -> None:
    body = b"" if status in (204, 304) else b'{"message": "as it is"}'
    pairs = [("content-type", "application/json"), ("x-rate", "7"), ("etag", '"1"'), ("set-cookie", "a=b")]
    through.provider.answers["/api/v2/x"] = answering(status, body, pairs)
    answer = await through.client.get("api/v2/x")
    assert (answer.status_code, answer.content) == (status, body)
    assert (answer.headers["x-rate"], answer.headers["etag"]) == ("7", '"1"')
    assert "set-cookie" not in answer.headers
    assert "consentry-error" not in answer.headers


async def test_head_brings_the_length_and_no_body(through: Through) -> None:
    through.provider.answers["/api/v2/x"] = answering(200, b"", [("content-length", "1234")])
    answer = await through.client.head("api/v2/x")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "1234", b"")
    assert through.provider.asked[-1].method == "HEAD"


async def test_compression_passes_untouched(through: Through) -> None:
    packed = gzip.compress(b'{"packed": true}' * 100)
    through.provider.answers["/api/v2/x"] = answering(200, packed, [("content-encoding", "gzip")])
    async with through.client.stream("GET", "api/v2/x") as answer:
        assert b"".join([piece async for piece in answer.aiter_raw()]) == packed


async def test_a_location_in_the_api_comes_back_on_the_proxy(through: Through) -> None:
    through.provider.answers["/api/v2/x"] = answering(302, b"", [("location", f"{through.base}/api/v2/parties/7")])
    answer = await through.client.get("api/v2/x")
    assert answer.headers["location"] == f"{through.client.base_url}api/v2/parties/7"
    assert len(through.provider.asked) == 1


async def test_a_401_that_a_fresh_token_does_not_mend_passes_through(through: Through, sandbox: RunningSandbox) -> None:
    challenge = [("www-authenticate", 'Bearer error="invalid_token"'), ("content-type", "application/json")]
    through.provider.answers["/api/v2/x"] = answering(401, b'{"message": "no"}', challenge)
    through.provider.answers["/oauth/token"] = answering(
        200, b'{"access_token": "a-new-access-token", "token_type": "bearer", "expires_in": 600, "scope": "read write"}'
    )
    answer = await through.client.get("api/v2/x")
    assert (answer.status_code, answer.content) == (401, b'{"message": "no"}')
    assert answer.headers["www-authenticate"] == "Bearer"
    assert [asked.target for asked in through.provider.asked] == ["/api/v2/x", "/oauth/token", "/api/v2/x"]
    assert through.provider.asked[-1].header("authorization") == "Bearer a-new-access-token"
    await through.client.get("api/v2/x")
    assert [asked.target for asked in through.provider.asked].count("/oauth/token") == 1


@pytest.mark.parametrize(("size", "times"), [(64 * 1024, 2), (64 * 1024 + 1, 1)])
async def test_a_body_is_sent_again_only_when_it_was_held(through: Through, size: int, times: int) -> None:
    through.provider.answers["/api/v2/x"] = answering(401)
    through.provider.answers["/oauth/token"] = answering(
        200, b'{"access_token": "a-new-access-token", "token_type": "bearer", "expires_in": 600}'
    )
    answer = await through.client.post("api/v2/x", content=b"x" * size)
    assert answer.status_code == 401
    bodies = [asked.size for asked in through.provider.asked if asked.target == "/api/v2/x"]
    assert bodies == [size] * times


async def test_a_provider_that_is_away_is_said_with_our_own_problem(through: Through) -> None:
    async def hang_up(asked: Asked, receive: Receive, send: Send) -> None:
        raise ConnectionAbortedError

    through.provider.answers["/api/v2/x"] = hang_up
    answer = await through.client.get("api/v2/x")
    assert answer.status_code in (500, 502, 504)


async def test_an_answer_that_breaks_off_breaks_off_for_the_caller_too(through: Through) -> None:
    async def half(asked: Asked, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"x" * 10, "more_body": True})

    through.provider.answers["/api/v2/x"] = half
    with pytest.raises(httpx2.RemoteProtocolError):
        await through.client.get("api/v2/x")


# --- the rate budget


LIMITS = [("x-ratelimit-limit", "40"), ("x-ratelimit-remaining", "2"), ("x-ratelimit-reset", "0")]


def limits(remaining: int, reset: float) -> list[tuple[str, str]]:
    return [
        ("x-ratelimit-limit", "40"),
        ("x-ratelimit-remaining", str(remaining)),
        ("x-ratelimit-reset", str(int(reset))),
    ]


async def test_without_budget_the_answer_is_a_429_that_says_until_when(through: Through) -> None:
    reset = through.app.clock.now().timestamp() + 600
    through.provider.answers["/api/v2/x"] = answering(200, b"{}", limits(2, reset))
    assert (await through.client.get("api/v2/x")).status_code == 200
    answer = await through.client.get("api/v2/x")
    assert (answer.status_code, answer.headers["consentry-error"]) == (429, "rate_limited")
    assert 0 < int(answer.headers["retry-after"]) <= 602
    assert abs(int(answer.headers["x-ratelimit-reset"]) - reset) < 5
    assert len(through.provider.asked) == 1


async def test_who_prefers_to_wait_is_held_until_there_is_budget_again(through: Through) -> None:
    reset = through.app.clock.now().timestamp() + 2
    through.provider.answers["/api/v2/x"] = answering(200, b"{}", limits(2, reset))
    assert (await through.client.get("api/v2/x")).status_code == 200
    answer = await through.client.get("api/v2/x", headers={"Prefer": "wait=20"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait=20")


# --- much data


async def count(asked: Asked, receive: Receive, send: Send) -> None:
    await read(asked, receive, keep=False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(asked.size).encode()})


def flood(megabytes: int, headers: list[tuple[bytes, bytes]]) -> Any:
    async def answer(asked: Asked, receive: Receive, send: Send) -> None:
        piece = b"x" * MEGABYTE
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for _ in range(megabytes):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return answer


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def test_a_large_body_streams_up_in_flat_memory(through: Through) -> None:
    through.provider.answers["/api/v2/x"] = count
    before = peak_megabytes()

    async def body() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * MEGABYTE

    answer = await through.client.post("api/v2/x", content=body())
    assert answer.text == str(200 * MEGABYTE)
    assert peak_megabytes() - before < 60


async def test_a_large_answer_streams_down_in_flat_memory(through: Through) -> None:
    through.provider.answers["/api/v2/x"] = flood(200, [])
    before, size = peak_megabytes(), 0
    async with through.client.stream("GET", "api/v2/x") as answer:
        async for piece in answer.aiter_raw():
            size += len(piece)
    assert size == 200 * MEGABYTE
    assert peak_megabytes() - before < 60


async def test_a_long_answer_to_nobody_is_not_fetched_to_its_end(through: Through) -> None:
    ended = asyncio.Event()
    poured = 0

    async def endless(asked: Asked, receive: Receive, send: Send) -> None:
        nonlocal poured
        await send({"type": "http.response.start", "status": 200, "headers": []})
        gone = asyncio.create_task(_disconnected(receive))
        while not gone.done() and poured < 5000:
            await send({"type": "http.response.body", "body": b"x" * MEGABYTE, "more_body": True})
            poured += 1
            await asyncio.sleep(0)
        gone.cancel()
        ended.set()

    through.provider.answers["/api/v2/x"] = endless
    async with through.client.stream("GET", "api/v2/x") as answer:
        async for _ in answer.aiter_raw():
            break
    await asyncio.wait_for(ended.wait(), 20)
    assert poured < 5000


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def test_uses_stand_in_the_trail_and_in_the_counters(through: Through) -> None:
    for _ in range(5):
        await through.client.get("api/v2/x")
    async with through.app.database.reading() as connection:
        entries, _ = await audit.list_entries(connection, action=Action.PROXY_USE)
    assert len(entries) == 1
    assert entries[0].actor.startswith("key:integration#")
    counted = through.app.measures.registry.get_sample_value("consentry_proxy_calls_total", {"status": "2xx"})
    assert counted == 5


async def test_a_body_that_says_it_is_too_large_is_refused_before_anything_leaves(through: Through) -> None:
    base = through.client.base_url
    reader, writer = await asyncio.open_connection(base.host, base.port)
    lines = (
        f"POST {base.path}api/v2/attachments/upload HTTP/1.1",
        f"Host: {base.host}",
        f"Authorization: {through.client.headers['Authorization']}",
        f"Content-Length: {2 * 1024**3}",
    )
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode()
    writer.close()
    assert head.startswith("HTTP/1.1 413")
    assert "consentry-error: too_large" in head
    assert through.provider.asked == []
