"""An app whose hooks the sandbox can call: on a real port, on each engine, with a clock that tests move."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from consentry import app as composition
from consentry.api import create_api
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.sandbox import RunningSandbox
from consentry.settings import Settings
from ground.consenting import connected
from ground.hooked import Hooked
from ground.serving import free_port, serve


@pytest.fixture
def settings(home: Path, database_url: str, sandbox: RunningSandbox) -> Settings:
    return Settings(
        home=home,
        database_url=SecretStr(database_url),
        public_url=f"http://127.0.0.1:{free_port()}",
        base_urls={"capsule": sandbox.url},
    )


@pytest.fixture
def moving_clock() -> FakeClock:
    """A clock that begins now, because the provider's clock does too."""
    return FakeClock(datetime.now(UTC))


@pytest.fixture
async def app(settings: Settings, moving_clock: FakeClock) -> AsyncIterator[App]:
    async with composition.open(settings, clock=moving_clock) as opened:
        yield opened


@pytest.fixture
async def address(app: App) -> AsyncIterator[str]:
    async with serve(create_api(app), port=int(app.settings.public_url.rpartition(":")[2])) as url:
        yield url


@pytest.fixture
async def hooked(app: App, address: str, sandbox: RunningSandbox, moving_clock: FakeClock) -> Hooked:
    sandbox.world.turn(hook_retries_seconds=[0.05, 0.05])
    credential = await connected(app, sandbox)
    return Hooked(app=app, clock=moving_clock, credential=credential, sandbox=sandbox)
