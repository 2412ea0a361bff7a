"""Whatever a token endpoint answers: said in words, the old grant untouched, and well again with a good answer."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from consentry import app as composition
from consentry import credentials
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.core.secret import Secret
from consentry.credentials import Authorization, Credential, NewCredential, Status
from consentry.errors import ReauthorizationRequired, RefreshFailing
from consentry.settings import Settings
from ground.afterwards import keep_up
from ground.consenting import ADA, begin, come_back
from ground.provider import Provider, answering
from ground.serving import serve

TOKEN = "/oauth/token"
GOOD = {"access_token": "first-access", "refresh_token": "first-refresh", "token_type": "bearer", "expires_in": 604799}
JSON = [("content-type", "application/json")]
HTML = [("content-type", "text/html")]
PAGE = b"<!doctype html><title>Oh dear</title><h1>Something is wrong</h1>"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One answer, and what becomes of an exchange and of a refresh that get it: a code, or nothing if it is taken."""

    why: str
    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=lambda: JSON)
    exchange: str = "reply_not_understood"
    refresh: str = "reply_not_understood"


def changed(**changes: object) -> bytes:
    """Return a good reply with other tokens and some members changed; None takes a member away."""
    reply = GOOD | {"access_token": "second-access", "refresh_token": "second-refresh"} | changes
    return json.dumps({name: value for name, value in reply.items() if value is not None}).encode()


def refusal(status: int, error: str, exchange: str, refresh: str) -> Case:
    body = json.dumps({"error": error, "error_description": "<b>do not show me</b>"}).encode()
    return Case(why=f"{status} {error}", status=status, body=body, exchange=exchange, refresh=refresh)


def fault(status: int) -> Case:
    return Case(
        why=f"{status} page", status=status, body=PAGE, headers=HTML, exchange="provider_down", refresh="provider_down"
    )


FAILED, REFUSED, DOWN, CLIENT = "authorization_failed", "invalid_grant", "provider_down", "client_rejected"
BAD = (
    Case(why="an error page that calls itself a success", body=PAGE, headers=HTML),
    Case(why="a page that calls itself JSON", body=PAGE),
    Case(why="JSON that breaks off", body=changed()[:60]),
    Case(why="nothing at all"),
    Case(why="a list", body=b"[1, 2, 3]"),
    Case(why="JSON nested without end", body=b'{"access_token":' + b"[" * 60_000),
    Case(why="bytes that are no text", body=b'{"access_token": "\xff\xfe"}'),
    Case(why="no access token", body=changed(access_token=None)),
    Case(why="an empty access token", body=changed(access_token="")),
    Case(why="an access token that ends a header line", body=changed(access_token="x\r\nX-Evil: 1")),
    Case(why="an access token that is a number", body=changed(access_token=17)),
    Case(why="an access token of 20 kB", body=changed(access_token="x" * 20_000)),
    Case(why="another token type", body=changed(token_type="mac")),
    Case(why="no token type", body=changed(token_type=None)),
    Case(why="a lifetime that JSON doesn't know", body=changed().replace(b"604799", b"NaN")),
    Case(why="an answer of 70 kB", body=changed(padding="x" * 70_000)),
    Case(why="a redirect", status=302, headers=[*JSON, ("location", "/elsewhere")]),
    Case(why="a permanent redirect", status=308, headers=[*JSON, ("location", "/elsewhere")]),
    Case(why="403 page", status=403, body=PAGE, headers=HTML),
    Case(why="404 page", status=404, body=PAGE, headers=HTML),
    Case(why="400 page", status=400, body=PAGE, headers=HTML),
    Case(why="a success without content", status=204),
    fault(500),
    fault(502),
    fault(503),
    fault(504),
    fault(429),
    refusal(400, "temporarily_unavailable", DOWN, DOWN),
    refusal(200, "server_error", DOWN, DOWN),
    refusal(400, "invalid_grant", FAILED, REFUSED),
    refusal(401, "invalid_grant", FAILED, REFUSED),
    refusal(200, "invalid_grant", FAILED, REFUSED),
    refusal(403, "access_denied", FAILED, REFUSED),
    Case(why="400 without a reason", status=400, body=b"{}", exchange=FAILED, refresh=REFUSED),
    refusal(401, "invalid_client", CLIENT, CLIENT),
    refusal(400, "invalid_client", CLIENT, CLIENT),
    refusal(400, "unauthorized_client", CLIENT, CLIENT),
    refusal(400, "invalid_request", CLIENT, CLIENT),
)
ODD_LIFETIMES = tuple(
    Case(why=f"a lifetime of {value!r}", body=changed(expires_in=value), refresh="")
    for value in (-60, 0, "soon", "NaN", True, [5], 1.0e-300 * 0)
)
GOOD_ENOUGH = tuple(
    Case(why=why, body=body, exchange="", refresh="")
    for why, body in (
        ("an absurdly long lifetime", changed(expires_in=10**18)),
        ("a lifetime with four hundred digits", changed().replace(b"604799", b"9" * 300)),
        ("a lifetime as text", changed(expires_in="3600")),
        ("no lifetime", changed(expires_in=None)),
        ("no refresh token", changed(refresh_token=None)),
        ("an empty refresh token", changed(refresh_token="")),
        ("members nobody knows", changed(id_token=None, news={"deep": [1, {"é": "\x00"}]}, subdomain="\x00;--")),
        ("a token type in capitals", changed(token_type="BEARER")),
        ("a scope that no scope can be", changed(scope='read \x00 "quoted"')),
        ("a scope that is a list", changed(scope=["read"])),
    )
)
CASES = (*BAD, *ODD_LIFETIMES, *GOOD_ENOUGH)


