"""The pages on a real port, over a real database and the sandbox; and a browser without script."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from consentry import app as composition
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.sandbox import RunningSandbox
from consentry.settings import Settings
from consentry.web import create_web
from ground.consenting import Registered, register
from ground.databases import Engine
from ground.plain_browser import PlainBrowser
from ground.serving import free_port, serve

EMAIL = "ada@example.com"
PASSWORD = "correct horse battery staple"


@pytest.fixture
def engine() -> Engine:
    """Use SQLite: pages speak no SQL, and what they stand on is proved on both."""
    return "sqlite"


@pytest.fixture
def settings(home: Path, database_url: str, sandbox: RunningSandbox) -> Settings:
    """Point the connector at the sandbox, and the public URL at the port that will be served."""
    return Settings(
        home=home,
        database_url=SecretStr(database_url),
        public_url=f"http://127.0.0.1:{free_port()}",
        base_urls={"capsule": sandbox.url},
    )


@pytest.fixture
def clock() -> FakeClock:
    """Begin now, because the provider's clock does too."""
    return FakeClock(datetime.now(UTC))


@pytest.fixture
async def app(settings: Settings, clock: FakeClock) -> AsyncIterator[App]:
    """Open an app on a fresh home."""
    async with composition.open(settings, clock=clock) as opened:
        yield opened


@pytest.fixture
async def address(app: App) -> AsyncIterator[str]:
    """Serve the pages."""
    async with serve(create_web(app), port=int(app.settings.public_url.rpartition(":")[2])) as url:
        yield url


@pytest.fixture
async def guest(address: str) -> AsyncIterator[PlainBrowser]:
    """Give the browser of somebody who isn't signed in."""
    async with PlainBrowser(address) as browser:
        yield browser


@pytest.fixture
async def ada(address: str) -> AsyncIterator[PlainBrowser]:
    """Give the browser of the first administrator, signed in."""
    async with PlainBrowser(address) as browser:
        sheet = await browser.sign_in(EMAIL, PASSWORD)
        assert sheet.status == 200, sheet.text
        yield browser


@pytest.fixture
def registered(app: App, sandbox: RunningSandbox) -> Registered:
    """Register an application at the provider, as a person would."""
    return register(sandbox, app.settings.redirect_uri)
