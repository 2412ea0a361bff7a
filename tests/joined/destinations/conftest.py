"""An app with a credential that the sandbox gave consent for, and what runs destinations of it, on each engine."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from consentry import app as composition
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.credentials import Credential
from consentry.sandbox import RunningSandbox
from consentry.settings import Settings
from ground.consenting import connected
from ground.writing import Writer


@pytest.fixture
def settings(home: Path, database_url: str, sandbox: RunningSandbox) -> Settings:
    """Point the connector at the sandbox."""
    return Settings(home=home, database_url=SecretStr(database_url), base_urls={"capsule": sandbox.url})


@pytest.fixture
def moving_clock() -> FakeClock:
    """A clock that begins now, because the provider's clock does too."""
    return FakeClock(datetime.now(UTC))


@pytest.fixture
async def app(settings: Settings, moving_clock: FakeClock) -> AsyncIterator[App]:
    """Open an app on a fresh home."""
    async with composition.open(settings, clock=moving_clock) as opened:
        yield opened


@pytest.fixture
async def credential(app: App, sandbox: RunningSandbox) -> Credential:
    """Give a credential with a grant."""
    return await connected(app, sandbox)


@pytest.fixture
def writer(app: App, credential: Credential, sandbox: RunningSandbox, moving_clock: FakeClock) -> Writer:
    """Run destinations; nothing counts that was asked before."""
    sandbox.world.journal.forget()
    return Writer(app=app, credential=credential, sandbox=sandbox, clock=moving_clock)
