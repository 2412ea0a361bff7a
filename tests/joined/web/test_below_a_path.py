"""Served below a path, over TLS: every address begins with it, and cookies are bound to the host."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from consentry import app as composition
from consentry.settings import Settings
from consentry.web import create_web

BASE = "https://example.com/keys"


@pytest.fixture
def engine() -> str:
    """Use SQLite."""
    return "sqlite"


@pytest.fixture
async def http(home: Path, database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Speak to the pages as a proxy would that takes the path off."""
    settings = Settings(home=home, database_url=SecretStr(database_url), public_url=BASE)
    async with composition.open(settings) as app:
        transport = httpx2.ASGITransport(app=create_web(app))
        async with httpx2.AsyncClient(transport=transport, base_url="https://example.com") as client:
            yield client


async def test_every_address_begins_with_the_path(http: httpx2.AsyncClient) -> None:
    led = await http.get("/audit?q=x")
    assert led.headers["location"] == "/keys/signin?next=%2Fkeys%2Faudit%3Fq%3Dx"
    html = (await http.get("/signin")).text
    assert 'action="/keys/signin"' in html
    assert 'href="/keys/static/consentry.css' in html
    assert 'data-prefix="/keys"' in html
    assert 'data-origin="https://example.com"' in html


async def test_cookies_are_bound_to_the_host_and_to_tls(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/signin")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-consentry-form=")
    assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    assert answer.headers["strict-transport-security"]