def name(case: Case) -> str:
    return case.why


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    """One engine will do: what is judged here never comes near it. What is kept of it is told by the next fixture."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def here(home: Path, database_url: str, provider: Provider, moving_clock: FakeClock) -> AsyncIterator[App]:
    async with serve(provider) as url:
        settings = Settings(home=home, database_url=SecretStr(database_url), base_urls={"capsule": url})
        async with composition.open(settings, clock=moving_clock) as opened:
            yield opened


async def consent(app: App, credential_id: int) -> Authorization:
    """Come back with a code, whatever the provider's token endpoint makes of it."""
    begun = await begin(app, credential_id)
    state = parse_qs(urlsplit(begun.authorize_url).query)["state"][0]
    return await come_back(app, begun, f"code=some-code&state={state}")


async def add(app: App) -> Credential:
    new = NewCredential(
        connector="capsule", name="Sales CRM", client_id="an-id", client_secret=Secret("a-secret-value")
    )
    return await credentials.create(app.credentials, ADA, new)


def answer(provider: Provider, case: Case) -> None:
    provider.answers[TOKEN] = answering(case.status, case.body, case.headers)


def answer_well(provider: Provider, body: bytes | None = None) -> None:
    provider.answers[TOKEN] = answering(200, body or json.dumps(GOOD).encode())


@pytest.mark.parametrize("case", CASES, ids=name)
async def test_an_exchange_gets(here: App, provider: Provider, case: Case) -> None:
    credential = await add(here)
    answer(provider, case)
    ended = await consent(here, credential.id)
    now = await credentials.get(here.credentials, credential.id)
    if case.exchange:
        assert (ended.status, ended.code) == ("failed", case.exchange)
        assert now.status is Status.AUTHORIZATION_REQUIRED
        assert ended.detail
        assert ended.hint
        answer_well(provider)
        assert (await consent(here, credential.id)).status == "connected"
    else:
        assert ended.status == "connected"
        assert now.grant is not None
        assert now.grant.lifetime <= timedelta(days=366)
    assert not [asked.target for asked in provider.asked if asked.target.startswith("/elsewhere")]


@pytest.mark.parametrize("case", CASES, ids=name)
async def test_a_refresh_gets(here: App, provider: Provider, case: Case, moving_clock: FakeClock) -> None:
    credential = await add(here)
    answer_well(provider)
    await consent(here, credential.id)
    old = await credentials.token(here.credentials, ADA, credential.id)
    answer(provider, case)
    if not case.refresh:
        renewed = await credentials.token(here.credentials, ADA, credential.id, force=True)
        assert renewed.access_token.reveal() == "second-access"
        assert renewed.scope in ("read", "read write")
        answer_well(provider)
        assert await credentials.token(here.credentials, ADA, credential.id, force=True) != renewed
        return
    with pytest.raises((RefreshFailing, ReauthorizationRequired)) as caught:
        await credentials.token(here.credentials, ADA, credential.id, force=True)
    assert "do not show me" not in str(caught.value)
    failed = await credentials.get(here.credentials, credential.id)
    assert failed.status_code == case.refresh
    assert failed.status_reason
    assert failed.grant is not None
    assert failed.grant.version == 1
    answer_well(provider, changed())
    if case.refresh == REFUSED:
        assert failed.status is Status.REAUTHORIZATION_REQUIRED
        assert (await consent(here, credential.id)).status == "connected"
        return
    assert failed.status is Status.REFRESH_FAILING
    assert await credentials.token(here.credentials, ADA, credential.id) == old, "the old token still works"
    moving_clock.advance(timedelta(minutes=5))
    await keep_up(here)
    assert (await credentials.get(here.credentials, credential.id)).status is Status.AUTHORIZED
    assert (await credentials.token(here.credentials, ADA, credential.id)).access_token.reveal() == "second-access"
    assert not [asked.target for asked in provider.asked if asked.target.startswith("/elsewhere")]


@pytest.mark.parametrize("case", GOOD_ENOUGH, ids=name)
@pytest.mark.parametrize("engine", ["postgresql"])
async def test_postgresql_can_keep_what_is_taken(here: App, provider: Provider, case: Case) -> None:
    credential = await add(here)
    answer(provider, case)
    assert (await consent(here, credential.id)).status == "connected"
